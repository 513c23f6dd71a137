package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ethtool.SizeLimit;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.testing.Namespace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The two NICs of a bridge, out0 (up) and in0 (down), each with its far end, w0 and m0, in the same namespace. */
@Tag("netns")
@Timeout(120)
class BridgeTest {
    private Namespace namespace;
    private @Nullable Bridge last;

    @TempDir
    Path directory;

    @BeforeEach
    void make() {
        namespace = new Namespace("bridge");
        namespace.ip("link add out0 type veth peer name w0");
        namespace.ip("link add in0 type veth peer name m0");
        for (String nic : List.of("out0", "w0", "m0")) {
            namespace.ip("link set " + nic + " up");
        }
        namespace.exec("ethtool -K out0 gro on tx-gre-segmentation off");
        namespace.ip("addr add fe80::7/64 dev out0 nodad");
    }

    @AfterEach
    void remove() {
        namespace.close();
    }

    /** Like a process that starts after the previous one has ended. */
    private Bridge attach(String interfaceName, String outside, String inside) throws Exception {
        if (last != null) {
            last.leave();
        }
        last = namespace.in(() -> AttachRequests.bridge(interfaceName, outside, inside, false, directory));
        return last;
    }

    private List<String> faults(String outside, String inside) throws Exception {
        return namespace.in(() -> NicCheck.bridgeFaults("edge", outside, inside));
    }

    private String fault(String outside, String inside) throws Exception {
        List<String> faults = faults(outside, inside);
        assertEquals(1, faults.size(), faults::toString);
        return faults.getFirst();
    }

    private Restored detachAll() throws Exception {
        return namespace.in(() -> Restoration.detachAll(directory));
    }

    /** Everything that attaching may change on both NICs. */
    private String state() throws Exception {
        StringBuilder state = new StringBuilder();
        for (String name : List.of("out0", "in0")) {
            state.append(namespace.exec("ethtool -k " + name));
            namespace.in(() -> {
                for (StackSysctl one : StackSysctl.values()) {
                    state.append(one).append(' ').append(one.read(name)).append('\n');
                }
                state.append("up ").append(Nics.named(name).up()).append('\n');
                return state.append(Nics.addresses(Nics.named(name)).stream()
                                .map(NicAddress::toString)
                                .sorted()
                                .toList())
                        .append('\n');
            });
        }
        return state.toString();
    }

    private String journal(String interfaceName) throws IOException {
        return Files.readString(directory.resolve("restore-" + interfaceName + ".json"));
    }

    private List<Path> journals() throws IOException {
        return JournalFile.all(directory).stream().map(JournalFile::path).toList();
    }

    @Test
    void attachingReportsItsChangesAndDetachingRestoresExactlyThose() throws Exception {
        namespace.exec("sysctl -qw net.ipv4.conf.out0.rp_filter=10");
        String before = state();
        Bridge bridge = attach("edge", "out0", "in0");
        String attached = state();
        for (String name : List.of("out0", "in0")) {
            namespace.in(() -> {
                assertEquals("1", StackSysctl.DISABLE_IPV6.read(name).orElseThrow());
                assertEquals("1", StackSysctl.RP_FILTER.read(name).orElseThrow());
                assertEquals("8", StackSysctl.ARP_IGNORE.read(name).orElseThrow());
                assertEquals(List.of(), Nics.addresses(Nics.named(name)));
                return assertTrueAnd(Nics.named(name).up());
            });
            String features = namespace.exec("ethtool -k " + name);
            for (String feature : List.of(
                    "rx-checksumming",
                    "tx-checksumming",
                    "tcp-segmentation-offload",
                    "generic-segmentation-offload",
                    "generic-receive-offload",
                    "large-receive-offload",
                    "tx-udp-segmentation")) {
                assertTrue(features.contains(feature + ": off"), feature + "\n" + features);
            }
        }
        List<String> notes = bridge.notes();
        assertEquals(5, notes.size(), notes::toString);
        assertEquals(
                "out0: kept from this host's IP stack: disable_ipv6 1 (was 0), rp_filter 1 (was 10), arp_ignore 8 (was 0);"
                        + " detach restores it",
                notes.get(0));
        assertTrue(notes.get(1).startsWith("out0: offloads off: "), notes.get(1));
        assertTrue(notes.get(1).contains(", rx-gro"), notes.get(1));
        assertTrue(notes.get(1).contains(", tx-tcp-segmentation"), notes.get(1));
        assertFalse(notes.get(1).contains("tx-gre-segmentation"), notes.get(1));
        assertEquals("in0: was down, is up now; detach restores it", notes.get(3));
        assertEquals(1, journals().size());

        Restored restored = namespace.in(bridge::detach);
        assertEquals(List.of(), restored.faults());
        assertTrue(restored.lines().get(0).startsWith("out0: restored: offloads "), restored::toString);
        assertTrue(
                restored.lines().get(0).endsWith("disable_ipv6 0, rp_filter 10, arp_ignore 0, address fe80::7/64"),
                restored::toString);
        assertEquals(before, state());
        assertNotEquals(before, attached);
        assertEquals(List.of(), journals());

        assertEquals(new Restored(List.of(), List.of()), namespace.in(bridge::detach));
        assertEquals(before, state());
    }

    private static boolean assertTrueAnd(boolean condition) {
        assertTrue(condition);
        return condition;
    }

    @Test
    void everyFaultIsNamedAndNothingIsChanged() throws Exception {
        String before = state();
        assertEquals("edge: outside: there is no NIC eth9; there are: in0, m0, out0, w0", fault("eth9", "in0"));
        assertEquals(
                "edge: inside: there is no NIC a-name-too-long-for-linux; there are: in0, m0, out0, w0",
                fault("out0", "a-name-too-long-for-linux"));
        assertEquals("edge: outside and inside are the same NIC, out0: name two", fault("out0", "out0"));
        assertEquals(
                "edge: inside: lo is the loopback device: name a NIC with a network behind it", fault("out0", "lo"));
        assertEquals(List.of(), faults("out0", "in0"));
        assertEquals(2, faults("eth9", "eth8").size());
        InterceptException refused = assertThrows(InterceptException.class, () -> attach("edge", "eth9", "lo"));
        assertEquals(2, refused.faults().size());
        assertEquals(before, state());
        assertEquals(List.of(), journals());

        namespace.ip("addr add 192.0.2.1/24 dev out0");
        namespace.ip("addr add 2001:db8::1/64 dev out0 nodad");
        assertEquals(
                "edge: outside: out0 has the address 192.0.2.1/24, 2001:db8::1/64: this host's own IP stack must stay off"
                        + " the wire: remove it (ip addr flush dev out0) and what puts it there, or name another NIC",
                fault("out0", "in0"));
        namespace.ip("addr flush dev out0");
        namespace.ip("route add 198.51.100.0/24 dev out0");
        namespace.ip("-6 route add default dev out0");
        assertEquals(
                "edge: outside: out0 has the route 198.51.100.0/24, default: this host's own IP stack must stay off the"
                        + " wire: remove it (ip route flush dev out0) and what puts it there, or name another NIC",
                fault("out0", "in0"));
        namespace.ip("route flush dev out0");
        namespace.ip("-6 route flush dev out0");
        namespace.ip("link add br0 type bridge");
        namespace.ip("link set in0 master br0");
        assertEquals(
                "edge: inside: in0 is a port of br0: take it out (ip link set in0 nomaster), or name another NIC",
                fault("out0", "in0"));
        namespace.ip("link set in0 nomaster");
        namespace.ip("tuntap add mode tun name t0");
        assertEquals(
                "edge: inside: t0 carries no Ethernet frames (hardware type 65534): name an Ethernet NIC",
                fault("out0", "t0"));
        namespace.ip("link add link out0 name mv0 type macvlan");
        assertEquals(List.of(), faults("out0", "in0"));
        namespace.ip("link set mv0 up");
        assertEquals(
                "edge: outside: mv0 (macvlan) is on top of out0 and would get its frames past the firewall: remove it (ip link"
                        + " del mv0), or name another NIC",
                fault("out0", "in0"));
    }

    @Test
    void aNameWithADotWorks() throws Exception {
        namespace.ip("link set out0 down");
        namespace.ip("link set out0 name eth0.10");
        Bridge bridge = attach("edge", "eth0.10", "in0");
        assertEquals(
                "1",
                namespace.in(() -> StackSysctl.DISABLE_IPV6.read("eth0.10")).orElseThrow());
        assertEquals(List.of(), namespace.in(bridge::detach).faults());
        assertEquals(
                "0",
                namespace.in(() -> StackSysctl.DISABLE_IPV6.read("eth0.10")).orElseThrow());
    }

    @Test
    void afterACrashTheNextStartKeepsTheOriginals() throws Exception {
        String before = state();
        attach("edge", "out0", "in0");
        String firstJournal = journal("edge");
        Bridge second = attach("edge", "out0", "in0");
        assertEquals(firstJournal, journal("edge"));
        assertTrue(
                second.notes().contains("out0: an earlier run did not restore it: its journal has the original state"),
                second.notes()::toString);
        assertEquals(List.of(), namespace.in(second::detach).faults());
        assertEquals(before, state());
        assertEquals(List.of(), journals());
    }

    @Test
    void afterACrashEverythingCanBeRestoredFromTheJournals() throws Exception {
        String before = state();
        attach("edge", "out0", "in0");
        Restored restored = detachAll();
        assertEquals(2, restored.lines().size(), restored::toString);
        assertEquals(List.of(), restored.faults());
        assertEquals(before, state());
        assertEquals(new Restored(List.of(), List.of()), detachAll());
        assertEquals(before, state());
    }

    @Test
    void afterACrashTheInterfaceMayHaveAnotherNameOrOtherNics() throws Exception {
        String before = state();
        attach("edge", "out0", "in0");
        attach("front/../x", "out0", "in0");
        assertEquals(
                List.of("restore-front%2F..%2Fx.json"),
                journals().stream().map(Path::getFileName).map(Path::toString).toList());
        namespace.ip("link add alt0 type veth peer name a0");
        Bridge other = attach("front/../x", "out0", "alt0");
        Restored others =
                namespace.in(() -> Restoration.detachOthers(directory, Set.of("front/../x"), List.of("out0", "alt0")));
        assertTrue(others.lines().stream().anyMatch(line -> line.startsWith("in0: restored: ")), others::toString);
        assertEquals(List.of(), namespace.in(other::detach).faults());
        assertEquals(before, state());
    }

    @Test
    void nicsThatAreGoneOrMadeAgainHaveNothingToRestore() throws Exception {
        attach("edge", "out0", "in0");
        int index = namespace.in(() -> Nics.index("out0"));
        namespace.ip("link del out0");
        namespace.ip("link del in0");
        namespace.ip("link add out0 index " + index + " type veth peer name w0");
        String before = namespace.exec("ethtool -k out0");
        Restored restored = detachAll();
        assertEquals(
                List.of(
                        "out0: gone (another NIC has its number now), nothing to restore",
                        "in0: gone, nothing to restore"),
                restored.lines());
        assertEquals(List.of(), restored.faults());
        assertEquals(before, namespace.exec("ethtool -k out0"));
        assertEquals(List.of(), journals());
    }

    @Test
    void anotherBootsJournalSaysNothingAboutThisOne() throws Exception {
        attach("edge", "out0", "in0");
        Path file = journals().getFirst();
        assertEquals(36, Journal.currentBootId().length());
        Files.writeString(file, journal("edge").replace(Journal.currentBootId(), "another"));
        String attached = state();
        assertEquals(
                "edge: its journal is from before the last boot, nothing to restore",
                detachAll().lines().getFirst());
        assertNotEquals(attached, state(), "the switches are known without it");
        assertEquals(List.of(), journals());
    }

    @Test
    void offloadsThatTheNicKeepsOnAreReported() throws Exception {
        namespace.ip("link add link m0 name mv0 type macvlan");
        String before = namespace.exec("ethtool -k mv0");
        Bridge bridge = attach("edge", "out0", "mv0");
        String kept = bridge.notes().getLast();
        assertTrue(kept.startsWith("mv0: offloads that this NIC keeps on: "), bridge.notes()::toString);
        assertTrue(kept.contains("tx-generic-segmentation"), kept);
        assertEquals(List.of(), namespace.in(bridge::detach).faults());
        assertEquals(before, namespace.exec("ethtool -k mv0"));
    }

    @Test
    void aFailureHalfWayIsUndone() throws Exception {
        // A macvlan can't be set up with the MAC address of another that is up.
        namespace.ip("link add link m0 name mv0 address 02:00:00:00:00:44 type macvlan");
        namespace.ip("link add link m0 name mv1 address 02:00:00:00:00:44 type macvlan");
        namespace.ip("link set mv0 up");
        String before = state();
        InterceptException failed = assertThrows(InterceptException.class, () -> attach("edge", "out0", "mv1"));
        assertEquals(List.of("edge: RTM_NEWLINK (mv1 up): EADDRINUSE (Address already in use)"), failed.faults());
        assertEquals(before, state());
        assertEquals(
                "0", namespace.in(() -> StackSysctl.DISABLE_IPV6.read("mv1")).orElseThrow());
        assertEquals(List.of(), journals());
    }

    @Test
    void withoutAJournalItIsGuardedAllTheSame() throws Exception {
        String before = state();
        Path file = Files.createFile(directory.resolve("file"));
        Bridge bridge = namespace.in(() -> AttachRequests.bridge("edge", "out0", "in0", false, file.resolve("state")));
        assertNotEquals(before, state());
        assertTrue(bridge.notes().getFirst().startsWith("out0: can't be claimed against another portcullis"));
        assertEquals(1, bridge.warnings().size());
        assertTrue(bridge.warnings().getFirst().contains(file.toString()), bridge.warnings()::toString);
        // The journal is written as soon as that is possible.
        Files.delete(file);
        assertEquals(List.of(), namespace.in(() -> bridge.checkNics(new ArrayList<>(), Set.of())));
        assertEquals(List.of(), bridge.warnings());
        assertEquals(1, JournalFile.all(file.resolve("state")).size());
        assertEquals(List.of(), namespace.in(bridge::detach).faults());
        assertEquals(before, state());
    }

    @Test
    void aBrokenJournalCountsAsLost() throws Exception {
        Path file = directory.resolve("restore-edge.json");
        Files.writeString(file, "{\"interfaceName\": \"edge\", ");
        String before = state();
        Bridge bridge = attach("edge", "out0", "in0");
        String note = bridge.notes().getFirst();
        assertTrue(
                note.startsWith(file + ": not a journal (") && note.endsWith("is restore-edge.json.unreadable now"),
                note);
        assertFalse(note.contains("\n"), note);
        assertEquals(List.of(), namespace.in(bridge::detach).faults());
        assertEquals(before, state());
    }

    @Test
    void withoutAJournalThisHostsDefaultsAreSet() throws Exception {
        for (String nic : List.of("out0", "in0")) {
            namespace.exec("sysctl -qw net.ipv4.conf." + nic + ".arp_ignore=0");
        }
        namespace.exec("sysctl -qw net.ipv4.conf.default.rp_filter=2");
        attach("edge", "out0", "in0").leave();
        Files.delete(journals().getFirst());
        // A start that finds the sysctls of a port takes the defaults for their original values.
        attach("edge", "out0", "in0").leave();
        Map<StackSysctl, String> noted =
                JournalFile.all(directory).getFirst().read().nics().getFirst().switches();
        assertEquals("2", noted.get(StackSysctl.RP_FILTER));
        Files.delete(journals().getFirst());
        Restored restored = detachAll();
        assertEquals(List.of(), restored.faults());
        assertEquals(
                "out0: was a bridge's port, and no journal has its original values: this host's defaults: disable_ipv6 0,"
                        + " rp_filter 2, arp_ignore 0",
                restored.lines().getFirst());
        assertEquals(new Restored(List.of(), List.of()), detachAll());
    }

    @Test
    void aJournalOfAnotherUserIsIgnored() throws Exception {
        attach("edge", "out0", "in0").leave();
        Files.setAttribute(journals().getFirst(), "unix:uid", 65_534);
        String attached = state();
        Bridge second = attach("edge", "out0", "in0");
        assertTrue(
                second.notes().stream().anyMatch(line -> line.contains("belongs to user 65534, and is not obeyed")),
                second.notes()::toString);
        assertEquals(attached, state());
    }

    @Test
    void anotherAddressIsTheSameNic() throws Exception {
        namespace.exec("sysctl -qw net.ipv4.conf.out0.rp_filter=10");
        String features = namespace.exec("ethtool -k out0");
        attach("edge", "out0", "in0").leave();
        namespace.ip("link set out0 address 02:00:00:00:00:77");
        assertEquals(List.of(), detachAll().faults());
        assertEquals(
                "10", namespace.in(() -> StackSysctl.RP_FILTER.read("out0")).orElseThrow());
        assertEquals(
                "0", namespace.in(() -> StackSysctl.DISABLE_IPV6.read("out0")).orElseThrow());
        assertEquals(features, namespace.exec("ethtool -k out0"));
        // With another name, too.
        Bridge bridge = attach("edge", "out0", "in0");
        namespace.in(() -> bridge.engage(1));
        bridge.leave();
        namespace.ip("link set out0 down");
        namespace.ip("link set out0 address 02:00:00:00:00:78 name out9");
        assertEquals(List.of(), detachAll().faults());
        assertEquals(
                "10", namespace.in(() -> StackSysctl.RP_FILTER.read("out9")).orElseThrow());
        assertEquals(List.of(), journals());
    }

    @Test
    void aNicMadeAgainWithTheOldIndexAndAddressIsAnotherNic() throws Exception {
        namespace.exec("sysctl -qw net.ipv4.conf.in0.rp_filter=10");
        attach("edge", "out0", "in0").leave();
        int index = namespace.in(() -> Nics.index("in0"));
        String address = namespace.in(() -> Nics.named("in0").hardwareAddress());
        namespace.ip("link del in0");
        namespace.ip("link add in0 index " + index + " address " + address + " type veth peer name m0");
        Restored restored = detachAll();
        assertTrue(
                restored.lines().contains("in0: gone (another NIC has its number now), nothing to restore"),
                restored.lines()::toString);
        assertEquals("0", namespace.in(() -> StackSysctl.RP_FILTER.read("in0")).orElseThrow());
    }

    @Test
    void foreignChangesAreReverted() throws Exception {
        Bridge bridge = attach("edge", "out0", "in0");
        namespace.in(() -> bridge.engage(1));
        namespace.exec("sysctl -qw net.ipv6.conf.in0.disable_ipv6=0");
        List<String> done = new ArrayList<>();
        assertEquals(List.of(), namespace.in(() -> bridge.checkPrograms(done, System::nanoTime)));
        assertEquals(List.of("in0: disable_ipv6 was set to 0 by somebody: it is 1 again"), done);
        namespace.exec("tc qdisc add dev in0 clsact");
        int nic = namespace.in(() -> Nics.index("in0"));
        namespace.in(() ->
                new TcxHook(nic, true).remove(new TcxHook(nic, true).programs().getFirst()));
        done.clear();
        assertEquals(List.of(), namespace.in(() -> bridge.checkPrograms(done, System::nanoTime)));
        assertTrue(
                done.getFirst()
                        .startsWith("in0 ingress: program portcullis_drop was gone, and is attached again;"
                                + " unguarded for at most "),
                done::toString);
        namespace.ip("link add br0 type bridge");
        namespace.ip("link set in0 master br0");
        List<String> faults = namespace.in(() -> bridge.checkNics(done, Set.of()));
        assertEquals(
                List.of(
                        "edge: in0 is a port of br0 now, which gets its frames too: take it out (ip link set in0 nomaster)"),
                faults);
    }

    @Test
    void aNicThatComesBackIsReadyAgain() throws Exception {
        Bridge bridge = attach("edge", "out0", "in0");
        namespace.in(() -> bridge.engage(1));
        int index = namespace.in(() -> Nics.index("in0"));
        try (Namespace away = new Namespace("away")) {
            namespace.ip("link set in0 netns " + away.name());
            List<String> done = new ArrayList<>();
            assertEquals(
                    List.of("edge: in0 is gone; waiting for a NIC in0"),
                    namespace.in(() -> bridge.checkNics(done, Set.of(index))));
            away.ip("link set in0 netns " + namespace.name());
            assertEquals(index, (int) namespace.in(() -> Nics.index("in0")));
            namespace.exec("sysctl -qw net.ipv4.conf.in0.rp_filter=7");
            assertEquals(List.of(), namespace.in(() -> bridge.checkNics(done, Set.of())));
            assertEquals(List.of(), namespace.in(() -> bridge.checkPrograms(done, System::nanoTime)));
            assertEquals(
                    "1",
                    namespace.in(() -> StackSysctl.DISABLE_IPV6.read("in0")).orElseThrow());
            assertTrue(namespace.in(() -> Nics.named("in0").up()));
            assertEquals(List.of(), namespace.in(bridge::detach).faults());
            assertEquals(
                    "7", namespace.in(() -> StackSysctl.RP_FILTER.read("in0")).orElseThrow());
        }
    }

    /** The limits of IPv4 follow the others when these become ordinary. */
    @Test
    void bigTcpIsSwitchedDownAndRestored() throws Exception {
        Map<SizeLimit, Integer> before = namespace.in(() -> {
            SizeLimit.GRO_MAX_SIZE.set(Nics.named("out0"), 200_000);
            SizeLimit.GRO_IPV4_MAX_SIZE.set(Nics.named("out0"), 150_000);
            SizeLimit.GSO_MAX_SIZE.set(Nics.named("out0"), 200_000);
            return SizeLimit.read(Nics.named("out0"));
        });
        assertEquals(150_000, before.get(SizeLimit.GRO_IPV4_MAX_SIZE));
        for (boolean crashed : new boolean[] {true, false}) {
            Bridge bridge = attach("edge", "out0", "in0");
            Map<SizeLimit, Integer> now = namespace.in(() -> SizeLimit.read(Nics.named("out0")));
            assertEquals(65_536, now.get(SizeLimit.GRO_MAX_SIZE));
            assertEquals(65_536, now.get(SizeLimit.GRO_IPV4_MAX_SIZE));
            assertEquals(200_000, now.get(SizeLimit.GSO_MAX_SIZE));
            assertEquals(
                    crashed,
                    bridge.notes().stream()
                            .anyMatch(note -> note.startsWith("out0: no BIG TCP: gro_max_size 65536 (was 200000)")),
                    bridge.notes()::toString);
            if (!crashed) {
                assertEquals(List.of(), namespace.in(bridge::detach).faults());
            }
        }
        assertEquals(before, namespace.in(() -> SizeLimit.read(Nics.named("out0"))));
    }

    @Test
    void unequalMtusAreSaid() throws Exception {
        assertEquals(List.of(), namespace.in(() -> NicCheck.bridgeWarnings("out0", "in0")));
        namespace.ip("link set in0 mtu 9000");
        assertEquals(
                List.of(
                        "out0 has MTU 1500 and in0 has 9000: packets longer than 1500 bytes are dropped (too-big): ip link set"
                                + " dev in0 mtu 1500"),
                namespace.in(() -> NicCheck.bridgeWarnings("out0", "in0")));
        assertTrue(attach("edge", "out0", "in0").notes().getLast().startsWith("out0 has MTU 1500 and in0 has 9000: "));
    }

    @Test
    void aFailedAttachLeavesAClosedNicClosed() throws Exception {
        Bridge first = attach("edge", "out0", "in0");
        namespace.in(() -> first.engage(1));
        first.leave();
        namespace.ip("link add link m0 name mv0 address 02:00:00:00:00:44 type macvlan");
        namespace.ip("link add link m0 name mv1 address 02:00:00:00:00:44 type macvlan");
        namespace.ip("link set mv0 up");
        int out0 = namespace.in(() -> Nics.index("out0"));
        int in0 = namespace.in(() -> Nics.index("in0"));
        assertThrows(InterceptException.class, () -> attach("edge", "out0", "mv1"));
        for (int nic : new int[] {out0, in0}) {
            assertTrue(namespace.in(() -> new TcxHook(nic, true).programs()).size() > 0);
        }
        assertEquals(
                "1", namespace.in(() -> StackSysctl.DISABLE_IPV6.read("in0")).orElseThrow());
        assertEquals(List.of(), detachAll().faults());
        for (int nic : new int[] {out0, in0}) {
            assertEquals(List.of(), namespace.in(() -> new TcxHook(nic, true).programs()));
        }
        assertEquals(
                "0", namespace.in(() -> StackSysctl.DISABLE_IPV6.read("in0")).orElseThrow());
        assertEquals(new Restored(List.of(), List.of()), detachAll());
    }

    @Test
    void withoutPrivilegeItSaysWhichIsMissing() throws Exception {
        Process process = new ProcessBuilder(
                        "setpriv",
                        "--bounding-set=-net_raw,-net_admin",
                        "--inh-caps=-net_raw,-net_admin",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        PrintFaults.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertTrue(
                output.startsWith("no privilege: CAP_NET_RAW CAP_NET_ADMIN missing: run as root, or give the service"
                        + " AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN\nedge: outside: there is no NIC nosuch0; there"
                        + " are: "),
                output);
    }

    /** A separate process with fewer capabilities: it prints its result, which the test reads from its standard output. */
    static final class PrintFaults {
        private PrintFaults() {}

        public static void main(String[] arguments) {
            System.out.println(String.join("\n", NicCheck.bridgeFaults("edge", "nosuch0", "nosuch1")));
        }
    }
}
