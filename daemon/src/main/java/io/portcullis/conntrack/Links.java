package io.portcullis.conntrack;

/**
 * Derived words of every entry, {@value #BYTES} bytes each: its neighbours in the timer wheel or the free list, its slot in
 * the order of creation, and the cached rule answer. One array, so that they share a cache line.
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

    private static final int WORDS = BYTES / Integer.BYTES;

    private final int[] words;

    Links(int entries) {
        words = new int[entries * WORDS];
    }

    int get(int entry, int which) {
        return words[entry * WORDS + which];
    }

    void set(int entry, int which, int value) {
        words[entry * WORDS + which] = value;
    }
}
