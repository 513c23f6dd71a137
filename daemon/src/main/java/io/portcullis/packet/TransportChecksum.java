package io.portcullis.packet;

import java.lang.foreign.MemorySegment;

/** The Internet checksum (RFC 1071): the complement of the one's complement sum of 16-bit words. */
final class TransportChecksum {
    private TransportChecksum() {}

    /**
     * The sum of the words in {@code [from, to)}, an odd last byte padded with zero; not folded. Up to 64 KiB cannot
     * overflow it.
     */
    static long sum(MemorySegment memory, long from, long to) {
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

    /** The sum of the two halves of an address, as {@link #sum} counts. */
    static long sum(long high, long low) {
        return (high >>> 32) + (high & 0xffff_ffffL) + (low >>> 32) + (low & 0xffff_ffffL);
    }

    /** True for a sum over something with its checksum, if that is right: one that folds to 0xffff, and so is divided by it. */
    static boolean isRight(long sum) {
        return sum != 0 && sum % 0xffff == 0;
    }

    /** Folds a sum to 16 bits, without complement: 0xffff is what a right checksum brings it to. */
    static int fold(long sum) {
        long folded = (sum >>> 32) + (sum & 0xffff_ffffL);
        folded = (folded >>> 32) + (folded & 0xffff_ffffL);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        return (int) folded;
    }
}
