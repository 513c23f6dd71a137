package io.portcullis.conntrack;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Derived words of every entry, {@value #BYTES} bytes each: its neighbours in the timer wheel or the free list, its slot in
 * the order of creation, and the cached rule answer. They are side by side, so that they share a cache line. The memory is not of
 * the heap: pages of entries that have never been used are not resident.
 */
final class Links {
    /** Bytes per entry. */
    static final int BYTES = 16;

    /** Next entry + 1 of the wheel's bucket or of the free list; 0: the last. */
    static final int WHEEL_NEXT = 0;
    /** Previous entry + 1 of the bucket; for the first of a bucket -1 - bucket. */
    static final int WHEEL_PREVIOUS = 1;

    /** Slot in {@link EvictionOrder}. */
    static final int SLOT = 2;
    /** Word of {@link RuleAnswers}. */
    static final int ANSWER = 3;

    private final MemorySegment words;

    /** {@code words}: zeroes, {@value #BYTES} bytes for each entry, aligned to as many. */
    Links(MemorySegment words) {
        this.words = words;
    }

    /** Memory for a table that ends with the process, {@link FlowTable#derivedBytes} of it. */
    static MemorySegment zeroes(int entries) {
        return Arena.ofAuto().allocate(FlowTable.derivedBytes(entries), BYTES);
    }

    int get(int entry, int which) {
        return words.get(ValueLayout.JAVA_INT, at(entry, which));
    }

    void set(int entry, int which, int value) {
        words.set(ValueLayout.JAVA_INT, at(entry, which), value);
    }

    private static long at(int entry, int which) {
        return (long) entry * BYTES + (long) which * Integer.BYTES;
    }
}
