package io.portcullis.fastpath;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The line of each entry of a flow table. Every packet of the slow path asks whether its flow has a line, and most have none: one
 * bit of the heap answers. The numbers are beside the heap, and pages without any are not resident.
 */
final class LineMap {
    /** No line. */
    static final int NONE = -1;

    private final long[] present;
    private final MemorySegment lines;

    LineMap(int entries) {
        present = new long[(entries + Long.SIZE - 1) / Long.SIZE];
        lines = Arena.ofAuto().allocate((long) entries * Integer.BYTES, Integer.BYTES);
    }

    boolean has(int entry) {
        return (present[entry >>> 6] >>> entry & 1) != 0;
    }

    /** The line of an entry, or {@link #NONE}. */
    int get(int entry) {
        return has(entry) ? lines.get(ValueLayout.JAVA_INT, (long) entry * Integer.BYTES) : NONE;
    }

    void put(int entry, int line) {
        present[entry >>> 6] |= 1L << entry;
        lines.set(ValueLayout.JAVA_INT, (long) entry * Integer.BYTES, line);
    }

    void remove(int entry) {
        present[entry >>> 6] &= ~(1L << entry);
    }
}
