package io.portcullis.recorder;

import java.util.Arrays;

/** Finds this second's records by the hash of what their frames have in common. Open addressing; a full stretch takes no more. */
final class Places {
    static final int NONE = -1;

    private static final int STRETCH = 16;

    private final int[] records;
    private final int[] tags;
    private final int mask;

    /** Places for some records, a power of two. */
    Places(int size) {
        records = new int[size];
        tags = new int[size];
        mask = size - 1;
        clear();
    }

    void clear() {
        Arrays.fill(records, NONE);
    }

    /** The first place to look at. */
    int first(long hash) {
        return (int) hash & mask;
    }

    /**
     * The record at the {@code step}th place from the first on.
     *
     * @return {@link #NONE}: none, nor at any later step
     */
    int record(int first, int step) {
        return step == STRETCH ? NONE : records[first + step & mask];
    }

    /** False: the record at that place has another hash. */
    boolean mayBe(int first, int step, long hash) {
        return tags[first + step & mask] == (int) (hash >>> 32);
    }

    /** Adds a record at the place where the search for it ended. */
    void add(int first, int step, long hash, int record) {
        if (step < STRETCH) {
            records[first + step & mask] = record;
            tags[first + step & mask] = (int) (hash >>> 32);
        }
    }
}
