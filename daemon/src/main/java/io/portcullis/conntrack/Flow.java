package io.portcullis.conntrack;

import io.portcullis.packet.Direction;
import io.portcullis.packet.Tuple;
import org.jspecify.annotations.Nullable;

/** One tracked connection, both directions of it. Belongs to its {@link FlowTable} and that table's thread. */
public final class Flow {
    final Tuple tuple;
    final long hash;
    final Direction originalDirection;
    final @Nullable TcpConnection tcp;
    UdpTracker.Phase udpPhase = UdpTracker.Phase.REQUESTED;

    private boolean failsafe;
    private int askedOf;
    private int answer;

    Timeout timeout;
    long lastNs;
    boolean replied;

    @Nullable
    Flow nextInBucket;

    @Nullable
    Flow older;

    @Nullable
    Flow younger;

    @Nullable
    Flow olderUnreplied;

    @Nullable
    Flow youngerUnreplied;

    Flow(
            Tuple tuple,
            long hash,
            Direction originalDirection,
            Timeout timeout,
            long nowNs,
            @Nullable TcpConnection tcp) {
        this.tuple = tuple;
        this.hash = hash;
        this.originalDirection = originalDirection;
        this.timeout = timeout;
        this.lastNs = nowNs;
        this.tcp = tcp;
    }

    /** What it is known by. */
    public Tuple tuple() {
        return tuple;
    }

    /** Its state, which is named as its timeout. */
    public Timeout timeout() {
        return timeout;
    }

    /** When a packet last renewed it, nanoseconds. */
    public long lastNs() {
        return lastNs;
    }

    /** A failsafe rule has admitted it. */
    public void markFailsafe() {
        failsafe = true;
    }

    /** True when a failsafe rule has admitted it. */
    public boolean isFailsafe() {
        return failsafe;
    }

    /**
     * Keeps what rules answered when they were asked about its first packet.
     *
     * @param policy which rules, by a number that is not 0
     * @param rule their answer
     */
    public void answered(int policy, int rule) {
        askedOf = policy;
        answer = rule;
    }

    /** True when {@link #answer} is that of these rules. */
    public boolean isAnswerOf(int policy) {
        return askedOf == policy;
    }

    /** The answer that is kept. */
    public int answer() {
        return answer;
    }

    /** In which direction its first packet travelled. */
    public Direction originalDirection() {
        return originalDirection;
    }

    /** True once a packet of the reply direction has passed. */
    public boolean isReplied() {
        return replied;
    }

    /** What the trackers know of a TCP connection; null for other protocols. */
    public @Nullable TcpConnection tcp() {
        return tcp;
    }
}
