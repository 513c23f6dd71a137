package io.portcullis.service.emergency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.operations.Actor;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.PanicRequest;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.SmallTmpfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Panic and bypass: their effect, their recovery by the next start, and files in any state. */
final class EmergencyTest {
    private static final Path CONFIG = Path.of("/etc/p/main.yaml");
    private static final Actor ALICE = new Actor(0, 1000, "alice", 77);
    private static final PanicRequest ON = new PanicRequest(true, false);
    private static final PanicRequest OFF = new PanicRequest(false, false);

    @TempDir
    Path lasting;

    private Moment now = new Moment(Instant.parse("2026-01-02T03:04:05Z"), "boot-1", 1_000_000);
    private final Machine machine = new Machine();
    private final Policy policy = policy();

    /** A daemon with two interfaces. */
    private static final class Machine implements Emergency.Guard {
        boolean started = true;
        Set<String> interfaces = new TreeSet<>(Set.of("edge", "web"));
        List<String> faults = List.of();
        int orders;

        @Override
        public boolean isStarted() {
            return started;
        }

        @Override
        public Set<String> interfaces() {
            return interfaces;
        }

        @Override
        public boolean hasFailsafe() {
            return false;
        }

        @Override
        public List<String> enforce() {
            orders++;
            return faults;
        }
    }

    private static Policy policy() {
        try {
            return EngineBench.policy("", "security-groups: {web: {}}\n", 1);
        } catch (ConfigException fault) {
            throw new IllegalArgumentException(fault);
        }
    }

    private Emergency load() {
        return load(lasting);
    }

    private Emergency load(Path folder) {
        return Emergency.load(this, new EmergencyFiles(folder, CONFIG), () -> now);
    }

    private Path file(String name) throws IOException {
        try (Stream<Path> found = Files.walk(lasting)) {
            return found.filter(file -> file.endsWith(name)).findFirst().orElseThrow();
        }
    }

    private List<String> files() throws IOException {
        try (Stream<Path> found = Files.walk(lasting)) {
            return found.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private void pass(long seconds) {
        now = new Moment(now.wall().plusSeconds(seconds), now.boot(), now.monotonicUs() + seconds * 1_000_000);
    }

    private Enforcement on(Emergency emergency, String name) {
        return emergency.enforced(name, policy).enforcement();
    }

    @Test
    void panicOutlivesTheDaemonUntilItIsEnded() throws IOException {
        Emergency emergency = load();
        assertFalse(emergency.isPanic());
        assertEquals(Enforcement.RULES, on(emergency, "edge"));
        EmergencyReport report = emergency.panic(ON, ALICE, machine);
        assertTrue(report.ok());
        assertEquals(1, machine.orders);
        assertEquals(Enforcement.PANIC, on(emergency, "edge"));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file("panic.json"))));
        now = new Moment(now.wall().minusSeconds(99), "boot-2", 5);
        Emergency next = load();
        assertTrue(next.isPanic(), "after a reboot, with another clock");
        assertEquals(report.emergency(), next.status());
        assertEquals(
                "PANIC: nothing passes since 2026-01-02T03:04:05Z (alice, uid 0, pid 77); portcullis panic off ends it",
                next.sentences().getFirst());
        assertTrue(next.panic(OFF, ALICE, machine).ok());
        assertEquals(Enforcement.RULES, on(next, "edge"));
        assertEquals(List.of(), files());
        assertFalse(load().isPanic());
        assertEquals(
                List.of("panic was not on"), next.panic(OFF, ALICE, machine).notes());
    }

    @Test
    void theKeptPartsOfAPanicMayChangeAndItsBeginningStays() {
        Emergency emergency = load();
        emergency.panic(ON, ALICE, machine);
        pass(60);
        EmergencyReport report = emergency.panic(new PanicRequest(true, true), ALICE, machine);
        assertEquals(Enforcement.FAILSAFE_ONLY, on(load(), "edge"));
        assertEquals(List.of("there are no failsafe rules: no flow passes"), report.notes());
        assertTrue(load().sentences()
                .getFirst()
                .startsWith("PANIC: only failsafe flows pass since 2026-01-02T03:04:05Z (alice"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{", "null", "[]", "{\"at\": \"x\"}", "{\"at\": \"\", \"by\": \"\", \"keepFailsafe\": 7}"})
    void panicThatCantBeReadGoesOn(String content) throws IOException {
        load().panic(new PanicRequest(true, true), ALICE, machine);
        Files.writeString(file("panic.json"), content);
        Emergency emergency = load();
        assertEquals(
                Enforcement.PANIC, on(emergency, "edge"), "failsafe flows too: whether they were kept is not known");
        assertTrue(emergency.sentences().getFirst().contains("it is not known whether panic was on"));
        assertTrue(emergency.panic(OFF, ALICE, machine).ok());
        assertFalse(load().isPanic());
    }

    @Test
    void aLinkAPipeAndAFolderInPlaceOfTheFileMeanPanic() throws Exception {
        load().panic(ON, ALICE, machine);
        Path file = file("panic.json");
        Path elsewhere = Files.writeString(lasting.resolve("elsewhere"), Files.readString(file));
        Files.delete(file);
        Files.createSymbolicLink(file, elsewhere);
        assertTrue(load().isPanic());
        Files.delete(file);
        assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
        assertTrue(load().isPanic());
        Files.delete(file);
        Files.createDirectories(file.resolve("full"));
        Emergency emergency = load();
        assertTrue(emergency.isPanic());
        EmergencyReport report = emergency.panic(OFF, ALICE, machine);
        assertFalse(report.ok());
        assertTrue(report.errors().getFirst().startsWith("panic goes on, as that can't be kept: "));
        assertTrue(emergency.isPanic());
    }

    @Test
    void filesWritableByOthersMeanPanicAndNoBypass() throws IOException {
        Emergency emergency = load();
        emergency.bypass(new BypassRequest("edge", 60_000), ALICE, machine);
        emergency.panic(ON, ALICE, machine);
        Files.setPosixFilePermissions(
                Objects.requireNonNull(file("panic.json").getParent()), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertTrue(load().isPanic());
        assertEquals(List.of(), load().status().bypasses());
        assertFalse(load().panic(ON, ALICE, machine).ok(), "nothing trusted can be written there");
    }

    @Test
    void anInterruptedWriteLeavesTheOldState() throws IOException {
        load().bypass(new BypassRequest("edge", 60_000), ALICE, machine);
        Files.writeString(file("bypass.json").resolveSibling("panic.json.new"), "{\"at\"");
        Files.writeString(file("bypass.json").resolveSibling("bypass.json.new"), "");
        Emergency emergency = load();
        assertFalse(emergency.isPanic());
        assertEquals(Enforcement.BYPASS, on(emergency, "edge"));
        assertTrue(emergency.panic(ON, ALICE, machine).ok());
        assertTrue(load().isPanic());
    }

    @Test
    void onAFullOrReadOnlyDiskNothingChanges() throws Exception {
        SmallTmpfs.run(lasting, 64 << 10, () -> {
            Emergency emergency = load();
            assertTrue(emergency
                    .bypass(new BypassRequest("edge", 60_000), ALICE, machine)
                    .ok());
            Path filler = lasting.resolve("filler");
            IOException full = null;
            for (int size = 4096; full == null; size += 4096) {
                try {
                    Files.write(filler, new byte[size]);
                } catch (IOException e) {
                    full = e;
                }
            }
            EmergencyReport report = emergency.panic(ON, ALICE, machine);
            assertFalse(report.ok());
            assertTrue(report.errors().getFirst().contains("panic does not begin"), report.errors()::toString);
            assertFalse(emergency.isPanic() || load().isPanic());
            assertFalse(emergency
                    .bypass(new BypassRequest("web", 60_000), ALICE, machine)
                    .ok());
            assertEquals(Enforcement.RULES, on(emergency, "web"));
            assertEquals(Enforcement.BYPASS, on(load(), "edge"));
            Files.delete(filler);
            assertTrue(emergency.panic(ON, ALICE, machine).ok());
            SmallTmpfs.makeReadOnly(lasting);
            assertFalse(emergency.panic(OFF, ALICE, machine).ok());
            assertTrue(emergency.isPanic() && load().isPanic());
            return null;
        });
    }

    @Test
    void aBypassEndsByItselfAndItsDeadlineOutlivesTheDaemon() throws IOException {
        Emergency emergency = load();
        assertTrue(emergency
                .bypass(new BypassRequest("edge", 300_000), ALICE, machine)
                .ok());
        assertEquals(Enforcement.BYPASS, on(emergency, "edge"));
        assertEquals(Enforcement.RULES, on(emergency, "web"));
        assertEquals(now.wall().getEpochSecond() + 300, emergency.bypassUntilEpochSeconds("edge"));
        assertEquals(0, emergency.bypassUntilEpochSeconds("web"));
        pass(299);
        assertFalse(emergency.everySecond(machine));
        Emergency next = load();
        assertEquals(Enforcement.BYPASS, on(next, "edge"));
        pass(1);
        assertEquals(Enforcement.RULES, on(load(), "edge"));
        machine.orders = 0;
        assertTrue(next.everySecond(machine));
        assertEquals(1, machine.orders);
        assertEquals(Enforcement.RULES, on(next, "edge"));
        assertEquals(List.of(), files());
        assertFalse(next.everySecond(machine));
    }

    @Test
    void aBypassIsOverAfterARebootAndWhereAClockWentBackOrFarAhead() {
        Moment began = now;
        List<Moment> over = new ArrayList<>(List.of(
                new Moment(began.wall().plusSeconds(5), "boot-2", began.monotonicUs() + 5),
                new Moment(began.wall().minusSeconds(1), "boot-1", began.monotonicUs() + 5),
                new Moment(began.wall().plusSeconds(300), "boot-1", began.monotonicUs() + 5),
                new Moment(began.wall().plusSeconds(1), "boot-1", began.monotonicUs() + 300_000_000)));
        for (Moment moment : over) {
            now = began;
            Emergency emergency = load();
            emergency.bypass(new BypassRequest("edge", 300_000), ALICE, machine);
            now = moment;
            assertEquals(Enforcement.RULES, on(load(), "edge"), moment::toString);
            assertTrue(emergency.everySecond(machine));
            assertEquals(Enforcement.RULES, on(emergency, "edge"), moment::toString);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "null", "{\"bypasses\": null}", "{\"bypasses\": [{\"interfaceName\": \"edge\"}]}"})
    void aBypassThatCantBeReadIsOver(String content) throws IOException {
        load().bypass(new BypassRequest("edge", 300_000), ALICE, machine);
        Files.writeString(file("bypass.json"), content);
        Emergency emergency = load();
        assertEquals(Enforcement.RULES, on(emergency, "edge"));
        assertTrue(emergency
                .bypass(new BypassRequest("edge", 300_000), ALICE, machine)
                .ok());
        assertEquals(Enforcement.BYPASS, on(load(), "edge"));
    }

    @Test
    void aBypassMayBeLengthenedAndEndedAndIsOfAnInterfaceThatExists() {
        Emergency emergency = load();
        emergency.bypass(new BypassRequest("edge", 300_000), ALICE, machine);
        emergency.bypass(new BypassRequest("web", 10_000), ALICE, machine);
        emergency.bypass(new BypassRequest("edge", 600_000), ALICE, machine);
        assertEquals(2, emergency.status().bypasses().size());
        assertEquals(now.wall().getEpochSecond() + 600, emergency.bypassUntilEpochSeconds("edge"));
        assertTrue(
                emergency.bypass(new BypassRequest("edge", 0), ALICE, machine).ok());
        assertEquals(Enforcement.RULES, on(load(), "edge"));
        assertEquals(Enforcement.BYPASS, on(load(), "web"));
        assertEquals(
                List.of("edge was not bypassed"),
                emergency.bypass(new BypassRequest("edge", 0), ALICE, machine).notes());
        assertEquals(
                List.of("no interface egde: there is edge, web"),
                emergency
                        .bypass(new BypassRequest("egde", 5_000), ALICE, machine)
                        .errors());
        machine.interfaces = Set.of();
        assertEquals(
                List.of("edge: no configuration is in force, and so no interface can be bypassed"),
                emergency
                        .bypass(new BypassRequest("edge", 5_000), ALICE, machine)
                        .errors());
        assertTrue(emergency.panic(ON, ALICE, machine).ok(), "panic needs no configuration");
        machine.started = false;
        assertFalse(emergency.panic(OFF, ALICE, machine).ok());
    }

    @Test
    void panicComesBeforeABypassWhichGoesOnWhenItEnds() {
        Emergency emergency = load();
        emergency.panic(ON, ALICE, machine);
        EmergencyReport report = emergency.bypass(new BypassRequest("edge", 300_000), ALICE, machine);
        assertEquals(List.of("panic is on and comes before a bypass"), report.notes());
        assertEquals(Enforcement.PANIC, on(emergency, "edge"));
        assertEquals(Enforcement.PANIC, on(load(), "edge"));
        emergency.panic(OFF, ALICE, machine);
        assertEquals(Enforcement.BYPASS, on(emergency, "edge"));
    }

    @Test
    void anErrorOfTheKernelIsReportedAndRetried() {
        Emergency emergency = load();
        machine.faults = List.of("edge: EPERM");
        EmergencyReport report = emergency.panic(ON, ALICE, machine);
        assertTrue(report.ok());
        assertEquals(List.of("edge: EPERM"), report.notes());
        assertTrue(emergency.sentences().getFirst().endsWith("edge: EPERM"));
        assertFalse(emergency.everySecond(machine));
        machine.faults = List.of();
        assertTrue(emergency.everySecond(machine));
        assertEquals(3, machine.orders);
        assertFalse(emergency.sentences().getFirst().contains("EPERM"));
    }

    @Test
    void eachConfigurationHasItsOwnAndDetachKnowsThoseOfItsNamespace() throws IOException {
        assertTrue(EmergencyFiles.panicHere(lasting).isEmpty());
        load().panic(ON, ALICE, machine);
        assertFalse(Emergency.load(this, new EmergencyFiles(lasting, Path.of("/etc/p/other.yaml")), () -> now)
                .isPanic());
        assertEquals(
                "panic is on since 2026-01-02T03:04:05Z (alice, uid 0, pid 77)",
                EmergencyFiles.panicHere(lasting).orElseThrow());
        Path file = file("panic.json");
        Files.writeString(
                file, Files.readString(file).replaceAll("\"namespace\" : \"[^\"]*\"", "\"namespace\" : \"4711\""));
        assertTrue(EmergencyFiles.panicHere(lasting).isEmpty(), "of another network");
        assertTrue(load().isPanic(), "its own, after a boot");
        assertTrue(EmergencyFiles.panicHere(lasting).isPresent(), "with its new number");
        Files.writeString(file, "{");
        assertTrue(EmergencyFiles.panicHere(lasting).orElseThrow().startsWith("panic may be on: "));
    }

    @Test
    void theUserWhoOrderedItIsNamed() {
        assertEquals("alice, uid 0, pid 77", ALICE.text());
        assertEquals("uid 12, pid 3", new Actor(12, -1, "", 3).text());
        assertEquals("somebody", Actor.UNKNOWN.text());
        assertNull(load().status().panic());
    }
}
