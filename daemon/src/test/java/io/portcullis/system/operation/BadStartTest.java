package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A start with obstacles. For a fault that may end by itself the daemon waits: it logs one line for each, with the remedy, and no
 * frame passes until then. Any other fault ends the process with its exit code and without a stack trace.
 */
@Tag("system")
final class BadStartTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    private static final String WAITS = "waits for a valid configuration";

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    private static void assertSaid(String text, String... said) {
        for (String each : said) {
            assertTrue(text.contains(each), () -> "'" + each + "' in\n" + text);
        }
        assertFalse(text.contains("\tat "), text);
        assertFalse(text.contains("Exception"), text);
    }

    private static void assertRefused(Command command, String... said) {
        assertEquals(1, command.exit(), command.out());
        assertSaid(command.out(), said);
    }

    /** It guards nothing, and log, status and health all say why. */
    private static void assertWaits(DaemonProcess daemon, String... said) {
        assertSaid(daemon.log(), said);
        Lab.await("an answer of /healthz", () -> daemon.health().code() != 0);
        DaemonProcess.Health health = daemon.health();
        assertEquals(503, health.code(), health.body());
        assertSaid(health.body(), said);
        assertSaid(daemon.cli("status").out(), said);
        assertFalse(LAB.answers(80));
        assertTrue(daemon.process().isAlive(), daemon::log);
    }

    private static void awaitGuarded(DaemonProcess daemon) {
        Lab.await("what is admitted", () -> LAB.answers(80));
        assertFalse(LAB.answers(8080));
        daemon.awaitHealth();
    }

    @Test
    void missingNicsAreAwaited() {
        try (DaemonProcess daemon = LAB.daemon(RULES.replace("out0", "out9").replace("in0", "in9"))) {
            assertWaits(daemon, "out9", "in9");
            rename("out0", "out9");
            rename("in0", "in9");
            awaitGuarded(daemon);
        } finally {
            rename("out9", "out0");
            rename("in9", "in0");
        }
    }

    private static void rename(String from, String to) {
        LAB.sh(
                "fw",
                "ip link set " + from + " down && ip link set " + from + " name " + to + " && ip link set " + to
                        + " up");
    }

    @Test
    void nicsInOtherUseAreAwaited() {
        LAB.sh(
                        "fw",
                        "ip address add 198.51.100.1/24 dev out0 && ip link add br9 type bridge && ip link set in0 master br9")
                .ok();
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            assertWaits(daemon, "out0", "198.51.100.1", "in0", "br9");
            LAB.firewall("ip", "address", "flush", "dev", "out0").ok();
            LAB.firewall("ip", "link", "del", "br9").ok();
            awaitGuarded(daemon);
        } finally {
            LAB.sh("fw", "ip address flush dev out0; ip link del br9");
        }
    }

    @Test
    void aMissingLibraryIsReported() {
        Home home = LAB.home(RULES.replace("mode: bridge", "mode: bridge, datapath: pcap"));
        try (DaemonProcess daemon =
                home.start("PORTCULLIS_JAVA_OPTS=-Dorg.pcap4j.core.pcapLibName=/nowhere/libpcap.so")) {
            assertWaits(daemon, "libpcap");
        }
    }

    @Test
    void aFaultyFileIsAwaited() throws IOException {
        Home home = LAB.home(RULES.replace("bridge", "brigde"));
        assertRefused(home.portcullis("check", home.config().toString()), "portcullis.yaml:3:", "bridge");
        try (DaemonProcess daemon = home.startWaiting()) {
            assertWaits(daemon, "portcullis.yaml");
            assertSaid(daemon.log(), "portcullis.yaml:3:", "bridge");
            assertSaid(daemon.cli("status").out(), "portcullis.yaml:3:", "bridge");
            daemon.write(RULES);
            awaitGuarded(daemon);
        }
    }

    @Test
    void aMissingFileIsAwaited() throws IOException {
        Home home = LAB.home(RULES);
        Files.delete(home.config());
        // Without a file the control socket has its usual path, which belongs to this machine: the daemon gets a /run
        // of its own.
        try (DaemonProcess daemon = home.launchThrough("sh", "-c", "mount -t tmpfs tmpfs /run && exec \"$@\"", "sh")
                .awaitStart(WAITS)) {
            assertSaid(daemon.log(), home.config().toString());
            daemon.write(RULES);
            awaitGuarded(daemon);
        }
    }

    @Test
    void aPortInUseDoesNotPreventGuarding() throws IOException {
        Path log = Files.createTempFile(LAB.folder(), "nc", ".log");
        Process taken = LAB.start("fw", log, "nc", "-lk", "127.0.0.1", "9750");
        Lab.await("nc", () -> LAB.firewall("nc", "-z", "127.0.0.1", "9750").exit() == 0);
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            assertSaid(daemon.log(), "metrics.listen", "127.0.0.1:9750");
            assertTrue(LAB.answers(80));
            taken.destroy();
            awaitGuarded(daemon);
        } finally {
            taken.destroy();
        }
    }

    @Test
    void noPrivilege() {
        Home home = LAB.home(RULES);
        List<String> words = new ArrayList<>(List.of(
                "timeout",
                "30",
                "setpriv",
                "--bounding-set",
                "-net_raw,-net_admin",
                "--inh-caps",
                "-net_raw,-net_admin",
                Home.PROGRAM,
                "run",
                "--config",
                home.config().toString()));
        assertRefused(Command.run(LAB.inside("fw", home.environment(), words.toArray(String[]::new))), "CAP_NET");
    }

    @Test
    void aSecondDaemon() {
        try (DaemonProcess first = LAB.daemon(RULES)) {
            assertRefused(
                    first.home().portcullis("run", "--config", first.config().toString()),
                    "another portcullis runs here",
                    "pid " + first.process().pid(),
                    first.config().toString());
            awaitGuarded(first);
        }
    }

    @Test
    void wrongWords() {
        Home home = LAB.home(RULES);
        assertEquals(2, home.portcullis("fly").exit());
        assertEquals(2, home.portcullis().exit());
        assertEquals(2, home.portcullis("run", "--confg", "x").exit());
        assertEquals(
                3,
                home.portcullis("status", "--socket", "/nowhere/control.sock").exit());
        Command version = home.portcullis("--version").ok();
        assertTrue(version.out().matches("portcullis \\d+\\.\\d+\\.\\d+.*\n"), version.out());
        assertEquals(version.out(), home.portcullis("version").ok().out());
    }
}
