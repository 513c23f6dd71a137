package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.PacketMark;
import io.portcullis.intercept.fast.EveryFrameUp;
import io.portcullis.intercept.fast.FastPort;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.net.Direction;
import io.portcullis.testing.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An interface with a fast path: its taps, and two programs on each hook of a port. */
@Tag("netns")
@Timeout(120)
final class FastInterceptionTest {
    private static final String BRIDGE = "mode: bridge, outside: e0, inside: e1";
    private static final String HOST = "mode: host, nic: e0";

    /** Programs that do the same as the standard ones; it notes for which ports they were made. */
    private static final class Noting implements FastPrograms {
        private final EveryFrameUp programs = new EveryFrameUp();
        private final List<FastPort> live = new ArrayList<>();
        private final List<FastPort> dead = new ArrayList<>();
        private final List<Long> deadlines = new ArrayList<>();
        private boolean hasEarlierMemory = true;
        private String deadName = "portcullis_dead";

        @Override
        public BpfProgram live(FastPort port) {
            live.add(port);
            return programs.live(port);
        }

        @Override
        public BpfProgram dead(FastPort port) {
            dead.add(port);
            return new BpfProgram(deadName, programs.dead(port).instructions());
        }

        @Override
        public void aliveUntil(long monotonicNs) {
            deadlines.add(monotonicNs);
        }

        @Override
        public boolean hasEarlierMemory() {
            return hasEarlierMemory;
        }
    }

    private final Noting programs = new Noting();
    private Namespace namespace;
    private String before = "";

    @TempDir
    Path directory;

    @BeforeEach
    void make() {
        namespace = new Namespace("fast");
        for (String number : List.of("0", "1")) {
            namespace.ip("link add e" + number + " type veth peer name f" + number);
            namespace.ip("link set e" + number + " up");
            namespace.ip("link set f" + number + " up");
        }
        before = state();
    }

    @AfterEach
    void remove() {
        namespace.close();
    }

    private String state() {
        // Not whether they are up: a carrier comes late.
        List<String> nics = namespace
                .exec("ip -o link")
                .lines()
                .map(line -> line.split(" ", 3)[1])
                .toList();
        return nics + namespace.exec("tc qdisc show");
    }

    private Interception attach(String keys, @Nullable FastPrograms fast) throws Exception {
        Interception.AttachRequest request = AttachRequests.of("web0", keys, true, directory);
        return Interception.attach(new Interception.AttachRequest(
                request.iface(), true, request.mark(), directory, "the test", null, fast));
    }

    private Interception engaged(String keys) throws Exception {
        Interception made = attach(keys, programs);
        made.engage(1);
        return made;
    }

    /** The chain of a hook: each program's name, with + where a link holds it. */
    private static List<String> chain(String nic, boolean ingress) throws IOException {
        List<String> names = new ArrayList<>();
        for (Tcx.Entry entry : Tcx.query(Nics.index(nic), ingress).entries()) {
            try (Bpf program = Bpf.numbered(entry.programId())) {
                names.add((entry.linkId() == 0 ? "" : "+") + program.name());
            }
        }
        return names;
    }

    /** The hooks of the two ports. */
    private static List<List<String>> barriers(String keys) throws IOException {
        return keys.startsWith(BRIDGE)
                ? List.of(chain("e0", true), chain("e1", true))
                : List.of(chain("e0", true), chain("e0", false));
    }

    private static List<List<String>> both(String... chain) {
        return List.of(List.of(chain), List.of(chain));
    }

    private static int last(String nic) throws IOException {
        return Tcx.query(Nics.index(nic), true).entries().getLast().programId();
    }

    private static List<String> faults(Interception interception) {
        return interception.checkPrograms(new ArrayList<>(), System::nanoTime);
    }

    private void loseJournals() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BRIDGE, HOST})
    void theProgramForADeadDaemonIsBehindTheOneThatEndsWithTheProcess(String keys) throws Exception {
        namespace.in(() -> {
            Interception first = engaged(keys);
            assertEquals(both("+portcullis_live", "portcullis_dead"), barriers(keys));
            for (String tap : List.of("pct-web0", "pcu-web0")) {
                assertEquals(List.of("portcullis_drop"), chain(tap, true));
                assertEquals(List.of("portcullis_drop"), chain(tap, false));
                assertEquals(Veth.MTU, Nics.named(tap).mtu());
                assertTrue(Nics.named(tap).running());
                assertEquals(List.of(), Nics.addresses(Nics.named(tap)));
            }
            assertEquals(List.of(), faults(first));
            int dead = last("e0");
            first.leave();
            assertEquals(both("portcullis_dead"), barriers(keys));

            Interception second = engaged(keys);
            assertEquals(both("+portcullis_live", "portcullis_dead"), barriers(keys));
            assertEquals(dead, last("e0"), "it was attached all the time");
            assertEquals(List.of(), second.detach().faults());
            assertEquals(both(), barriers(keys));
            return true;
        });
        assertEquals(before, state());
    }

    @ParameterizedTest
    @ValueSource(strings = {BRIDGE, HOST})
    void anotherProgramForADeadDaemonReplacesTheEarlierOne(String keys) throws Exception {
        namespace.in(() -> {
            engaged(keys).leave();
            programs.deadName = "portcullis_new";
            Interception second = engaged(keys);
            assertEquals(both("+portcullis_live", "portcullis_new"), barriers(keys));
            int dead = last("e0");
            second.leave();
            programs.hasEarlierMemory = false;
            Interception third = engaged(keys);
            assertEquals(both("+portcullis_live", "portcullis_new"), barriers(keys));
            assertNotEquals(dead, last("e0"), "the earlier one uses other memory");
            third.detach();
            return true;
        });
        assertEquals(before, state());
    }

    @ParameterizedTest
    @ValueSource(strings = {BRIDGE, HOST})
    void onFailureOpenLeavesNothingThatDrops(String keys) throws Exception {
        String open = keys + ", on-failure: open";
        namespace.in(() -> {
            Interception first = engaged(open);
            assertEquals(List.of(), faults(first));
            assertEquals(0, programs.dead.size());
            first.leave();
            assertEquals(keys.equals(BRIDGE) ? both("portcullis_fwd") : both(), barriers(keys));
            Interception second = engaged(open);
            second.holdShut(true, 1);
            assertEquals(both("+portcullis_live", "portcullis_dead"), barriers(keys));
            second.holdShut(false, 1);
            assertFalse(barriers(keys).contains(List.of("+portcullis_live", "portcullis_dead")));
            second.detach();
            return true;
        });
        assertEquals(before, state());
    }

    @ParameterizedTest
    @ValueSource(strings = {BRIDGE, HOST})
    void anInterfaceGetsAFastPathAndLosesItWithoutAnUnguardedMoment(String keys) throws Exception {
        namespace.in(() -> {
            Interception without = attach(keys, null);
            assertTrue(without.taps().isEmpty());
            without.engage(1);
            without.leave();
            Interception with = engaged(keys);
            assertEquals(both("+portcullis_live", "portcullis_dead"), barriers(keys));
            with.leave();
            Interception again = attach(keys, null);
            assertTrue(again.wasAttached());
            assertEquals(both("portcullis_dead"), barriers(keys), "until the others are attached");
            again.engage(1);
            assertTrue(Nics.find("pct-web0").isEmpty());
            assertEquals(1, barriers(keys).getFirst().size());
            assertEquals(List.of(), faults(again));
            again.detach();
            return true;
        });
        assertEquals(before, state());
    }

    @ParameterizedTest
    @ValueSource(strings = {BRIDGE, HOST})
    void programsAndTapsAreFoundWithoutNotes(String keys) throws Exception {
        namespace.in(() -> {
            engaged(keys).leave();
            loseJournals();
            Interception second = engaged(keys);
            assertTrue(second.wasAttached() || keys.equals(BRIDGE));
            assertEquals(both("+portcullis_live", "portcullis_dead"), barriers(keys));
            second.leave();
            loseJournals();
            assertEquals(List.of(), Restoration.detachAll(directory).faults());
            assertEquals(both(), barriers(keys));
            for (String tap : List.of("pct-web0", "pcu-web0")) {
                assertTrue(Nics.find(tap).isEmpty(), tap);
            }
            return true;
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {BRIDGE, HOST})
    void tapsThatSomebodyRemovesAreMadeAgain(String keys) throws Exception {
        namespace.in(() -> {
            Interception guarded = engaged(keys);
            for (String words : List.of("link del pct-web0", "link set pcu-web0 down")) {
                namespace.ip(words);
                List<String> lines = new ArrayList<>();
                assertEquals(List.of(), guarded.checkNics(lines, Set.of()));
                assertTrue(lines.stream().anyMatch(line -> line.contains("pcu-web0 made")), lines::toString);
                assertEquals(List.of(), faults(guarded));
                Veth taps = guarded.taps().orElseThrow();
                assertEquals(
                        Set.of(taps.near().index(), taps.far().index()),
                        Set.copyOf(programs.live.subList(programs.live.size() - 2, programs.live.size()).stream()
                                .map(FastPort::tap)
                                .toList()));
                assertEquals(both("+portcullis_live", "portcullis_dead"), barriers(keys));
            }
            guarded.detach();
            return true;
        });
        assertEquals(before, state());
    }

    @ParameterizedTest
    @ValueSource(strings = {BRIDGE, HOST})
    void aProgramThatSomebodyDetachesIsAttachedAgain(String keys) throws Exception {
        namespace.in(() -> {
            Interception guarded = engaged(keys);
            int nic = Nics.index("e0");
            Tcx.detach(last("e0"), nic, true, Tcx.query(nic, true));
            List<String> lines = new ArrayList<>();
            assertEquals(List.of(), guarded.checkPrograms(lines, System::nanoTime));
            assertEquals(1, lines.size(), lines::toString);
            assertEquals(both("+portcullis_live", "portcullis_dead"), barriers(keys));
            guarded.detach();
            return true;
        });
    }

    @Test
    void aProgramOfOthersBetweenTheTwoIsReported() throws Exception {
        namespace.in(() -> {
            Interception guarded = engaged(BRIDGE);
            int nic = Nics.index("e0");
            try (Bpf other = Bpf.load(new BpfProgram(
                    "other",
                    List.of(
                            new BpfProgram.Instruction.Set(BpfProgram.Register.R0, 0),
                            new BpfProgram.Instruction.Exit())))) {
                Tcx.attachBehind(
                        other,
                        nic,
                        true,
                        Tcx.query(nic, true).entries().getFirst().programId());
                assertEquals(
                        List.of("web0: e0 ingress: 1 program(s) of somebody else run before the one that decides while"
                                + " the daemon is dead"),
                        faults(guarded));
                Tcx.detach(other.id(), nic, true, Tcx.query(nic, true));
            }
            assertEquals(List.of(), faults(guarded));
            guarded.detach();
            return true;
        });
    }

    @Test
    void eachPortHasItsOwnTapAndTheNicOfItsPeer() throws Exception {
        namespace.in(() -> {
            Interception bridge = engaged(BRIDGE);
            Veth taps = bridge.taps().orElseThrow();
            Nic outside = Nics.named("e0");
            Nic inside = Nics.named("e1");
            List<FastPort> expected = List.of(
                    new FastPort(
                            Direction.INGRESS,
                            false,
                            inside.index(),
                            taps.near().index(),
                            mark(),
                            false),
                    new FastPort(
                            Direction.EGRESS, false, outside.index(), taps.far().index(), mark(), false));
            assertEquals(expected, programs.live);
            assertEquals(expected, programs.dead);
            bridge.detach();
            return true;
        });
    }

    private PacketMark mark() throws Exception {
        return AttachRequests.of("web0", HOST, true, directory).mark();
    }

    /** The last program on ingress clears the mark; one before it needs the mark. */
    @Test
    void onAHostTheFirstOfTwoProgramsLeavesTheMarkToTheSecond() throws Exception {
        namespace.in(() -> {
            engaged(HOST).detach();
            assertEquals(
                    List.of(true, true),
                    programs.live.stream().map(FastPort::followed).toList());
            assertEquals(
                    List.of(false, false),
                    programs.dead.stream().map(FastPort::followed).toList());
            programs.live.clear();
            engaged(HOST + ", on-failure: open").detach();
            assertEquals(
                    List.of(false, false),
                    programs.live.stream().map(FastPort::followed).toList());
            return true;
        });
    }

    @Test
    void onClsactOneProgramHasADeadlineThatEndsWithTheInterception() throws Exception {
        String keys = HOST + ", attach: clsact";
        namespace.in(() -> {
            Interception first = engaged(keys);
            assertTrue(first.hasDeadline());
            first.extendDeadline(7);
            first.leave();
            assertEquals(
                    List.of(1 + Bridge.ALIVE_NS, 7 + Bridge.ALIVE_NS, 1L), programs.deadlines, "the last is long ago");
            TreeMap<Boolean, Integer> left = new TreeMap<>();
            for (boolean ingress : new boolean[] {true, false}) {
                left.put(
                        ingress,
                        Clsact.filters(Nics.index("e0"), ingress).getFirst().programId());
            }
            programs.hasEarlierMemory = true;
            Interception second = engaged(keys);
            for (boolean ingress : new boolean[] {true, false}) {
                assertEquals(
                        left.get(ingress),
                        Clsact.filters(Nics.index("e0"), ingress).getFirst().programId(),
                        "it stays");
            }
            assertEquals(List.of(), faults(second));
            second.leave();
            programs.hasEarlierMemory = false;
            engaged(keys).leave();
            assertNotEquals(
                    left.get(true),
                    Clsact.filters(Nics.index("e0"), true).getFirst().programId());
            assertEquals(List.of(), Restoration.detachAll(directory).faults());
            return true;
        });
        assertEquals(before, state());
    }
}
