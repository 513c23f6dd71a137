package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import io.portcullis.testing.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code portcullis report} beside a daemon that has dropped something, without one, and for a user without privilege. */
@Tag("system")
final class BugReportTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {%s, security-groups: [web]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: 80, from: 203.0.113.0/24, description: of Jane}
                  - {protocol: tcp, ports: 443, from: "2001:db8::/32"}
            """.formatted(Lab.bridge("ring"));

    @AfterEach
    void end() {
        LAB.endDaemons();
    }

    private static Path unpacked(Path archive, String name) {
        Path folder = LAB.folder().resolve(name);
        Command.run("mkdir", folder.toString()).ok();
        Command.run("tar", "xzf", archive.toString(), "-C", folder.toString()).ok();
        return folder.resolve("portcullis-report");
    }

    private static List<String> names(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private static String all(Path root) throws IOException {
        StringBuilder text = new StringBuilder();
        for (String name : names(root)) {
            text.append("== ").append(name).append('\n').append(Files.readString(root.resolve(name)));
        }
        return text.toString();
    }

    @Test
    void aReportHasAllThatTheDaemonSaysAndNoAddress() throws IOException {
        DaemonProcess daemon = LAB.daemon(RULES + "log: {drops: all}\n");
        String port = "8443";
        Lab.await("a drop", () -> {
            LAB.client("curl", "-s", "-m", "1", "http://" + Lab.SERVER + ":" + port);
            return daemon.cli("drops").out().contains(port);
        });
        Path archive = LAB.folder().resolve("report.tar.gz");
        Command made = daemon.cli(
                        "report",
                        "--output",
                        archive.toString(),
                        "--log",
                        daemon.home().log().toString())
                .ok();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(archive)));
        assertTrue(made.out().contains(": 15 files;"), made.out());
        assertFalse(made.out().contains("missing:"), made.out());
        Path root = unpacked(archive, "whole");
        assertEquals(
                List.of(
                        "README.txt",
                        "config/1-portcullis.yaml",
                        "doctor.txt",
                        "drops.json",
                        "files.txt",
                        "history.json",
                        "log.txt",
                        "metrics.txt",
                        "nics.txt",
                        "process.txt",
                        "programs.txt",
                        "rules.json",
                        "status.json",
                        "threads.txt",
                        "version.txt"),
                names(root));
        String all = all(root);
        String host = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        for (String gone : new String[] {"203.0.113.", "2001:db8:", Lab.CLIENT, Lab.SERVER, " " + host + " "}) {
            assertFalse(all.contains(gone), gone + "\n" + all);
        }
        for (String there : new String[] {
            "\"no-rule\"",
            "portcullis_drops_total",
            "of Jane",
            "drop web0",
            "out0",
            "tcx programs",
            "restore-",
            "Max open files",
            "portcullis-nics",
            "tx-checksum",
            "PRETTY_NAME",
            port
        }) {
            assertTrue(all.contains(there), there + "\n" + all);
        }
        assertRulesStillMatch(root);

        Command again = daemon.cli("report", "--output", archive.toString());
        assertEquals(1, again.exit(), again.out());
        assertTrue(again.out().contains("exists already"), again.out());
        Command list = daemon.cli("report", "--dry-run", "--no-text").ok();
        assertTrue(list.out().contains("portcullis-report/status.json"), list.out());
        assertTrue(list.out().contains("missing  log.txt"), list.out());
    }

    /** The pseudonym of the client is in the pseudonym of the block that the rule admits. */
    private static void assertRulesStillMatch(Path root) throws IOException {
        String config = Files.readString(root.resolve("config/1-portcullis.yaml"));
        String block = config.replaceFirst("(?s).*ports: 80, from: ([0-9.]+)/24.*", "$1");
        String drops = Files.readString(root.resolve("drops.json"));
        String source = drops.replaceFirst("(?s).*\"source\" : \"([0-9.]+)\".*", "$1");
        assertTrue(block.endsWith(".0"), config);
        assertTrue(source.startsWith(block.substring(0, block.length() - 1)), block + " " + drops);
    }

    @Test
    void withoutADaemonTheReportSaysWhatIsMissing() throws IOException {
        Home home = LAB.home(RULES);
        Command made = home.portcullis(
                        "report",
                        "--socket",
                        home.socket().toString(),
                        "--config",
                        home.config().toString(),
                        "--output",
                        LAB.folder().resolve("alone.tar.gz").toString())
                .ok();
        assertTrue(
                made.out().contains("missing: status.json (all that the running daemon says): no portcullis"),
                made.out());
        Path root = unpacked(LAB.folder().resolve("alone.tar.gz"), "alone");
        String all = all(root);
        assertTrue(all.contains("What is missing, and why:\n"), all);
        assertTrue(all.contains("== nics.txt\n== out0"), all);
        assertFalse(all.contains("203.0.113."), all);
    }

    @Test
    void anUnprivilegedUserGetsAReportToo() throws IOException {
        DaemonProcess daemon = LAB.daemon(RULES);
        Path folder = LAB.folder().resolve("nobody");
        Command.run("install", "-d", "-o", "65534", folder.toString()).ok();
        Command.run("chmod", "755", LAB.folder().toString()).ok();
        List<String> words = new ArrayList<>(Arrays.asList(Lab.asNobody(
                Home.PROGRAM,
                "report",
                "--socket",
                daemon.socket().toString(),
                "--output",
                folder.resolve("r.tar.gz").toString())));
        Command made = LAB.firewall(words.toArray(String[]::new)).ok();
        assertTrue(made.out().contains("permission denied"), made.out());
        String all = all(unpacked(folder.resolve("r.tar.gz"), "denied"));
        assertTrue(all.contains("status.json (all that the running daemon says): permission denied"), all);
        FileTree.delete(folder);
    }
}
