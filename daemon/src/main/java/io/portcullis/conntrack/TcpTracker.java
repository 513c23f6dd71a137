package io.portcullis.conntrack;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.TcpOptions;

/**
 * Follows TCP connections: states and transitions of Linux's {@code nf_conntrack_proto_tcp.c}, sequence windows after
 * Guido van Rooij ("Real Stateful TCP Packet Filtering in IP Filter"), resets after RFC 5961. For a segment with sequence
 * {@code seq}, end {@code end} and (selective) acknowledgment {@code ack} the four inequalities are:
 *
 * <pre>
 * I    seq ≤ sender.maxEnd                                        else out of the window
 * II   end ≥ sender.end − receiver.maxWindow                      else passes, but changes nothing
 * III  ack ≤ receiver.end                                         else out of the window
 * IV   ack ≥ receiver.end − max(66,000, sender.maxWindow)         else passes, but changes nothing
 * </pre>
 *
 * <p>None of them is checked for a connection that was picked up, as the scale of its windows is unknown.
 *
 * <p>One instance per worker. It keeps scratch space, not connections, and allocates nothing. {@link FlowTable#insert} and
 * {@link FlowTable#follow} write the connection that it followed last to the entry.
 */
public final class TcpTracker {
    /** The result of following a segment. */
    public enum Step {
        /** Passes; the connection lives for {@link #timeout} from now. */
        RENEW,
        /** Passes, and renews nothing. */
        PASS,
        /** Passes, and ends the connection at once. */
        END,
        /** A SYN for a tuple whose connection is over: the rules decide about a new one. */
        REOPEN,
        /**
         * A SYN inside a connection with an unknown opener. If the rules admit a new connection in its direction, it passes,
         * renews nothing, and {@link FlowTable#rememberSyn} stores it.
         */
        ASK_RULES,
        /** The answer to such a SYN: the connection is as if that SYN had opened it ({@link FlowTable#startOver}). */
        START_OVER,
        /** Impossible in this state. */
        BAD_STATE,
        /** Out of the sequence window. */
        BAD_WINDOW
    }

    /** Acknowledgments may be this old, in bytes, for any window: late ACKs of a fast sender. */
    public static final int MAX_ACK_WINDOW = 66_000;

    /** Repeats of the last segment that make a connection unacknowledged. */
    public static final int RETRANSMITS = TcpConnection.MAX_REPEATS;

    private static final int MAX_DATAGRAM = 65_535;

    private final TcpOptions options = new TcpOptions();
    private final TcpConnection connection = new TcpConnection();

    /** A tracker for one worker. */
    public TcpTracker() {}

    /** True: SYN without ACK, RST and FIN, the only segment that opens a connection. */
    public static boolean isOpening(int flags) {
        return (flags & (TcpFlags.SYN | TcpFlags.ACK | TcpFlags.RST | TcpFlags.FIN)) == TcpFlags.SYN;
    }

    /** True: an ACK without SYN, RST and FIN, by which a connection may be picked up in the middle. */
    public static boolean isPlainAck(int flags) {
        return (flags & (TcpFlags.SYN | TcpFlags.ACK | TcpFlags.RST | TcpFlags.FIN)) == TcpFlags.ACK;
    }

    /** True for a connection whose tuple a SYN may use again. */
    public static boolean isOver(Flow flow) {
        State state = flow.tcpState();
        return state == State.TIME_WAIT || state == State.CLOSE;
    }

    /** The connection after its first segment: a SYN, or the plain ACK by which it is picked up. */
    public TcpConnection open(Packet packet) {
        connection.clear();
        options.read(packet);
        if (isOpening(packet.tcpFlags())) {
            startSide(connection.originator, packet, endOf(packet));
            return connection;
        }
        connection.state = State.ESTABLISHED;
        connection.set(TcpConnection.PICKED_UP);
        connection.originator.set(TcpSide.SACK_PERMITTED);
        connection.responder.set(TcpSide.SACK_PERMITTED);
        pickUpSide(connection.originator, connection.responder, packet);
        acceptSegment(connection, packet, true);
        return connection;
    }

    /**
     * A connection that one of its ends has reported: established, with unknown sequences.
     *
     * @param originatorScale shift count for the windows that the originator offers; -1: unknown, then no segment of the
     *     connection is out of the window
     * @param responderScale the same of the responder
     */
    public TcpConnection adopt(int originatorScale, int responderScale) {
        connection.clear();
        connection.state = State.ESTABLISHED;
        connection.set(TcpConnection.ADOPTED);
        if (originatorScale < 0 || responderScale < 0) {
            connection.set(TcpConnection.PICKED_UP);
        }
        connection.originator.scale(Math.max(0, originatorScale));
        connection.responder.scale(Math.max(0, responderScale));
        connection.originator.set(TcpSide.SACK_PERMITTED);
        connection.responder.set(TcpSide.SACK_PERMITTED);
        return connection;
    }

    /** The connection that was followed last, after its segment. */
    TcpConnection connection() {
        return connection;
    }

    /**
     * The timeout of the connection that was followed last.
     *
     * @param replied true: the responder has sent
     */
    public Timeout timeout(boolean replied) {
        boolean unanswered = connection.repeats() >= RETRANSMITS
                || connection.lastWindow == 0
                || connection.is(TcpConnection.PICKED_UP) && !replied;
        return connection.state == State.ESTABLISHED && unanswered
                ? Timeout.TCP_UNACKNOWLEDGED
                : connection.state.timeout;
    }

    /**
     * Follows one segment. Only {@link Step#RENEW} and {@link Step#START_OVER} change windows or state. If the segment passes,
     * {@link FlowTable#update} stores the connection.
     *
     * @param packet a whole TCP segment with possible flags
     * @param fromOriginator true in the direction of the connection's first segment
     */
    Step follow(Flow flow, Packet packet, boolean fromOriginator) {
        flow.load(connection);
        int flags = packet.tcpFlags();
        options.read(packet);
        if ((flags & TcpFlags.RST) != 0) {
            return TcpReset.follow(connection, packet, fromOriginator);
        }
        if ((flags & TcpFlags.SYN) == 0) {
            return followSegment(connection, packet, fromOriginator);
        }
        return (flags & TcpFlags.ACK) == 0
                ? followSyn(connection, packet, fromOriginator, flow.isReplied())
                : followSynAck(connection, packet, fromOriginator);
    }

    /**
     * True: a segment with this sequence may be in flight, so an ICMP error that quotes it is credible.
     *
     * @param fromOriginator true: the originator sent the quoted segment
     */
    public boolean isInFlight(Flow flow, int sequence, boolean fromOriginator) {
        flow.load(connection);
        TcpSide sender = connection.side(fromOriginator);
        int below = sender.end - sequence;
        return (sender.is(TcpSide.KNOWN)
                        || connection.is(TcpConnection.PICKED_UP) && !connection.is(TcpConnection.ADOPTED))
                && below >= 0
                && below <= Math.max(MAX_ACK_WINDOW, connection.side(!fromOriginator).maxWindow);
    }

    /**
     * Notes a later fragment of a segment that was followed: the sender has sent its payload too.
     *
     * @param fromOriginator true: the originator sent the fragment
     * @param newEnd one past its last sequence number; moves the sender's end forward only, by at most 65,535
     */
    public void extend(Flow flow, FlowTable table, boolean fromOriginator, int newEnd) {
        flow.load(connection);
        TcpSide sender = connection.side(fromOriginator);
        int gain = newEnd - sender.end;
        if (sender.is(TcpSide.KNOWN) && gain > 0 && gain <= MAX_DATAGRAM) {
            sender.end = newEnd;
            sender.noteSeen();
            table.update(flow, this, fromOriginator, false, 0);
        }
    }

    private Step followSyn(TcpConnection connection, Packet packet, boolean fromOriginator, boolean replied) {
        return switch (connection.state) {
            case SYN_SENT ->
                fromOriginator ? repeatSyn(connection, packet, replied) : crossSyn(connection, packet, false);
            case SYN_SENT_BOTH -> crossSyn(connection, packet, fromOriginator);
            case SYN_RECEIVED, SYN_RECEIVED_BOTH, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK ->
                rememberSyn(connection, packet, fromOriginator);
            case TIME_WAIT, CLOSE -> Step.REOPEN;
        };
    }

    private Step repeatSyn(TcpConnection connection, Packet packet, boolean replied) {
        int end = endOf(packet);
        if (end - connection.originator.end > 0) {
            startSide(connection.originator, packet, end);
            connection.unset(TcpConnection.LONE_ACK_SEEN);
        }
        return replied ? Step.RENEW : Step.PASS;
    }

    /** A SYN of the responder, or any SYN after that: a simultaneous open (RFC 9293, section 3.5). */
    private Step crossSyn(TcpConnection connection, Packet packet, boolean fromOriginator) {
        TcpSide sender = connection.side(fromOriginator);
        int end = endOf(packet);
        if (!sender.is(TcpSide.KNOWN) || end - sender.end > 0) {
            TcpSide receiver = connection.side(!fromOriginator);
            startSide(sender, packet, end);
            connection.agreeOnScale();
            receiver.maxEnd = receiver.end + sender.maxWindow;
            sender.maxEnd = end + receiver.maxWindow;
        }
        connection.state = State.SYN_SENT_BOTH;
        return Step.RENEW;
    }

    /** RFC 5961: the SYN passes, as the receiver answers with a challenge ACK. The next segment shows whether a handshake begins. */
    private Step rememberSyn(TcpConnection connection, Packet packet, boolean fromOriginator) {
        boolean openerUnknown = connection.is(TcpConnection.OPENER_UNKNOWN);
        if (!fromOriginator && !openerUnknown) {
            return Step.BAD_STATE;
        }
        connection.unset(TcpConnection.ANY_PENDING | TcpConnection.ACK_SEGMENT_PRECEDES);
        connection.set(fromOriginator ? TcpConnection.SYN_PENDING : TcpConnection.ANY_PENDING);
        startSide(connection.pendingSyn, packet, endOf(packet));
        return openerUnknown ? Step.ASK_RULES : Step.PASS;
    }

    private Step followSynAck(TcpConnection connection, Packet packet, boolean fromOriginator) {
        // The originator sends a SYN+ACK only in a simultaneous open, perhaps after that of the responder.
        boolean opening = switch (connection.state) {
            case SYN_SENT -> !fromOriginator;
            case SYN_SENT_BOTH -> true;
            case SYN_RECEIVED, SYN_RECEIVED_BOTH -> fromOriginator;
            case ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE -> false;
        };
        if (opening) {
            TcpSide receiver = connection.side(!fromOriginator);
            if (!receiver.isSynAcknowledgedBy(packet.tcpAcknowledgment())) {
                return Step.BAD_WINDOW;
            }
            return answerSyn(connection, packet, fromOriginator);
        }
        boolean again = connection.answersPendingSyn(fromOriginator)
                && connection.pendingSyn.isSynAcknowledgedBy(packet.tcpAcknowledgment());
        if (again) {
            return startOver(connection, packet);
        }
        if (fromOriginator) {
            return Step.BAD_STATE;
        }
        connection.unset(TcpConnection.ANY_PENDING | TcpConnection.ACK_SEGMENT_PRECEDES);
        return Step.PASS;
    }

    /** A new handshake begins with the pending SYN of either side and this answer. */
    private Step startOver(TcpConnection connection, Packet packet) {
        boolean openerUnknown = connection.is(TcpConnection.OPENER_UNKNOWN);
        connection.originator.beginAs(connection.pendingSyn);
        connection.responder.unset(TcpSide.KNOWN | TcpSide.FIN_SEEN);
        connection.unset(TcpConnection.ANY_PENDING | TcpConnection.ACK_SEGMENT_PRECEDES | TcpConnection.OPENER_UNKNOWN);
        connection.forgetAckSegment();
        connection.state = State.SYN_SENT;
        Step step = answerSyn(connection, packet, false);
        return openerUnknown ? Step.START_OVER : step;
    }

    /** A SYN+ACK that acknowledges the receiver's SYN. */
    private Step answerSyn(TcpConnection connection, Packet packet, boolean fromOriginator) {
        TcpSide sender = connection.side(fromOriginator);
        TcpSide receiver = connection.side(!fromOriginator);
        int end = endOf(packet);
        if (!sender.is(TcpSide.KNOWN) || end - sender.end > 0) {
            startSide(sender, packet, end);
            connection.agreeOnScale();
            sender.maxEnd = end + receiver.maxWindow;
            receiver.maxEnd = receiver.end;
        } else if (packet.tcpSequence() - sender.maxEnd > 0) {
            return Step.BAD_WINDOW;
        } else if (sender.end - end > receiver.maxWindow) {
            return Step.PASS;
        }
        sender.widen(packet.tcpWindow());
        sender.noteAck(packet.tcpAcknowledgment());
        receiver.allow(packet.tcpAcknowledgment(), packet.tcpWindow());
        boolean simultaneous = connection.state == State.SYN_SENT_BOTH || connection.state == State.SYN_RECEIVED_BOTH;
        connection.state = simultaneous ? State.SYN_RECEIVED_BOTH : State.SYN_RECEIVED;
        return Step.RENEW;
    }

    private Step followSegment(TcpConnection connection, Packet packet, boolean fromOriginator) {
        boolean fin = (packet.tcpFlags() & TcpFlags.FIN) != 0;
        if (connection.state == State.SYN_SENT || connection.state == State.SYN_SENT_BOTH) {
            return fromOriginator || fin ? Step.BAD_STATE : followLoneAck(connection, packet);
        }
        if (connection.answersPendingSyn(fromOriginator) && connection.state == State.LAST_ACK && !fin) {
            connection.unset(TcpConnection.ANY_PENDING);
            return Step.PASS;
        }
        TcpSide sender = connection.side(fromOriginator);
        TcpSide receiver = connection.side(!fromOriginator);
        int end = endOf(packet);
        int ack = highestAck(packet, receiver);
        boolean resends = packet.tcpPayload() > 0 && sender.is(TcpSide.KNOWN) && end - sender.end <= 0;
        boolean learns = connection.isLearning();
        if (learns) {
            TcpSide.learn(sender, receiver, end, ack);
        } else if (!sender.is(TcpSide.KNOWN)) {
            pickUpSide(sender, receiver, packet);
        }
        if (!learns && !connection.is(TcpConnection.PICKED_UP)) {
            Step step = checkWindow(sender, receiver, packet.tcpSequence(), end, ack);
            if (step != Step.RENEW) {
                return step;
            }
        }
        acceptSegment(connection, packet, fromOriginator);
        if (learns) {
            sender.noteUnseen();
            receiver.noteUnseen();
        }
        connection.state = fin
                ? afterFin(connection.state, sender.is(TcpSide.FIN_SEEN))
                : afterAck(connection.state, fromOriginator, resends);
        if (fin) {
            sender.set(TcpSide.FIN_SEEN);
        }
        return Step.RENEW;
    }

    /** An ACK of the responder in place of a SYN+ACK: a half-open connection (RFC 9293 3.5.1). */
    private static Step followLoneAck(TcpConnection connection, Packet packet) {
        connection.set(TcpConnection.LONE_ACK_SEEN);
        connection.lastAck = packet.tcpAcknowledgment();
        return Step.PASS;
    }

    /** Checks the inequalities I to IV of the class comment; RENEW: all hold. */
    private static Step checkWindow(TcpSide sender, TcpSide receiver, int sequence, int end, int ack) {
        int sent = receiver.is(TcpSide.SENT_UNSEEN) ? receiver.start : receiver.end;
        if (sequence - sender.maxEnd > 0 || ack - sent > 0) {
            return Step.BAD_WINDOW;
        }
        boolean old = sender.end - end > receiver.maxWindow
                || receiver.end - ack > Math.max(MAX_ACK_WINDOW, sender.maxWindow);
        return old ? Step.PASS : Step.RENEW;
    }

    private static State afterFin(State state, boolean repeated) {
        return switch (state) {
            case SYN_SENT, SYN_SENT_BOTH -> throw new IllegalStateException("FIN in " + state);
            case SYN_RECEIVED, SYN_RECEIVED_BOTH, ESTABLISHED -> State.FIN_WAIT;
            case FIN_WAIT, CLOSE_WAIT -> repeated ? state : State.LAST_ACK;
            case LAST_ACK, TIME_WAIT, CLOSE -> state;
        };
    }

    private static State afterAck(State state, boolean fromOriginator, boolean resends) {
        return switch (state) {
            case SYN_SENT, SYN_SENT_BOTH -> throw new IllegalStateException("ACK in " + state);
            case SYN_RECEIVED -> fromOriginator ? State.ESTABLISHED : state;
            case SYN_RECEIVED_BOTH -> State.ESTABLISHED;
            case FIN_WAIT -> resends ? state : State.CLOSE_WAIT;
            case LAST_ACK -> resends ? state : State.TIME_WAIT;
            case ESTABLISHED, CLOSE_WAIT, TIME_WAIT, CLOSE -> state;
        };
    }

    /** Updates both sides from a segment within the window. */
    private void acceptSegment(TcpConnection connection, Packet packet, boolean fromOriginator) {
        TcpSide sender = connection.side(fromOriginator);
        TcpSide receiver = connection.side(!fromOriginator);
        int end = endOf(packet);
        int ack = highestAck(packet, receiver);
        int window = packet.tcpWindow() << sender.scale();
        sender.widen((long) window + (ack - packet.tcpAcknowledgment()));
        if (receiver.is(TcpSide.KNOWN) && end - sender.maxEnd > 0) {
            receiver.widen((long) receiver.maxWindow + (end - sender.maxEnd));
        }
        if (end - sender.end > 0) {
            sender.end = end;
        }
        if (receiver.is(TcpSide.SENT_UNSEEN) && ack - receiver.end > 0) {
            receiver.end = ack;
        }
        sender.noteSeen();
        receiver.noteSeen();
        sender.noteAck(packet.tcpAcknowledgment());
        receiver.allow(ack, window);
        if ((packet.tcpFlags() & TcpFlags.FIN) != 0) {
            connection.unset(TcpConnection.ANY_PENDING | TcpConnection.ACK_SEGMENT_PRECEDES);
            return;
        }
        connection.noteAckSegment(packet, fromOriginator, end);
    }

    private void startSide(TcpSide side, Packet packet, int end) {
        side.begin(
                TcpSide.KNOWN
                        | (options.windowScale() == TcpOptions.ABSENT ? 0 : TcpSide.SCALE_OFFERED)
                        | (options.isSackPermitted() ? TcpSide.SACK_PERMITTED : 0),
                Math.max(0, options.windowScale()));
        side.end = end;
        side.maxEnd = end;
        side.maxWindow = Math.max(1, packet.tcpWindow());
        side.start = packet.tcpSequence();
    }

    /** Learns the sender from a segment in the middle of a connection, and the receiver if it is unknown. */
    private void pickUpSide(TcpSide sender, TcpSide receiver, Packet packet) {
        int ack = highestAck(packet, receiver);
        sender.set(TcpSide.KNOWN);
        sender.end = endOf(packet);
        sender.maxWindow = Math.max(1, packet.tcpWindow() << sender.scale());
        sender.maxEnd = sender.end + sender.maxWindow;
        if (!receiver.is(TcpSide.KNOWN)) {
            receiver.end = ack;
            receiver.maxEnd = ack;
        } else if (ack - receiver.end == 1) {
            // The answer to a keep-alive probe: its sequence is one below the sender's next.
            receiver.end++;
        }
    }

    private int highestAck(Packet packet, TcpSide receiver) {
        int ack = packet.tcpAcknowledgment();
        return receiver.is(TcpSide.SACK_PERMITTED) ? options.highestAcknowledged(ack) : ack;
    }

    /** One past the last sequence number of the segment; SYN and FIN count one each. */
    public static int endOf(Packet packet) {
        int flags = packet.tcpFlags();
        return packet.tcpSequence()
                + packet.tcpPayload()
                + ((flags & TcpFlags.SYN) != 0 ? 1 : 0)
                + ((flags & TcpFlags.FIN) != 0 ? 1 : 0);
    }
}
