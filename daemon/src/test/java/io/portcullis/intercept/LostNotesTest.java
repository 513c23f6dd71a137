package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Mode;
import io.portcullis.config.PacketMark;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.testing.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our programs are recognised without a journal: it is lost, the disk is full, or the process has few privileges. */
@Tag("netns")
@Timeout(120)
final class LostNotesTest {
    private Namespace namespace;
    private String before = "";

    @TempDir
    Path directory;

    @BeforeEach
    void make() {
        namespace = new Namespace("lost");
        namespace.ip("link add e0 type veth peer name f0");
        namespace.ip("link add e1 type veth peer name f1");
        for (String nic : List.of("e0", "e1")) {
            namespace.ip("link set " + nic + " up");
        }
        before = state();
    }

    @AfterEach
    void remove() {
        namespace.close();
    }

    private String state() {
        return namespace.exec("ip -o link") + namespace.exec("tc qdisc show");
    }

    private static Host attach(String name, String keys, PacketMark mark, Path state) throws Exception {
        Interception.AttachRequest request = AttachRequests.of(name, "mode: host, " + keys, true, state);
        Interception.AttachRequest marked =
                new Interception.AttachRequest(request.iface(), true, mark, state, name + " of the test");
        return Host.attach(marked, (Mode.Host) request.iface().mode());
    }

    private static PacketMark mark(String interfaceKeys) throws Exception {
        return AttachRequests.of("web0", interfaceKeys, true, Path.of("/")).mark();
    }

    private static final PacketMark OTHER = new PacketMark(0x50, 0xf0);

    private static Host engaged(String name, String keys, PacketMark mark, Path state) throws Exception {
        Host host = attach(name, keys, mark, state);
        host.engage(1);
        return host;
    }

    private static int programs(String nic, boolean ingress) throws IOException {
        int index = Nics.index(nic);
        return Tcx.query(index, ingress).entries().size()
                + Clsact.filters(index, ingress).size();
    }

    private static void loseJournals(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nic: e0", "nic: e0, attach: clsact"})
    void aStartAttachesItsProgramsBeforeThoseOfNoJournal(String keys) throws Exception {
        namespace.in(() -> {
            engaged("web0", keys, mark("mode: host, nic: e0"), directory).leave();
            loseJournals(directory);
            // Another mark: a program left behind the new ones would drop everything.
            Host host = attach("web0", keys, OTHER, directory);
            assertTrue(host.wasAttached());
            assertTrue(
                    host.notes().stream().anyMatch(line -> line.contains("no journal has are on e0")),
                    host.notes()::toString);
            host.engage(1);
            for (String nic : List.of("e0", "pch-web0", "pcd-web0")) {
                assertEquals(1, programs(nic, true), nic);
            }
            assertEquals(1, programs("e0", false));
            assertEquals(List.of(), host.checkPrograms(new ArrayList<>(), System::nanoTime));
            assertEquals(List.of(), host.detach().faults());
            return true;
        });
        assertEquals(before, state());
    }

    @ParameterizedTest
    @ValueSource(strings = {"nic: e0", "nic: e0, attach: clsact"})
    void detachFindsProgramsOfNoJournal(String keys) throws Exception {
        namespace.in(() -> {
            engaged("web0", keys, OTHER, directory).leave();
            loseJournals(directory);
            Restored restored = Restoration.detachAll(directory);
            assertEquals(List.of(), restored.faults());
            assertNotEquals(List.of(), restored.lines());
            assertEquals(0, programs("e0", true) + programs("e0", false));
            assertEquals(new Restored(List.of(), List.of()), Restoration.detachAll(directory));
            return true;
        });
        assertEquals(before, state());
    }

    @Test
    void theProgramsOfABridgeAreFoundToo() throws Exception {
        namespace.in(() -> {
            Bridge bridge = AttachRequests.bridge("edge", "e0", "e1", true, directory);
            bridge.engage(1);
            bridge.leave();
            loseJournals(directory);
            assertTrue(ClosedNics.keepsSomethingShut(directory, List.of("e1")));
            Bridge again = AttachRequests.bridge("edge", "e0", "e1", true, directory);
            again.engage(1);
            for (String nic : List.of("e0", "e1")) {
                assertEquals(1, programs(nic, true));
                assertEquals(1, programs(nic, false));
            }
            again.leave();
            loseJournals(directory);
            assertEquals(List.of(), Restoration.detachAll(directory).faults());
            for (String nic : List.of("e0", "e1")) {
                assertEquals(0, programs(nic, true) + programs(nic, false));
            }
            return true;
        });
        assertEquals(before, state());
    }

    @Test
    void programsOfNoJournalStayAreNamedAndAreDetached() throws Exception {
        namespace.in(() -> {
            engaged("old0", "nic: e1", OTHER, directory).leave();
            loseJournals(directory);
            Host host = engaged("web0", "nic: e0", OTHER, directory);
            Restored others = Restoration.detachOthers(directory, Set.of("web0"), List.of("e0"));
            assertEquals(List.of(), others.faults());
            // It may belong to another portcullis, and a closed NIC stays closed.
            assertEquals(1, programs("e1", true));
            assertTrue(
                    others.lines().stream()
                            .anyMatch(line -> line.startsWith("e1: 2 program(s) of portcullis that no journal")),
                    others.lines().toString());
            assertEquals(List.of(), host.checkPrograms(new ArrayList<>(), System::nanoTime));
            assertEquals(1, programs("e0", true));
            assertEquals(1, programs("pch-web0", true));
            assertEquals(List.of(), host.detach().faults());
            assertEquals(List.of(), Restoration.detachAll(directory).faults());
            assertFalse(Nics.find("pch-old0").isPresent());
            assertEquals(0, programs("e1", true));
            return true;
        });
        assertEquals(before, state());
    }

    @Test
    void aNicOfThatNameWithoutOurAliasIsNeverDeleted() throws Exception {
        namespace.ip("link add pch-web0 type veth peer name pcd-web0");
        namespace.ip("link set pch-web0 alias mine");
        namespace.ip("link set pcd-web0 alias mine");
        namespace.in(() -> {
            JournalFile.ofInterface(directory, "web0")
                    .write(Journal.empty("web0", Journal.currentBootId())
                            .withPairs(List.of(VethPairs.insideOf("web0"))));
            InterceptException refused =
                    assertThrows(InterceptException.class, () -> attach("web0", "nic: e0", OTHER, directory));
            assertTrue(refused.faults().getFirst().contains("pch-web0 already, which is not ours"));
            assertEquals(List.of(), Restoration.detachAll(directory).faults());
            assertTrue(Nics.find("pch-web0").isPresent());
            return true;
        });
    }

    @Test
    void programsOfOthersAreNamedAndStay() throws Exception {
        namespace.in(() -> {
            int nic = Nics.index("e0");
            try (Bpf other = Bpf.load(BpfProgram.of(
                    "theirs",
                    new BpfProgram.Instruction.Set(BpfProgram.Register.R0, BpfProgram.NEXT),
                    new BpfProgram.Instruction.Exit()))) {
                Tcx.attachFirst(other, nic, true);
                Host host = attach("web0", "nic: e0", OTHER, directory);
                List<String> lines = host.engage(1);
                assertTrue(
                        lines.contains("e0 ingress: 1 program(s) of others run after ours: " + other.id() + " theirs"),
                        lines::toString);
                Tcx.detach(other.id(), nic, true, Tcx.query(nic, true));
                Tcx.attachFirst(other, nic, true);
                assertEquals(
                        List.of(
                                "web0: e0 ingress: 1 tcx program of somebody else run before ours, and may let frames past it"),
                        host.checkPrograms(new ArrayList<>(), System::nanoTime));
                assertEquals(List.of(), host.detach().faults());
                assertEquals(
                        List.of(new Tcx.Entry(other.id(), 0)),
                        Tcx.query(nic, true).entries());
                return true;
            }
        });
    }

    @Test
    void aClosedNicStaysClosedUntilItIsTakenOver() throws Exception {
        namespace.in(() -> {
            ClosedNics shut = new ClosedNics(directory);
            List<String> lines = shut.shut("web0", List.of("e0", "lo", "nosuch0"));
            assertEquals(List.of("e0 is shut: nothing passes until web0 is guarded"), lines);
            assertEquals(1, programs("e0", true));
            assertEquals(1, programs("e0", false));
            assertEquals(List.of(), shut.shut("web0", List.of("e0")));
            assertEquals(1, programs("e0", true));
            assertTrue(ClosedNics.keepsSomethingShut(directory, List.of()));
            // Only a configured interface that is not guarded yet wants it.
            assertEquals(
                    new Restored(List.of(), List.of()), Restoration.detachOthers(directory, Set.of(), List.of("e0")));
            assertEquals(1, programs("e0", true));
            Host host = attach("web0", "nic: e0", OTHER, directory);
            assertTrue(host.wasAttached());
            host.engage(1);
            assertEquals(1, programs("e0", true));
            assertEquals(1, programs("e0", false));
            assertEquals(List.of(), shut.release("web0"));
            assertEquals(1, programs("e0", true));
            assertEquals(1, programs("e0", false));
            assertEquals(List.of(), shut.shut("other", List.of("e0")), "it is shut, and not by other");
            assertEquals(List.of(), host.detach().faults());
            return true;
        });
        assertEquals(before, state());
    }

    /** A daemon that has a claim and does not guard must not keep the NIC open. */
    @Test
    void aNicThatAnotherProcessHasClaimedIsNotOpened() throws Exception {
        namespace.in(() -> {
            try (NicClaim _ =
                    NicClaim.take(directory, Nics.named("e0"), "somebody").orElseThrow()) {
                assertEquals(
                        1, new ClosedNics(directory).shut("web0", List.of("e0")).size());
                assertEquals(1, programs("e0", true));
                assertEquals(1, programs("e0", false));
            }
            assertEquals(List.of(), Restoration.detachAll(directory).faults());
            return true;
        });
        assertEquals(before, state());
    }

    @Test
    void onAFullDiskANicIsClosedOnceAndReleased() throws Exception {
        Path nowhere = Path.of("/dev/null/state");
        namespace.in(() -> {
            ClosedNics shut = new ClosedNics(nowhere);
            assertEquals(1, shut.shut("web0", List.of("e0")).size());
            assertEquals(List.of(), shut.shut("web0", List.of("e0")));
            assertEquals(1, programs("e0", true));
            assertEquals(1, programs("e0", false));
            Host host = attach("web0", "nic: e0", OTHER, nowhere);
            host.engage(1);
            assertEquals(List.of(), shut.release("web0"));
            assertEquals(1, programs("e0", true));
            assertEquals(1, programs("e0", false));
            assertEquals(List.of(), host.detach().faults());
            return true;
        });
        assertEquals(before, state());
    }

    @Test
    void aClosedNicIsGivenBack() throws Exception {
        namespace.in(() -> {
            assertEquals(
                    2,
                    new ClosedNics(directory).shut("web0", List.of("e0", "e1")).size());
            assertEquals(
                    List.of(),
                    Restoration.detachOthers(directory, Set.of(), List.of("e0")).faults());
            assertEquals(0, programs("e1", true) + programs("e1", false));
            assertEquals(1, programs("e0", true));
            assertEquals(List.of(), Restoration.detachAll(directory).faults());
            assertEquals(0, programs("e0", true) + programs("e0", false));
            assertEquals(List.of(), JournalFile.all(directory));
            assertEquals(new Restored(List.of(), List.of()), Restoration.detachAll(directory));
            return true;
        });
    }

    @Test
    void aFullDiskStopsNoProgramAndNoNoteAfterTheFirst() throws Exception {
        String out = child(
                List.of("unshare", "-m"), "mount -t tmpfs -o size=256k,mode=750 none " + directory, FullDisk.class);
        assertEquals("noted after the disk was full\nguarded without a note\nnoted later\n", out);
    }

    /** Runs in a mount namespace of its own, with a tiny disk. */
    static final class FullDisk {
        private FullDisk() {}

        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            Host host = attach("web0", "nic: e0", OTHER, folder);
            Path filling = folder.resolve("filling");
            fill(filling);
            host.engage(1);
            say(
                    host.warnings().isEmpty()
                            && JournalFile.all(folder)
                                            .getFirst()
                                            .read()
                                            .programs()
                                            .size()
                                    == 4,
                    "noted after the disk was full",
                    host.warnings());
            Restoration.restore(new RestoreLog(
                    JournalFile.all(folder).getFirst(),
                    JournalFile.all(folder).getFirst().read()));
            host.leave();
            fill(filling.resolveSibling("more"));
            Host second = engaged("web1", "nic: e1", OTHER, folder);
            say(
                    second.warnings().size() == 1 && programs("e1", true) == 1,
                    "guarded without a note",
                    second.warnings());
            Files.delete(filling);
            second.checkNics(new ArrayList<>(), Set.of());
            say(
                    second.warnings().isEmpty()
                            && JournalFile.all(folder)
                                            .getFirst()
                                            .read()
                                            .programs()
                                            .size()
                                    == 4,
                    "noted later",
                    second.warnings());
            second.detach();
        }

        /** Prints a result: the only channel from this process to the test. */
        private static void say(boolean condition, String what, Object why) {
            System.out.println(condition ? what : "not " + what + ": " + why);
        }

        private static void fill(Path file) {
            byte[] block = new byte[4096];
            try (var out = Files.newOutputStream(file)) {
                while (true) {
                    out.write(block);
                }
            } catch (IOException full) {
                return;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void threeCapabilitiesAreEnough(boolean withPins) throws Exception {
        List<String> setpriv = List.of(
                "setpriv",
                "--no-new-privs",
                "--bounding-set=-all,+net_admin,+net_raw,+bpf",
                "--inh-caps=-all,+net_admin,+net_raw,+bpf",
                "--ambient-caps=-all,+net_admin,+net_raw,+bpf");
        String mount = withPins ? "mount -t bpf bpf /sys/fs/bpf && mkdir -m 700 /sys/fs/bpf/portcullis" : ":";
        String out = child(List.of("unshare", "-m"), mount, Unprivileged.class, setpriv);
        assertEquals(withPins ? "host 1 1\nbridge 1 1\nleft 0\n" : "host 1 1\nbridge 2 2\nleft 0\n", out);
    }

    /** Runs with the capabilities that the systemd unit has. */
    static final class Unprivileged {
        private Unprivileged() {}

        /** Prints its results for the test, which reads standard output. */
        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            engaged("web0", "nic: e0", OTHER, folder).leave();
            loseJournals(folder);
            Host host = engaged("web0", "nic: e0", OTHER, folder);
            System.out.println("host " + programs("e0", true) + " " + programs("e0", false));
            host.leave();
            loseJournals(folder);
            Restoration.detachAll(folder);
            int left = programs("e0", true) + programs("e0", false);
            AttachRequests.bridge("edge", "e0", "e1", true, folder).engage(1);
            loseJournals(folder);
            Bridge bridge = AttachRequests.bridge("edge", "e0", "e1", true, folder);
            bridge.engage(1);
            System.out.println("bridge " + programs("e0", true) + " " + programs("e1", false));
            bridge.detach();
            System.out.println("left " + left);
        }
    }

    private String child(List<String> prefix, String setUp, Class<?> main) throws Exception {
        return child(prefix, setUp, main, List.of());
    }

    /** Runs a class of the tests in the namespace, after a shell command. */
    private String child(List<String> prefix, String setUp, Class<?> main, List<String> as) throws Exception {
        List<String> java = new ArrayList<>(as);
        java.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                main.getName(),
                directory.toString()));
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", namespace.name()));
        words.addAll(prefix);
        words.addAll(List.of("sh", "-c", setUp + " && exec \"$@\"", "sh"));
        words.addAll(java);
        try {
            Process process =
                    new ProcessBuilder(words).redirectErrorStream(true).start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(60, TimeUnit.SECONDS));
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
