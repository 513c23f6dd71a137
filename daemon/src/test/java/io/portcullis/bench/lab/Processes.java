package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The processes of a run. Each has a time limit that holds even if this JVM is killed ({@code timeout}), or runs in a namespace
 * whose processes are ended with the run. Once the clean-up has begun, only its thread may start processes.
 */
public final class Processes {
    private static final Path NOWHERE = Path.of("/dev/null");
    private static final Map<String, String> ENVIRONMENT = new HashMap<>();
    private static final List<Process> STARTED = new ArrayList<>();
    private static @Nullable Thread cleaner;

    private Processes() {}

    /** Sets a variable in the environment of all processes that are started from now on. */
    public static synchronized void environment(String name, String value) {
        ENVIRONMENT.put(name, value);
    }

    /** Starts a program and does not wait for its end. */
    public static Process start(Path output, List<String> words) {
        return start(output, output, words);
    }

    public static synchronized Process start(Path output, Path complaint, List<String> words) {
        if (cleaner != null && Thread.currentThread() != cleaner) {
            throw new Failure("the run was ended by a signal");
        }
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectInput(NOWHERE.toFile())
                .redirectOutput(ProcessBuilder.Redirect.to(output.toFile()));
        if (output.equals(complaint)) {
            builder.redirectErrorStream(true);
        } else {
            builder.redirectError(ProcessBuilder.Redirect.to(complaint.toFile()));
        }
        builder.environment().putAll(ENVIRONMENT);
        try {
            Process process = builder.start();
            STARTED.removeIf(each -> !each.isAlive());
            STARTED.add(process);
            return process;
        } catch (IOException e) {
            throw new Failure("can't start " + String.join(" ", words) + ": " + e.getMessage());
        }
    }

    /** Waits for a process that has a time limit of its own; its exit code. */
    public static int exit(Process process) {
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure("interrupted");
        }
    }

    /** Asks a process to end, and waits for it. */
    public static void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure("interrupted");
        }
    }

    /** From here on only this thread starts processes. Processes of the run outside its namespaces get SIGTERM. */
    public static synchronized void beginCleaning() {
        cleaner = Thread.currentThread();
        STARTED.forEach(Process::destroy);
    }

    public static synchronized boolean isCleaning() {
        return cleaner != null;
    }

    /** The words of a command that ends after so many seconds at the latest. */
    public static List<String> limited(double seconds, List<String> words) {
        return concat(List.of("timeout", "-k", "2", Numbers.general(seconds)), words);
    }

    /** Runs a program to its end, within so many seconds. */
    public static Outcome run(double seconds, List<String> words) {
        try {
            Path output = Files.createTempFile(Folders.work(), "command", "");
            Path complaint = Files.createTempFile(Folders.work(), "command", "");
            try {
                int exit = exit(start(output, complaint, limited(seconds, words)));
                return new Outcome(words, exit, Texts.read(output), Texts.read(complaint));
            } finally {
                Files.delete(output);
                Files.delete(complaint);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Outcome run(double seconds, String... words) {
        return run(seconds, Arrays.asList(words));
    }

    public static List<String> concat(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    public static void pause(double seconds) {
        try {
            TimeUnit.NANOSECONDS.sleep((long) (seconds * 1e9));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure("interrupted");
        }
    }

    /** Tries until it succeeds or the time is over; true if it succeeded. */
    public static boolean eventually(double seconds, double pause, BooleanSupplier attempt) {
        long start = System.nanoTime();
        while (!attempt.getAsBoolean()) {
            if (System.nanoTime() - start > seconds * 1e9) {
                return false;
            }
            pause(pause);
        }
        return true;
    }

    /** The result of a command. */
    public record Outcome(List<String> words, int exit, String output, String complaint) {
        public boolean isOk() {
            return exit == 0;
        }

        /** Its standard output, if it succeeded. */
        public String ok() {
            if (exit != 0) {
                throw new Failure(
                        String.join(" ", words) + " exited with " + exit + ": " + (complaint + output).strip());
            }
            return output;
        }
    }
}
