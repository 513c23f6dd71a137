package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** IPv4 header (RFC 791, section 3.1). */
public final class Ipv4Header {
    /** Version 4 bits, header length in units of 4 bytes 4 bits. */
    public static final int VERSION_AND_LENGTH = 0;

    public static final int TOTAL_LENGTH = 2;
    public static final int IDENTIFICATION = 4;
    /** Flags 3 bits, offset in units of 8 bytes 13 bits. */
    public static final int FRAGMENT = 6;

    public static final int TTL = 8;
    public static final int PROTOCOL = 9;
    public static final int CHECKSUM = 10;
    public static final int SOURCE = 12;
    public static final int DESTINATION = 16;
    /** Bytes without options. */
    public static final int LENGTH = 20;

    /** {@link #VERSION_AND_LENGTH} of a header without options. */
    public static final int WITHOUT_OPTIONS = 0x45;
    /** In {@link #FRAGMENT}. */
    public static final int DO_NOT_FRAGMENT = 0x4000;
    /** In {@link #FRAGMENT}. */
    public static final int MORE_FRAGMENTS = 0x2000;
    /** In {@link #FRAGMENT}: the offset. */
    public static final int OFFSET_MASK = 0x1fff;

    private static final int VERSION = 4;
    private static final int OPTION_END = 0;
    private static final int OPTION_NOP = 1;
    private static final int OPTION_LOOSE_SOURCE_ROUTE = 131;
    private static final int OPTION_STRICT_SOURCE_ROUTE = 137;

    private Ipv4Header() {}

    /** True: the header with its options lies in {@code [at, end)}. The total length is not compared. */
    public static boolean isWhole(MemorySegment memory, long at, long end) {
        return end - at >= LENGTH && isWhole(Bytes.i64(memory, at), end - at);
    }

    /**
     * True: the header with its options has at most {@code available} bytes.
     *
     * @param first its first 8 bytes
     */
    public static boolean isWhole(long first, long available) {
        int length = length(first);
        return first >>> 60 == VERSION && length >= LENGTH && length <= available;
    }

    /** Bytes of the header with its options. */
    public static int length(MemorySegment memory, long at) {
        return (Bytes.u8(memory, at) & 0xf) * 4;
    }

    /**
     * Bytes of the header with its options.
     *
     * @param first its first 8 bytes
     */
    public static int length(long first) {
        return (int) (first >>> 56 & 0xf) * 4;
    }

    /**
     * True: the checksum is right, and the options are safe.
     *
     * @param fixedSum {@link InternetChecksum#sum} of the first {@link #LENGTH} bytes
     * @param headerLength with options
     */
    public static boolean isRight(MemorySegment memory, long at, long fixedSum, int headerLength) {
        long options = at + LENGTH;
        long to = at + headerLength;
        long sum = headerLength == LENGTH ? fixedSum : fixedSum + InternetChecksum.sum(memory, options, to);
        return InternetChecksum.isRight(sum) && hasSafeOptions(memory, options, to);
    }

    /** True: the options in {@code [from, to)} are well-formed, and none is a source route (RFC 791; RFC 7126, section 4.3). */
    private static boolean hasSafeOptions(MemorySegment memory, long from, long to) {
        long at = from;
        while (at < to) {
            int option = Bytes.u8(memory, at);
            if (option == OPTION_END) {
                return true;
            }
            if (option == OPTION_NOP) {
                at++;
                continue;
            }
            if (option == OPTION_LOOSE_SOURCE_ROUTE || option == OPTION_STRICT_SOURCE_ROUTE || to - at < 2) {
                return false;
            }
            int length = Bytes.u8(memory, at + 1);
            if (length < 2 || length > to - at) {
                return false;
            }
            at += length;
        }
        return true;
    }
}
