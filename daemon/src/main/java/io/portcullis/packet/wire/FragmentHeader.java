package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** IPv6 fragment header (RFC 8200, section 4.5). */
public final class FragmentHeader {
    public static final int NEXT_HEADER = 0;
    /** Offset in units of 8 bytes 13 bits, reserved 2, more fragments 1. */
    public static final int FRAGMENT = 2;

    public static final int IDENTIFICATION = 4;
    public static final int LENGTH = 8;

    /** In {@link #FRAGMENT}: the offset, in bytes. */
    private static final int OFFSET_MASK = 0xfff8;

    private static final int MORE_FRAGMENTS = 1;

    private FragmentHeader() {}

    /** True: the header lies in {@code [at, end)}. */
    public static boolean isWhole(long at, long end) {
        return end - at >= LENGTH;
    }

    /** Bytes of the datagram's data before this fragment's. */
    public static int offset(MemorySegment memory, long at) {
        return Bytes.u16(memory, at + FRAGMENT) & OFFSET_MASK;
    }

    /** True: the fragment is not its datagram's last. */
    public static boolean hasMore(MemorySegment memory, long at) {
        return (Bytes.u16(memory, at + FRAGMENT) & MORE_FRAGMENTS) != 0;
    }

    /** True: the only fragment of its datagram, which is a whole packet (RFC 6946). */
    public static boolean isAtomic(MemorySegment memory, long at) {
        return offset(memory, at) == 0 && !hasMore(memory, at);
    }
}
