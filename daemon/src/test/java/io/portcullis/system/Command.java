package io.portcullis.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The result of a program that ran to its end, within a bounded time.
 *
 * @param out its standard output, then its standard error
 * @param output its standard output alone, for parsing: {@code ip} warns on standard error, and exits with 0, if another test
 *     removes a namespace meanwhile
 */
public record Command(List<String> words, int exit, String out, String output) {
    private static final long TIMEOUT_S = 60;

    public static Command run(List<String> words) {
        try {
            Path out = Files.createTempFile("portcullis-test", ".out");
            Path err = Files.createTempFile("portcullis-test", ".err");
            try {
                Process process = new ProcessBuilder(words)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                    throw new AssertionError("took more than " + TIMEOUT_S + " s: " + words + "\n"
                            + Files.readString(out) + Files.readString(err));
                }
                String output = Files.readString(out);
                return new Command(words, process.exitValue(), output + Files.readString(err), output);
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(String.join(" ", words), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public static Command run(String... words) {
        return run(Arrays.asList(words));
    }

    /** This result, if the exit code is 0; otherwise the test fails. */
    public Command ok() {
        if (exit != 0) {
            throw new AssertionError(this + " exited with " + exit + ":\n" + out);
        }
        return this;
    }

    @Override
    public String toString() {
        return String.join(" ", words);
    }
}
