package io.portcullis.engine;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;

/**
 * A histogram of durations: how many were how long. One thread writes, without a lock and without garbage; any thread may
 * read, and sees each number whole, if a moment late.
 */
public final class Durations {
    /** The first bucket ends here. */
    private static final int FIRST_SHIFT = 13;

    /** Buckets in each power of two, as a shift: each is a fifth wider than the one before it. */
    private static final int SUB_SHIFT = 2;

    private static final int OCTAVES = 15;
    private static final int BUCKETS = (OCTAVES << SUB_SHIFT) + 1;

    private final AtomicLongArray counts = new AtomicLongArray(BUCKETS + 1);
    private final AtomicLongArray sumNs = new AtomicLongArray(1);

    /** An empty one. */
    public Durations() {}

    /** Upper bounds of the buckets, nanoseconds, included; the last bucket, which has none, left out: 8.2 us to 268 ms. */
    public static long[] boundsNs() {
        return LongStream.range(0, BUCKETS).map(i -> bound((int) i)).toArray();
    }

    private static long bound(int bucket) {
        int octave = bucket >> SUB_SHIFT;
        int part = bucket & (1 << SUB_SHIFT) - 1;
        long base = 1L << FIRST_SHIFT + octave;
        return base + (base >> SUB_SHIFT) * part;
    }

    /** Adds one. By the one thread that writes. */
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

    /** How many fell into each bucket; the last is of those that are longer than all bounds. */
    public long[] counts() {
        long[] now = new long[BUCKETS + 1];
        Arrays.setAll(now, counts::getOpaque);
        return now;
    }

    /** All of them together, nanoseconds. */
    public long sumNs() {
        return sumNs.getOpaque(0);
    }
}
