package io.portcullis.engine;

import io.portcullis.conntrack.TcpTracker;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.Tuple;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of the count and the log where {@code enforce: audit} lets pass what would be dropped. With nothing dropped, a
 * refused flow goes on, and no table knows its later packets: they count with the reason of its first one, and neither
 * count nor are logged as a flow of their own. Belongs to the worker's thread.
 */
final class Audit {
    private final Counters counters;
    private final DropSamples dropSamples;
    private final RefusedTuples refused = new RefusedTuples();

    Audit(Counters counters, DropSamples dropSamples) {
        this.counters = counters;
        this.dropSamples = dropSamples;
    }

    /**
     * Counts a frame that passes and would be dropped.
     *
     * @param tuple of its flow, if it had one, with its hash; of an ICMP error, of the flow that it quotes; null: none
     * @param packets that the frame stands for
     */
    void wouldDrop(
            Packet packet,
            @Nullable Tuple tuple,
            Direction direction,
            Reason reason,
            int packets,
            int length,
            long nowNs) {
        Reason first = Reason.NONE;
        if (tuple != null && reason == Reason.ICMP_UNRELATED) {
            first = refused.first(tuple, nowNs);
        } else if (tuple != null && isOfFlow(reason)) {
            first = refused.note(tuple, reason, kind(packet), nowNs);
            if (first == Reason.NONE) {
                counters.countRefused(direction, reason);
            }
        }
        counters.countAudited(direction, first == Reason.NONE ? reason : first, packets, length);
        if (first == Reason.NONE) {
            dropSamples.note(packet, direction, reason, true);
        }
    }

    /** True for reasons why a flow is refused, false for those why one packet is. */
    static boolean isOfFlow(Reason reason) {
        return switch (reason) {
            case SOURCE_CHECK, ACL_DENY, ACL_DEFAULT, TCP_NO_SYN, RECHECK, NO_RULE, FLOW_LIMIT -> true;
            case NONE,
                    MALFORMED_L2,
                    MALFORMED_IP,
                    MALFORMED_L4,
                    LINK_CLASS,
                    BAD_ADDRESS,
                    FRAGMENT_TINY,
                    FRAGMENT_OVERLAP,
                    FRAGMENT_LIMIT,
                    BAD_CHECKSUM,
                    TCP_FLAGS,
                    TCP_STATE,
                    TCP_WINDOW,
                    ICMP_UNRELATED -> false;
        };
    }

    private static RefusedTuples.Kind kind(Packet packet) {
        if (packet.protocol() != IpProtocol.TCP) {
            return RefusedTuples.Kind.NEUTRAL;
        }
        if (TcpTracker.isOpening(packet.tcpFlags())) {
            return RefusedTuples.Kind.OPENS;
        }
        return (packet.tcpFlags() & TcpFlags.SYN) == 0 ? RefusedTuples.Kind.PROGRESSES : RefusedTuples.Kind.NEUTRAL;
    }
}
