package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.FlowsReport.FlowView;
import io.portcullis.operations.traffic.FlowsRequest.Order;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The first flows of an order, as many as a request asks for: a bounded memory, however many flows there are. */
final class TopFlows {
    /** A flow with its rank: the larger, the earlier in the list. */
    private static final class Ranked {
        private final FlowCopy flow;
        private Selection.On on;
        private long rank;

        Ranked(Selection.On on, FlowCopy flow, long rank) {
            this.flow = flow.kept();
            this.on = on;
            this.rank = rank;
        }

        Ranked become(Selection.On otherOn, FlowCopy other, long otherRank) {
            flow.become(other);
            on = otherOn;
            rank = otherRank;
            return this;
        }

        long rank() {
            return rank;
        }
    }

    private final Order order;
    private final int limit;
    private final long nowNs;
    private final PriorityQueue<Ranked> kept = new PriorityQueue<>(Comparator.comparingLong(Ranked::rank));
    private long seen;

    TopFlows(Order order, int limit, long nowNs) {
        this.order = order;
        this.limit = limit;
        this.nowNs = nowNs;
    }

    void add(Selection.Table table, FlowCopy flow) {
        seen++;
        long rank = rank(flow);
        Ranked last = kept.peek();
        if (last == null || kept.size() < limit) {
            kept.add(new Ranked(table.on(), flow, rank));
        } else if (rank > last.rank) {
            // The one that goes is used again: a collection of garbage would stop the workers.
            kept.add(kept.remove().become(table.on(), flow, rank));
        }
    }

    private long rank(FlowCopy flow) {
        return switch (order) {
            case BYTES -> flow.bytes(Direction.INGRESS) + flow.bytes(Direction.EGRESS);
            case PACKETS -> flow.packets(Direction.INGRESS) + flow.packets(Direction.EGRESS);
            // An unknown age is that of a flow which is older than all the others.
            case AGE -> flow.firstSeenNs() == 0 ? Long.MAX_VALUE : nowNs - flow.firstSeenNs();
            case NEW -> flow.firstSeenNs() == 0 ? Long.MIN_VALUE : flow.firstSeenNs() - nowNs;
            case IDLE -> flow.idleNs(nowNs);
        };
    }

    /** How many were added. */
    long seen() {
        return seen;
    }

    /** The first ones, in order. */
    List<FlowView> inOrder() {
        List<FlowView> views = new ArrayList<>(kept.size());
        for (Ranked next = kept.poll(); next != null; next = kept.poll()) {
            views.add(FlowText.view(next.on, next.flow, nowNs));
        }
        return views.reversed();
    }
}
