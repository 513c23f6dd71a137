package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The service's unit around the daemon: an unprivileged user, the commands after a stop, and who gives NICs back. */
@Tag("system")
final class ServiceUnitTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String CLOSED = Lab.webServer("out0", "");

    /** The number of the user nobody. */
    private static final String USER = "65534";

    private static Path program;

    private Hammer hammer;

    @BeforeAll
    static void serverAndInstallation() throws IOException {
        LAB.nginx("server", 80);
        Path tree = Files.createDirectories(LAB.folder().resolve("tree"));
        Command.run(
                        "env",
                        "DESTDIR=" + tree,
                        Lab.root().resolve("scripts/install").toString())
                .ok();
        program = tree.resolve("usr/bin/portcullis");
        Command.run("chmod", "755", LAB.folder().toString()).ok();
    }

    @BeforeEach
    void hammer() {
        hammer = new Hammer(LAB, "fw", Lab.SERVER);
        hammer.awaitThrough();
    }

    @AfterEach
    void open() {
        // If nothing gets through in the end, the test has proved nothing.
        hammer.awaitThrough();
        hammer.stop();
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"));
    }

    private void assertShut(long since) {
        hammer.strike();
        assertEquals(since, hammer.received());
        assertFalse(LAB.answers(80));
    }

    private void assertFiltered(long since) {
        Lab.await("what a rule admits", () -> LAB.answers(80));
        hammer.strike();
        assertEquals(since, hammer.received());
    }

    private static Command run(Home home, List<String> words) {
        return Command.run(LAB.inside("fw", home.environment(), words.toArray(String[]::new)));
    }

    /** Runs what systemd runs after the daemon has ended, with a systemctl that answers a query for jobs with this text. */
    private static Command afterStop(Home home, String result, String systemctl) throws IOException {
        Path bin = Files.createDirectories(home.folder().resolve("bin"));
        Path fake = Files.writeString(
                bin.resolve("systemctl"), "#!/bin/sh\n[ \"$1\" = list-jobs ] || exit 9\n" + systemctl + "\n");
        assertTrue(fake.toFile().setExecutable(true));
        return Command.run(LAB.inside(
                        "fw",
                        home.environment("PATH=" + bin + ":" + System.getenv("PATH"), "SERVICE_RESULT=" + result),
                        Lab.root().resolve("systemd/after-stop").toString(),
                        "portcullis.service"))
                .ok();
    }

    @Test
    void onlyAStopThatWasAskedForOpens() throws IOException {
        Home home = Home.make(LAB, CLOSED);
        DaemonProcess daemon = home.start();
        hammer.strike();
        long since = hammer.received();
        // A SIGTERM from anybody but systemd: there is no job, and systemd starts the daemon again.
        daemon.terminate();
        for (String jobs : List.of(
                ":",
                "echo '77 portcullis.service restart running'",
                "echo '77 other.service stop running'",
                "echo '77 portcullis.service start waiting'",
                "echo 'Failed to list jobs: no bus' >&2; exit 1",
                "echo '77 portcullis.service stop running'; exit 1")) {
            String said = afterStop(home, "success", jobs).out();
            assertTrue(said.contains("its NICs stay as it left them"), said);
        }
        afterStop(home, "exit-code", ":");
        assertShut(since);

        daemon = daemon.again();
        assertFiltered(since);
        daemon.crash();
        // It did not end in time and was killed: the operator still asked for a stop.
        afterStop(
                home, "timeout", "echo '77 other.service restart waiting'; echo '78 portcullis.service stop running'");
        hammer.awaitThrough();
        assertTrue(LAB.answers(80));
    }

    @Test
    void aControlSocketElsewhereChangesNothing() throws IOException {
        Home made = Home.make(LAB, CLOSED);
        Home home = made.withSocket(made.folder().resolve("elsewhere/control.sock"), CLOSED);
        DaemonProcess daemon = home.start();
        assertRefusedWhileItRuns(daemon, home.portcullis("detach"));
        assertRefusedWhileItRuns(daemon, home.portcullis("detach", "--all", "--socket", "/nowhere/control.sock"));
        hammer.strike();
        long since = hammer.received();
        // A daemon that hangs, with a socket that does not answer, still runs.
        daemon.signal("STOP");
        assertRefusedWhileItRuns(daemon, home.portcullis("detach"));
        daemon.signal("CONT");
        assertFiltered(since);
        daemon.terminate();
        assertShut(since);
        afterStop(home, "success", "echo '78 portcullis.service stop running'");
    }

    private static void assertRefusedWhileItRuns(DaemonProcess daemon, Command detach) {
        assertEquals(1, detach.exit(), detach.out());
        assertTrue(
                detach.out()
                        .startsWith("portcullis: a daemon runs: pid "
                                + daemon.process().pid()),
                detach.out());
    }

    @Test
    void aDaemonWithoutRootGuardsAndRootGivesBackWhatItLeft() throws IOException {
        Home home = ofNobody(CLOSED);
        DaemonProcess daemon = startAsNobody(home);
        hammer.strike();
        long since = hammer.received();
        assertFiltered(since);
        assertRefusedWhileItRuns(daemon, run(home, List.of(program.toString(), "detach")));
        daemon.crash();
        assertShut(since);

        daemon = startAsNobody(home);
        assertFiltered(since);
        daemon.crash();
        Command powerless = run(home, asNobody("-all", program.toString(), "detach"));
        assertEquals(1, powerless.exit(), powerless.out());
        assertEquals(
                "portcullis: detach changes NICs and needs root, or CAP_NET_ADMIN: run it with sudo\n",
                powerless.out());
        assertShut(since);

        Command detach = run(home, List.of(program.toString(), "detach"));
        assertEquals(0, detach.exit(), detach.out());
        assertTrue(detach.out().contains("web0: "), detach.out());
        try (Stream<Path> left = Files.list(home.state())) {
            assertFalse(left.anyMatch(file -> file.getFileName().toString().startsWith("restore-")));
        }
    }

    /** As the unit runs after-stop: with the daemon's capabilities, and no more is needed. */
    @Test
    void theCommandsAfterAStopNeedNoRootEither() throws IOException {
        Home home = ofNobody(CLOSED);
        DaemonProcess daemon = startAsNobody(home);
        hammer.strike();
        long since = hammer.received();
        daemon.terminate();
        assertShut(since);
        run(home, asNobody("-all,+net_raw,+net_admin,+bpf", program.toString(), "detach", "--all"))
                .ok();
    }

    /** Root does not read, follow, remove or wait for anything that an unprivileged user has put there. */
    @Test
    @Timeout(120)
    void rootDoesNotFollowFilesOfAnUnprivilegedUser() throws IOException {
        Home home = ofNobody(CLOSED);
        Path state = Files.createDirectories(home.state());
        Path precious = Files.createDirectories(LAB.folder().resolve("precious/flows-web0"));
        Files.writeString(precious.resolve("0"), "a file of root's");
        Path secret = LAB.file("secret", "the secret of root");
        Command.run("chmod", "600", secret.toString()).ok();
        Files.writeString(state.resolve("flows"), precious.resolveSibling("").toString());
        Files.createSymbolicLink(state.resolve("restore-link.json"), secret);
        Command.run("mkfifo", state.resolve("daemon.lock").toString()).ok();
        Files.writeString(state.resolve("restore-up.json"), note("../../../precious/flows-web0", ""));
        giveToNobody(home);

        Command detach = run(home, List.of(program.toString(), "detach"));
        assertTrue(detach.out().contains("restore-link.json"), detach.out());
        assertFalse(detach.out().contains("the secret"), detach.out());
        assertEquals("a file of root's", Files.readString(precious.resolve("0")));
        assertEquals("the secret of root", Files.readString(secret));
    }

    /** Its capabilities suffice to remove any NIC: a note is no proof that a NIC is ours. */
    @Test
    void aForgedNoteRemovesNoNic() throws IOException {
        LAB.firewall("ip", "link", "add", "theirs0", "type", "veth", "peer", "name", "theirs1")
                .ok();
        try {
            Home home = ofNobody(CLOSED);
            Files.createDirectories(home.state());
            Files.writeString(
                    home.state().resolve("restore-web0.json"),
                    note("web0", "{\"near\": \"theirs0\", \"far\": \"theirs1\"}"));
            giveToNobody(home);
            Command detach = run(home, List.of(program.toString(), "detach"));
            assertEquals(0, LAB.firewall("ip", "link", "show", "theirs0").exit(), detach.out());
            assertTrue(
                    detach.out().contains("web0") || !Files.exists(home.state().resolve("restore-web0.json")),
                    "it was read: " + detach.out());
        } finally {
            LAB.firewall("ip", "link", "del", "theirs0");
        }
    }

    private static String note(String interfaceName, String pair) throws IOException {
        return """
                {"interfaceName": "%s", "bootId": "%s", "nics": [], "pairs": [%s], "programs": [], "qdiscs": []}
                """.formatted(
                interfaceName,
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip(),
                pair);
    }

    private static Home ofNobody(String yaml) {
        Home home = Home.make(LAB, yaml);
        giveToNobody(home);
        return home;
    }

    private static void giveToNobody(Home home) {
        Command.run("chown", "-hR", USER + ":" + USER, home.folder().toString()).ok();
    }

    private static DaemonProcess startAsNobody(Home home) {
        home.forgetLog();
        Process process = LAB.start(
                "fw",
                home.log(),
                home.environment(),
                asNobody(
                                "-all,+net_raw,+net_admin,+bpf",
                                program.toString(),
                                "run",
                                "--config",
                                home.config().toString())
                        .toArray(String[]::new));
        return new DaemonProcess(home, process).awaitStart(" started: ");
    }

    private static List<String> asNobody(String capabilities, String... words) {
        List<String> all = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + USER,
                "--regid=" + USER,
                "--clear-groups",
                "--no-new-privs",
                "--bounding-set=" + capabilities,
                "--inh-caps=" + capabilities,
                "--ambient-caps=" + capabilities));
        all.addAll(Arrays.asList(words));
        return all;
    }

    @Test
    void theUnitGivesNoPrivilegeThatItNeedNotGive() throws IOException {
        List<String> unit = Files.readAllLines(Lab.root().resolve("systemd/portcullis.service"));
        for (String line : List.of(
                "User=portcullis",
                "AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN CAP_BPF",
                "CapabilityBoundingSet=CAP_NET_RAW CAP_NET_ADMIN CAP_BPF",
                "ExecStopPost=/usr/lib/portcullis/after-stop %n",
                "Restart=always",
                "StartLimitIntervalSec=0",
                "WatchdogSec=10s",
                "OOMScoreAdjust=-900",
                "RuntimeDirectory=portcullis",
                "RuntimeDirectoryPreserve=yes",
                "ProtectProc=default",
                "StateDirectory=portcullis")) {
            assertTrue(unit.contains(line), line);
        }
        assertFalse(
                unit.stream().anyMatch(line -> line.matches("Exec[A-Za-z]*=[-@:]*[+!].*")), "a command with privilege");
    }
}
