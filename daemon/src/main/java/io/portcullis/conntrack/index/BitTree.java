package io.portcullis.conntrack.index;

/**
 * A set of small numbers that finds its next member in one step per level: one bit per number, and above each level another
 * with one bit for each of its words that is not 0. Four levels for 2^24 numbers.
 */
public final class BitTree {
    private final long[][] levels;

    /** An empty set of numbers from 0 to {@code numbers} - 1. */
    public BitTree(int numbers) {
        int depth = 1;
        for (int words = words(numbers); words > 1; words = words(words)) {
            depth++;
        }
        levels = new long[depth][];
        int bits = numbers;
        for (int level = 0; level < depth; level++) {
            bits = words(bits);
            levels[level] = new long[bits];
        }
    }

    private static int words(int bits) {
        return Math.max(1, bits + Long.SIZE - 1 >>> 6);
    }

    public void add(int number) {
        int at = number;
        for (long[] level : levels) {
            long word = level[at >>> 6];
            level[at >>> 6] = word | 1L << at;
            if (word != 0) {
                return;
            }
            at >>>= 6;
        }
    }

    public void remove(int number) {
        int at = number;
        for (long[] level : levels) {
            long word = level[at >>> 6] & ~(1L << at);
            level[at >>> 6] = word;
            if (word != 0) {
                return;
            }
            at >>>= 6;
        }
    }

    /** The lowest member that is at least {@code from}, or -1. */
    public int next(int from) {
        int at = from;
        for (int level = 0; level < levels.length; level++) {
            int word = at >>> 6;
            if (word >= levels[level].length) {
                return -1;
            }
            long rest = levels[level][word] & -1L << at;
            if (rest != 0) {
                at = word << 6 | Long.numberOfTrailingZeros(rest);
                for (int below = level - 1; below >= 0; below--) {
                    at = at << 6 | Long.numberOfTrailingZeros(levels[below][at]);
                }
                return at;
            }
            at = word + 1;
        }
        return -1;
    }
}
