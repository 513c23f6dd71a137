package io.portcullis.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.control.Admins;
import io.portcullis.control.ControlServer;
import io.portcullis.control.FakeDaemon;
import io.portcullis.diagnose.SshConnection;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.ChangeFiles;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.NoSuchChange;
import io.portcullis.operations.RollbackRequest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** apply, rollback, confirm, history and show as typed, with a daemon whose answers the test sets. */
@Timeout(60)
final class ChangeCommandsTest {
    @TempDir
    Path folder;

    private final Scripted daemon = new Scripted();
    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final Admins admins = new Admins(() -> "");
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private ControlServer server;
    private Path socket;
    private Path file;

    /** Remembers the requests; the change in force moves on as often as it is told to. */
    private static final class Scripted extends FakeDaemon {
        private final List<Object> asked = Collections.synchronizedList(new ArrayList<>());
        private volatile List<String> errors = List.of();
        private int conflicts;
        private long inForce = 41;

        private synchronized ChangeReport answer(boolean tried, long base) {
            boolean conflict = !tried && base != 0 && conflicts > 0;
            if (conflict) {
                conflicts--;
                inForce++;
            }
            ChangeView change = new ChangeView(
                    inForce + 1,
                    "2026-11-29T20:00:00Z",
                    new ChangeView.By(0, 1000, "alice", "apply", 1),
                    "",
                    "",
                    "",
                    List.of(),
                    inForce,
                    tried ? ChangeView.BEGUN : ChangeView.APPLIED,
                    "",
                    List.of(),
                    List.of(),
                    List.of(),
                    true);
            List<String> faults =
                    conflict ? List.of("another change came first: @" + inForce + " is in force now") : errors;
            return new ChangeReport(
                    faults.isEmpty(),
                    tried,
                    conflict,
                    change,
                    List.of("/etc/p/main.yaml"),
                    List.of(),
                    List.of(),
                    null,
                    List.of(),
                    null,
                    "",
                    12,
                    faults,
                    List.of("main.yaml:1:1: odd"));
        }

        @Override
        public ChangeReport apply(ApplyRequest request, Actor actor) {
            asked.add(request);
            return answer(request.options().dryRun(), request.options().base());
        }

        @Override
        public ChangeReport rollback(RollbackRequest request, Actor actor) {
            asked.add(request);
            if (request.to() == 77) {
                throw new NoSuchChange("there is no change @77 in the history");
            }
            return answer(request.options().dryRun(), request.options().base());
        }

        @Override
        public ChangeReport confirm(Actor actor) {
            return answer(false, 0);
        }

        @Override
        public ChangeFiles change(long number) {
            if (number == 77) {
                throw new NoSuchChange("there is no change @77 in the history");
            }
            ChangeView change = answer(true, 0).change();
            ChangeView noted = new ChangeView(
                    change.change(),
                    change.at(),
                    change.actor(),
                    "one\ntwo: 2",
                    "",
                    "",
                    List.of(),
                    41,
                    "applied",
                    "",
                    List.of(),
                    List.of(),
                    List.of(),
                    true);
            return new ChangeFiles(noted, List.of(new ChangeFiles.File("/etc/p/a\nb.yaml", "version: 1")));
        }
    }

    @BeforeEach
    void serve() throws Exception {
        socket = folder.resolve("run/control.sock");
        server = ControlServer.open(socket, daemon, daemon, admins, executor);
        file = Files.writeString(folder.resolve("new.yaml"), "version: 1\n");
    }

    @AfterEach
    void close() {
        server.close();
        admins.close();
        executor.shutdownNow();
    }

    private int run(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.add("--socket=" + socket);
        return Cli.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(all.toArray(String[]::new));
    }

    @Test
    void aChangeIsShownAndThenMadeOnTheOneItWasShownFor() {
        assertEquals(
                0,
                run("apply", file.toString(), "--confirm", "60s", "--note", "why", "--allow-lockout"),
                err::toString);
        assertEquals("""
                change @42 by alice (uid 0, login uid 1000) by apply, on @41
                  writes /etc/p/main.yaml
                  the same traffic passes
                @42 is in force (12 ms)
                """, out.toString());
        assertEquals("warning: main.yaml:1:1: odd\n", err.toString());
        ApplyRequest tried = (ApplyRequest) daemon.asked.getFirst();
        assertTrue(tried.options().dryRun());
        assertEquals(0, tried.options().base());
        ApplyRequest made = (ApplyRequest) daemon.asked.getLast();
        assertEquals(2, daemon.asked.size());
        assertFalse(made.options().dryRun());
        assertEquals(41, made.options().base());
        assertEquals(60_000, made.options().confirmMs());
        assertEquals("why", made.options().note());
        assertTrue(made.options().allowLockout());
        assertEquals(List.of(new ApplyRequest.File("", "version: 1\n")), made.files());
        assertFalse(made.complete());
    }

    @Test
    void includedFilesBesideItComeWithIt() throws Exception {
        Files.createDirectories(folder.resolve("rules.d"));
        Files.writeString(folder.resolve("rules.d/b.yaml"), "security-groups: {b: {ingress: [], egress: []}}\n");
        Path elsewhere =
                Files.writeString(folder.resolve("run/else.yaml"), "security-groups: {e: {ingress: [], egress: []}}\n");
        Path main = Files.createDirectories(folder.resolve("m")).resolve("../new.yaml");
        Files.writeString(main, "version: 1\ninclude: ['rules.d/*.yaml', '" + elsewhere + "']\n");
        assertEquals(0, run("apply", main.toString(), "--dry-run"));
        ApplyRequest tried = (ApplyRequest) daemon.asked.getFirst();
        assertEquals(1, daemon.asked.size());
        assertEquals(
                List.of("", "rules.d/b.yaml", "run/else.yaml"),
                tried.files().stream().map(ApplyRequest.File::path).toList());
        assertTrue(tried.complete());
        assertTrue(out.toString().endsWith("nothing was changed (--dry-run)\n"), out::toString);
    }

    @Test
    void aChangeThatCameBetweenIsShownFirst() {
        daemon.conflicts = 2;
        assertEquals(0, run("apply", file.toString()));
        assertEquals(4, daemon.asked.size());
        assertEquals(
                List.of(0L, 41L, 42L, 43L),
                daemon.asked.stream()
                        .map(each -> ((ApplyRequest) each).options().base())
                        .toList());
        assertEquals(
                2,
                out.toString()
                        .lines()
                        .filter("another change came first:"::equals)
                        .count());
        assertTrue(out.toString().endsWith("@44 is in force (12 ms)\n"), out::toString);
        // Other operators change it without end: at last it is made on any base.
        daemon.conflicts = 1_000;
        assertEquals(0, run("apply", file.toString()));
        assertEquals(0, ((ApplyRequest) daemon.asked.getLast()).options().base());
    }

    @Test
    void aRefusalIsExitCodeOneAndNamesTheFaults() {
        daemon.errors = List.of("main.yaml:1:1: no");
        for (String[] words :
                new String[][] {{"apply", file.toString()}, {"rollback"}, {"apply", file.toString(), "--dry-run"}}) {
            err.getBuffer().setLength(0);
            assertEquals(1, run(words));
            assertTrue(
                    err.toString()
                            .endsWith("main.yaml:1:1: no\nportcullis: refused, the configuration in force stays\n"),
                    err::toString);
        }
        err.getBuffer().setLength(0);
        assertEquals(1, run("confirm"));
        assertEquals("portcullis: main.yaml:1:1: no\n", err.toString());
    }

    @Test
    void anAnswerAsJsonIsTheReport() throws Exception {
        assertEquals(0, run("apply", file.toString(), "--json"));
        assertEquals(
                42,
                new ObjectMapper()
                        .readTree(out.toString())
                        .path("change")
                        .path("change")
                        .asLong());
        out.getBuffer().setLength(0);
        assertEquals(0, run("history", "--json"));
        assertEquals(
                42, new ObjectMapper().readTree(out.toString()).path("inForce").asLong());
        out.getBuffer().setLength(0);
        daemon.errors = List.of("no");
        assertEquals(1, run("confirm", "--json"));
        assertEquals(
                "no",
                new ObjectMapper()
                        .readTree(out.toString())
                        .path("errors")
                        .path(0)
                        .asText());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "apply",
                "apply FILE --confirm soon",
                "apply FILE --confirm 0s",
                "apply FILE --confirm 25h",
                "apply FILE --confirm 999ms",
                "apply FILE --confirm -1s",
                "apply /no/such/file",
                "apply FILE FILE",
                "rollback @x",
                "rollback 41a",
                "rollback @9999999999999",
                "rollback @-1",
                "show 4@1",
                "show @@41",
                "history --limit many",
                "confirm @41"
            })
    void misuseIsExitCodeTwo(String line) {
        assertEquals(2, run(line.replace("FILE", file.toString()).split(" ")), err::toString);
        assertFalse(err.toString().isEmpty());
        assertEquals(List.of(), daemon.asked);
    }

    @Test
    void aNoteThatIsTooLongIsMisuse() {
        assertEquals(2, run("apply", file.toString(), "--note", "x".repeat(1_001)));
        assertTrue(err.toString().startsWith("a note has at most 1000 characters, not 1001"), err::toString);
    }

    @Test
    void numbersAreWrittenWithAndWithoutTheirSign() {
        assertEquals(0, run("rollback", "@41"));
        assertEquals(0, run("rollback", "41"));
        assertEquals(0, run("rollback"));
        assertEquals(
                List.of(41L, 41L, 41L, 41L, 0L, 0L),
                daemon.asked.stream().map(each -> ((RollbackRequest) each).to()).toList());
        assertTrue(ChangeNumber.is("@41"));
        for (String none : List.of("41", "@", "@x", "@1234567890123", " @1", "@1\n")) {
            assertFalse(ChangeNumber.is(none), none);
        }
    }

    /** By default picocli reads further arguments from the file that follows an @. */
    @Test
    void aFileWithTheNumberAsItsNameIsNotRead() throws Exception {
        Path file987 = Files.writeString(Path.of("987654321"), "--allow-lockout @1");
        try {
            assertEquals(0, run("rollback", "@987654321"), err::toString);
            assertEquals(987_654_321, ((RollbackRequest) daemon.asked.getFirst()).to());
        } finally {
            Files.delete(file987);
        }
    }

    @Test
    void aMissingChangeIsExitCodeOne() {
        for (String command : List.of("rollback", "show")) {
            err.getBuffer().setLength(0);
            assertEquals(1, run(command, "@77"));
            assertEquals("portcullis: there is no change @77 in the history\n", err.toString());
        }
    }

    @Test
    void theShownTextIsValidYaml() {
        assertEquals(0, run("show", "@42"));
        assertEquals("""
                # change @42 of 2026-11-29T20:00:00Z by alice (uid 0, login uid 1000) by apply: applied
                # note: one\\ntwo: 2
                #  the same traffic passes
                # file: /etc/p/a\\nb.yaml
                version: 1
                """, out.toString());
    }

    @Test
    void withoutADaemonItIsExitCodeThree() {
        server.close();
        for (String[] words :
                new String[][] {{"apply", file.toString()}, {"rollback"}, {"confirm"}, {"history"}, {"show"}}) {
            assertEquals(3, run(words), words[0]);
        }
        assertEquals(
                5,
                err.toString()
                        .lines()
                        .filter(line -> line.startsWith("portcullis: no portcullis runs here"))
                        .count());
    }

    /** Prints the ssh session that it finds: a program of its own, for its environment; the test reads its output. */
    static final class PrintSession {
        private PrintSession() {}

        public static void main(String[] arguments) {
            System.out.println("session=" + SshConnection.find());
        }
    }

    private String session(String script) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java")
                + " -XX:TieredStopAtLevel=1 -cp '"
                + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                + "' '" + PrintSession.class.getName() + "'";
        Path run = Files.writeString(folder.resolve("session.sh"), java + "\n:\n");
        ProcessBuilder builder =
                new ProcessBuilder("sh", "-c", script.replace("JAVA", "sh " + run)).redirectErrorStream(true);
        builder.environment().remove("SSH_CONNECTION");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(50, TimeUnit.SECONDS));
        return output.strip();
    }

    @Test
    @Tag("slow")
    void theSshSessionIsFoundInTheParentsAsSudoRemovesIt() throws Exception {
        String connection = "198.51.100.7 40000 10.0.0.1 22";
        String set = "SSH_CONNECTION='" + connection + "' ";
        assertEquals("session=" + connection, session(set + "JAVA"));
        // The shells stay, as they have another command to run.
        assertEquals(
                "session=" + connection,
                session(set + "sh -c \"env -u SSH_CONNECTION sh -c \\\"JAVA; true\\\"; true\"; true"));
        String none = session("JAVA; true");
        assertEquals("session=" + SshConnection.find(), none);
    }
}
