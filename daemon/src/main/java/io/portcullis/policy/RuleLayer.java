package io.portcullis.policy;

import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/** The selectors that a {@link RuleSet} gives for one protocol and family, as one layer of an {@link IntervalSweep}. */
public final class RuleLayer {
    record Span(int lowest, int highest, int rule) {}

    /** The state inside a block; {@code chain}: the spans of the block and of all enclosing ones, if their order matters. */
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
     * The union of the selectors of some rules.
     *
     * @param which the rules, by number
     * @param asked the selectors that matter; rules without any of them are skipped
     */
    public static RuleLayer union(RuleSet rules, boolean isV6, int protocol, IntPredicate which, Selectors asked) {
        RuleLayer layer = new RuleLayer(which, false);
        layer.read(rules, isV6, protocol, which, asked);
        return layer;
    }

    /** The selectors whose lowest matching rule allows. */
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

    /** The state inside a block, from the state {@code around} it. */
    State enter(State around, Cidr block) {
        List<Span> own = blocks.get(block);
        if (own == null) {
            return around;
        }
        if (!ordered) {
            return new State(around.selectors.changed(changes(own)), List.of());
        }
        List<Span> chain = new ArrayList<>(own);
        chain.addAll(around.chain);
        // The lowest rule is applied last, so that it wins.
        chain.sort(Comparator.comparingInt(Span::rule).reversed());
        return new State(Selectors.NONE.changed(changes(chain)), List.copyOf(chain));
    }

    private List<Selectors.Change> changes(List<Span> spans) {
        return spans.stream()
                .map(span -> new Selectors.Change(span.lowest, span.highest, allows.test(span.rule)))
                .toList();
    }
}
