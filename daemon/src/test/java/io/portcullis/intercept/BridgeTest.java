package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Namespace;
import io.portcullis.linux.NicAddress;
import io.portcullis.linux.Nics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A bridge's two NICs, out0 (up) and in0 (down), each with its far end, w0 and m0, in the same namespace. */
@Tag("system")
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

    /** As a process that starts when the one before it is gone, however that ended. */
    private Bridge attach(String interfaceName, String outside, String inside) throws Exception {
        if (last != null) {
            last.leave();
        }
        last = namespace.in(() -> Wishes.bridge(interfaceName, outside, inside, false, directory));
        return last;
    }

    private List<String> faults(String outside, String inside) throws Exception {
        return namespace.in(() -> Bridge.faults("edge", outside, inside));
    }

    private String fault(String outside, String inside) throws Exception {
        List<String> faults = faults(outside, inside);
        assertEquals(1, faults.size(), faults::toString);
        return faults.getFirst();
    }

    private Restored detachAll() throws Exception {
        return namespace.in(() -> Restoration.detachAll(directory));
    }

    /** All that attaching may change, of both NICs. */
    private String state() throws Exception {
        StringBuilder state = new StringBuilder();
        for (String name : List.of("out0", "in0")) {
            state.append(namespace.exec("ethtool -k " + name));
            namespace.in(() -> {
                for (Switch one : Switch.values()) {
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
        return Journal.files(directory);
    }

    @Test
    void attachingChangesWhatItSaysAndDetachingPutsExactlyThatBack() throws Exception {
        namespace.exec("sysctl -qw net.ipv4.conf.out0.rp_filter=10");
        String before = state();
        Bridge bridge = attach("edge", "out0", "in0");
        String attached = state();
        for (String name : List.of("out0", "in0")) {
            namespace.in(() -> {
                assertEquals("1", Switch.DISABLE_IPV6.read(name).orElseThrow());
                assertEquals("1", Switch.RP_FILTER.read(name).orElseThrow());
                assertEquals("8", Switch.ARP_IGNORE.read(name).orElseThrow());
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
                "edge: outside: mv0 (macvlan) stands on out0 and would hear the wire past the firewall: remove it (ip link"
                        + " del mv0), or name another NIC",
                fault("out0", "in0"));
    }

    @Test
    void aNameWithADotWorks() throws Exception {
        namespace.ip("link set out0 down");
        namespace.ip("link set out0 name eth0.10");
        Bridge bridge = attach("edge", "eth0.10", "in0");
        assertEquals(
                "1", namespace.in(() -> Switch.DISABLE_IPV6.read("eth0.10")).orElseThrow());
        assertEquals(List.of(), namespace.in(bridge::detach).faults());
        assertEquals(
                "0", namespace.in(() -> Switch.DISABLE_IPV6.read("eth0.10")).orElseThrow());
    }

    @Test
    void afterACrashTheNextStartKeepsTheOriginals() throws Exception {
        String before = state();
        attach("edge", "out0", "in0");
        String firstJournal = journal("edge");
        Bridge second = attach("edge", "out0", "in0");
        assertEquals(firstJournal, journal("edge"));
        assertTrue(
                second.notes().contains("out0: an earlier run did not restore it: its journal is kept to"),
                second.notes()::toString);
        assertEquals(List.of(), namespace.in(second::detach).faults());
        assertEquals(before, state());
        assertEquals(List.of(), journals());
    }

    @Test
    void afterACrashAllCanBePutBackFromTheJournals() throws Exception {
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
        Bridge renamed = attach("front/../x", "out0", "in0");
        assertEquals(
                List.of("restore-front%2F..%2Fx.json"),
                journals().stream().map(Path::getFileName).map(Path::toString).toList());
        namespace.ip("link add alt0 type veth peer name a0");
        Bridge other = attach("front/../x", "out0", "alt0");
        assertTrue(
                other.notes().stream().anyMatch(line -> line.startsWith("in0: restored: ")), other.notes()::toString);
        assertEquals(List.of(), namespace.in(other::detach).faults());
        assertEquals(before, state());
        assertEquals(new Restored(List.of(), List.of()), namespace.in(renamed::detach));
    }

    @Test
    void nicsThatAreGoneOrMadeAnewHaveNothingToRestore() throws Exception {
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
                List.of("edge: its journal is from before the last boot, nothing to restore"),
                detachAll().lines());
        assertEquals(attached, state());
        assertEquals(List.of(), journals());
    }

    @Test
    void whatTheNicKeepsOnIsSaid() throws Exception {
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
        // A macvlan with the MAC address of one that is up can't be switched on.
        namespace.ip("link add link m0 name mv0 address 02:00:00:00:00:44 type macvlan");
        namespace.ip("link add link m0 name mv1 address 02:00:00:00:00:44 type macvlan");
        namespace.ip("link set mv0 up");
        String before = state();
        InterceptException failed = assertThrows(InterceptException.class, () -> attach("edge", "out0", "mv1"));
        assertEquals(List.of("edge: RTM_NEWLINK (mv1 up): EADDRINUSE (Address already in use)"), failed.faults());
        assertEquals(before, state());
        assertEquals("0", namespace.in(() -> Switch.DISABLE_IPV6.read("mv1")).orElseThrow());
        assertEquals(List.of(), journals());
    }

    @Test
    void withoutAJournalNothingIsChanged() throws Exception {
        String before = state();
        Path file = Files.createFile(directory.resolve("file"));
        InterceptException failed = assertThrows(
                InterceptException.class,
                () -> namespace.in(() -> Wishes.bridge("edge", "out0", "in0", false, file.resolve("state"))));
        assertEquals(1, failed.faults().size());
        assertTrue(failed.faults().getFirst().contains(file.toString()), failed.faults()::toString);
        assertEquals(before, state());
    }

    @Test
    void aBrokenJournalIsNamedAndKept() throws Exception {
        Path file = directory.resolve("restore-edge.json");
        Files.writeString(file, "{\"interfaceName\": \"edge\", ");
        Restored restored = detachAll();
        assertEquals(1, restored.faults().size(), restored::toString);
        String fault = restored.faults().getFirst();
        assertTrue(fault.startsWith(file + ": not a journal (") && fault.endsWith("): delete it"), fault);
        assertFalse(fault.contains("\n"), fault);
        assertTrue(Files.exists(file));
        String before = state();
        assertThrows(InterceptException.class, () -> attach("edge", "out0", "in0"));
        assertEquals(before, state());
        Files.writeString(file, "{}");
        assertEquals(1, detachAll().faults().size());
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
                        System.getProperty("java.class.path"),
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

    /** Started as a program of its own, with fewer capabilities; the test reads the output. */
    static final class PrintFaults {
        private PrintFaults() {}

        public static void main(String[] arguments) {
            System.out.println(String.join("\n", Bridge.faults("edge", "nosuch0", "nosuch1")));
        }
    }
}
