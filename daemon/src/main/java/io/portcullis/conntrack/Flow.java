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
