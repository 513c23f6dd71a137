package io.portcullis.policy;

import io.portcullis.net.Cidr;

/**
 * The compiled rules of one direction. Matching takes nearly the same time with 100,000 rules as with ten. Immutable; used on the
 * datapath, allocates nothing.
 *
 * <p>The blocks of the rules nest or are disjoint, so the blocks that contain an address are a chain. A search among the sorted blocks
 * finds the innermost one; the others are its parents. Each block has entries: per protocol disjoint ranges of selectors, each with its
 * lowest rule. The lowest rule of the chain matches. As far as memory allows, a block also has the entries of its enclosing blocks, which
 * ends the chain.
 *
 * <p>Memory: a block takes at most 20 bytes in IPv4 and 36 in IPv6, including a single entry; each of several entries takes 8 more.
 * n overlapping ranges of one block and protocol make at most 2n − 1 entries, and {@link Chains} adds at most 3 for each range.
 */
public final class RuleSet {
    /** No rule matches. */
    public static final int NONE = -1;

    /** Limit of rules: their numbers have {@value #RULE_BITS} bits. */
    static final int MOST_RULES = 1 << RuleSet.RULE_BITS;

    /** As a protocol: every one. Sorts after the others. */
    public static final int ALL = 256;

    // The content of a block: its entry, or, if negative, the range of its entries. An entry: protocol (9 bits), lowest
    // selector (16), highest selector (16), rule.
    private static final int RULE_BITS = 22;
    private static final int HIGHEST_SHIFT = RULE_BITS;
    private static final int LOWEST_SHIFT = HIGHEST_SHIFT + 16;
    private static final int PROTOCOL_SHIFT = LOWEST_SHIFT + 16;
    private static final long RULE_MASK = MOST_RULES - 1;

    private static final int FIRST_SHIFT = 32;
    private static final long COMPLETE = 1L << 62;
    private static final long SEVERAL_AND_COMPLETE = Long.MIN_VALUE | COMPLETE;

    private final BlocksV4 v4;
    private final BlocksV6 v6;
    private final long[] entries;

    RuleSet(BlocksV4 v4, BlocksV6 v6, long[] entries) {
        this.v4 = v4;
        this.v6 = v6;
        this.entries = entries;
    }

    static long entry(int protocol, int lowest, int highest, int rule) {
        return (long) protocol << PROTOCOL_SHIFT
                | (long) lowest << LOWEST_SHIFT
                | (long) highest << HIGHEST_SHIFT
                | rule;
    }

    /**
     * The content of a block that has several entries.
     *
     * @param complete true: they include the entries of all enclosing blocks
     */
    static long several(int first, int count, boolean complete) {
        return Long.MIN_VALUE | (complete ? COMPLETE : 0) | (long) first << FIRST_SHIFT | count;
    }

    private static int first(long content) {
        return (int) ((content & ~COMPLETE) >>> FIRST_SHIFT) & Integer.MAX_VALUE;
    }

    private static int end(long content) {
        return first(content) + (int) content;
    }

    static int protocol(long entry) {
        return (int) (entry >>> PROTOCOL_SHIFT);
    }

    static int lowest(long entry) {
        return (int) (entry >>> LOWEST_SHIFT) & 0xffff;
    }

    static int highest(long entry) {
        return (int) (entry >>> HIGHEST_SHIFT) & 0xffff;
    }

    static int rule(long entry) {
        return (int) (entry & RULE_MASK);
    }

    /**
     * The first rule, in configuration order, that admits a new flow.
     *
     * @param isV6 family of the packet
     * @param protocol IP protocol, after IPv6 extension headers
     * @param selector destination port (tcp, udp, sctp); type × 256 + code (ICMP of the packet's own family); else 0
     * @param peerHigh high half of the source (ingress) or destination address (egress); 0 for IPv4
     * @param peerLow low half; IPv4 in its low 32 bits
     * @return the rule's number in {@link Policy#rule}, or {@link #NONE}
     */
    public int match(boolean isV6, int protocol, int selector, long peerHigh, long peerLow) {
        return isV6 ? matchV6(protocol, selector, peerHigh, peerLow) : matchV4(protocol, selector, peerLow);
    }

    private int matchV4(int protocol, int selector, long peer) {
        long lowest = MOST_RULES;
        int block = v4.innermost(peer);
        while (block >= 0) {
            long content = v4.content(block);
            lowest = Math.min(lowest, lowestIn(content, protocol, selector));
            block = endsChain(content) ? -1 : v4.parent(block);
        }
        return lowest == MOST_RULES ? NONE : (int) lowest;
    }

    private int matchV6(int protocol, int selector, long peerHigh, long peerLow) {
        long lowest = MOST_RULES;
        int block = v6.innermost(peerHigh, peerLow);
        while (block >= 0) {
            long content = v6.content(block);
            lowest = Math.min(lowest, lowestIn(content, protocol, selector));
            block = endsChain(content) ? -1 : v6.parent(block);
        }
        return lowest == MOST_RULES ? NONE : (int) lowest;
    }

    private static boolean endsChain(long content) {
        return (content & SEVERAL_AND_COMPLETE) == SEVERAL_AND_COMPLETE;
    }

    /** The lowest rule of one block's content, or {@link #MOST_RULES}. */
    private long lowestIn(long content, int protocol, int selector) {
        return content >= 0
                ? ruleOf(content, protocol, selector)
                : lowestOf(first(content), end(content), protocol, selector);
    }

    /** The rule of an entry, or {@link #MOST_RULES}. */
    private static long ruleOf(long entry, int protocol, int selector) {
        long of = entry >>> PROTOCOL_SHIFT;
        boolean fits = (of == protocol || of == ALL)
                && (entry >>> LOWEST_SHIFT & 0xffff) <= selector
                && (entry >>> HIGHEST_SHIFT & 0xffff) >= selector;
        return fits ? entry & RULE_MASK : MOST_RULES;
    }

    /** Of the entries from {@code first} to before {@code end}. */
    private long lowestOf(int first, int end, int protocol, int selector) {
        long lowest = MOST_RULES;
        int ownEnd = end;
        if (entries[end - 1] >>> PROTOCOL_SHIFT == ALL) {
            lowest = entries[end - 1] & RULE_MASK;
            ownEnd--;
        }
        // Only the last entry that starts at or below the selector can contain it.
        long bound = ((long) protocol << 16 | selector) + 1 << LOWEST_SHIFT;
        int low = first;
        int high = ownEnd;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (entries[middle] < bound) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == first ? lowest : Math.min(lowest, ruleOf(entries[low - 1], protocol, selector));
    }

    /** Bytes of the arrays of this set. */
    long bytes() {
        return v4.bytes() + v6.bytes() + 8L * entries.length;
    }

    /** Receives the entries of {@link #forEach}. */
    @FunctionalInterface
    public interface EntryVisitor {
        /**
         * A range of selectors of one block.
         *
         * @param protocol 0 to 255, or {@link #ALL}
         */
        void range(Cidr block, int protocol, int lowest, int highest, int rule);
    }

    /** Visits all entries of a family, block by block, the blocks sorted by first address and outer before inner ones. */
    public void forEach(boolean isV6, EntryVisitor visitor) {
        int blocks = isV6 ? v6.size() : v4.size();
        for (int block = 0; block < blocks; block++) {
            Cidr cidr = isV6 ? v6.block(block) : v4.block(block);
            long content = isV6 ? v6.content(block) : v4.content(block);
            if (content >= 0) {
                visit(cidr, content, visitor);
            } else {
                for (int i = first(content); i < end(content); i++) {
                    visit(cidr, entries[i], visitor);
                }
            }
        }
    }

    private static void visit(Cidr block, long entry, EntryVisitor visitor) {
        visitor.range(block, protocol(entry), lowest(entry), highest(entry), rule(entry));
    }
}
