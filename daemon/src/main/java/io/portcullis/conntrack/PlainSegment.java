package io.portcullis.conntrack;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpOptions;

/**
 * The segment that nearly all are: an ACK of an established connection, within both windows, after which the connection is in
 * the same state and waits as long as before. It is followed on the words of its entry as they stand, without unpacking
 * them. A segment that is not plain changes nothing here: it is for {@link TcpTracker}, which would make the same of a plain
 * one. (The idea is Van Jacobson's header prediction.)
 *
 * <p>What is written only widens ({@link TcpConnection#onlyWidens}), so every store is in place.
 */
final class PlainSegment {
    private static final int SIDE = TcpSide.KNOWN | TcpSide.ACK_SEEN;
    private static final int SIDE_LOOKED_AT = SIDE | TcpSide.SENT_UNSEEN;

    /** The marks that tell, and what they are of a connection whose segments are plain. */
    private static final int LOOKED_AT = FlowLayout.TCP_STATE_MASK
            | FlowLayout.REPLIED
            | SIDE_LOOKED_AT << FlowLayout.ORIGINATOR_SHIFT
            | SIDE_LOOKED_AT << FlowLayout.RESPONDER_SHIFT;

    private static final int PLAIN = State.ESTABLISHED.ordinal() << FlowLayout.TCP_STATE_SHIFT
            | FlowLayout.REPLIED
            | SIDE << FlowLayout.ORIGINATOR_SHIFT
            | SIDE << FlowLayout.RESPONDER_SHIFT;

    private static final int NOT_PLAIN = TcpConnection.SYN_PENDING | TcpConnection.PICKED_UP;

    private PlainSegment() {}

    /**
     * Follows a segment if it is plain.
     *
     * @param at where its flow's entry begins
     * @param fromOriginator true in the direction of the connection's first segment
     * @return false: it is not plain, and nothing has changed
     */
    static boolean follow(Slab slab, long at, Packet packet, boolean fromOriginator, long nowNs) {
        int marks = slab.getInt(at + FlowLayout.FLAGS);
        long last = slab.getLong(at + FlowLayout.LAST);
        int switches = (int) (last >>> 48);
        int offered = packet.tcpWindow();
        if ((marks & LOOKED_AT) != PLAIN
                || (switches & NOT_PLAIN) != 0
                || !TcpTracker.isPlainAck(packet.tcpFlags())
                || offered == 0
                || !TcpOptions.arePlain(packet)
                || Flow.state(slab.getLong(at + FlowLayout.SEEN)) != Timeout.TCP_ESTABLISHED.ordinal()) {
            return false;
        }
        long sender = at + (fromOriginator ? FlowLayout.ORIGINATOR : FlowLayout.RESPONDER);
        long receiver = at + (fromOriginator ? FlowLayout.RESPONDER : FlowLayout.ORIGINATOR);
        long sent = slab.getLong(sender);
        long offers = slab.getLong(sender + Long.BYTES);
        long theirs = slab.getLong(receiver);
        int sequence = packet.tcpSequence();
        int end = sequence + packet.tcpPayload();
        int ack = packet.tcpAcknowledgment();
        int senderEnd = (int) sent;
        int senderMaxEnd = (int) (sent >>> 32);
        int senderMaxWindow = (int) offers;
        int receiverEnd = (int) theirs;
        int receiverMaxWindow = (int) slab.getLong(receiver + Long.BYTES);
        int maxEnd = (int) (theirs >>> 32);
        // An ACK beyond its receiver's window, which that has overshot, can't be written in place.
        boolean overshoots =
                sequence - senderMaxEnd > 0 || end - senderMaxEnd > 0 || ack - receiverEnd > 0 || ack - maxEnd > 0;
        if (overshoots
                || senderEnd - end > receiverMaxWindow
                || receiverEnd - ack > Math.max(TcpTracker.MAX_ACK_WINDOW, senderMaxWindow)) {
            return false;
        }
        long sequences = TcpConnection.pair(sequence, ack);
        int repeats = 0;
        if (sequences == slab.getLong(at + FlowLayout.LAST_SEQUENCES)
                && last == TcpConnection.last(switches, offered, end)
                && TcpConnection.isLastFrom(switches, fromOriginator)) {
            repeats = TcpConnection.repeats(switches) + 1;
            if (repeats >= TcpTracker.RETRANSMITS) {
                return false;
            }
        }
        int window = offered << TcpSide.scale(marks, fromOriginator);
        int maxAck = (int) (offers >>> 32);
        TcpConnection.put(slab, sender, sent, TcpConnection.pair(TcpSide.later(senderEnd, end), senderMaxEnd));
        TcpConnection.put(
                slab,
                sender + Long.BYTES,
                offers,
                TcpConnection.pair(Math.max(senderMaxWindow, window), TcpSide.later(maxAck, ack)));
        TcpConnection.put(
                slab, receiver, theirs, TcpConnection.pair(receiverEnd, TcpSide.later(maxEnd, ack + window)));
        slab.putLong(
                at + FlowLayout.LAST,
                TcpConnection.last(TcpConnection.afterAckSegment(switches, fromOriginator, repeats), offered, end));
        slab.putLong(at + FlowLayout.LAST_SEQUENCES, sequences);
        slab.putLong(at + FlowLayout.SEEN, Flow.seen(nowNs, Timeout.TCP_ESTABLISHED));
        return true;
    }
}
