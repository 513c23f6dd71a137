package io.portcullis.conntrack;

/**
 * What is derived of every entry, {@value #BYTES} bytes each: its neighbours in the wheel, as entry + 1, its place in the
 * order of creation, and the answer of today's rules.
 */
final class Links {
    /** Bytes for an entry. */
    static final int BYTES = 16;

    static final int WHEEL_NEXT = 0;
    /** Negative: -1 - bucket, of the first in a bucket. */
    static final int WHEEL_PREVIOUS = 1;

    static final int PLACE = 2;
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
