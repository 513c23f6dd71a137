package io.portcullis.config.yaml;

/**
 * Keeps the reading of a large file from eating all memory: to run out of it would end the process, and with it the guard of
 * every interface.
 */
final class HeapGuard {
    /** Bytes of heap that a byte of YAML takes while it is read, where rules stand one in a line. */
    private static final int PER_BYTE = 24;

    /** Percent of the heap that nodes leave alone: of a long list of addresses the blocks take two thirds of what its nodes do. */
    private static final int RESERVED = 40;

    /** Percent more that a collection must find, so that it is not followed by the next at once. */
    private static final int WORTH_A_COLLECTION = 5;

    private HeapGuard() {}

    /** True when a file of so many bytes can't be read with what is free. */
    static boolean isTooSmallFor(long bytes) {
        return bytes * PER_BYTE > free() && bytes * PER_BYTE > freeAfterCollection();
    }

    /** True when so much is in use that whoever fills the heap must give up. */
    static boolean isNearlyFull() {
        long percent = Runtime.getRuntime().maxMemory() / 100;
        return free() < RESERVED * percent && freeAfterCollection() < (RESERVED + WORTH_A_COLLECTION) * percent;
    }

    /** Garbage is no reason to refuse anything. This takes some 100 ms, and happens with large files only. */
    private static long freeAfterCollection() {
        System.gc();
        return free();
    }

    private static long free() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
    }

    /** What to say of a file for which there is not enough. */
    static String tooSmall() {
        return String.format(
                "too large for the heap of %d MiB: set PORTCULLIS_JAVA_OPTS=-Xmx…m for a larger one",
                Runtime.getRuntime().maxMemory() >> 20);
    }
}
