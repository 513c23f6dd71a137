package io.portcullis.service.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class AsUserTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Duration limit, String... words) throws IOException, InterruptedException {
        return AsUser.run(List.of(words), limit, new PrintWriter(out), new PrintWriter(err));
    }

    @Test
    void theProgramIsJavaItsOptionsAndTheJar() {
        assertEquals(
                Optional.of(List.of("/jdk/bin/java", "-Xmx256m", "-jar", "/lib/portcullis.jar")),
                AsUser.program(
                        "/jdk/bin/java",
                        List.of("-Xmx256m", "-jar", "/lib/portcullis.jar", "detach", "--socket", "/x")));
        assertEquals(Optional.empty(), AsUser.program("/jdk/bin/java", List.of("-cp", "classes", "Main")));
        assertEquals(Optional.empty(), AsUser.program("/jdk/bin/java", List.of("-jar")));
    }

    @Test
    void setprivLeavesThreeCapabilitiesAndNoGroups() {
        List<String> words = AsUser.words(998, 997, List.of("java", "-jar", "p.jar"));
        assertEquals(List.of("setsid", "setpriv", "--reuid=998", "--regid=997"), words.subList(0, 4));
        for (String option : List.of(
                "--clear-groups",
                "--no-new-privs",
                "--bounding-set=-all,+net_raw,+net_admin,+bpf",
                "--inh-caps=-all,+net_raw,+net_admin,+bpf",
                "--ambient-caps=-all,+net_raw,+net_admin,+bpf")) {
            assertTrue(words.contains(option), option);
        }
        assertEquals(List.of("java", "-jar", "p.jar"), words.subList(words.size() - 3, words.size()));
    }

    @Test
    void itsOutputIsPassedOnWithoutControlCharacters() throws Exception {
        assertEquals(
                3,
                run(
                        Duration.ofSeconds(20),
                        "sh",
                        "-c",
                        "printf 'one\\ntwo \\033[2J\\n'; printf 'thr\\ree\\n' >&2; exit 3"));
        assertEquals("one\ntwo \\x1b[2J\n", out.toString());
        // A carriage return ends a line of text, too.
        assertEquals("thr\nee\n", err.toString());
    }

    @Test
    void itsEnvironmentHasNothingOfOurs() throws Exception {
        assertEquals(0, run(Duration.ofSeconds(20), "env"));
        List<String> names =
                out.toString().lines().map(line -> line.split("=", 2)[0]).toList();
        assertTrue(
                List.of("PATH", "LANG", "LC_ALL", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "PWD", "_", "SHLVL")
                        .containsAll(names),
                names::toString);
    }

    @Test
    void aProgramThatDoesNotEndIsKilledAndAMissingOneIsReported() {
        IOException late = assertThrows(IOException.class, () -> run(Duration.ofMillis(200), "sleep", "60"));
        assertEquals("not done within 0 s", late.getMessage());
        IOException missing = assertThrows(IOException.class, () -> run(Duration.ofSeconds(1), "/no/such/program"));
        assertTrue(missing.toString().contains("/no/such/program"), missing.toString());
    }
}
