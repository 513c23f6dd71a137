package io.portcullis.service.process;

import io.portcullis.config.files.SourceText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Collects the garbage of large configurations once, five seconds after the last reload. Otherwise it would stay until the heap is
 * full, and the heap would keep its size. A collection delays frames: after small configurations there is none.
 */
public final class HeapTrim {
    /** Characters of a configuration that needs megabytes of heap. */
    public static final long LARGE = 256 << 10;

    private static final long QUIET_NS = TimeUnit.SECONDS.toNanos(5);

    private long before;
    private long lastNs;
    private boolean due;

    /** A configuration was read, and put in force or refused. */
    public synchronized void note(List<SourceText> texts) {
        long now = texts.stream().mapToLong(text -> text.yaml().length()).sum();
        due |= now >= LARGE || before >= LARGE;
        before = now;
        lastNs = System.nanoTime();
    }

    /** True: reading the configuration is likely to take long, and to leave much garbage. */
    public synchronized boolean expectsLarge(Path file) {
        try {
            return before >= LARGE || Files.size(file) >= LARGE;
        } catch (IOException unknown) {
            return before >= LARGE;
        }
    }

    /** Collects if it is time; called every second. */
    public void collect() {
        if (isDue()) {
            System.gc();
        }
    }

    private synchronized boolean isDue() {
        boolean now = due && System.nanoTime() - lastNs > QUIET_NS;
        due &= !now;
        return now;
    }
}
