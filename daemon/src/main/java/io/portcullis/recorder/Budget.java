package io.portcullis.recorder;

import java.util.Arrays;

/**
 * Counts how many records of this second begin with each of some hashes. Two hashes with the same place share a count, which makes
 * it too high at times, and never too low.
 */
final class Budget {
    private static final int PLACES = 1_024;

    private final byte[] counts = new byte[PLACES];
    private final int most;

    /** A budget of {@code most} records for each hash. */
    Budget(int most) {
        if (most > Byte.MAX_VALUE) {
            throw new IllegalArgumentException("most " + most);
        }
        this.most = most;
    }

    void clear() {
        Arrays.fill(counts, (byte) 0);
    }

    boolean isSpent(long hash) {
        return counts[place(hash)] >= most;
    }

    void spend(long hash) {
        counts[place(hash)]++;
    }

    private static int place(long hash) {
        return (int) (hash >>> 54);
    }
}
