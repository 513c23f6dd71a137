package io.portcullis.policy;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Visits all addresses of a family in order, interval by interval. Within an interval each layer gives the same selectors for all
 * addresses. The intervals together are the whole family.
 */
public final class IntervalSweep {
    /** Receives the intervals. */
    @FunctionalInterface
    public interface Visitor {
        /** One interval; {@code sets}: each layer's selectors for its addresses. */
        void interval(Address first, Address last, List<Selectors> sets);
    }

    private record Open(Cidr block, List<RuleLayer.State> states) {}

    private final List<RuleLayer> layers;
    private final Visitor visitor;
    private final Deque<Open> open = new ArrayDeque<>();

    /** The first address that has not been visited; null after the last one. */
    private @Nullable Address next;

    private IntervalSweep(boolean isV6, List<RuleLayer> layers, Visitor visitor) {
        this.layers = layers;
        this.visitor = visitor;
        Cidr everything = isV6 ? Cidr.ALL_V6 : Cidr.ALL_V4;
        next = everything.network();
        open.push(new Open(
                everything, layers.stream().map(_ -> RuleLayer.outside()).toList()));
    }

    /** Visits all intervals of a family. */
    public static void run(boolean isV6, List<RuleLayer> layers, Visitor visitor) {
        IntervalSweep sweep = new IntervalSweep(isV6, layers, visitor);
        Collection<Cidr> blocks = new TreeSet<>(PrefixOrder.ORDER);
        layers.forEach(layer -> blocks.addAll(layer.blocks()));
        blocks.forEach(sweep::enter);
        while (!sweep.open.isEmpty()) {
            sweep.leave();
        }
    }

    private void enter(Cidr block) {
        while (!open.element().block.encloses(block)) {
            leave();
        }
        Open around = open.element();
        if (next != null && next.compareTo(block.network()) < 0) {
            visit(around, block.network().previous());
        }
        List<RuleLayer.State> states = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            states.add(layers.get(i).enter(around.states.get(i), block));
        }
        open.push(new Open(block, states));
    }

    private void leave() {
        Open left = open.pop();
        Address last = left.block.last();
        if (next != null && next.compareTo(last) <= 0) {
            visit(left, last);
        }
    }

    /** Visits the addresses from {@link #next} to {@code last}. */
    private void visit(Open in, Address last) {
        Address first = next;
        if (first == null) {
            return;
        }
        visitor.interval(
                first, last, in.states.stream().map(RuleLayer.State::selectors).toList());
        boolean isEnd = last.equals((last.isV6() ? Cidr.ALL_V6 : Cidr.ALL_V4).last());
        next = isEnd ? null : last.next();
    }
}
