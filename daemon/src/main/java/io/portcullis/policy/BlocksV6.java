package io.portcullis.policy;

import io.portcullis.config.Address;
import io.portcullis.config.Cidr;
import java.util.List;

/** IPv6 blocks; as {@link BlocksV4}. */
final class BlocksV6 {
    // Besides the first address: prefix length (8 bits), number of the parent + 1 (24).
    private static final int LENGTH_SHIFT = 24;
    private static final int PARENT_MASK = (1 << LENGTH_SHIFT) - 1;

    private final long[] highs;
    private final long[] lows;
    private final int[] lengthsAndParents;
    private final int[] firstEntries;
    private final CoarseIndex index;

    /**
     * Blocks.
     *
     * @param sorted by first address, unsigned, then outer before inner; each once
     * @param firstEntries of each block its first entry, and at last the number of all entries
     */
    BlocksV6(List<Cidr> sorted, int[] firstEntries) {
        this.firstEntries = firstEntries;
        int[] parents = Nesting.parents(sorted);
        highs = new long[sorted.size()];
        lows = new long[highs.length];
        lengthsAndParents = new int[highs.length];
        for (int i = 0; i < highs.length; i++) {
            Cidr cidr = sorted.get(i);
            highs[i] = cidr.network().high();
            lows[i] = cidr.network().low();
            lengthsAndParents[i] = cidr.prefixLength() << LENGTH_SHIFT | parents[i] + 1;
        }
        index = new CoarseIndex(highs.length, i -> highs[i]);
    }

    /** The innermost block that an address is in, or -1. */
    int innermost(long high, long low) {
        int slot = index.slot(high);
        int from = index.from(slot);
        int to = index.to(slot);
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (isAtOrBelow(middle, high, low)) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        int block = from - 1;
        while (block >= 0) {
            int found = lengthsAndParents[block];
            if (isIn(found >>> LENGTH_SHIFT, highs[block] ^ high, lows[block] ^ low)) {
                return block;
            }
            block = (found & PARENT_MASK) - 1;
        }
        return -1;
    }

    private boolean isAtOrBelow(int block, long high, long low) {
        long own = highs[block];
        return own == high ? Long.compareUnsigned(lows[block], low) <= 0 : Long.compareUnsigned(own, high) < 0;
    }

    private static boolean isIn(int length, long highDifference, long lowDifference) {
        return length <= 64
                ? length == 0 || highDifference >>> (64 - length) == 0
                : highDifference == 0 && lowDifference >>> (128 - length) == 0;
    }

    /** The smallest block around a block, or -1. */
    int parent(int block) {
        return (lengthsAndParents[block] & PARENT_MASK) - 1;
    }

    int firstEntry(int block) {
        return firstEntries[block];
    }

    int size() {
        return highs.length;
    }

    Cidr block(int i) {
        return new Cidr(new Address(true, highs[i], lows[i]), lengthsAndParents[i] >>> LENGTH_SHIFT);
    }

    long bytes() {
        return 20L * highs.length + 4L * firstEntries.length + index.bytes();
    }
}
