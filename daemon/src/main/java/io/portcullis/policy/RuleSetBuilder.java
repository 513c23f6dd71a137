package io.portcullis.policy;

import io.portcullis.config.Rule;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PackedBlocks;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** Collects rules and compiles them to a {@link RuleSet}. */
public final class RuleSetBuilder {
    /** The protocol and selectors of one rule. */
    private record Part(int protocol, List<PortRange> ranges, int rule) {}

    /** Blocks of one family, each with the index of its part. Long lists are copied once, when the number of all blocks is known. */
    private static final class FamilyBlocks {
        private final boolean isV6;
        private final List<PackedBlocks> lists = new ArrayList<>();
        private final List<Integer> partOfList = new ArrayList<>();
        private final PackedBlocks.Builder single = new PackedBlocks.Builder();
        private final Entries partOfSingle = new Entries();
        private int size;

        FamilyBlocks(boolean isV6) {
            this.isV6 = isV6;
        }

        void add(PackedBlocks list, int part) {
            lists.add(list);
            partOfList.add(part);
            size += list.count(isV6);
        }

        void add(Cidr block, int part) {
            if (block.isV6() == isV6) {
                single.add(block);
                partOfSingle.add(part);
                size++;
            }
        }

        PackedBlocks blocks() {
            PackedBlocks.Builder blocks = new PackedBlocks.Builder();
            blocks.reserve(size);
            lists.forEach(list -> addTo(blocks, list));
            addTo(blocks, single.build());
            return blocks.build();
        }

        private void addTo(PackedBlocks.Builder blocks, PackedBlocks list) {
            for (int i = 0; i < list.size(); i++) {
                if (list.isV6(i) == isV6) {
                    blocks.add(list, i);
                }
            }
        }

        /** For each block the index of its part. */
        int[] parts() {
            int[] parts = new int[size];
            int from = 0;
            for (int i = 0; i < lists.size(); i++) {
                int count = lists.get(i).count(isV6);
                Arrays.fill(parts, from, from + count, partOfList.get(i));
                from += count;
            }
            for (int i = 0; i < partOfSingle.size(); i++) {
                parts[from++] = (int) partOfSingle.get(i);
            }
            return parts;
        }
    }

    private final List<Part> parts = new ArrayList<>();
    private final FamilyBlocks v4 = new FamilyBlocks(false);
    private final FamilyBlocks v6 = new FamilyBlocks(true);

    /**
     * Adds a rule.
     *
     * @param number lower ones are credited first
     * @param rule the rule; its peers are ignored
     * @param blocks the addresses of its peers
     */
    public void add(int number, Rule rule, Collection<Cidr> blocks) {
        if (number >= RuleSet.MOST_RULES) {
            throw new IllegalArgumentException("rule " + number + " of " + RuleSet.MOST_RULES + " at the most");
        }
        int protocol = rule.protocol() == Rule.ALL ? RuleSet.ALL : rule.protocol();
        int part = parts.size();
        parts.add(new Part(protocol, rule.selectors(), number));
        if (protocol != IpProtocol.ICMPV6) {
            add(v4, blocks, part);
        }
        if (protocol != IpProtocol.ICMP) {
            add(v6, blocks, part);
        }
    }

    private static void add(FamilyBlocks family, Collection<Cidr> blocks, int part) {
        if (blocks instanceof PackedBlocks list) {
            family.add(list, part);
        } else {
            blocks.forEach(block -> family.add(block, part));
        }
    }

    /** Compiles the added rules. */
    public RuleSet build() {
        Chains ofV4 = compile(v4);
        Chains ofV6 = compile(v6);
        Entries entries = new Entries();
        entries.reserve(ofV4.several() + ofV6.several());
        BlocksV4 blocksV4 = new BlocksV4(ofV4.blocks(), ofV4.parents(), ofV4.contents(entries));
        BlocksV6 blocksV6 = new BlocksV6(ofV6.blocks(), ofV6.parents(), ofV6.contents(entries));
        return new RuleSet(blocksV4, blocksV6, entries.toArray());
    }

    private Chains compile(FamilyBlocks family) {
        PackedBlocks blocks = family.blocks();
        int[] partOf = family.parts();
        int[] sorted = PrefixOrder.sorted(blocks);
        Chains chains = new Chains(different(blocks, sorted));
        Entries own = new Entries();
        for (int i = 0; i < sorted.length; i++) {
            Part part = parts.get(partOf[sorted[i]]);
            for (PortRange range : part.ranges) {
                own.add(RuleSet.entry(part.protocol, range.low(), range.high(), part.rule));
            }
            if (isLast(blocks, sorted, i)) {
                chains.add(blocks, sorted[i], own);
                own.clear();
            }
        }
        chains.mergeFromAbove();
        return chains;
    }

    private static int different(PackedBlocks blocks, int[] sorted) {
        int different = 0;
        for (int i = 0; i < sorted.length; i++) {
            different += isLast(blocks, sorted, i) ? 1 : 0;
        }
        return different;
    }

    /** True for the last of equal blocks. */
    private static boolean isLast(PackedBlocks blocks, int[] sorted, int i) {
        return i + 1 == sorted.length || !blocks.areEqual(sorted[i], sorted[i + 1]);
    }
}
