package io.portcullis.service.process;

import io.portcullis.journal.Event;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Defects of portcullis: exceptions that were not caught, in any thread. They are counted, logged, and shown in {@code /healthz} for
 * five minutes. Any thread.
 */
public final class Defects {
    private static final Logger LOG = LoggerFactory.getLogger(Defects.class);

    private static final AtomicLong COUNT = new AtomicLong();
    private static final long RECENT_NS = TimeUnit.MINUTES.toNanos(5);

    private static volatile @Nullable Defect last;

    private record Defect(String text, long atNs) {}

    private Defects() {}

    /** Counts the uncaught exceptions of all threads from now on. */
    public static void watchAllThreads() {
        Thread.setDefaultUncaughtExceptionHandler((thread, defect) -> note("thread " + thread.getName(), defect));
    }

    /**
     * Counts and logs a defect.
     *
     * @param where what the thread was doing, for people
     */
    public static void note(String where, Throwable defect) {
        last = new Defect(where + ": " + defect, System.nanoTime());
        COUNT.incrementAndGet();
        Event.DEFECT.in(LOG.atError()).setCause(defect).log("a defect of portcullis, in {}", where);
    }

    /** Number of defects since the start. */
    public static long count() {
        return COUNT.get();
    }

    /** The last defect, in one line; empty: there was none in the last five minutes. */
    public static Optional<String> recent() {
        Defect defect = last;
        return defect == null || System.nanoTime() - defect.atNs() > RECENT_NS
                ? Optional.empty()
                : Optional.of(defect.text());
    }
}
