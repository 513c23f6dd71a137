package io.portcullis.engine;

/** One thing that happens, for engine and reference alike. What happens without a {@link Wait} between, happens at one time. */
sealed interface Step {
    /** A frame arrives. Those of one direction, with nothing between, come as one batch. */
    record Frame(Datagram datagram) implements Step {}

    /** Time passes, nanoseconds. */
    record Wait(long ns) implements Step {}

    /** The engine is told to forget what has expired. */
    record Expire() implements Step {}

    /** Another configuration. */
    record Reload(Settings settings) implements Step {}

    /** The engine is thrown away; another one goes on with what the memory holds. */
    record Crash() implements Step {}

    /**
     * A connection is adopted of which nothing was seen, if there is room.
     *
     * @param first what its first packet would have been; only addresses, ports and direction count
     * @param originatorShift of the windows that the originator offers; -1: unknown
     * @param responderShift likewise
     */
    record Adopt(Datagram first, int originatorShift, int responderShift) implements Step {}

    /** As {@link Crash}, and the one that goes on has another configuration. */
    record Restart(Settings settings) implements Step {}
}
