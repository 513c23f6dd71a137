package io.portcullis.service.watch;

import io.portcullis.config.ConfigException;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

/**
 * Reads a configuration whenever {@link Edits} reports an edit, as the daemon does, and remembers each one that the daemon would
 * apply.
 */
final class ObeyedFiles implements AutoCloseable {
    private static final long WAIT_S = 30;

    private final Path main;
    private final Edits edits;
    private final AtomicBoolean asked = new AtomicBoolean();
    private final ExecutorService reader = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("obeyed-files").factory());
    private final List<String> obeyed = new ArrayList<>();

    ObeyedFiles(Path main, Edits.Source source) {
        this.main = main;
        edits = new Edits(main, this::edited, source);
        read(true);
    }

    ObeyedFiles(Path main) {
        this(main, ConfigWatch::new);
    }

    private void edited() {
        if (asked.compareAndSet(false, true)) {
            try {
                reader.execute(() -> {
                    asked.set(false);
                    read(false);
                });
            } catch (RejectedExecutionException _) {
                // The test has ended.
            }
        }
    }

    private void read(boolean asIs) {
        SourceFiles sources = new SourceFiles();
        try {
            ConfigReader.load(main, sources);
        } catch (ConfigException _) {
            // The content of these files is no configuration.
        }
        String all = sources.texts().stream().map(SourceText::yaml).collect(Collectors.joining());
        if (edits.watch(sources.files(), asIs)) {
            synchronized (this) {
                obeyed.add(all);
                notifyAll();
            }
        }
    }

    /** Reads as {@code portcullis reload} does. */
    void reload() {
        read(true);
    }

    Edits edits() {
        return edits;
    }

    /** All applied configurations, in their order. */
    synchronized List<String> all() {
        return List.copyOf(obeyed);
    }

    /** Waits for a configuration: the texts of all its files, one after the other. */
    synchronized void await(String text) throws InterruptedException {
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        while (!obeyed.getLast().equals(text)) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
            if (leftMs <= 0) {
                throw new AssertionError("not within " + WAIT_S + " s: " + text + "\n" + obeyed);
            }
            wait(leftMs);
        }
    }

    @Override
    public void close() {
        reader.shutdownNow();
        edits.close();
    }
}
