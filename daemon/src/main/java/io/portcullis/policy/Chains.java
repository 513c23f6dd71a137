package io.portcullis.policy;

import io.portcullis.config.Cidr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Blocks of one family with their entries while they are compiled. Where memory allows it, a block gets the entries of all
 * blocks around it as well, so that a search that has come there ends there: outer blocks first, as most addresses are in
 * those.
 */
final class Chains {
    /** Entries that may be added for each range: 24 bytes. */
    private static final int ADDED_TO_EACH = 3;

    /** Entries that may be added at all: 8 MiB. */
    private static final long MOST_ADDED = 1 << 20;

    private static final int LONGEST = 128;

    private final List<Cidr> blocks = new ArrayList<>();
    private final Entries own = new Entries();
    private final Entries firsts = new Entries();
    private final Map<Integer, Entries> merged = new HashMap<>();
    private int[] parents = new int[0];
    private long ranges;

    /** Adds a block, in the order of {@link Nesting#ORDER}, with entries that may overlap. */
    void add(Cidr block, Entries entries) {
        blocks.add(block);
        firsts.add(own.size());
        ranges += entries.size();
        own.addDisjoint(entries);
    }

    List<Cidr> blocks() {
        return blocks;
    }

    /** Of each block the smallest one around it, or -1. */
    int[] parents() {
        return parents;
    }

    private int first(int block) {
        return (int) firsts.get(block);
    }

    private int end(int block) {
        return block + 1 == blocks.size() ? own.size() : first(block + 1);
    }

    /** After all blocks have been added. */
    void mergeFromAbove() {
        parents = Nesting.parents(blocks);
        byte[] lengths = new byte[blocks.size()];
        for (int block = 0; block < lengths.length; block++) {
            lengths[block] = (byte) blocks.get(block).prefixLength();
        }
        long left = Math.min(ranges * ADDED_TO_EACH, MOST_ADDED);
        for (int length = 0; length <= LONGEST && left > 0; length++) {
            for (int block = 0; block < lengths.length && left > 0; block++) {
                if (Byte.toUnsignedInt(lengths[block]) == length && parents[block] >= 0 && isComplete(parents[block])) {
                    left = merge(block, left);
                }
            }
        }
    }

    /** Returns how many more entries may be added; 0 as soon as they do not suffice. */
    private long merge(int block, long left) {
        Entries all = new Entries();
        addContent(parents[block], all);
        all.addAll(own, first(block), end(block));
        Entries disjoint = new Entries();
        disjoint.addDisjoint(all);
        int added = disjoint.size() - (end(block) - first(block));
        if (added > left) {
            return 0;
        }
        merged.put(block, disjoint);
        return left - Math.max(0, added);
    }

    private void addContent(int block, Entries to) {
        Entries all = merged.get(block);
        if (all == null) {
            to.addAll(own, first(block), end(block));
        } else {
            to.addAll(all, 0, all.size());
        }
    }

    /** True when a block has the entries of all blocks around it. */
    private boolean isComplete(int block) {
        return parents[block] < 0 || merged.containsKey(block);
    }

    /** The contents of the blocks, as {@link RuleSet} describes them; those of several entries are added to {@code to}. */
    long[] contents(Entries to) {
        long[] contents = new long[blocks.size()];
        for (int block = 0; block < contents.length; block++) {
            Entries content = new Entries();
            addContent(block, content);
            if (content.size() == 1 && !merged.containsKey(block)) {
                contents[block] = content.get(0);
            } else {
                contents[block] = RuleSet.several(to.size(), content.size(), isComplete(block));
                to.addAll(content, 0, content.size());
            }
        }
        return contents;
    }
}
