package io.portcullis.bench.lab;

/** The numbers of drand48(3), which perl's {@code rand} has too: the files are the same in every run and in every version. */
final class Drand48 {
    private static final long MASK = (1L << 48) - 1;

    private long state;

    Drand48(int seed) {
        state = ((long) seed << 16) + 0x330E;
    }

    /** The next number of 0 to bound - 1. */
    long next(long bound) {
        state = (state * 0x5DEECE66DL + 0xB) & MASK;
        return (long) (state * 0x1p-48 * bound);
    }
}
