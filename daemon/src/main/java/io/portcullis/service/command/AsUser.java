package io.portcullis.service.command;

import io.portcullis.net.Visible;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Runs this program again, as another user with the capabilities of the daemon and no others: setpriv(1), setsid(1). So root does not
 * act on files that this user wrote.
 */
final class AsUser {
    /** The capabilities that the unit gives the daemon. */
    private static final String CAPABILITIES = "-all,+net_raw,+net_admin,+bpf";

    private static final Set<String> ENVIRONMENT =
            Set.of("PATH", "LANG", "LC_ALL", "RUNTIME_DIRECTORY", "STATE_DIRECTORY");

    private static final long LAST_WORDS_MS = 2_000;

    private AsUser() {}

    /**
     * The command line of this program: Java, its options and the jar.
     *
     * @return empty if this process was not started from a jar
     */
    static Optional<List<String>> program() {
        ProcessHandle.Info ourselves = ProcessHandle.current().info();
        return ourselves
                .command()
                .flatMap(java -> ourselves.arguments().flatMap(arguments -> program(java, List.of(arguments))));
    }

    static Optional<List<String>> program(String java, List<String> arguments) {
        int jar = arguments.indexOf("-jar");
        if (jar < 0 || jar + 1 >= arguments.size()) {
            return Optional.empty();
        }
        List<String> words = new ArrayList<>(List.of(java));
        words.addAll(arguments.subList(0, jar + 2));
        return Optional.of(words);
    }

    /** The command line that runs a program as that user, in a session of its own: it can't reach our terminal. */
    static List<String> words(int user, int group, List<String> program) {
        List<String> words = new ArrayList<>(List.of(
                "setsid",
                "setpriv",
                "--reuid=" + user,
                "--regid=" + group,
                "--clear-groups",
                "--no-new-privs",
                "--bounding-set=" + CAPABILITIES,
                "--inh-caps=" + CAPABILITIES,
                "--ambient-caps=" + CAPABILITIES));
        words.addAll(program);
        return words;
    }

    /**
     * Runs a command with a few variables of our environment, and copies its output, made printable.
     *
     * @return its exit code
     * @throws IOException if there is no such program, or it was killed because it did not end in time
     */
    static int run(List<String> words, Duration limit, PrintWriter out, PrintWriter err)
            throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(words).directory(Path.of("/").toFile());
        Map<String, String> environment = builder.environment();
        environment.keySet().retainAll(ENVIRONMENT);
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            Thread output = copy(process.getInputStream(), out);
            Thread errors = copy(process.getErrorStream(), err);
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("not done within " + limit.toSeconds() + " s");
            }
            output.join(LAST_WORDS_MS);
            errors.join(LAST_WORDS_MS);
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    private static Thread copy(InputStream from, PrintWriter to) {
        return Thread.ofVirtual().start(() -> {
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                lines.lines().forEach(line -> to.println(Visible.withTabs(line)));
            } catch (IOException | UncheckedIOException ended) {
                // Killed: no more output comes, and run throws the reason.
                to.flush();
            }
            to.flush();
        });
    }
}
