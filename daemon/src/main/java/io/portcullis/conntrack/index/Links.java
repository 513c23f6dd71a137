package io.portcullis.conntrack.index;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Derived words of every entry, {@value #BYTES} bytes each: its neighbours in the timer wheel or the free list, its slot in
 * the order of creation, and the cached rule answer. They are side by side, so that they share a cache line. The memory is not of
 * the heap: pages of entries that have never been used are not resident.
 */
public final class Links {
    /** Bytes per entry. */
    public static final int BYTES = 16;

    /** Next entry + 1 of the wheel's bucket or of the free list; 0: the last. */
    public static final int WHEEL_NEXT = 0;
    /** Previous entry + 1 of the bucket; for the first of a bucket -1 - bucket. */
    public static final int WHEEL_PREVIOUS = 1;

    /** Slot in the order of eviction. */
    public static final int SLOT = 2;
    /** Word of {@link RuleAnswers}. */
    public static final int ANSWER = 3;

    private final MemorySegment words;

    /**
     * The words of all entries.
     *
     * @param words zeroes, {@value #BYTES} bytes for each entry, aligned to as many
     */
    public Links(MemorySegment words) {
        this.words = words;
    }

    /** A word of an entry. */
    public int get(int entry, int which) {
        return words.get(ValueLayout.JAVA_INT, at(entry, which));
    }

    /** Stores a word of an entry. */
    public void set(int entry, int which, int value) {
        words.set(ValueLayout.JAVA_INT, at(entry, which), value);
    }

    private static long at(int entry, int which) {
        return (long) entry * BYTES + (long) which * Integer.BYTES;
    }
}
