package io.portcullis.policy;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;

/** IPv6 blocks, as {@link BlocksV4}. */
final class BlocksV6 {
    // A block: both halves of its first address, prefix length (8 bits) and number of its parent + 1 (24), its content.
    private static final int STRIDE = 4;
    private static final int LOW = 1;
    private static final int LENGTH_AND_PARENT = 2;
    private static final int CONTENT = 3;
    private static final int LENGTH_SHIFT = 24;
    private static final int PARENT_MASK = (1 << LENGTH_SHIFT) - 1;

    private final long[] blocks;
    private final CoarseIndex index;

    /**
     * Stores blocks.
     *
     * @param sorted by first address, unsigned, then outer before inner; without duplicates
     * @param parents for each block the smallest enclosing one, or -1
     * @param contents for each block, see {@link RuleSet}
     */
    BlocksV6(PackedBlocks sorted, int[] parents, long[] contents) {
        blocks = new long[sorted.size() * STRIDE];
        for (int i = 0; i < sorted.size(); i++) {
            int at = i * STRIDE;
            blocks[at] = sorted.high(i);
            blocks[at + LOW] = sorted.low(i);
            blocks[at + LENGTH_AND_PARENT] = (long) sorted.prefixLength(i) << LENGTH_SHIFT | parents[i] + 1;
            blocks[at + CONTENT] = contents[i];
        }
        index = new CoarseIndex(sorted.size(), i -> blocks[i * STRIDE]);
    }

    /** The innermost block that contains an address, or -1. */
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
            int at = block * STRIDE;
            int found = (int) blocks[at + LENGTH_AND_PARENT];
            if (isIn(found >>> LENGTH_SHIFT, blocks[at] ^ high, blocks[at + LOW] ^ low)) {
                return block;
            }
            block = (found & PARENT_MASK) - 1;
        }
        return -1;
    }

    private boolean isAtOrBelow(int block, long high, long low) {
        long own = blocks[block * STRIDE];
        return own == high
                ? Long.compareUnsigned(blocks[block * STRIDE + LOW], low) <= 0
                : Long.compareUnsigned(own, high) < 0;
    }

    private static boolean isIn(int length, long highDifference, long lowDifference) {
        return length <= 64
                ? length == 0 || highDifference >>> (64 - length) == 0
                : highDifference == 0 && lowDifference >>> (128 - length) == 0;
    }

    /** The smallest enclosing block of a block, or -1. */
    int parent(int block) {
        return ((int) blocks[block * STRIDE + LENGTH_AND_PARENT] & PARENT_MASK) - 1;
    }

    long content(int block) {
        return blocks[block * STRIDE + CONTENT];
    }

    int size() {
        return blocks.length / STRIDE;
    }

    Cidr block(int i) {
        int at = i * STRIDE;
        return new Cidr(
                new Address(true, blocks[at], blocks[at + LOW]), (int) blocks[at + LENGTH_AND_PARENT] >>> LENGTH_SHIFT);
    }

    long bytes() {
        return 8L * blocks.length + index.bytes();
    }
}
