package io.portcullis.policy;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;

/**
 * IPv4 blocks sorted by first address, outer before inner ones. Each block is stored next to its parent and its content, so a step up
 * the chain touches one cache line. A coarse index by address shortens the search if the blocks are spread evenly; otherwise it is a
 * plain binary search. Immutable.
 */
final class BlocksV4 {
    // A block: first address (32 bits), prefix length (8), number of its parent + 1 (24); then its content.
    private static final int STRIDE = 2;
    private static final int START_SHIFT = 32;
    private static final int LENGTH_SHIFT = 24;
    private static final int PARENT_MASK = (1 << LENGTH_SHIFT) - 1;

    private final long[] blocks;
    private final CoarseIndex index;

    /**
     * Stores blocks.
     *
     * @param sorted by first address, then outer before inner; without duplicates
     * @param parents for each block the smallest enclosing one, or -1
     * @param contents for each block, see {@link RuleSet}
     */
    BlocksV4(PackedBlocks sorted, int[] parents, long[] contents) {
        blocks = new long[sorted.size() * STRIDE];
        for (int i = 0; i < sorted.size(); i++) {
            blocks[i * STRIDE + 1] = contents[i];
            blocks[i * STRIDE] =
                    sorted.low(i) << START_SHIFT | (long) sorted.prefixLength(i) << LENGTH_SHIFT | parents[i] + 1;
        }
        index = new CoarseIndex(sorted.size(), i -> blocks[i * STRIDE] >>> START_SHIFT);
    }

    /** The innermost block that contains an address, or -1. */
    int innermost(long address) {
        int slot = index.slot(address);
        int low = index.from(slot);
        int high = index.to(slot);
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (blocks[middle * STRIDE] >>> START_SHIFT <= address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        int block = low - 1;
        while (block >= 0) {
            long found = blocks[block * STRIDE];
            int length = (int) (found >>> LENGTH_SHIFT) & 0xff;
            if (((found >>> START_SHIFT) ^ address) >>> (32 - length) == 0) {
                return block;
            }
            block = ((int) found & PARENT_MASK) - 1;
        }
        return -1;
    }

    /** The smallest enclosing block of a block, or -1. */
    int parent(int block) {
        return ((int) blocks[block * STRIDE] & PARENT_MASK) - 1;
    }

    long content(int block) {
        return blocks[block * STRIDE + 1];
    }

    int size() {
        return blocks.length / STRIDE;
    }

    Cidr block(int i) {
        return new Cidr(
                new Address(false, 0, blocks[i * STRIDE] >>> START_SHIFT),
                (int) (blocks[i * STRIDE] >>> LENGTH_SHIFT) & 0xff);
    }

    long bytes() {
        return 8L * blocks.length + index.bytes();
    }
}
