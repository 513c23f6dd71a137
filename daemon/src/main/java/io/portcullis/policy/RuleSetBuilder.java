package io.portcullis.policy;

import io.portcullis.config.Cidr;
import io.portcullis.config.PortRange;
import io.portcullis.config.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/** Gathers rules and compiles them to a {@link RuleSet}. */
final class RuleSetBuilder {
    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;
    private static final List<PortRange> EVERYTHING = List.of(new PortRange(0, 0xffff));

    /** What one rule admits of the addresses that it speaks about. */
    private record Part(int protocol, List<PortRange> ranges, int rule) {}

    /** One block that a rule speaks about. */
    private record Source(Cidr block, Part part) {}

    /** Selectors of one block and protocol. */
    private record Span(int lowest, int highest, int rule) {}

    private final List<Source> v4 = new ArrayList<>();
    private final List<Source> v6 = new ArrayList<>();
    private long[] entries = new long[16];
    private int size;

    /**
     * Adds a rule.
     *
     * @param number lower ones are credited first
     * @param rule what it matches; its peers play no part
     * @param blocks the addresses that its peers stand for
     */
    void add(int number, Rule rule, Collection<Cidr> blocks) {
        if (number >= RuleSet.MOST_RULES) {
            throw new IllegalArgumentException("rule " + number + " of " + RuleSet.MOST_RULES + " at the most");
        }
        int protocol = rule.protocol() == Rule.ALL ? RuleSet.ALL : rule.protocol();
        Part part = new Part(protocol, ranges(rule), number);
        for (Cidr block : blocks) {
            if (!(block.isV6() ? protocol == ICMP : protocol == ICMPV6)) {
                (block.isV6() ? v6 : v4).add(new Source(block, part));
            }
        }
    }

    /** The selectors that a rule matches. */
    static List<PortRange> ranges(Rule rule) {
        if (!rule.ports().isEmpty()) {
            return rule.ports();
        }
        if (rule.icmpType() == Rule.ALL) {
            return EVERYTHING;
        }
        int type = rule.icmpType() << 8;
        return List.of(
                rule.icmpCode() == Rule.ALL
                        ? new PortRange(type, type | 0xff)
                        : new PortRange(type | rule.icmpCode(), type | rule.icmpCode()));
    }

    /** Compiles what was added. */
    RuleSet build() {
        List<Cidr> blocks = new ArrayList<>();
        int[] firstV4 = compile(v4, blocks);
        BlocksV4 compiledV4 = new BlocksV4(blocks, firstV4);
        blocks.clear();
        int[] firstV6 = compile(v6, blocks);
        return new RuleSet(compiledV4, new BlocksV6(blocks, firstV6), Arrays.copyOf(entries, size));
    }

    /** Appends the entries of all blocks; returns of each its first, and at last the end. */
    private int[] compile(List<Source> sources, List<Cidr> blocks) {
        Source[] sorted = sources.toArray(Source[]::new);
        Arrays.sort(sorted, Comparator.comparing(Source::block, Nesting.ORDER));
        int[] first = new int[sorted.length + 1];
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < sorted.length; i++) {
            parts.add(sorted[i].part);
            if (i + 1 == sorted.length || !sorted[i + 1].block.equals(sorted[i].block)) {
                first[blocks.size()] = size;
                blocks.add(sorted[i].block);
                addBlock(parts);
                parts.clear();
            }
        }
        first[blocks.size()] = size;
        return Arrays.copyOf(first, blocks.size() + 1);
    }

    private void addBlock(List<Part> parts) {
        parts.sort(Comparator.comparingInt(Part::protocol));
        int from = 0;
        for (int i = 1; i <= parts.size(); i++) {
            if (i == parts.size() || parts.get(i).protocol != parts.get(from).protocol) {
                addProtocol(parts.subList(from, i));
                from = i;
            }
        }
    }

    /** Ranges of one block and protocol, which may overlap, as ranges that do not, each of the lowest rule. */
    private void addProtocol(List<Part> parts) {
        int protocol = parts.getFirst().protocol;
        if (parts.size() == 1 && parts.getFirst().ranges.size() == 1) {
            PortRange range = parts.getFirst().ranges.getFirst();
            append(RuleSet.entry(protocol, range.low(), range.high(), parts.getFirst().rule));
            return;
        }
        List<Span> spans = new ArrayList<>();
        for (Part part : parts) {
            for (PortRange range : part.ranges) {
                spans.add(new Span(range.low(), range.high(), part.rule));
            }
        }
        disjoint(spans).forEach(span -> append(RuleSet.entry(protocol, span.lowest, span.highest, span.rule)));
    }

    private static List<Span> disjoint(List<Span> spans) {
        spans.sort(Comparator.comparingInt(Span::lowest));
        int[] borders = spans.stream()
                .flatMapToInt(span -> IntStream.of(span.lowest, span.highest + 1))
                .sorted()
                .distinct()
                .toArray();
        PriorityQueue<Span> open = new PriorityQueue<>(Comparator.comparingInt(Span::rule));
        List<Span> disjoint = new ArrayList<>();
        int next = 0;
        for (int i = 0; i + 1 < borders.length; i++) {
            int border = borders[i];
            while (next < spans.size() && spans.get(next).lowest == border) {
                open.add(spans.get(next++));
            }
            while (!open.isEmpty() && open.peek().highest < border) {
                open.remove();
            }
            Span lowest = open.peek();
            if (lowest == null) {
                continue;
            }
            Span before = disjoint.isEmpty() ? null : disjoint.getLast();
            if (before != null && before.rule == lowest.rule && before.highest == border - 1) {
                disjoint.removeLast();
                disjoint.add(new Span(before.lowest, borders[i + 1] - 1, lowest.rule));
            } else {
                disjoint.add(new Span(border, borders[i + 1] - 1, lowest.rule));
            }
        }
        return disjoint;
    }

    private void append(long entry) {
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, size * 2);
        }
        entries[size++] = entry;
    }
}
