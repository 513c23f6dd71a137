package io.portcullis.conntrack;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpOptions;

/**
 * The fast path for the most frequent segment: an ACK of an established connection, within both windows, that leaves state and
 * timeout as they are. It is followed on the words of the entry, without unpacking them. A segment that is not plain changes
 * nothing here and goes to {@link TcpTracker}, which has the same result for a plain one. (The idea is Van Jacobson's header
 * prediction.)
 *
 * <p>The stores only widen ({@link TcpConnection#onlyWidens}), so each of them is in place.
 */
public final class PlainSegment {
    private static final int SIDE = TcpSide.KNOWN | TcpSide.ACK_SEEN;
    private static final int SIDE_CHECKED = SIDE | TcpSide.SENT_UNSEEN;

    /** The flags to check: they are {@link #PLAIN} in a connection with plain segments. */
    public static final int CHECKED = FlowLayout.TCP_STATE_MASK
            | FlowLayout.REPLIED
            | SIDE_CHECKED << FlowLayout.ORIGINATOR_SHIFT
            | SIDE_CHECKED << FlowLayout.RESPONDER_SHIFT;

    public static final int PLAIN = State.ESTABLISHED.ordinal() << FlowLayout.TCP_STATE_SHIFT
            | FlowLayout.REPLIED
            | SIDE << FlowLayout.ORIGINATOR_SHIFT
            | SIDE << FlowLayout.RESPONDER_SHIFT;

    /** Of a connection's bits: one of them is set where segments are not plain. */
    public static final int NOT_PLAIN = TcpConnection.SYN_PENDING | TcpConnection.PICKED_UP;

    private PlainSegment() {}

    /**
     * Follows a segment if it is plain.
     *
     * @param at where the flow's entry begins
     * @param fromOriginator true in the direction of the connection's first segment
     * @return false: the segment is not plain, and nothing has changed
     */
    static boolean follow(Slab slab, long at, Packet packet, boolean fromOriginator, long nowNs) {
        int flags = slab.getInt(at + FlowLayout.FLAGS);
        long last = slab.getLong(at + FlowLayout.LAST);
        int bits = (int) (last >>> 48);
        int offered = packet.tcpWindow();
        if (!isPlain(flags, bits, slab.getLong(at + FlowLayout.SEEN), packet)) {
            return false;
        }
        long sender = at + (fromOriginator ? FlowLayout.ORIGINATOR : FlowLayout.RESPONDER);
        long receiver = at + (fromOriginator ? FlowLayout.RESPONDER : FlowLayout.ORIGINATOR);
        long sent = slab.getLong(sender + FlowLayout.SIDE_ENDS);
        long offers = slab.getLong(sender + FlowLayout.SIDE_WINDOW);
        long theirs = slab.getLong(receiver + FlowLayout.SIDE_ENDS);
        int sequence = packet.tcpSequence();
        int end = sequence + packet.tcpPayload();
        int ack = packet.tcpAcknowledgment();
        int senderEnd = (int) sent;
        int senderMaxEnd = (int) (sent >>> 32);
        int senderMaxWindow = (int) offers;
        int receiverEnd = (int) theirs;
        int receiverMaxWindow = (int) slab.getLong(receiver + FlowLayout.SIDE_WINDOW);
        int maxEnd = (int) (theirs >>> 32);
        // An ACK beyond the window of a receiver that has sent too much can't be written in place.
        boolean overshoots =
                sequence - senderMaxEnd > 0 || end - senderMaxEnd > 0 || ack - receiverEnd > 0 || ack - maxEnd > 0;
        if (overshoots
                || senderEnd - end > receiverMaxWindow
                || receiverEnd - ack > Math.max(TcpTracker.MAX_ACK_WINDOW, senderMaxWindow)) {
            return false;
        }
        long sequences = TcpConnection.pair(sequence, ack);
        boolean repeated = sequences == slab.getLong(at + FlowLayout.LAST_SEQUENCES)
                && last == TcpConnection.last(bits, offered, end)
                && TcpConnection.isLastFrom(bits, fromOriginator);
        int repeats = repeated ? TcpConnection.repeats(bits) + 1 : 0;
        if (repeats >= TcpTracker.RETRANSMITS) {
            return false;
        }
        int window = offered << TcpSide.scale(flags, fromOriginator);
        int maxAck = (int) (offers >>> 32);
        long newSent = TcpConnection.pair(TcpSide.later(senderEnd, end), senderMaxEnd);
        long newOffers = TcpConnection.pair(Math.max(senderMaxWindow, window), TcpSide.later(maxAck, ack));
        long newTheirs = TcpConnection.pair(receiverEnd, TcpSide.later(maxEnd, ack + window));
        TcpConnection.put(slab, sender + FlowLayout.SIDE_ENDS, sent, newSent);
        TcpConnection.put(slab, sender + FlowLayout.SIDE_WINDOW, offers, newOffers);
        TcpConnection.put(slab, receiver + FlowLayout.SIDE_ENDS, theirs, newTheirs);
        int newBits = TcpConnection.afterAckSegment(bits, fromOriginator, repeats);
        slab.putLong(at + FlowLayout.LAST, TcpConnection.last(newBits, offered, end));
        slab.putLong(at + FlowLayout.LAST_SEQUENCES, sequences);
        slab.putLong(at + FlowLayout.SEEN, Flow.seen(nowNs, Timeout.TCP_ESTABLISHED));
        return true;
    }

    private static boolean isPlain(int flags, int bits, long seen, Packet packet) {
        return (flags & CHECKED) == PLAIN
                && (bits & NOT_PLAIN) == 0
                && TcpTracker.isPlainAck(packet.tcpFlags())
                && packet.tcpWindow() != 0
                && TcpOptions.arePlain(packet)
                && Flow.state(seen) == Timeout.TCP_ESTABLISHED.ordinal();
    }
}
