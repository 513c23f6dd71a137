package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A start that cannot be: one line a fault that says what to do, the exit code, and no stack trace. */
@Tag("system")
final class BadStartTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: %s, inside: %s, security-groups: [web]}
            security-groups:
              web: {}
            control: {socket: %s}
            """;

    private static Path file(String outside, String inside) throws IOException {
        Path folder = Files.createTempDirectory(LAB.folder(), "bad");
        Path file = folder.resolve("portcullis.yaml");
        Files.writeString(file, RULES.formatted(outside, inside, folder.resolve("run/control.sock")));
        return file;
    }

    private static Command run(String... arguments) {
        return runAs(List.of(), arguments);
    }

    private static Command runAs(List<String> before, String... arguments) {
        List<String> words = new ArrayList<>(List.of("timeout", "30"));
        words.addAll(before);
        words.add(Lab.root().resolve("scripts/portcullis").toString());
        words.addAll(List.of(arguments));
        return LAB.firewall(words.toArray(String[]::new));
    }

    private static void assertRefused(Command command, String... said) {
        assertEquals(1, command.exit(), command.out());
        for (String text : said) {
            assertTrue(command.out().contains(text), command.out());
        }
        assertFalse(command.out().contains("\tat "), command.out());
        assertFalse(command.out().contains("Exception"), command.out());
    }

    @Test
    void unknownInterfaces() throws IOException {
        Command refused = run("run", "--config", file("out9", "in9").toString());
        assertRefused(refused, "out9", "in9", "out0");
        assertEquals(2, refused.out().lines().count(), refused.out());
    }

    @Test
    void aNicWithAnAddress() throws IOException {
        LAB.firewall("ip", "address", "add", "198.51.100.1/24", "dev", "out0").ok();
        try {
            assertRefused(run("run", "--config", file("out0", "in0").toString()), "out0", "198.51.100.1");
        } finally {
            LAB.firewall("ip", "address", "flush", "dev", "out0").ok();
        }
    }

    @Test
    void anEnslavedNic() throws IOException {
        LAB.firewall("sh", "-c", "ip link add br9 type bridge && ip link set in0 master br9")
                .ok();
        try {
            assertRefused(run("run", "--config", file("out0", "in0").toString()), "in0", "br9");
        } finally {
            LAB.firewall("ip", "link", "del", "br9").ok();
        }
    }

    @Test
    void noPrivilege() throws IOException {
        assertRefused(
                runAs(
                        List.of(
                                "setpriv",
                                "--bounding-set",
                                "-net_raw,-net_admin",
                                "--inh-caps",
                                "-net_raw,-net_admin"),
                        "run",
                        "--config",
                        file("out0", "in0").toString()),
                "CAP_NET");
    }

    @Test
    void noLibpcap() throws IOException {
        Path file = file("out0", "in0");
        Files.writeString(file, Files.readString(file).replace("mode: bridge", "mode: bridge, datapath: pcap"));
        Command refused = runAs(
                List.of("env", "PORTCULLIS_JAVA_OPTS=-Dorg.pcap4j.core.pcapLibName=/nowhere/libpcap.so"),
                "run",
                "--config",
                file.toString());
        assertRefused(refused, "libpcap");
    }

    @Test
    void anInvalidFile() throws IOException {
        Path file = file("out0", "in0");
        Files.writeString(file, Files.readString(file).replace("bridge", "brigde"));
        assertRefused(run("run", "--config", file.toString()), "portcullis.yaml:3:", "bridge");
        assertRefused(run("check", file.toString()), "portcullis.yaml:3:", "bridge");
        assertRefused(run("run", "--config", "/nowhere.yaml"), "/nowhere.yaml");
    }

    @Test
    void aPortInUse() throws IOException {
        Path log = Files.createTempFile(LAB.folder(), "nc", ".log");
        Process taken = LAB.start("fw", log, "nc", "-lk", "127.0.0.1", "9750");
        try {
            Lab.await("nc", () -> LAB.firewall("nc", "-z", "127.0.0.1", "9750").exit() == 0);
            assertRefused(run("run", "--config", file("out0", "in0").toString()), "metrics.listen", "127.0.0.1:9750");
        } finally {
            taken.destroy();
        }
    }

    @Test
    void aSecondDaemon() throws IOException {
        Path file = file("out0", "in0");
        Path log = file.resolveSibling("log");
        Process first = LAB.start(
                "fw", log, Lab.root().resolve("scripts/portcullis").toString(), "run", "--config", file.toString());
        Lab.await("the first", () -> {
            try {
                return Files.readString(log).contains(" stands: ");
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        assertRefused(run("run", "--config", file.toString()), "control.sock");
        first.destroy();
        Lab.await("its end", () -> !first.isAlive());
    }

    @Test
    void wrongWords() {
        assertEquals(2, run("fly").exit());
        assertEquals(2, run().exit());
        assertEquals(2, run("check").exit());
        assertEquals(2, run("run", "--confg", "x").exit());
        assertEquals(3, run("status", "--socket", "/nowhere/control.sock").exit());
        Command version = run("--version").ok();
        assertTrue(version.out().matches("portcullis \\d+\\.\\d+\\.\\d+.*\n"), version.out());
        assertEquals(version.out(), run("version").ok().out());
    }
}
