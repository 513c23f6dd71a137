package io.portcullis.service;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What should never happen and did: exceptions that nobody caught, in any thread. Counted, and said in the log, and for five minutes in
 * {@code /healthz}. Any thread.
 */
final class Defects {
    private static final Logger LOG = LoggerFactory.getLogger(Defects.class);

    private static final AtomicLong COUNT = new AtomicLong();
    private static final long RECENT_NS = TimeUnit.MINUTES.toNanos(5);

    private static volatile @Nullable Defect last;

    private record Defect(String text, long atNs) {}

    private Defects() {}

    /** From now on every thread's uncaught exceptions are counted here. */
    static void watchAllThreads() {
        Thread.setDefaultUncaughtExceptionHandler((thread, defect) -> note("thread " + thread.getName(), defect));
    }

    /**
     * Counts one.
     *
     * @param where for people
     */
    static void note(String where, Throwable defect) {
        last = new Defect(where + ": " + defect, System.nanoTime());
        COUNT.incrementAndGet();
        LOG.error("a defect of portcullis, in {}", where, defect);
    }

    /** How many there were. */
    static long count() {
        return COUNT.get();
    }

    /** The last one, in one line; empty: there was none in the last five minutes. */
    static Optional<String> recent() {
        Defect defect = last;
        return defect == null || System.nanoTime() - defect.atNs() > RECENT_NS
                ? Optional.empty()
                : Optional.of(defect.text());
    }
}
