package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/** Where the calling thread runs: sched_setaffinity(2). */
public final class Scheduling {
    /** Bytes of a cpu_set_t: 1,024 cores. */
    private static final int CPU_SET = 128;

    private Scheduling() {}

    /** The cores on which the calling thread may run, by number. */
    public static BitSet cores() throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment set = call.allocate(CPU_SET, 8);
            ErrnoException.check(Libc.sched_getaffinity(0, set), "sched_getaffinity");
            return BitSet.valueOf(set.toArray(JAVA_BYTE));
        }
    }

    /** From now on the calling thread runs on this core only. */
    public static void pin(int core) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment set = call.allocate(CPU_SET, 8);
            set.set(JAVA_BYTE, core / 8, (byte) (1 << core % 8));
            ErrnoException.check(Libc.sched_setaffinity(0, set), "sched_setaffinity(core " + core + ")");
        }
    }
}
