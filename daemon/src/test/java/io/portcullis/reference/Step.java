package io.portcullis.reference;

/** One event for engine and reference alike. Events without a {@link Wait} between them have the same time. */
public sealed interface Step {
    /** A frame arrives. Those of one direction, with nothing between, come as one batch. */
    record Frame(Datagram datagram) implements Step {}

    /** Time passes, nanoseconds. */
    record Wait(long ns) implements Step {}

    /** The engine expires flows. */
    record Expire() implements Step {}

    /** Another configuration. */
    record Reload(Settings settings) implements Step {}

    /** Another engine replaces this one, and recovers the flows from its memory. */
    record Crash() implements Step {}

    /**
     * A connection is adopted, if the table has space.
     *
     * @param first what its first packet would have been; only addresses, ports and direction count
     * @param originatorShift of the windows that the originator offers; -1: unknown
     * @param responderShift likewise
     */
    record Adopt(Datagram first, int originatorShift, int responderShift) implements Step {}

    /** As {@link Crash}, and the next engine has another configuration. */
    record Restart(Settings settings) implements Step {}
}
