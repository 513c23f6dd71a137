package io.portcullis.linux.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.testing.Namespace;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Changes of NICs: each test has a namespace with a veth pair, t0 and t1. */
@Tag("netns")
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
    void aFeatureThatTheNicRefusesIsNamed() throws Exception {
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
}
