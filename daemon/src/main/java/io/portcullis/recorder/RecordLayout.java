package io.portcullis.recorder;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The bytes of a ring's file, in this machine's order. A header of {@value #HEADER} bytes, then records of equal length: {@value
 * #FRAME} bytes of fields and the beginning of the first frame.
 *
 * <p>A record is valid if {@link #SEQUENCE} is not 0. The writer sets it to 0 before it replaces a record and to the next number after,
 * so a reader that finds the same number before and after its copy has a whole record, also in the file of a process that was killed.
 * Record number n is at place (n − 1) modulo the number of places. The header has the last number, so that neither a start nor a reader
 * touches memory that was never used.
 */
final class RecordLayout {
    // The header: magic, bytes of a record, number of records.
    static final long MAGIC = 0x31_53_50_4f_52_44_43_50L;
    static final int MAGIC_AT = 0;
    static final int STRIDE_AT = 8;
    static final int PLACES_AT = 12;

    /** Identifies the version's reasons. */
    static final int WORDS_AT = 16;

    /** Number of the newest record, in a line of its own; 0: there is none. Written after the record. */
    static final int NEWEST_AT = 64;

    static final int HEADER = 4096;

    static final int SEQUENCE = 0;
    static final int FIRST_NS = 8;
    static final int LAST_NS = 16;
    static final int PACKETS = 24;
    static final int BYTES = 32;
    static final int SOURCE_HIGH = 40;
    static final int SOURCE_LOW = 48;
    static final int DESTINATION_HIGH = 56;
    static final int DESTINATION_LOW = 64;

    /** Source port × 65,536 + destination port; for ICMP: type × 256 + code. */
    static final int PORTS = 72;

    /** The VLAN ids of {@code Packet.vlans}. */
    static final int VLANS = 76;

    /** EtherType × 65,536 + protocol × 256 + TCP flags. */
    static final int KIND = 80;

    /** {@link #V6} and others. */
    static final int FLAGS = 84;

    /** An ordinal of {@code Reason}. */
    static final int REASON = 88;

    /** What the frames have in common, an ordinal of {@link Scope}. */
    static final int SCOPE = 92;

    /** Hash of the nearest rule; 0: not looked for yet; {@link #NO_NEAREST}: there is none. */
    static final int NEAREST = 96;

    /** Bytes of the first frame on the wire. */
    static final int LENGTH = 100;

    /** Bytes of it that are kept. */
    static final int KEPT = 104;

    static final int FRAME = 128;

    static final int NO_NEAREST = -1;

    // Bits of FLAGS.
    static final int IP = 1;
    static final int V6 = 1 << 1;
    static final int TRANSPORT = 1 << 2;
    static final int ICMP = 1 << 3;
    static final int EGRESS = 1 << 4;
    static final int PASSED = 1 << 5;

    private static final int LINE = 64;
    private static final VarHandle LONGS = ValueLayout.JAVA_LONG.varHandle();

    private RecordLayout() {}

    /** Bytes from one record to the next. */
    static int stride(int snap) {
        return (FRAME + snap + LINE - 1) / LINE * LINE;
    }

    /** The number of a record; what was written before it is visible to its reader. */
    static long sequence(MemorySegment ring, long record) {
        return (long) LONGS.getAcquire(ring, record + SEQUENCE);
    }

    static long newest(MemorySegment ring) {
        return (long) LONGS.getAcquire(ring, (long) NEWEST_AT);
    }

    static void newest(MemorySegment ring, long number) {
        LONGS.setRelease(ring, (long) NEWEST_AT, number);
    }

    /** Ends the writing of a record, or with 0 begins it. */
    static void sequence(MemorySegment ring, long record, long number) {
        LONGS.setRelease(ring, record + SEQUENCE, number);
        if (number == 0) {
            VarHandle.storeStoreFence();
        }
    }
}
