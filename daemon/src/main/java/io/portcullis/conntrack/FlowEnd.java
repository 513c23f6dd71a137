package io.portcullis.conntrack;

/** Is told about the flows that end. On the thread of the table; must neither wait nor call the table. */
@FunctionalInterface
public interface FlowEnd {
    /**
     * A flow ends.
     *
     * @param flow as it was after its last packet; valid during the call
     */
    void ended(Flow flow, EndReason why);
}
