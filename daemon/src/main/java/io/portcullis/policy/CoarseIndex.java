package io.portcullis.policy;

import java.util.function.IntToLongFunction;

/**
 * Narrows a binary search in sorted unsigned keys: equal slots over the span from the first non-zero key to the last, about as many as
 * keys. Immutable.
 */
final class CoarseIndex {
    private final long base;
    private final int shift;
    private final int slots;
    private final int[] first;

    /**
     * Indexes keys.
     *
     * @param size number of keys
     * @param keys sorted, unsigned
     */
    CoarseIndex(int size, IntToLongFunction keys) {
        int zeros = 0;
        while (zeros < size && keys.applyAsLong(zeros) == 0) {
            zeros++;
        }
        // Keys that are 0, such as 0.0.0.0/0, would stretch the span.
        base = zeros == size ? 1 : keys.applyAsLong(zeros);
        long span = zeros == size ? 0 : keys.applyAsLong(size - 1) - base;
        int spanBits = 64 - Long.numberOfLeadingZeros(span);
        int slotBits = Math.min(spanBits, Math.max(0, 31 - Integer.numberOfLeadingZeros(Math.max(1, size))));
        shift = spanBits - slotBits;
        slots = (int) (span >>> shift) + 1;
        first = new int[slots + 1];
        int key = zeros;
        for (int slot = 0; slot < slots; slot++) {
            while (key < size && (keys.applyAsLong(key) - base) >>> shift < slot) {
                key++;
            }
            first[slot] = key;
        }
        first[slots] = size;
    }

    /** The slot of a key: -1 before the first key, {@link #slots} past the last. */
    int slot(long key) {
        if (Long.compareUnsigned(key, base) < 0) {
            return -1;
        }
        long slot = (key - base) >>> shift;
        return Long.compareUnsigned(slot, slots) < 0 ? (int) slot : slots;
    }

    /** The first key that may be above a key of a slot. */
    int from(int slot) {
        return slot < 0 ? 0 : first[slot];
    }

    /** One past the last key that may be at or below a key of a slot. */
    int to(int slot) {
        return slot < 0 ? first[0] : slot == slots ? first[slots] : first[slot + 1];
    }

    long bytes() {
        return 4L * first.length;
    }
}
