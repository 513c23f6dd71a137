package io.portcullis.worker;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a worker's batches end: decided about, or dropped by a defect. The loop counts; any thread reads. Nothing is allocated
 * for a batch that is decided about.
 */
final class Outcomes {
    private static final Logger LOG = LoggerFactory.getLogger(Outcomes.class);

    /** A single frame that brings a defect to light may come again and again: fewer in a row say nothing. */
    static final int IN_A_ROW = 10;

    /** Kinds of defects in the log; who sends frames must not be able to fill it. */
    private static final int MOST_NAMED = 8;

    private final String worker;
    private final Set<Class<?>> named = ConcurrentHashMap.newKeySet();
    private final AtomicLong defects = new AtomicLong();
    private volatile int failedInARow;
    private volatile @Nullable Throwable last;

    /**
     * No batch has come yet.
     *
     * @param worker for people
     */
    Outcomes(String worker) {
        this.worker = worker;
    }

    /** A batch was decided about, and what was accepted was sent. On the loop. */
    void decided() {
        if (failedInARow != 0) {
            failedInARow = 0;
        }
    }

    /** A batch was dropped, in part or as a whole. On the loop. */
    void failed(Throwable defect) {
        failedInARow = Math.min(failedInARow + 1, IN_A_ROW);
        note(defect);
    }

    /** Something else happened that never should. Any thread. */
    void note(Throwable defect) {
        last = defect;
        defects.incrementAndGet();
        if (named.size() < MOST_NAMED && named.add(defect.getClass())) {
            LOG.error(
                    "{}: a defect of portcullis in the datapath (others of its kind are only counted)", worker, defect);
        }
    }

    /** How many defects there were. */
    long defects() {
        return defects.get();
    }

    /** What the last defect was, where the last batches were all dropped; null: they were not. */
    @Nullable
    String whyAllFail() {
        Throwable defect = last;
        return failedInARow < IN_A_ROW || defect == null ? null : defect.toString();
    }
}
