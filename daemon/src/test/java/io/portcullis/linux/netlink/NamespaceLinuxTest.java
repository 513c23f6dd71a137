package io.portcullis.linux.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Namespace;
import io.portcullis.linux.ethtool.Offloads;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Changes of NICs: each test has a namespace with a veth pair, t0 and t1. */
@Tag("system")
@Timeout(60)
class NamespaceLinuxTest {
    private Namespace namespace;

    @BeforeEach
    void make() {
        namespace = new Namespace("linux");
        namespace.ip("link add t0 address 02:00:00:00:00:10 type veth peer name t1");
    }

    @AfterEach
    void remove() {
        namespace.close();
    }

    @Test
    void aNicIsDescribed() throws Exception {
        namespace.ip("link set t0 mtu 1400");
        Nic down = namespace.in(() -> Nics.named("t0"));
        assertEquals("veth", down.kind());
        assertEquals(1400, down.mtu());
        assertEquals("02:00:00:00:00:10", down.hardwareAddress());
        assertTrue(down.ethernet());
        assertFalse(down.up());
        assertFalse(down.loopback());
        assertEquals(0, down.masterIndex());
        assertEquals((int) namespace.in(() -> Nics.index("t1")), down.lowerIndex());

        namespace.in(() -> {
            Nics.setUp(Nics.named("t0"), true);
            Nics.setUp(Nics.named("t1"), true);
            return true;
        });
        Nic up = namespace.in(() -> Nics.named("t0"));
        assertTrue(up.up());
        assertTrue(up.running());
        assertTrue(up.carrier());
        namespace.in(() -> {
            Nics.setUp(Nics.named("t1"), false);
            return true;
        });
        Nic cut = namespace.in(() -> Nics.named("t0"));
        assertTrue(cut.up());
        assertFalse(cut.running());
        assertFalse(cut.carrier());
        assertEquals(
                List.of("lo", "t0", "t1"),
                namespace.in(Nics::all).stream().map(Nic::name).sorted().toList());
    }

    @Test
    void aMasterIsNamed() throws Exception {
        namespace.ip("link add br0 type bridge");
        namespace.ip("link set t0 master br0");
        assertEquals(
                "br0",
                namespace.in(() -> Nics.master(Nics.named("t0"))).orElseThrow().name());
        assertTrue(namespace.in(() -> Nics.master(Nics.named("t1"))).isEmpty());
    }

    @Test
    void addressesOfBothFamiliesAreRead() throws Exception {
        namespace.ip("link set t0 up");
        namespace.ip("link set t1 up");
        namespace.ip("addr add 192.0.2.1/24 dev t0");
        namespace.ip("addr add 198.51.100.1 peer 198.51.100.2/32 dev t0 scope link");
        namespace.ip("addr add 2001:db8::1/64 dev t0 nodad");
        List<NicAddress> addresses = namespace.in(() -> Nics.addresses(Nics.named("t0")));
        assertEquals(
                List.of("192.0.2.1/24", "198.51.100.1/32", "2001:db8::1/64", "fe80::ff:fe00:10/64"),
                addresses.stream().map(NicAddress::toString).sorted().toList());
        assertEquals(
                List.of("fe80::ff:fe00:10/64"),
                addresses.stream()
                        .filter(NicAddress::isIpv6LinkLocal)
                        .map(NicAddress::toString)
                        .toList());
        assertEquals(
                NicAddress.RT_SCOPE_LINK,
                addresses.stream()
                        .filter(a -> a.toString().startsWith("198."))
                        .findFirst()
                        .orElseThrow()
                        .scope());

        NicAddress more = new NicAddress(InetAddress.getByName("fe80::7"), 64, NicAddress.RT_SCOPE_LINK, true);
        assertTrue(namespace.in(() -> Nics.addAddress(Nics.named("t0"), more)));
        assertFalse(namespace.in(() -> Nics.addAddress(Nics.named("t0"), more)));
        assertTrue(namespace.ip("-6 addr show dev t0").contains("fe80::7/64"));
    }

    @Test
    void offloadsGoOffAndExactlyThoseComeBack() throws Exception {
        namespace.exec("ethtool -K t0 tx-gre-segmentation off");
        namespace.exec("ethtool -K t0 gro on");
        String before = namespace.exec("ethtool -k t0");
        List<String> on = namespace.in(() -> Offloads.read("t0").switchable());
        assertTrue(
                on.containsAll(List.of("rx-gro", "tx-generic-segmentation", "tx-tcp-segmentation", "rx-checksum")),
                on::toString);
        assertFalse(on.contains("tx-gre-segmentation"), on::toString);

        assertEquals(List.of(), namespace.in(() -> Offloads.set("t0", on, false)));
        String off = namespace.exec("ethtool -k t0");
        for (String feature : List.of(
                "generic-segmentation-offload",
                "generic-receive-offload",
                "tx-checksumming",
                "rx-checksumming",
                "tcp-segmentation-offload",
                "tx-udp-segmentation")) {
            assertTrue(off.contains(feature + ": off"), off);
        }
        assertTrue(off.contains("tx-scatter-gather: on"), off);
        assertEquals(List.of(), namespace.in(() -> Offloads.read("t0").switchable()));

        assertEquals(List.of(), namespace.in(() -> Offloads.set("t0", on, true)));
        assertEquals(before, namespace.exec("ethtool -k t0"));
    }

    @Test
    void whatTheNicRefusesIsNamed() throws Exception {
        assertEquals(
                List.of("rx-lro"),
                namespace.in(() -> Offloads.set("t0", List.of("rx-lro", "tx-tcp-segmentation"), true)));
        // Segmentation needs checksums: wanted, but inactive while they are off.
        namespace.in(() -> Offloads.set("t0", List.of("tx-checksum-ip-generic"), false));
        assertEquals(
                List.of("tx-tcp-segmentation"),
                namespace.in(() -> Offloads.set("t0", List.of("tx-tcp-segmentation"), true)));
        assertTrue(namespace.in(() -> Offloads.read("t0").switchable()).contains("tx-tcp-segmentation"));
    }

    @Test
    void linkChangesAreReported() throws Exception {
        namespace.in(() -> {
            try (LinkWatch watch = LinkWatch.open()) {
                assertEquals(List.of(), watch.next(0));
                Nic t0 = Nics.named("t0");
                Nics.setUp(t0, true);
                Nics.setUp(Nics.named("t1"), true);
                until(
                        watch,
                        c -> c.nic().name().equals("t0")
                                && c.nic().up()
                                && c.nic().carrier());
                namespace.ip("link set t0 mtu 1300");
                until(watch, c -> c.nic().index() == t0.index() && c.nic().mtu() == 1300);
                Nics.setUp(Nics.named("t1"), false);
                until(
                        watch,
                        c -> c.nic().index() == t0.index()
                                && c.nic().up()
                                && !c.nic().carrier());
                namespace.ip("link add br0 type bridge");
                namespace.ip("link set t0 master br0");
                namespace.ip("link set t0 nomaster");
                List<LinkWatch.Change> bridged =
                        until(watch, c -> c.nic().name().equals("t0") && c.nic().masterIndex() == 0);
                assertTrue(bridged.stream().noneMatch(LinkWatch.Change::deleted), bridged::toString);
                namespace.ip("link del t1");
                until(watch, c -> c.nic().index() == t0.index() && c.deleted());
            }
            return true;
        });
    }

    @Test
    void lostNotificationsAreMadeUpFor() throws Exception {
        namespace.in(() -> {
            try (LinkWatch watch = LinkWatch.open()) {
                int gone = Nics.index("t1");
                namespace.ip("link add k0 type veth peer name k1");
                Nic kept = Nics.named("k0");
                // Each makes a notification of over 1 KiB: together several times the socket's buffer.
                int bufferLength = Integer.parseInt(
                        namespace.exec("sysctl -n net.core.rmem_default").strip());
                int toggles = bufferLength / 400;
                for (int i = 0; i < toggles; i++) {
                    Nics.setUp(kept, i % 2 == 0);
                }
                namespace.ip("link del t1");
                Nics.setUp(kept, true);
                namespace.ip("link set k0 mtu 1234");
                List<LinkWatch.Change> all = new ArrayList<>();
                for (List<LinkWatch.Change> some = watch.next(100); !some.isEmpty(); some = watch.next(100)) {
                    all.addAll(some);
                }
                assertTrue(
                        all.size() < toggles, all.size() + " notifications of " + toggles + " changes: none was lost");
                assertTrue(all.stream().anyMatch(c -> c.deleted() && c.nic().index() == gone));
                LinkWatch.Change last = all.stream()
                        .filter(c -> c.nic().index() == kept.index())
                        .toList()
                        .getLast();
                assertTrue(last.nic().up() && last.nic().mtu() == 1234, last::toString);
            }
            return true;
        });
    }

    /** Reads until a change fits; the class's time limit is the bound. */
    private static List<LinkWatch.Change> until(LinkWatch watch, Predicate<LinkWatch.Change> fits)
            throws ErrnoException {
        List<LinkWatch.Change> seen = new ArrayList<>();
        while (seen.stream().noneMatch(fits)) {
            seen.addAll(watch.next(1_000));
        }
        return seen;
    }

    @Test
    void closeEndsAReaderThatWaits() throws Exception {
        LinkWatch watch = LinkWatch.open();
        AtomicReference<Throwable> ended = new AtomicReference<>();
        CountDownLatch started = new CountDownLatch(1);
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            started.countDown();
            try {
                while (true) {
                    watch.next(-1);
                }
            } catch (Throwable thrown) {
                ended.set(thrown);
            }
        });
        assertTrue(started.await(5, TimeUnit.SECONDS));
        watch.close();
        watch.close();
        reader.join(5_000);
        assertFalse(reader.isAlive());
        assertEquals(
                "poll (RTMGRP_LINK): ECANCELED (Operation canceled)",
                ended.get().getMessage());
        assertEquals(
                Errno.ECANCELED,
                assertThrows(ErrnoException.class, () -> watch.next(0)).errno());
    }
}
