package io.portcullis.conntrack;

/**
 * What a {@link FlowTable} asks the fast path about: programs in the kernel forward packets of some flows, and note in a
 * <em>line</em> per flow what they have seen. The table's entry stays the flow; a line is folded into it before each use. On the
 * table's thread; must not call the table.
 */
public interface FastLines {
    /**
     * The table is about to read an entry with a flow. Folds the flow's line into it, if it has one: windows, the time of the last
     * packet, counts.
     *
     * @param nowNs monotonic time
     */
    void fold(int entry, long nowNs);

    /**
     * The flow of an entry ends, or its connection changes so that its line no longer fits. Folds the line once more and voids it.
     */
    void leave(int entry);

    /** True: programs forward packets of the flow in this entry now. */
    boolean carries(int entry);
}
