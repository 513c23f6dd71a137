package io.portcullis.conntrack;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.conntrack.TcpTracker.Step;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;

/**
 * Resets of TCP connections, after RFC 5961: a reset must not end a connection for a sender that only guesses its sequence. A
 * reset that the receiver answers with a challenge ACK passes, and the connection stays.
 */
final class TcpReset {
    private TcpReset() {}

    /**
     * Follows a reset.
     *
     * @param packet with RST
     * @param fromOriginator true in the direction of the connection's first segment
     */
    static Step follow(TcpConnection connection, Packet packet, boolean fromOriginator) {
        if (connection.state == State.SYN_SENT) {
            return endsOpening(connection, packet, fromOriginator) ? Step.END : Step.BAD_WINDOW;
        }
        if (connection.state == State.CLOSE) {
            return Step.RENEW;
        }
        boolean refusesPendingSyn = connection.answersPendingSyn(fromOriginator)
                && (packet.tcpFlags() & TcpFlags.ACK) != 0
                && connection.pendingSyn.isSynAcknowledgedBy(packet.tcpAcknowledgment());
        if (!refusesPendingSyn) {
            Step step = checkReset(connection, packet.tcpSequence(), fromOriginator);
            if (step != Step.RENEW) {
                return step;
            }
        }
        connection.state = State.CLOSE;
        connection.unset(TcpConnection.ANY_PENDING | TcpConnection.ACK_SEGMENT_PRECEDES);
        return Step.RENEW;
    }

    /** True: a reset ends a connection of which only the SYN, and perhaps a lone ACK, has been seen. */
    private static boolean endsOpening(TcpConnection connection, Packet packet, boolean fromOriginator) {
        if (fromOriginator) {
            int sequence = packet.tcpSequence();
            return sequence == connection.originator.end
                    || connection.is(TcpConnection.LONE_ACK_SEEN) && sequence == connection.lastAck;
        }
        return (packet.tcpFlags() & TcpFlags.ACK) != 0
                && connection.originator.isSynAcknowledgedBy(packet.tcpAcknowledgment());
    }

    /** RENEW: the reset closes the connection. */
    private static Step checkReset(TcpConnection connection, int sequence, boolean fromOriginator) {
        TcpSide sender = connection.side(fromOriginator);
        TcpSide receiver = connection.side(!fromOriginator);
        boolean learns = connection.isLearning();
        if (!learns && sequence != sender.end) {
            boolean stale = receiver.is(TcpSide.ACK_SEEN)
                    ? sequence - receiver.maxAck < 0
                    : receiver.is(TcpSide.KNOWN) && sender.end - sequence > receiver.maxWindow;
            boolean beyond = sequence - sender.maxEnd > 0;
            if (stale || beyond) {
                return beyond || receiver.is(TcpSide.ACK_SEEN) ? Step.BAD_WINDOW : Step.PASS;
            }
        }
        if (learns || connection.state == State.ESTABLISHED && !isExact(connection, sequence, fromOriginator)) {
            connection.unset(TcpConnection.ANY_PENDING | TcpConnection.ACK_SEGMENT_PRECEDES);
            return Step.PASS;
        }
        return Step.RENEW;
    }

    /** RFC 5961: a reset of an established connection closes it only with a sequence that the receiver expects. */
    private static boolean isExact(TcpConnection connection, int sequence, boolean fromOriginator) {
        TcpSide receiver = connection.side(!fromOriginator);
        return sequence == connection.side(fromOriginator).end
                || receiver.is(TcpSide.ACK_SEEN) && sequence == receiver.maxAck
                || connection.is(TcpConnection.ACK_SEGMENT_PRECEDES)
                        && connection.is(TcpConnection.LAST_FROM_ORIGINATOR) == fromOriginator
                        && sequence == connection.lastEnd;
    }
}
