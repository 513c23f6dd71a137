package io.portcullis.policy;

import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/** What a {@link RuleSet} says about one protocol and family, to be laid over what others say. */
public final class RuleLayer {
    record Span(int lowest, int highest, int rule) {}

    /**
     * What holds in a block.
     *
     * @param chain the spans of the block and of those around it, where their order counts
     */
    record State(Selectors selectors, List<Span> chain) {
        private static final State NOTHING = new State(Selectors.NONE, List.of());
    }

    private final NavigableMap<Cidr, List<Span>> blocks = new TreeMap<>(PrefixOrder.ORDER);
    private final IntPredicate allows;
    private final boolean ordered;

    private RuleLayer(IntPredicate allows, boolean ordered) {
        this.allows = allows;
        this.ordered = ordered;
    }

    /**
     * The selectors that some of the rules admit: the union of those.
     *
     * @param asked only what matters to these is looked at
     */
    public static RuleLayer union(RuleSet rules, boolean isV6, int protocol, IntPredicate which, Selectors asked) {
        RuleLayer layer = new RuleLayer(which, false);
        layer.read(rules, isV6, protocol, which, asked);
        return layer;
    }

    /** The selectors of which the lowest rule allows. */
    static RuleLayer firstMatch(RuleSet rules, boolean isV6, int protocol, IntPredicate allows, Selectors asked) {
        RuleLayer layer = new RuleLayer(allows, true);
        layer.read(rules, isV6, protocol, _ -> true, asked);
        return layer;
    }

    private void read(RuleSet rules, boolean isV6, int protocol, IntPredicate which, Selectors asked) {
        int first = asked.lowest();
        int last = asked.highest();
        rules.forEach(isV6, (block, of, lowest, highest, rule) -> {
            boolean counts = (of == protocol || of == RuleSet.ALL) && which.test(rule);
            if (counts && lowest <= last && highest >= first) {
                blocks.computeIfAbsent(block, _ -> new ArrayList<>()).add(new Span(lowest, highest, rule));
            }
        });
    }

    Set<Cidr> blocks() {
        return blocks.keySet();
    }

    static State outside() {
        return State.NOTHING;
    }

    /** What holds inside a block where {@code around} holds around it. */
    State enter(State around, Cidr block) {
        List<Span> own = blocks.get(block);
        if (own == null) {
            return around;
        }
        if (!ordered) {
            return new State(around.selectors.painted(strokes(own)), List.of());
        }
        List<Span> chain = new ArrayList<>(own);
        chain.addAll(around.chain);
        // The lowest rule is painted last.
        chain.sort(Comparator.comparingInt(Span::rule).reversed());
        return new State(Selectors.NONE.painted(strokes(chain)), List.copyOf(chain));
    }

    private List<Selectors.Stroke> strokes(List<Span> spans) {
        return spans.stream()
                .map(span -> new Selectors.Stroke(span.lowest, span.highest, allows.test(span.rule)))
                .toList();
    }
}
