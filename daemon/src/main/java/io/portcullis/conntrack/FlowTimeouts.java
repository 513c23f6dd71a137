package io.portcullis.conntrack;

import java.util.function.ToLongFunction;

/** The time that a flow lives without a packet, ns, per {@link Timeout}. Immutable. */
public final class FlowTimeouts {
    private final long[] ns = new long[Timeout.values().length];

    /**
     * Timeouts from a function, called once for each {@link Timeout}.
     *
     * @param nanoseconds from {@link Timeout#key()} to nanoseconds
     */
    public FlowTimeouts(ToLongFunction<String> nanoseconds) {
        for (Timeout timeout : Timeout.values()) {
            ns[timeout.ordinal()] = nanoseconds.applyAsLong(timeout.key());
        }
        // A connection with an unanswered side is established too: the shorter timeout is used.
        int unacknowledged = Timeout.TCP_UNACKNOWLEDGED.ordinal();
        ns[unacknowledged] = Math.min(ns[unacknowledged], ns[Timeout.TCP_ESTABLISHED.ordinal()]);
    }

    boolean anyShorterThan(FlowTimeouts others) {
        for (int i = 0; i < ns.length; i++) {
            if (ns[i] < others.ns[i]) {
                return true;
            }
        }
        return false;
    }

    /** Nanoseconds. */
    public long ns(Timeout timeout) {
        return ns[timeout.ordinal()];
    }

    /** Nanoseconds of the timeout with this number. */
    long ns(int ordinal) {
        return ns[ordinal];
    }
}
