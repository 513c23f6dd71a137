package io.portcullis.engine;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;

/**
 * A histogram of whole numbers, such as nanoseconds or frames. Its buckets grow with the numbers. One thread writes, without lock and
 * allocation. Any thread may read: each number is whole, but may lag behind.
 */
public final class Histogram {
    private final int firstShift;

    /** Buckets in each power of two, as a shift. */
    private final int partShift;

    private final int octaves;
    private final int bounded;
    private final AtomicLongArray counts;
    private final AtomicLongArray sum = new AtomicLongArray(1);

    /**
     * An empty histogram.
     *
     * @param first the upper bound of the first bucket: a power of two
     * @param last the upper bound of the last bucket but one, the last has none: a power of two
     * @param parts equal buckets in each power of two between them: a power of two, {@code first} at the most
     */
    public Histogram(long first, long last, int parts) {
        if (Long.bitCount(first) != 1 || Long.bitCount(last) != 1 || Integer.bitCount(parts) != 1) {
            throw new IllegalArgumentException(first + ", " + last + " and " + parts + " have to be powers of two");
        }
        if (last < first || parts > first) {
            throw new IllegalArgumentException(parts + " parts from " + first + " to " + last);
        }
        firstShift = Long.numberOfTrailingZeros(first);
        partShift = Integer.numberOfTrailingZeros(parts);
        octaves = Long.numberOfTrailingZeros(last) - firstShift;
        bounded = (octaves << partShift) + 1;
        counts = new AtomicLongArray(bounded + 1);
    }

    /** Upper bounds of the buckets but the last, which has none; inclusive. */
    public long[] bounds() {
        return LongStream.range(0, bounded).map(i -> bound((int) i)).toArray();
    }

    private long bound(int bucket) {
        int octave = bucket >> partShift;
        int part = bucket & (1 << partShift) - 1;
        long base = 1L << firstShift + octave;
        return base + (base >> partShift) * part;
    }

    /** Adds a number; on the writing thread. */
    public void record(long number) {
        int bucket = bucketOf(number);
        counts.setOpaque(bucket, counts.getPlain(bucket) + 1);
        sum.setOpaque(0, sum.getPlain(0) + number);
    }

    int bucketOf(long number) {
        if (number <= 1L << firstShift) {
            return 0;
        }
        long last = number - 1;
        int octave = 63 - Long.numberOfLeadingZeros(last) - firstShift;
        if (octave >= octaves) {
            return bounded;
        }
        int part = (int) (last >>> firstShift + octave - partShift) & (1 << partShift) - 1;
        return (octave << partShift) + part + 1;
    }

    /** How many numbers each bucket has; the last has those above all bounds. */
    public long[] counts() {
        long[] now = new long[bounded + 1];
        Arrays.setAll(now, counts::getOpaque);
        return now;
    }

    /** The sum of all numbers. */
    public long sum() {
        return sum.getOpaque(0);
    }
}
