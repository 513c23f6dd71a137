package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What becomes of a guarded host when the daemon crashes, stops, is stopped in its tracks, or starts again. */
@Tag("system")
final class HostFailureTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    private static final String CLOSED = RULES.formatted("");

    private Hammer hammer;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
    }

    @BeforeEach
    void hammer() {
        hammer = new Hammer(LAB, "fw", Lab.SERVER);
        hammer.awaitThrough();
    }

    @AfterEach
    void open() {
        // After detach the hammer gets through: had it not worked, nothing here would have been shown.
        hammer.awaitThrough();
        hammer.stop();
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"));
    }

    private static boolean http() {
        return LAB.client("curl", "-s", "-m", "2", "http://" + Lab.SERVER).exit() == 0;
    }

    private static boolean ping() {
        return LAB.client("ping", "-c", "1", "-W", "1", Lab.SERVER).exit() == 0;
    }

    private void assertShut(long since) {
        assertFalse(http());
        assertFalse(ping());
        hammer.strike();
        assertEquals(since, hammer.received());
    }

    private void assertFiltered(long since) {
        Lab.await("what a rule admits", HostFailureTest::http);
        assertFalse(ping());
        hammer.strike();
        assertEquals(since, hammer.received());
    }

    @Test
    void closedLetsNobodyInWhateverHappens() {
        DaemonProcess daemon = LAB.daemon(CLOSED);
        hammer.strike();
        long since = hammer.received();
        assertFiltered(since);
        daemon.crash();
        assertShut(since);
        daemon = daemon.again();
        assertTrue(daemon.log().contains("out0 ingress: program portcullis_in stands already"), daemon.log());
        assertFiltered(since);
        daemon.terminate();
        assertTrue(daemon.log().contains("out0 stays shut"), daemon.log());
        assertShut(since);
        // Other programs: another mark. They take the place of the old ones.
        daemon.write(CLOSED + "mark: 0x50/0xf0\n");
        daemon = daemon.again();
        assertTrue(daemon.log().contains("out0 ingress: program portcullis_in attached"), daemon.log());
        assertFiltered(since);
        daemon.crash();
        assertShut(since);
        // The same NIC under another interface's name.
        daemon.write(CLOSED.replace("web0", "front"));
        daemon = daemon.again();
        assertFiltered(since);
        String links = LAB.firewall("ip", "link").out();
        assertTrue(links.contains("pch-front") && !links.contains("pch-web0"), links);
        daemon.crash();
        assertShut(since);
        daemon.cli("detach").ok();
    }

    @Test
    void closedWithFiltersLetsNobodyInEither() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", attach: clsact"));
        hammer.strike();
        long since = hammer.received();
        assertFiltered(since);
        daemon.crash();
        assertShut(since);
        daemon.write(RULES.formatted(", attach: clsact") + "mark: 0x50/0xf0\n");
        daemon = daemon.again();
        assertFiltered(since);
        daemon.write(RULES.formatted(", attach: tcx"));
        daemon.terminate();
        assertShut(since);
        daemon = daemon.again();
        assertFiltered(since);
        assertFalse(
                LAB.firewall("tc", "filter", "show", "dev", "out0", "ingress")
                        .out()
                        .contains("portcullis"),
                "the filters have gone when the tcx programs stood");
        daemon.close();
    }

    @Test
    void openOnTcxEndsWithTheProcessAndNotWhileItStandsStill() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open"));
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.signal("STOP");
        // A link holds as long as its process is there, however still it stands: only a deadline helps against that.
        hammer.strike();
        long since = hammer.received();
        assertShut(since);
        daemon.crash();
        hammer.awaitThrough();
        assertTrue(http());
        daemon = daemon.again();
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.terminate();
        hammer.awaitThrough();
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"), "open: a stop puts everything back");
    }

    @Test
    void openWithFiltersHasADeadline() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open, attach: clsact"));
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.signal("STOP");
        hammer.awaitThrough();
        assertTrue(ping());
        daemon.signal("CONT");
        Lab.await("the filter", () -> !ping());
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.crash();
        hammer.awaitThrough();
        daemon = daemon.again();
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.close();
    }

    @Test
    void onlyAStopForGoodOpens() throws IOException {
        DaemonProcess daemon = LAB.daemon(CLOSED);
        hammer.strike();
        long since = hammer.received();
        Path bin = Files.createDirectories(LAB.folder().resolve("bin"));
        Path systemctl = bin.resolve("systemctl");
        daemon.terminate();

        systemctl(systemctl, "echo '  77 portcullis.service restart running'");
        afterStop(daemon, bin, "success");
        assertShut(since);
        systemctl(systemctl, "echo '  77 other.service restart running'");
        afterStop(daemon, bin, "exit-code");
        assertShut(since);
        systemctl(systemctl, "exit 1");
        afterStop(daemon, bin, "success");
        assertShut(since);
        daemon = daemon.again();
        assertFiltered(since);
        daemon.terminate();
        systemctl(systemctl, "echo '  78 portcullis.service stop running'");
        afterStop(daemon, bin, "success");
        hammer.awaitThrough();
        assertTrue(http());
    }

    private static void systemctl(Path file, String does) throws IOException {
        Files.writeString(file, "#!/bin/sh\n[ \"$1\" = list-jobs ] || exit 9\n" + does + "\n");
        assertTrue(file.toFile().setExecutable(true));
    }

    private static void afterStop(DaemonProcess daemon, Path bin, String result) {
        LAB.firewall(
                        "env",
                        "PATH=" + bin + ":" + System.getenv("PATH"),
                        "SERVICE_RESULT=" + result,
                        Lab.root().resolve("systemd/after-stop").toString(),
                        "portcullis.service",
                        "--socket",
                        daemon.socket().toString())
                .ok();
    }

    @Test
    void theUnitCallsIt() throws IOException {
        String unit = Files.readString(Lab.root().resolve("systemd/portcullis.service"));
        assertTrue(unit.contains("\nExecStopPost=+/usr/lib/portcullis/after-stop %n\n"), unit);
        assertTrue(unit.contains("\nRuntimeDirectoryPreserve=yes\n"), unit);
        assertTrue(unit.contains(" CAP_BPF "), unit);
    }

    @Test
    void aSecondDaemonIsRefusedByTheNameOfTheFirst() {
        try (DaemonProcess daemon = LAB.daemon(CLOSED)) {
            Path other = LAB.file(
                    "other.yaml",
                    CLOSED + "control: {socket: " + LAB.folder()
                            + "/other/control.sock}\nmetrics: {listen: \"127.0.0.1:0\"}\n");
            Command second = LAB.firewall(
                    "timeout",
                    "30",
                    Lab.root().resolve("scripts/portcullis").toString(),
                    "run",
                    "--config",
                    other.toString());
            assertEquals(1, second.exit(), second.out());
            assertTrue(
                    second.out()
                            .contains("web0: out0 is guarded already, by web0 of pid "
                                    + daemon.process().pid() + ", /"),
                    second.out());
            assertTrue(http(), "the first goes on");
        }
    }

    @Test
    void threeCapabilitiesAreEnough() throws IOException {
        Path tree = Files.createDirectories(LAB.folder().resolve("tree"));
        Command.run(
                        "env",
                        "DESTDIR=" + tree,
                        Lab.root().resolve("scripts/install").toString())
                .ok();
        Path home = Files.createDirectories(LAB.folder().resolve("home"));
        Path config = LAB.file("home/portcullis.yaml", CLOSED + "control: {socket: " + home + "/run/control.sock}\n");
        Command.run("chmod", "755", LAB.folder().toString()).ok();
        Command.run("chown", "-R", "65534:65534", home.toString()).ok();
        Path log = LAB.folder().resolve("unprivileged.log");
        List<String> words = List.of(
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "--no-new-privs",
                "--bounding-set=-all,+net_admin,+net_raw,+bpf",
                "--inh-caps=-all,+net_admin,+net_raw,+bpf",
                "--ambient-caps=-all,+net_admin,+net_raw,+bpf",
                tree.resolve("usr/bin/portcullis").toString());
        Process daemon = LAB.start("fw", log, plus(words, "run", "--config", config.toString()));
        Lab.await(
                "the unprivileged daemon",
                () -> !daemon.isAlive() || Lab.read(log).contains(" stands: "));
        assertTrue(daemon.isAlive(), Lab.read(log));
        hammer.strike();
        long since = hammer.received();
        assertFiltered(since);
        Command.run("kill", "-9", Long.toString(daemon.pid())).ok();
        assertShut(since);
        Command detach = LAB.firewall(plus(words, "detach", "--socket", home + "/run/control.sock"));
        assertEquals(0, detach.exit(), detach.out());
        assertNotEquals("", detach.out());
    }

    private static String[] plus(List<String> words, String... more) {
        return java.util.stream.Stream.concat(words.stream(), java.util.Arrays.stream(more))
                .toArray(String[]::new);
    }
}
