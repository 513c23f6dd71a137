package io.portcullis.conntrack;

/** Is told about the flows that end. On the thread of the table; must neither wait nor call the table. */
@FunctionalInterface
public interface FlowEnd {
    /** Why a flow ends. */
    enum Reason {
        /**
         * No packet renewed it for its timeout. So end connections that were closed, too: {@link Flow#timeout} is then
         * {@link Timeout#TCP_TIME_WAIT} after both FINs, {@link Timeout#TCP_CLOSE} after a reset.
         */
        EXPIRED,
        /** The table was full, and the flow was the first to go ({@link EvictionClass}). */
        EVICTED,
        /** A reset answered its SYN. */
        RESET,
        /** A SYN has opened another connection with its tuple; it was over, but its timeout was not. */
        REPLACED,
        /** The rules in force do not admit it. */
        REFUSED,
        /** An operator has ended it. */
        FLUSHED
    }

    /**
     * A flow ends.
     *
     * @param flow as it was after its last packet; valid during the call
     */
    void ended(Flow flow, Reason why);
}
