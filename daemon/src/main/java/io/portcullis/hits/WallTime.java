package io.portcullis.hits;

import java.util.concurrent.TimeUnit;

/**
 * The monotonic clock and the calendar at one moment, to translate one's times into the other's.
 *
 * @param epochMs milliseconds since 1970-01-01 00:00 UTC
 * @param monotonicNs nanoseconds of CLOCK_MONOTONIC
 */
public record WallTime(long epochMs, long monotonicNs) {
    /** The time in the calendar; 0 stays 0: none. */
    public long toEpochMs(long ns) {
        return ns == 0 ? 0 : epochMs - TimeUnit.NANOSECONDS.toMillis(monotonicNs - ns);
    }

    /** The reverse of {@link #toEpochMs}. What would be in the future is now: the calendar was set back since. */
    public long toMonotonicNs(long ms) {
        if (ms == 0) {
            return 0;
        }
        long age = Math.clamp(epochMs - ms, 0, Math.max(epochMs, 0));
        long ns = monotonicNs - TimeUnit.MILLISECONDS.toNanos(age);
        return ns == 0 ? 1 : ns;
    }
}
