package io.portcullis.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A program of the system, run to its end. */
final class Program {
    private static final long TIMEOUT_S = 20;

    private Program() {}

    /**
     * Its output, and its errors with it.
     *
     * @throws IOException if it is not installed, or does not end in time
     */
    static String output(String... words) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of(words)).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new IOException(words[0] + " can't be started: is it installed?", e);
        }
        process.getOutputStream().close();
        CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> read(process.getInputStream()));
        try {
            return output.get(TIMEOUT_S, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly();
            throw new IOException(words[0] + " did not end within " + TIMEOUT_S + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(words[0] + ": its output can't be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            throw new IOException("interrupted", e);
        }
    }

    private static String read(InputStream in) {
        try (in) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
