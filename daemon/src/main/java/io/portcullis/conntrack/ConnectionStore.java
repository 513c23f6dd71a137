package io.portcullis.conntrack;

import org.jspecify.annotations.Nullable;

/** Stores a TCP connection in the entry of its flow after a segment that passes. */
final class ConnectionStore {
    /** In place of a rule: the record is neither read nor written. */
    static final long SAME_RULE = -1;

    private final Slab slab;
    private final Expiry expiry;
    private final EvictionOrder order;
    private @Nullable FastLines lines;

    ConnectionStore(Slab slab, Expiry expiry, EvictionOrder order) {
        this.slab = slab;
        this.expiry = expiry;
        this.order = order;
    }

    void offload(FastLines newLines) {
        lines = newLines;
    }

    /**
     * Stores the connection that a tracker has followed last.
     *
     * @param renews true: the flow lives for its timeout from now
     * @param others the bits of the flags that no connection owns
     * @param rule hash of another rule's text, or {@link #SAME_RULE}
     */
    void store(
            Flow flow, TcpTracker tracker, boolean fromOriginator, boolean renews, long nowNs, int others, long rule) {
        TcpConnection tcp = tracker.connection();
        long at = flow.at;
        int flags = flow.flags();
        boolean replies = !fromOriginator && (flags & FlowLayout.REPLIED) == 0;
        int next = tcp.flags(replies ? others | FlowLayout.REPLIED : others);
        Timeout before = flow.timeout();
        Timeout after = renews ? tracker.timeout((next & FlowLayout.REPLIED) != 0) : before;
        boolean inPlace =
                before == after && next == flags && rule == SAME_RULE && tcp.onlyWidens(slab, at, fromOriginator);
        if (next != flags && lines != null) {
            // In another state the windows may be others, and a line only widens them.
            lines.leave(flow.entry);
        }
        if (rule != SAME_RULE) {
            slab.saveUndoWithRecord(flow.entry);
            slab.putInt(slab.recordOffset(flow.entry) + FlowLayout.RULE, (int) rule);
        } else if (!inPlace) {
            slab.saveUndo(flow.entry);
        }
        tcp.store(slab, at);
        if (next != flags) {
            slab.putInt(at + FlowLayout.FLAGS, next);
        }
        if (renews) {
            slab.putLong(at + FlowLayout.SEEN, Flow.seen(nowNs, after));
        }
        if (!inPlace) {
            slab.dropUndo();
        }
        if (next != flags) {
            order.change(flow.entry, EvictionClass.of(slab, flow.entry));
        }
        if (renews) {
            expiry.renewed(flow.entry, before, after, nowNs);
        }
    }
}
