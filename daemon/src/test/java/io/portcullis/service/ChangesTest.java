package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.history.ChangeLog;
import io.portcullis.history.History;
import io.portcullis.operations.ChangeView;
import io.portcullis.testing.NamespaceJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Runs {@link ChangesContract} in a network namespace, and kills processes that make a change at each of their file operations:
 * the next start finds the configuration before or the one after, whole.
 */
@Tag("netns")
class ChangesTest {
    /** The stride of the operations at which this run kills; other runs have the others. 1: all. */
    private static final int STRIDE = Integer.getInteger("portcullis.crash-stride", 8);

    private static final Path STRACE = Path.of("/usr/bin/strace");

    /** Every system call by which a change reaches the disk. */
    private static final String OPERATIONS =
            "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,fsync,chmod,"
                    + "fchmod,fchmodat,chown,lchown,fchownat,setxattr";

    /** A line of strace: thread, name, arguments. */
    private static final Pattern CALL = Pattern.compile("^([0-9]+) +([a-z0-9]+)\\(");

    private static NamespaceJvm jvm;

    @TempDir
    private Path folder;

    @BeforeAll
    static void makeNamespace() throws Exception {
        jvm = new NamespaceJvm("changes");
    }

    @AfterAll
    static void removeNamespace() throws Exception {
        jvm.remove();
    }

    @TestFactory
    Stream<DynamicTest> keepsTheContract() throws Exception {
        return jvm.tests(ChangesContract.class);
    }

    /** @param after the port that the rules admit after the whole command */
    @ParameterizedTest
    @CsvSource({"apply, 82, 82", "rollback, 1, 80", "confirm, 82, 81"})
    void aCrashAnywhereLeavesTheOldOrTheNewWhole(String command, int number, int after) throws Exception {
        assumeTrue(Files.isExecutable(STRACE), "strace kills at a chosen system call");
        Path template = folder.resolve("template");
        prepare(template);
        Path whole = copy(template, "whole");
        Path calls = folder.resolve("calls");
        assertTrue(make(whole, command, number, calls, List.of()).contains("made"));
        assertEquals(after, started(whole, command));
        List<String> places = places(calls);
        assertTrue(places.size() > 20, places::toString);
        for (int i = Math.floorMod(System.nanoTime() / 1_000, STRIDE); i < places.size(); i += STRIDE) {
            Path root = copy(template, "run-" + i);
            List<String> kill = List.of("-e", "inject=" + places.get(i));
            String at = command + ", killed at " + places.get(i) + ": " + make(root, command, number, calls, kill);
            assertTrue(!at.contains("made"), at);
            int port = started(root, at);
            assertTrue(port == 81 || port == after || command.equals("confirm") && port == 82, () -> at + " " + port);
            assertEquals(port, started(root, at), at + ", the second start");
        }
    }

    private static String make(Path root, String command, int number, Path calls, List<String> kill) throws Exception {
        List<String> tracer = new ArrayList<>(
                List.of(STRACE.toString(), "-f", "-qqq", "-o", calls.toString(), "-e", "trace=" + OPERATIONS));
        tracer.addAll(kill);
        return jvm.output(
                tracer,
                List.of("-XX:-UsePerfData", "-Xlog:disable"),
                ChangeLab.class,
                root.toString(),
                command,
                Integer.toString(number));
    }

    /** Each call of a run by its name and its number among its thread's, as strace counts: {@code rename:signal=KILL:when=3}. */
    private static List<String> places(Path calls) throws IOException {
        Map<String, Integer> counts = new HashMap<>();
        List<String> places = new ArrayList<>();
        for (String line : Files.readAllLines(calls)) {
            Matcher call = CALL.matcher(line);
            if (call.find()) {
                int nth = counts.merge(call.group(1) + call.group(2), 1, Integer::sum);
                places.add(call.group(2) + ":signal=KILL:when=" + nth);
            }
        }
        return places;
    }

    /** Two configurations: 80, then 81. */
    private static void prepare(Path root) throws Exception {
        ChangeLab.write(root, 80);
        String output = jvm.output(List.of(), List.of(), ChangeLab.class, root.toString(), "apply", "81");
        assertTrue(output.contains("made"), output);
    }

    private Path copy(Path from, String name) throws Exception {
        Path to = folder.resolve(name);
        Process copy = new ProcessBuilder("cp", "-a", from.toString(), to.toString())
                .inheritIO()
                .start();
        assertEquals(0, copy.waitFor());
        // The history names files by their paths.
        Process paths = new ProcessBuilder(
                        "sh",
                        "-c",
                        "grep -rlF '" + from + "' " + to + "/lib | xargs -r sed -i 's#" + from + "#" + to + "#g'")
                .inheritIO()
                .start();
        assertEquals(0, paths.waitFor());
        return to;
    }

    /** The port of the configuration from which the next start runs; both files have it. */
    private static int started(Path root, String at) throws IOException {
        Path file = root.resolve("etc/main.yaml");
        ChangeLog log = new ChangeLog(file, new History(root.resolve("lib"), file));
        ChangeLog.Recovered recovered = log.recover(Instant.now());
        assertTrue(!(recovered instanceof ChangeLog.Recovered.From), at);
        assertEquals("", log.trouble(), at);
        for (ChangeView change : log.history().changes()) {
            assertTrue(!change.outcome().equals(ChangeView.BEGUN), () -> at + ": " + change);
        }
        String main = Files.readString(file);
        int port = Integer.parseInt(main.substring(main.lastIndexOf('#') + 2).strip());
        assertEquals(ChangeLab.main(port), main, at);
        assertEquals(ChangeLab.GROUP.formatted(port), Files.readString(root.resolve("etc/rules.d/web.yaml")), at);
        try (Stream<Path> all = Files.walk(root.resolve("etc"))) {
            assertEquals(2, all.filter(Files::isRegularFile).count(), at + ": a file is left");
        }
        if (recovered instanceof ChangeLog.Recovered.Waits) {
            assertEquals(82, port, at);
        }
        return port;
    }
}
