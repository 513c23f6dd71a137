package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** The Internet checksum (RFC 1071): the complement of the one's complement sum of 16-bit words. */
public final class InternetChecksum {
    private InternetChecksum() {}

    /**
     * The sum of the words in {@code [from, to)}, an odd last byte padded with zero; not folded. It cannot overflow within 64
     * KiB.
     */
    public static long sum(MemorySegment memory, long from, long to) {
        long sum = 0;
        long at = from;
        for (; at + 8 <= to; at += 8) {
            long word = Bytes.i64(memory, at);
            sum += (word >>> 32) + (word & 0xffff_ffffL);
        }
        if (at + 4 <= to) {
            sum += Bytes.u32(memory, at);
            at += 4;
        }
        if (at + 2 <= to) {
            sum += Bytes.u16(memory, at);
            at += 2;
        }
        if (at < to) {
            sum += (long) Bytes.u8(memory, at) << 8;
        }
        return sum;
    }

    /** The sum of two words of 8 bytes, such as the halves of an address; not folded. */
    public static long sum(long high, long low) {
        return (high >>> 32) + (high & 0xffff_ffffL) + (low >>> 32) + (low & 0xffff_ffffL);
    }

    /** True: a sum that includes the checksum shows it right. Such a sum folds to 0xffff, so 0xffff divides it. */
    public static boolean isRight(long sum) {
        return sum != 0 && sum % 0xffff == 0;
    }

    /** The sum in 16 bits, without complement. */
    public static int fold(long sum) {
        long folded = (sum >>> 32) + (sum & 0xffff_ffffL);
        folded = (folded >>> 32) + (folded & 0xffff_ffffL);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        return (int) folded;
    }

    /** The checksum for a sum: 16 bits, complemented. */
    public static int of(long sum) {
        return ~fold(sum) & 0xffff;
    }

    /** As {@link #of}, for a header where 0 says that there is no checksum: 0xffff then (RFC 768). */
    public static int nonZeroOf(long sum) {
        int checksum = of(sum);
        return checksum == 0 ? 0xffff : checksum;
    }
}
