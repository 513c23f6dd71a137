package io.portcullis.config.yaml;

/**
 * Stops the reading of a large file before the heap is full: an OutOfMemoryError would end the process, and with it the protection of
 * all interfaces.
 */
final class HeapGuard {
    /** Bytes of heap for one byte of YAML while it is read, with one rule on each line. */
    private static final int PER_BYTE = 24;

    /** Percent of the heap that nodes must leave free: the blocks of a long address list take two thirds of the memory of its nodes. */
    private static final int RESERVED = 40;

    /** Percent more that must be free after a collection, so that the next one does not follow at once. */
    private static final int WORTH_A_COLLECTION = 5;

    private HeapGuard() {}

    /** True if the free heap is too small for a file of so many bytes. */
    static boolean isTooSmallFor(long bytes) {
        return bytes * PER_BYTE > free() && bytes * PER_BYTE > freeAfterCollection();
    }

    /** True if the reader must stop. */
    static boolean isNearlyFull() {
        long percent = Runtime.getRuntime().maxMemory() / 100;
        return free() < RESERVED * percent && freeAfterCollection() < (RESERVED + WORTH_A_COLLECTION) * percent;
    }

    /** Collects first, as garbage is no reason to refuse a file. Takes about 100 ms, with large files only. */
    private static long freeAfterCollection() {
        System.gc();
        return free();
    }

    private static long free() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
    }

    /** The error text for a file that is too large for the heap. */
    static String tooSmall() {
        return String.format(
                "too large for the heap of %d MiB: set PORTCULLIS_JAVA_OPTS=-Xmx…m for a larger one",
                Runtime.getRuntime().maxMemory() >> 20);
    }
}
