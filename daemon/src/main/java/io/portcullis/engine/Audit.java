package io.portcullis.engine;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.packet.QuotedPacket;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.Tuple;
import org.jspecify.annotations.Nullable;

/**
 * Counts and logs the frames that pass under {@code enforce: audit} and would be dropped otherwise. A refused flow goes on then,
 * and its later packets have no tracked flow: they count with the reason of its first packet, and are neither counted nor logged as
 * flows of their own. Belongs to the worker's thread.
 */
final class Audit {
    private final Counters counters;
    private final DropSamples dropSamples;
    private final FlowTable flows;
    private final RefusedTuples refused = new RefusedTuples();
    private final QuotedPacket quote = new QuotedPacket();
    private final Tuple quotedTuple = new Tuple();

    /**
     * An audit without notes.
     *
     * @param flows hashes tuples
     */
    Audit(Counters counters, DropSamples dropSamples, FlowTable flows) {
        this.counters = counters;
        this.dropSamples = dropSamples;
        this.flows = flows;
    }

    /**
     * Counts a frame that passes and would be dropped.
     *
     * @param packets that the frame stands for
     * @param length bytes of all of them
     * @return false: it belongs to a flow that was refused before, and has the reason of its first packet
     */
    boolean wouldDrop(Cursor frame, Reason reason, int packets, int length) {
        Direction direction = frame.direction;
        Tuple tuple = frame.released ? null : refusedTuple(frame, reason);
        Reason first = Reason.NONE;
        if (tuple != null && reason == Reason.ICMP_UNRELATED) {
            first = refused.first(tuple, frame.nowNs);
        } else if (tuple != null && isOfFlow(reason)) {
            first = refused.note(tuple, reason, kind(frame.packet), frame.nowNs);
            if (first == Reason.NONE) {
                counters.countRefused(direction, reason);
            }
        }
        counters.countAudited(direction, first == Reason.NONE ? reason : first, packets, length);
        if (first == Reason.NONE) {
            dropSamples.note(frame.packet, direction, reason, true, frame.nowNs);
        }
        return first == Reason.NONE;
    }

    /** The tuple of the flow that a refused packet would belong to, or an ICMP error is about, with its hash; null: none. */
    private @Nullable Tuple refusedTuple(Cursor frame, Reason reason) {
        Packet packet = frame.packet;
        if (reason == Reason.ICMP_UNRELATED) {
            if (!packet.readQuote(quote)) {
                return null;
            }
            quotedTuple.of(quote, packet.vlans(), frame.direction.opposite());
            flows.hash(quotedTuple);
            return quotedTuple;
        }
        return frame.hasTuple() && FlowRole.of(packet, frame.picksUp).hasFlow() ? frame.tuple : null;
    }

    /** True for a reason that refuses a flow, false for one that refuses a packet. */
    static boolean isOfFlow(Reason reason) {
        return switch (reason) {
            case SOURCE_CHECK, ACL_DENY, ACL_DEFAULT, TCP_NO_SYN, RECHECK, NO_RULE, FLOW_LIMIT -> true;
            case NONE,
                    PANIC,
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
