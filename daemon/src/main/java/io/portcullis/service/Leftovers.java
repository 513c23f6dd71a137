package io.portcullis.service;

import io.portcullis.config.SourceText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What large configurations leave behind in the heap. It would stay until the heap is full, and the heap would stay as large as it
 * grew: so it is collected once, when reloads have been over for a while. That holds frames up, so small ones are not worth it.
 */
final class Leftovers {
    /** Characters of a configuration that takes megabytes of heap. */
    private static final long LARGE = 256 << 10;

    private static final long QUIET_NS = TimeUnit.SECONDS.toNanos(5);

    private long before;
    private long lastNs;
    private boolean due;

    /** A configuration was read, obeyed or not. */
    synchronized void note(List<SourceText> texts) {
        long now = texts.stream().mapToLong(text -> text.yaml().length()).sum();
        due |= now >= LARGE || before >= LARGE;
        before = now;
        lastNs = System.nanoTime();
    }

    /** Whether reading the configuration is likely to take long, and to leave much. */
    synchronized boolean areLikely(Path file) {
        try {
            return before >= LARGE || Files.size(file) >= LARGE;
        } catch (IOException unknown) {
            return before >= LARGE;
        }
    }

    /** To be asked every second. */
    void collect() {
        if (isTime()) {
            System.gc();
        }
    }

    private synchronized boolean isTime() {
        boolean now = due && System.nanoTime() - lastNs > QUIET_NS;
        due &= !now;
        return now;
    }
}
