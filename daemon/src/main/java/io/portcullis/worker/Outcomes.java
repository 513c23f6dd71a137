package io.portcullis.worker;

import io.portcullis.journal.Event;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts how a worker's batches end: decided, or dropped by a defect. The loop counts; any thread reads. A decided batch allocates
 * nothing.
 */
final class Outcomes {
    private static final Logger LOG = LoggerFactory.getLogger(Outcomes.class);

    /** Defects in a row that are a problem: fewer may come from one sender that repeats one frame. */
    static final int IN_A_ROW = 10;

    /** Most kinds of defects in the log: a sender of frames must not be able to fill it. */
    private static final int MOST_LOGGED = 8;

    private final String worker;
    private final Set<Class<?>> logged = ConcurrentHashMap.newKeySet();
    private final AtomicLong defects = new AtomicLong();
    private volatile int failedInARow;
    private volatile @Nullable Throwable last;

    /**
     * No batch so far.
     *
     * @param worker name for the log
     */
    Outcomes(String worker) {
        this.worker = worker;
    }

    /** A batch was decided, and its accepted frames were sent. On the loop. */
    void decided() {
        if (failedInARow != 0) {
            failedInARow = 0;
        }
    }

    /** A defect dropped a batch, in part or as a whole. On the loop. */
    void failed(Throwable defect) {
        failedInARow = Math.min(failedInARow + 1, IN_A_ROW);
        note(defect);
    }

    /** Counts a defect outside of a batch. Any thread. */
    void note(Throwable defect) {
        last = defect;
        defects.incrementAndGet();
        if (logged.size() < MOST_LOGGED && logged.add(defect.getClass())) {
            Event.DEFECT
                    .in(LOG.atError())
                    .setCause(defect)
                    .log(
                            "{}: a defect of portcullis in the datapath (later ones of its kind are only counted)",
                            worker);
        }
    }

    /** Number of defects. */
    long defects() {
        return defects.get();
    }

    /** The last defect, if the last batches were all dropped; else null. */
    @Nullable
    String repeatedDefect() {
        Throwable defect = last;
        return failedInARow < IN_A_ROW || defect == null ? null : defect.toString();
    }
}
