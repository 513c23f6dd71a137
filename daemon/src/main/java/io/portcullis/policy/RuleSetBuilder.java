package io.portcullis.policy;

import io.portcullis.config.Rule;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PackedBlocks;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Collects rules and compiles them to a {@link RuleSet}. */
public final class RuleSetBuilder {
    private static final List<PortRange> ALL_SELECTORS = List.of(new PortRange(0, 0xffff));

    /** The protocol and selectors of one rule. */
    private record Part(int protocol, List<PortRange> ranges, int rule) {}

    /** Blocks of one family, each with the index of its part. */
    private static final class FamilyBlocks {
        private final PackedBlocks.Builder blocks = new PackedBlocks.Builder();
        private final Entries parts = new Entries();

        void add(Cidr block, int part) {
            blocks.add(block);
            parts.add(part);
        }
    }

    private final List<Part> parts = new ArrayList<>();
    private final FamilyBlocks v4 = new FamilyBlocks();
    private final FamilyBlocks v6 = new FamilyBlocks();

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
        parts.add(new Part(protocol, ranges(rule), number));
        for (Cidr block : blocks) {
            if (!(block.isV6() ? protocol == IpProtocol.ICMP : protocol == IpProtocol.ICMPV6)) {
                (block.isV6() ? v6 : v4).add(block, part);
            }
        }
    }

    /** The selectors that a rule matches. */
    public static List<PortRange> ranges(Rule rule) {
        if (!rule.ports().isEmpty()) {
            return rule.ports();
        }
        if (rule.icmpType() == Rule.ALL) {
            return ALL_SELECTORS;
        }
        int type = rule.icmpType() << 8;
        return List.of(
                rule.icmpCode() == Rule.ALL
                        ? new PortRange(type, type | 0xff)
                        : new PortRange(type | rule.icmpCode(), type | rule.icmpCode()));
    }

    /** Compiles the added rules. */
    public RuleSet build() {
        Entries entries = new Entries();
        Chains ofV4 = compile(v4);
        BlocksV4 blocksV4 = new BlocksV4(ofV4.blocks(), ofV4.parents(), ofV4.contents(entries));
        Chains ofV6 = compile(v6);
        BlocksV6 blocksV6 = new BlocksV6(ofV6.blocks(), ofV6.parents(), ofV6.contents(entries));
        return new RuleSet(blocksV4, blocksV6, entries.toArray());
    }

    private Chains compile(FamilyBlocks family) {
        PackedBlocks blocks = family.blocks.build();
        int[] sorted = PrefixOrder.sorted(blocks);
        Chains chains = new Chains();
        Entries own = new Entries();
        for (int i = 0; i < sorted.length; i++) {
            Part part = parts.get((int) family.parts.get(sorted[i]));
            for (PortRange range : part.ranges) {
                own.add(RuleSet.entry(part.protocol, range.low(), range.high(), part.rule));
            }
            Cidr block = blocks.get(sorted[i]);
            if (i + 1 == sorted.length || !blocks.get(sorted[i + 1]).equals(block)) {
                chains.add(block, own);
                own.clear();
            }
        }
        chains.mergeFromAbove();
        return chains;
    }
}
