package io.portcullis.reference;

import static io.portcullis.packet.TcpFlags.ACK;
import static io.portcullis.packet.TcpFlags.FIN;
import static io.portcullis.packet.TcpFlags.RST;
import static io.portcullis.packet.TcpFlags.SYN;

import org.jspecify.annotations.Nullable;

/**
 * One TCP connection as section 3 of the specification describes it. Where the page is silent this does what the daemon does;
 * those places are marked "Silent". Sequence numbers are compared modulo 2^32.
 */
final class ReferenceTcp {
    /** The outcome for a segment. */
    enum Outcome {
        RENEWS,
        /** It passes and does not renew the timer. */
        PASSES,
        /** It passes and ends the flow. */
        ENDS,
        /** A SYN for a tuple whose connection is over: the rules decide about a new flow. */
        STARTS_ANEW,
        /** A SYN inside a connection with an unknown originator: it passes and is remembered if the rules admit a new flow. */
        ASKS_RULES,
        /** The answer to such a SYN, which has opened the connection. */
        WAS_OPENED_BY_SYN,
        STATE,
        WINDOW
    }

    /** The states of {@code nf_conntrack_proto_tcp.c}, each with its timeout. */
    enum State {
        SYN_SENT("tcp-syn-sent"),
        SYN_SENT_BY_BOTH("tcp-syn-sent"),
        SYN_RECEIVED("tcp-syn-received"),
        ESTABLISHED("tcp-established"),
        FIN_WAIT("tcp-fin-wait"),
        CLOSE_WAIT("tcp-close-wait"),
        LAST_ACK("tcp-last-ack"),
        TIME_WAIT("tcp-time-wait"),
        CLOSE("tcp-close");

        final String timeout;

        State(String timeout) {
            this.timeout = timeout;
        }
    }

    /** The state of a side as a sender. */
    static final class Side {
        boolean seen;
        int end;
        int windowEnd;
        int widest;
        boolean offersScale;
        int shift;
        boolean sack;
        int synSequence;
        boolean hasAcknowledged;
        int highestAck;
        boolean hasFinished;

        /** Adopted: the end of what the side may have sent before the start; null: everything was seen. */
        @Nullable
        Integer unseenUpTo;

        /** Starts a side from its SYN or SYN+ACK. */
        void begin(Transport.Tcp syn, int synEnd) {
            seen = true;
            end = synEnd;
            windowEnd = synEnd;
            widest = Math.max(1, syn.window());
            offersScale = syn.windowScale() != Transport.Tcp.NO_SCALE;
            shift = Math.clamp(syn.windowScale(), 0, 14);
            sack = syn.sackPermitted();
            synSequence = syn.sequence();
            hasAcknowledged = false;
            hasFinished = false;
            unseenUpTo = null;
        }

        @Nullable
        Integer windowEndLearnt() {
            return end - windowEnd < 0 ? windowEnd : null;
        }

        /** The highest acknowledgment that the peer may send. */
        int sentUpTo() {
            return unseenUpTo == null ? end : unseenUpTo;
        }

        void widen(long window) {
            widest = (int) Math.min(WIDEST, Math.max(widest, window));
        }

        private void noteWhatWasSeen() {
            if (unseenUpTo != null && end - unseenUpTo >= 0) {
                unseenUpTo = null;
            }
        }

        boolean isSynAcknowledgedBy(int ack) {
            return ack - synSequence > 0 && ack - end <= 0;
        }
    }

    /** A segment with ACK and neither SYN, FIN nor RST. */
    private record AckSegment(boolean fromOriginator, int sequence, int end, int ack, int window) {}

    private static final int LATE_ACK = 66_000;
    private static final long WIDEST = 65_535L << 14;

    private State state = State.SYN_SENT;
    private Side originator = new Side();
    private Side responder = new Side();

    /** True: the originator is unknown. */
    private boolean openerUnknown;

    /** True: the window scale is unknown. */
    private boolean scaleUnknown;

    /** True: it was established before the start. */
    private boolean adopted;

    /** True: the SYNs of both sides have crossed. */
    private boolean simultaneous;

    private @Nullable AckSegment lastAckSegment;
    private int retransmits;

    /** True: {@link #lastAckSegment} is the segment right before the current one. */
    private boolean trainHolds;

    /** The SYN inside the connection, if it is the packet right before the current one. */
    private @Nullable Side pendingSyn;

    private boolean pendingFromOriginator;

    private @Nullable Integer loneAck;

    /** The connection of a first segment: a SYN, or an ACK by which it is picked up. */
    ReferenceTcp(Transport.Tcp first, int length) {
        if (!first.has(SYN)) {
            openerUnknown = true;
            scaleUnknown = true;
            state = State.ESTABLISHED;
            // Silent: whether the sides agreed on SACK. Linux assumes so.
            originator.sack = true;
            responder.sack = true;
            accept(first, endOf(first, length), true);
        } else {
            originator.begin(first, endOf(first, length));
        }
    }

    /** An adopted connection; a shift of -1 is unknown. */
    ReferenceTcp(int originatorShift, int responderShift) {
        state = State.ESTABLISHED;
        openerUnknown = true;
        adopted = true;
        scaleUnknown = originatorShift < 0 || responderShift < 0;
        originator.shift = Math.max(0, originatorShift);
        responder.shift = Math.max(0, responderShift);
        originator.sack = true;
        responder.sack = true;
    }

    State state() {
        return state;
    }

    Side side(boolean ofOriginator) {
        return ofOriginator ? originator : responder;
    }

    /** One past the last segment with ACK and neither SYN, FIN nor RST, of whichever side; 0: there was none. */
    int endOfLastAckSegment() {
        return lastAckSegment == null ? 0 : lastAckSegment.end;
    }

    /** The SYN inside the connection that a side may answer now, or null. */
    @Nullable
    Side synToAnswer(boolean ofOriginator) {
        return pendingFromOriginator == ofOriginator ? null : pendingSyn;
    }

    boolean isOver() {
        return state == State.TIME_WAIT || state == State.CLOSE;
    }

    /** True where {@code tcp-unacknowledged} counts, if it is the shorter one. */
    boolean isUnacknowledged(boolean answered) {
        boolean closedWindow = lastAckSegment != null && lastAckSegment.window == 0;
        return state == State.ESTABLISHED && (retransmits >= 3 || closedWindow || scaleUnknown && !answered);
    }

    /** True for a quoted segment of this sequence that may be on its way. */
    boolean isInFlight(int sequence, boolean fromOriginator) {
        Side sender = side(fromOriginator);
        int below = sender.end - sequence;
        // Silent: the end of a side that has not been seen. Of a picked-up flow it is what was acknowledged.
        boolean known = sender.seen || openerUnknown && !adopted;
        return known && below >= 0 && below <= Math.max(LATE_ACK, side(!fromOriginator).widest);
    }

    /** True: it is adopted and has not learnt all windows yet. */
    private boolean isLearning() {
        return adopted && !(originator.seen && responder.seen);
    }

    /**
     * Follows a segment.
     *
     * @param answered true: a packet of the responder has passed before
     */
    Outcome follow(Transport.Tcp segment, int length, boolean fromOriginator, boolean answered) {
        if (segment.has(RST)) {
            return reset(segment, fromOriginator);
        }
        if (!segment.has(SYN)) {
            return acknowledged(segment, length, fromOriginator);
        }
        return segment.has(ACK)
                ? synAck(segment, length, fromOriginator)
                : syn(segment, length, fromOriginator, answered);
    }

    private Outcome syn(Transport.Tcp segment, int length, boolean fromOriginator, boolean answered) {
        return switch (state) {
            case SYN_SENT, SYN_SENT_BY_BOTH -> openingSyn(segment, length, fromOriginator, answered);
            case SYN_RECEIVED, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK -> {
                if (openerUnknown) {
                    yield Outcome.ASKS_RULES;
                }
                if (!fromOriginator) {
                    yield Outcome.STATE;
                }
                remember(segment, length, true);
                yield Outcome.PASSES;
            }
            case TIME_WAIT, CLOSE -> Outcome.STARTS_ANEW;
        };
    }

    /** Remembers a SYN inside the connection, until the next packet has passed. */
    void remember(Transport.Tcp syn, int length, boolean fromOriginator) {
        forgetWhatStoodRightBefore();
        pendingSyn = new Side();
        pendingSyn.begin(syn, endOf(syn, length));
        pendingFromOriginator = fromOriginator;
    }

    private Outcome openingSyn(Transport.Tcp segment, int length, boolean fromOriginator, boolean answered) {
        Side sender = side(fromOriginator);
        Side receiver = side(!fromOriginator);
        int end = endOf(segment, length);
        if (!sender.seen || end - sender.end > 0) {
            sender.begin(segment, end);
            if (receiver.seen) {
                agreeOnScale();
                sender.windowEnd = end + receiver.widest;
                receiver.windowEnd = receiver.end + sender.widest;
            }
            if (fromOriginator) {
                // Silent: the lone ACK answered the SYN before.
                loneAck = null;
            }
        }
        if (!fromOriginator) {
            state = State.SYN_SENT_BY_BOTH;
            simultaneous = true;
        }
        return fromOriginator && !answered ? Outcome.PASSES : Outcome.RENEWS;
    }

    private Outcome synAck(Transport.Tcp segment, int length, boolean fromOriginator) {
        boolean opens = fromOriginator
                ? state == State.SYN_SENT_BY_BOTH || state == State.SYN_RECEIVED
                : state == State.SYN_SENT || state == State.SYN_SENT_BY_BOTH;
        if (opens) {
            return side(!fromOriginator).isSynAcknowledgedBy(segment.acknowledgment())
                    ? answerSyn(segment, length, fromOriginator)
                    : Outcome.WINDOW;
        }
        Side pending = synToAnswer(fromOriginator);
        if (pending == null || !pending.isSynAcknowledgedBy(segment.acknowledgment())) {
            if (fromOriginator) {
                return Outcome.STATE;
            }
            forgetWhatStoodRightBefore();
            return Outcome.PASSES;
        }
        forgetWhatStoodRightBefore();
        boolean wasOpenedBySyn = openerUnknown;
        openerUnknown = false;
        scaleUnknown = false;
        adopted = false;
        simultaneous = false;
        originator = pending;
        responder = new Side();
        lastAckSegment = null;
        retransmits = 0;
        Outcome outcome = answerSyn(segment, length, false);
        return wasOpenedBySyn ? Outcome.WAS_OPENED_BY_SYN : outcome;
    }

    private Outcome answerSyn(Transport.Tcp segment, int length, boolean fromOriginator) {
        Side sender = side(fromOriginator);
        Side receiver = side(!fromOriginator);
        int end = endOf(segment, length);
        if (!sender.seen || end - sender.end > 0) {
            sender.begin(segment, end);
            agreeOnScale();
            sender.windowEnd = end + receiver.widest;
            receiver.windowEnd = receiver.end;
        } else if (segment.sequence() - sender.windowEnd > 0) {
            return Outcome.WINDOW;
        } else if (fallsShort(sender, receiver, end)) {
            return Outcome.PASSES;
        }
        takeOver(segment, end, sender, receiver, segment.window());
        state = State.SYN_RECEIVED;
        return Outcome.RENEWS;
    }

    private Outcome acknowledged(Transport.Tcp segment, int length, boolean fromOriginator) {
        if (state == State.SYN_SENT || state == State.SYN_SENT_BY_BOTH) {
            if (fromOriginator || segment.has(FIN)) {
                return Outcome.STATE;
            }
            loneAck = segment.acknowledgment();
            return Outcome.PASSES;
        }
        if (synToAnswer(fromOriginator) != null && state == State.LAST_ACK && !segment.has(FIN)) {
            forgetWhatStoodRightBefore();
            return Outcome.PASSES;
        }
        Side sender = side(fromOriginator);
        Side receiver = side(!fromOriginator);
        int end = endOf(segment, length);
        int ack = highestAck(segment, receiver);
        if (!scaleUnknown && !isLearning()) {
            if (segment.sequence() - sender.windowEnd > 0 || ack - receiver.sentUpTo() > 0) {
                return Outcome.WINDOW;
            }
            if (fallsShort(sender, receiver, end) || receiver.end - ack > Math.max(LATE_ACK, sender.widest)) {
                return Outcome.PASSES;
            }
        }
        // Silent: what a retransmit is. Here data, and none of it new.
        boolean retransmits = length > 0 && sender.seen && end - sender.end <= 0;
        accept(segment, end, fromOriginator);
        state = segment.has(FIN) ? afterFin(sender.hasFinished) : afterAck(fromOriginator, retransmits);
        sender.hasFinished |= segment.has(FIN);
        return Outcome.RENEWS;
    }

    /** Inequality II. */
    private static boolean fallsShort(Side sender, Side receiver, int end) {
        return receiver.seen && sender.end - end > receiver.widest;
    }

    private State afterFin(boolean again) {
        return switch (state) {
            case SYN_RECEIVED, ESTABLISHED -> State.FIN_WAIT;
            case FIN_WAIT, CLOSE_WAIT -> again ? state : State.LAST_ACK;
            case LAST_ACK, TIME_WAIT, CLOSE -> state;
            case SYN_SENT, SYN_SENT_BY_BOTH -> throw new IllegalStateException("FIN in " + state);
        };
    }

    private State afterAck(boolean fromOriginator, boolean retransmitted) {
        return switch (state) {
            // Silent: the ACK that completes the handshake may send the SYN's data again.
            case SYN_RECEIVED -> fromOriginator || simultaneous ? State.ESTABLISHED : state;
            case FIN_WAIT -> retransmitted ? state : State.CLOSE_WAIT;
            case LAST_ACK -> retransmitted ? state : State.TIME_WAIT;
            case ESTABLISHED, CLOSE_WAIT, TIME_WAIT, CLOSE -> state;
            case SYN_SENT, SYN_SENT_BY_BOTH -> throw new IllegalStateException("ACK in " + state);
        };
    }

    private Outcome reset(Transport.Tcp segment, boolean fromOriginator) {
        int sequence = segment.sequence();
        Side sender = side(fromOriginator);
        Side receiver = side(!fromOriginator);
        if (state == State.SYN_SENT) {
            boolean fits = fromOriginator
                    ? sequence == sender.end || loneAck != null && sequence == loneAck
                    : segment.has(ACK) && receiver.isSynAcknowledgedBy(segment.acknowledgment());
            return fits ? Outcome.ENDS : Outcome.WINDOW;
        }
        if (state == State.CLOSE) {
            return Outcome.RENEWS;
        }
        Side pending = synToAnswer(fromOriginator);
        boolean refusesSyn =
                pending != null && segment.has(ACK) && pending.isSynAcknowledgedBy(segment.acknowledgment());
        if (!refusesSyn && isLearning()) {
            // Silent: whether a reset that does not count comes between a SYN and its answer. As any other packet, it
            // does.
            forgetWhatStoodRightBefore();
            return Outcome.PASSES;
        }
        if (!refusesSyn && sequence != sender.end) {
            boolean beyond = sequence - sender.windowEnd > 0;
            boolean acknowledged = receiver.hasAcknowledged && sequence - receiver.highestAck < 0;
            boolean below = !receiver.hasAcknowledged && receiver.seen && sender.end - sequence > receiver.widest;
            if (beyond || acknowledged) {
                return Outcome.WINDOW;
            }
            if (below) {
                return Outcome.PASSES;
            }
        }
        AckSegment before = trainHolds ? lastAckSegment : null;
        boolean exact = refusesSyn
                || sequence == sender.end
                || receiver.hasAcknowledged && sequence == receiver.highestAck
                || before != null && before.fromOriginator == fromOriginator && sequence == before.end;
        forgetWhatStoodRightBefore();
        if (state == State.ESTABLISHED && !exact) {
            return Outcome.PASSES;
        }
        state = State.CLOSE;
        return Outcome.RENEWS;
    }

    private void forgetWhatStoodRightBefore() {
        trainHolds = false;
        pendingSyn = null;
    }

    /** Updates the windows from a segment within them. */
    private void accept(Transport.Tcp segment, int end, boolean fromOriginator) {
        Side sender = side(fromOriginator);
        Side receiver = side(!fromOriginator);
        int ack = highestAck(segment, receiver);
        int window = segment.window() << sender.shift;
        boolean learning = isLearning();
        if (learning) {
            learnOfBoth(end, ack, sender, receiver);
        } else if (!sender.seen) {
            learn(segment, end, ack, sender, receiver);
        }
        takeOver(segment, end, sender, receiver, window);
        if (learning) {
            // Silent: what an adopted side has sent before. Everything acknowledged, and everything before the window
            // that it was offered.
            sender.unseenUpTo = sender.windowEndLearnt();
            receiver.unseenUpTo = receiver.windowEndLearnt();
        }
        forgetWhatStoodRightBefore();
        if (segment.has(FIN)) {
            return;
        }
        AckSegment now =
                new AckSegment(fromOriginator, segment.sequence(), end, segment.acknowledgment(), segment.window());
        retransmits = now.equals(lastAckSegment) ? retransmits + 1 : 0;
        lastAckSegment = now;
        trainHolds = true;
    }

    /** Silent: how a picked-up flow learns its windows. As in Linux. */
    private static void learn(Transport.Tcp segment, int end, int ack, Side sender, Side receiver) {
        sender.seen = true;
        sender.end = end;
        sender.widest = Math.max(1, segment.window() << sender.shift);
        sender.windowEnd = end + sender.widest;
        if (!receiver.seen) {
            receiver.end = ack;
            receiver.windowEnd = ack;
        } else if (ack - receiver.end == 1) {
            receiver.end = ack;
        }
    }

    /** Silent: how an adopted flow learns. Nothing is lowered again: a side may begin with a retransmit. */
    private static void learnOfBoth(int end, int ack, Side sender, Side receiver) {
        boolean first = !sender.seen && !receiver.seen;
        sender.end = first ? end : later(sender.end, end);
        sender.windowEnd = first ? end : later(sender.windowEnd, end);
        receiver.end = first ? ack : later(receiver.end, ack);
        receiver.windowEnd = first ? ack : later(receiver.windowEnd, ack);
        sender.widest = Math.max(1, sender.widest);
        sender.seen = true;
    }

    private static int later(int one, int other) {
        return other - one > 0 ? other : one;
    }

    private void takeOver(Transport.Tcp segment, int end, Side sender, Side receiver, int window) {
        int ack = highestAck(segment, receiver);
        sender.widen((long) window + (ack - segment.acknowledgment()));
        if (receiver.seen && end - sender.windowEnd > 0) {
            receiver.widen((long) receiver.widest + (end - sender.windowEnd));
        }
        sender.end = later(sender.end, end);
        if (receiver.unseenUpTo != null) {
            receiver.end = later(receiver.end, ack);
        }
        sender.noteWhatWasSeen();
        receiver.noteWhatWasSeen();
        if (!sender.hasAcknowledged || segment.acknowledgment() - sender.highestAck > 0) {
            sender.hasAcknowledged = true;
            sender.highestAck = segment.acknowledgment();
        }
        int allowed = ack + Math.max(1, window);
        if (allowed - receiver.windowEnd > 0) {
            receiver.windowEnd = allowed;
        }
    }

    /**
     * Windows are scaled in both directions or in none (RFC 7323). Silent: whether a later pair of SYNs can agree after one that
     * did not. As Linux has it, the side that did not send again stays without.
     */
    private void agreeOnScale() {
        if (!originator.offersScale || !responder.offersScale) {
            originator.shift = 0;
            responder.shift = 0;
        }
    }

    private static int highestAck(Transport.Tcp segment, Side receiver) {
        boolean block = receiver.sack && segment.sackLeft() != segment.sackRight() && !segment.sackPermitted();
        return block && segment.sackRight() - segment.acknowledgment() > 0
                ? segment.sackRight()
                : segment.acknowledgment();
    }

    /** One past the last sequence number of a segment; SYN and FIN take one each. */
    static int endOf(Transport.Tcp segment, int length) {
        return segment.sequence() + length + (segment.has(SYN) ? 1 : 0) + (segment.has(FIN) ? 1 : 0);
    }
}
