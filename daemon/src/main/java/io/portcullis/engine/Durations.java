package io.portcullis.engine;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;

/**
 * A histogram of durations. One thread writes, without lock and allocation. Any thread may read: each number is whole, but may lag
 * behind.
 */
public final class Durations {
    /** The first bucket ends at 2^13 ns. */
    private static final int FIRST_SHIFT = 13;

    /** Buckets in each power of two, as a shift: each bound is about a fifth above the one before. */
    private static final int SUB_SHIFT = 2;

    private static final int OCTAVES = 15;
    private static final int BUCKETS = (OCTAVES << SUB_SHIFT) + 1;

    private final AtomicLongArray counts = new AtomicLongArray(BUCKETS + 1);
    private final AtomicLongArray sumNs = new AtomicLongArray(1);

    /** An empty histogram. */
    public Durations() {}

    /** Upper bounds of the buckets but the last, which has none; inclusive, nanoseconds: 8.2 us to 268 ms. */
    public static long[] boundsNs() {
        return LongStream.range(0, BUCKETS).map(i -> bound((int) i)).toArray();
    }

    private static long bound(int bucket) {
        int octave = bucket >> SUB_SHIFT;
        int part = bucket & (1 << SUB_SHIFT) - 1;
        long base = 1L << FIRST_SHIFT + octave;
        return base + (base >> SUB_SHIFT) * part;
    }

    /** Adds a duration; on the writing thread. */
    public void record(long durationNs) {
        int bucket = bucketOf(durationNs);
        counts.setOpaque(bucket, counts.getPlain(bucket) + 1);
        sumNs.setOpaque(0, sumNs.getPlain(0) + durationNs);
    }

    static int bucketOf(long durationNs) {
        if (durationNs <= 1L << FIRST_SHIFT) {
            return 0;
        }
        long last = durationNs - 1;
        int octave = 63 - Long.numberOfLeadingZeros(last) - FIRST_SHIFT;
        if (octave >= OCTAVES) {
            return BUCKETS;
        }
        int part = (int) (last >>> FIRST_SHIFT + octave - SUB_SHIFT) & (1 << SUB_SHIFT) - 1;
        return (octave << SUB_SHIFT) + part + 1;
    }

    /** The number of durations in each bucket; the last has those above all bounds. */
    public long[] counts() {
        long[] now = new long[BUCKETS + 1];
        Arrays.setAll(now, counts::getOpaque);
        return now;
    }

    /** The sum of all durations, nanoseconds. */
    public long sumNs() {
        return sumNs.getOpaque(0);
    }
}
