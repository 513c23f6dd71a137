package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.control.FakeDaemon;
import io.portcullis.guard.Cores;
import io.portcullis.guard.DropLog;
import io.portcullis.guard.StartException;
import io.portcullis.hits.file.HitStore;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.metrics.Meters;
import io.portcullis.service.emergency.Emergency;
import io.portcullis.service.emergency.EmergencyFiles;
import io.portcullis.service.process.Systemd;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A change is prepared completely or refused with all faults; neither affects the current state. */
final class ReloadTest {
    private static final Path FILE = Path.of("/etc/p/main.yaml");

    /** Its NICs do not exist: nothing is opened. */
    private static final String RULES = """
        version: 1
        interfaces:
          web0: {mode: bridge, outside: no-such0, inside: no-such1, security-groups: [web]}
        security-groups:
          web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
        conntrack: {directory: /run/p/flows}
        control: {socket: /run/p/control.sock}
        metrics: {listen: "127.0.0.1:9750"}
        mark: 0x1/0x1
        """;

    private static final String BROKEN_CLAIM = """
        expect:
          - {interface: web0, ingress: {protocol: tcp, ports: 81, from: any}, verdict: allow, why: a test}
        """;

    @TempDir
    private Path state;

    private final AtomicReference<Running> running = new AtomicReference<>(Running.NOTHING);
    private final Meters meters = new Meters("test", () -> 0, () -> 0);
    private final DropLog drops = new DropLog(() -> true, Optional::empty);
    private final NicEvents events = NicEvents.start();

    @AfterEach
    void close() {
        events.close();
        drops.close();
        meters.close();
    }

    private static Config config(String text) throws ConfigException {
        return ConfigReader.parse(text, FILE.toString());
    }

    private Reload reload() {
        Cores cores = Cores.ofThisProcess();
        Systemd systemd = new Systemd(null);
        Interfaces interfaces = new Interfaces(
                state,
                FILE,
                new HitStore(state, state, FILE),
                drops,
                cores,
                meters,
                events,
                Emergency.load(this, new EmergencyFiles(state, FILE)));
        Hotplug hotplug = new Hotplug(this, running, interfaces, meters, systemd, events);
        Servers servers = new Servers(new FakeDaemon(), new FakeDaemon(), meters, Runnable::run, () -> "", () -> {
            throw new AssertionError("no endpoint is configured");
        });
        return new Reload(FILE, running, interfaces, hotplug, servers, meters, cores);
    }

    private void inForce(String text) throws ConfigException {
        running.set(Running.NOTHING.with(Generation.compile(config(text), false, Running.NOTHING)));
    }

    private List<String> faults(String next) {
        Running before = running.get();
        StartException refused = assertThrows(StartException.class, () -> reload().prepare(config(next), false));
        assertSame(before, running.get());
        return refused.faults();
    }

    @Test
    void aPreparedChangeIsNotInForce() throws Exception {
        inForce(RULES);
        Running before = running.get();
        Config next = config(RULES.replace("ports: 80", "ports: 81"));
        Change change = reload().prepare(next, false);
        assertSame(before, running.get());
        assertSame(before, change.before());
        assertEquals(2, change.next().number());
        assertEquals(next, change.next().config());
        assertEquals(2, change.next().policy("web0").generation());
        assertTrue(change.opened().isEmpty());
    }

    @Test
    void allFaultsAreReportedTogether() throws Exception {
        inForce(RULES);
        List<String> faults = faults(RULES.replace("9750", "9751").replace("0x1/0x1", "0x2/0x2") + BROKEN_CLAIM);
        assertEquals(3, faults.size(), faults::toString);
        assertTrue(faults.getFirst().contains("does not hold (a test)"), faults::toString);
        assertTrue(faults.get(1).contains("mark: a change needs a restart"), faults::toString);
        assertEquals(FILE + ": metrics.listen: a change needs a restart (now 127.0.0.1:9750)", faults.getLast());
    }

    @ParameterizedTest
    @CsvSource({
        "conntrack.directory, /run/p/flows, /run/p/other",
        "control.socket, /run/p/control.sock, /run/p/other.sock",
        "metrics.listen, 127.0.0.1:9750, 127.0.0.1:9751"
    })
    void aSettingOfTheFileNeedsARestart(String key, String now, String next) throws Exception {
        inForce(RULES);
        assertEquals(
                List.of(FILE + ": " + key + ": a change needs a restart (now " + now + ")"),
                faults(RULES.replace(now, next)));
    }

    @Test
    void theEndpointNeedsNoRestart() throws Exception {
        inForce(RULES);
        Config on = config(RULES + "ec2-api: {rate: 7}\n");
        assertEquals(on, reload().prepare(on, false).next().config());
        inForce(RULES + "ec2-api: {rate: 7}\n");
        Config elsewhere = config(RULES + "ec2-api: {listen: \"[::1]:1\"}\n");
        assertEquals(elsewhere, reload().prepare(elsewhere, false).next().config());
        assertEquals(
                config(RULES), reload().prepare(config(RULES), false).next().config());
    }

    /** Nothing is in force: everything can be set. */
    @Test
    void theFirstValidFileNeedsNoRestart() throws Exception {
        assertEquals(1, reload().prepare(config(RULES), false).next().number());
    }

    @Test
    void aStartReportsClaimsThatDoNotHold() throws Exception {
        Change change = reload().prepareStart(config(RULES + BROKEN_CLAIM), true, false);
        assertTrue(change.next().lastGood());
        assertEquals(1, change.brokenExpectations().size());
        assertTrue(change.brokenExpectations().getFirst().contains("does not hold (a test)"));
    }
}
