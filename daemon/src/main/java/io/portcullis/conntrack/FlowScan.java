package io.portcullis.conntrack;

import java.util.function.Consumer;

/**
 * A visit to all flows of a table, in slices between which the table may change: a flow that lives all the while is visited once, one
 * that begins or ends meanwhile once or not at all. Changes nothing. For the table's thread.
 */
public final class FlowScan {
    private final Slab slab;
    private final EntryPool pool;
    private final Expiry expiry;
    private final Flow view;
    private int next;

    /** {@code view}: not the table's own, which its next lookup moves. */
    FlowScan(Slab slab, EntryPool pool, Expiry expiry, Flow view) {
        this.slab = slab;
        this.pool = pool;
        this.expiry = expiry;
        this.view = view;
    }

    /**
     * Visits the flows of the next entries that are not over.
     *
     * @param entries how many: bounds the time that this takes
     * @param visitor gets a view that is valid during the call
     * @return true: all flows have been visited
     */
    public boolean visit(int entries, long nowNs, Consumer<Flow> visitor) {
        int end = (int) Math.min((long) next + entries, pool.unused());
        while (next < end) {
            int entry = next++;
            if (slab.hasFlow(entry) && !expiry.isOver(entry, nowNs)) {
                visitor.accept(view.moveTo(entry));
            }
        }
        return next >= pool.unused();
    }
}
