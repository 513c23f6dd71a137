package io.portcullis.policy;

import io.portcullis.net.PackedBlocks;
import java.util.Arrays;

/**
 * Blocks of one family with their entries, during compilation. As far as memory allows, a block also gets the entries of all enclosing
 * blocks, so that a lookup ends there. Outer blocks come first, as they contain most addresses.
 */
final class Chains {
    /** Limit of added entries for each range: 24 bytes. */
    private static final int ADDED_TO_EACH = 3;

    /** Limit of all added entries: 8 MiB. */
    private static final long MOST_ADDED = 1 << 20;

    private static final int LONGEST = 128;

    /** More entries than blocks: one block often has several, that of all addresses. */
    private static final int FEW = 64;

    private static final int NOT_MERGED = -1;

    private final PackedBlocks.Builder added = new PackedBlocks.Builder();
    private final Entries own = new Entries();
    /** For each block the start of its entries in {@link #own}. */
    private final int[] firsts;
    /** The entries of merged blocks, block by block. */
    private final Entries merged = new Entries();

    private final Entries all = new Entries();
    private final Entries content = new Entries();
    private PackedBlocks blocks = new PackedBlocks.Builder().build();
    /** For each block the start and end of its entries in {@link #merged}, or {@link #NOT_MERGED}. */
    private int[] mergedFrom = new int[0];

    private int[] mergedTo = new int[0];
    private int[] parents = new int[0];
    private int size;
    private long ranges;

    /** For a number of different blocks. */
    Chains(int count) {
        added.reserve(count);
        firsts = new int[count];
        own.reserve(count + FEW);
    }

    /** Adds a block of a list, in the order of {@link PrefixOrder#ORDER}, with entries that may overlap. */
    void add(PackedBlocks list, int index, Entries entries) {
        firsts[size++] = own.size();
        added.add(list, index);
        ranges += entries.size();
        own.addDisjoint(entries);
    }

    /** The blocks, after {@link #mergeFromAbove}. */
    PackedBlocks blocks() {
        return blocks;
    }

    /** For each block the smallest enclosing one, or -1. */
    int[] parents() {
        return parents;
    }

    private int first(int block) {
        return firsts[block];
    }

    private int end(int block) {
        return block + 1 == size ? own.size() : first(block + 1);
    }

    /** Merges entries into inner blocks, after all blocks have been added. */
    void mergeFromAbove() {
        blocks = added.build();
        parents = PrefixOrder.parents(blocks);
        mergedFrom = new int[size];
        mergedTo = new int[size];
        Arrays.fill(mergedFrom, NOT_MERGED);
        // At least an entry of its own and one of its parent for each block that has a parent.
        merged.reserve(
                2 * (int) Arrays.stream(parents).filter(parent -> parent >= 0).count());
        long left = Math.min(ranges * ADDED_TO_EACH, MOST_ADDED);
        for (int length = 0; length <= LONGEST && left > 0; length++) {
            for (int block = 0; block < parents.length && left > 0; block++) {
                if (blocks.prefixLength(block) == length && parents[block] >= 0 && isComplete(parents[block])) {
                    left = merge(block, left);
                }
            }
        }
    }

    /** Returns the number of entries that may still be added; 0 once they are not enough. */
    private long merge(int block, long left) {
        all.clear();
        addContent(parents[block], all);
        all.addAll(own, first(block), end(block));
        content.clear();
        content.addDisjoint(all);
        int growth = content.size() - (end(block) - first(block));
        if (growth > left) {
            return 0;
        }
        mergedFrom[block] = merged.size();
        merged.addAll(content, 0, content.size());
        mergedTo[block] = merged.size();
        return left - Math.max(0, growth);
    }

    private boolean isMerged(int block) {
        return mergedFrom[block] != NOT_MERGED;
    }

    private void addContent(int block, Entries to) {
        if (isMerged(block)) {
            to.addAll(merged, mergedFrom[block], mergedTo[block]);
        } else {
            to.addAll(own, first(block), end(block));
        }
    }

    /** True if a block has the entries of all enclosing blocks. */
    private boolean isComplete(int block) {
        return parents[block] < 0 || isMerged(block);
    }

    /** The number of entries in contents of several entries. */
    int several() {
        int several = 0;
        for (int block = 0; block < size; block++) {
            int count = isMerged(block) ? mergedTo[block] - mergedFrom[block] : end(block) - first(block);
            several += count == 1 && !isMerged(block) ? 0 : count;
        }
        return several;
    }

    /** The contents of the blocks, as {@link RuleSet} describes them; those of several entries are added to {@code to}. */
    long[] contents(Entries to) {
        long[] contents = new long[size];
        for (int block = 0; block < contents.length; block++) {
            content.clear();
            addContent(block, content);
            if (content.size() == 1 && !isMerged(block)) {
                contents[block] = content.get(0);
            } else {
                contents[block] = RuleSet.several(to.size(), content.size(), isComplete(block));
                to.addAll(content, 0, content.size());
            }
        }
        return contents;
    }
}
