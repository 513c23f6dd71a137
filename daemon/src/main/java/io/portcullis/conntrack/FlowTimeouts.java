package io.portcullis.conntrack;

import java.util.function.ToLongFunction;

/** How long a flow lives without a packet, in nanoseconds, per {@link Timeout}. Immutable. */
public final class FlowTimeouts {
    private final long[] ns = new long[Timeout.values().length];

    /**
     * Asks for every timeout once.
     *
     * @param nanoseconds the value for a configuration key, as {@link Timeout#key()} names it
     */
    public FlowTimeouts(ToLongFunction<String> nanoseconds) {
        for (Timeout timeout : Timeout.values()) {
            ns[timeout.ordinal()] = nanoseconds.applyAsLong(timeout.key());
        }
        // A connection that one side does not answer is established too: the shorter of the two counts.
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

    /** Nanoseconds of the timeout with this ordinal. */
    long ns(int ordinal) {
        return ns[ordinal];
    }
}
