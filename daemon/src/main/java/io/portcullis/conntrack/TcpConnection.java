package io.portcullis.conntrack;

import io.portcullis.packet.Packet;

/**
 * One TCP connection, unpacked from its entry ({@link FlowLayout}) while the tracker follows a segment. Sequence numbers are
 * modulo 2^32. Only {@link TcpTracker} writes it.
 */
public final class TcpConnection {
    /** The states of Linux's {@code nf_conntrack_proto_tcp.c}. */
    enum State {
        /** The originator's SYN seen. */
        SYN_SENT(Timeout.TCP_SYN_SENT),
        /** SYNs of both sides seen: a simultaneous open. */
        SYN_SENT_BOTH(Timeout.TCP_SYN_SENT),
        /** SYN+ACK seen. */
        SYN_RECEIVED(Timeout.TCP_SYN_RECEIVED),
        /** The handshake's last ACK seen. */
        ESTABLISHED(Timeout.TCP_ESTABLISHED),
        /** FIN of one side seen. */
        FIN_WAIT(Timeout.TCP_FIN_WAIT),
        /** An ACK after that FIN. */
        CLOSE_WAIT(Timeout.TCP_CLOSE_WAIT),
        /** FIN of the other side too. */
        LAST_ACK(Timeout.TCP_LAST_ACK),
        /** The last ACK. */
        TIME_WAIT(Timeout.TCP_TIME_WAIT),
        /** RST seen. */
        CLOSE(Timeout.TCP_CLOSE),
        /** SYN+ACK seen in a simultaneous open: the ACK of either side establishes. Last, as entries hold the state's number. */
        SYN_RECEIVED_BOTH(Timeout.TCP_SYN_RECEIVED);

        final Timeout timeout;

        State(Timeout timeout) {
            this.timeout = timeout;
        }
    }

    private static final State[] STATES = State.values();

    // The connection's bits, in the same word as its last segment.

    /** The last ACK segment is also the segment right before this one, so a reset may follow at its end. */
    public static final int ACK_SEGMENT_PRECEDES = 1;
    /** The originator sent the last ACK segment. */
    public static final int LAST_FROM_ORIGINATOR = 1 << 1;
    /** The fields of the last segment are valid: it had ACK without SYN, FIN and RST, and was within the window. */
    public static final int ACK_SEGMENT_SEEN = 1 << 2;
    /** The packet right before this one was a SYN inside the connection. */
    static final int SYN_PENDING = 1 << 5;
    /** Picked up in the middle with an unknown window scale: every segment passes, whatever its sequence. */
    static final int PICKED_UP = 1 << 6;
    /** Older than the tracking. Windows and resets are checked once both sides have been seen. */
    static final int ADOPTED = 1 << 7;
    /** The responder answered the SYN with a lone ACK (a half-open connection, RFC 9293 3.5.1), kept in {@link #lastAck}. */
    static final int LONE_ACK_SEEN = 1 << 8;

    /** With {@link #SYN_PENDING}: the responder sent the SYN. */
    static final int PENDING_FROM_RESPONDER = 1 << 15;

    /** All bits of a pending SYN. */
    public static final int ANY_PENDING = SYN_PENDING | PENDING_FROM_RESPONDER;

    /** The side that was seen first need not have opened the connection. */
    static final int OPENER_UNKNOWN = PICKED_UP | ADOPTED;

    /** The highest count of repeats of the last ACK segment, 2 bits. */
    public static final int MAX_REPEATS = 3;

    /** Shift of the count of repeats in the connection's bits. */
    public static final int REPEATS_SHIFT = 3;

    /** The bits of {@link #repeats}. */
    static final int REPEATS = MAX_REPEATS << REPEATS_SHIFT;

    /** Six bits while a SYN is pending: scale offered, SACK permitted, shift count of its scale (4). */
    private static final int PENDING_SHIFT = 9;

    private static final int PENDING_MASK = 0x3f;
    private static final int OWN_BITS = (1 << PENDING_SHIFT) - 1 | PENDING_FROM_RESPONDER;

    /** The bits of an entry's flags that a connection owns. */
    private static final int OWN_FLAGS = FlowLayout.TCP_STATE_MASK
            | FlowLayout.SIDE_MASK << FlowLayout.ORIGINATOR_SHIFT
            | FlowLayout.SIDE_MASK << FlowLayout.RESPONDER_SHIFT;

    State state = State.SYN_SENT;
    final TcpSide originator = new TcpSide();
    final TcpSide responder = new TcpSide();

    private int bits;

    /** The sender of the pending SYN, as known from the SYN. */
    final TcpSide pendingSyn = new TcpSide();

    int lastSequence;
    int lastEnd;
    int lastAck;

    /** Unscaled. */
    int lastWindow = 1;

    TcpConnection() {}

    boolean is(int bit) {
        return (bits & bit) != 0;
    }

    void set(int bit) {
        bits |= bit;
    }

    void unset(int bit) {
        bits &= ~bit;
    }

    /** Repeats of the last ACK segment, at most {@link #MAX_REPEATS}. */
    int repeats() {
        return repeats(bits);
    }

    static int repeats(int bits) {
        return bits >>> REPEATS_SHIFT & MAX_REPEATS;
    }

    /** Notes an ACK segment within the window. */
    void noteAckSegment(Packet packet, boolean fromOriginator, int end) {
        boolean repeated = lastSequence == packet.tcpSequence()
                && lastAck == packet.tcpAcknowledgment()
                && lastEnd == end
                && lastWindow == packet.tcpWindow()
                && isLastFrom(bits, fromOriginator);
        bits = afterAckSegment(bits, fromOriginator, repeated ? Math.min(repeats() + 1, MAX_REPEATS) : 0);
        lastSequence = packet.tcpSequence();
        lastAck = packet.tcpAcknowledgment();
        lastEnd = end;
        lastWindow = packet.tcpWindow();
    }

    /** True: there is a last ACK segment, and this side sent it. */
    static boolean isLastFrom(int bits, boolean originator) {
        return (bits & (ACK_SEGMENT_SEEN | LAST_FROM_ORIGINATOR))
                == (originator ? ACK_SEGMENT_SEEN | LAST_FROM_ORIGINATOR : ACK_SEGMENT_SEEN);
    }

    /** The bits after an ACK segment within the window. */
    static int afterAckSegment(int bits, boolean fromOriginator, int repeats) {
        return bits & ~(ANY_PENDING | LAST_FROM_ORIGINATOR | MAX_REPEATS << REPEATS_SHIFT)
                | ACK_SEGMENT_PRECEDES
                | ACK_SEGMENT_SEEN
                | (fromOriginator ? LAST_FROM_ORIGINATOR : 0)
                | repeats << REPEATS_SHIFT;
    }

    /**
     * True: the opener is unknown.
     *
     * @param last the word at {@link FlowLayout#LAST}
     */
    static boolean isOpenerUnknown(long last) {
        return ((int) (last >>> 48) & OPENER_UNKNOWN) != 0;
    }

    /** True: the packet right before this was a SYN of the other side inside the connection. */
    boolean answersPendingSyn(boolean fromOriginator) {
        return is(SYN_PENDING) && is(PENDING_FROM_RESPONDER) == fromOriginator;
    }

    /** True: adopted, and one side has not been seen yet. */
    boolean isLearning() {
        return is(ADOPTED) && !(originator.is(TcpSide.KNOWN) && responder.is(TcpSide.KNOWN));
    }

    /** RFC 7323: windows are scaled in both directions or in none. */
    void agreeOnScale() {
        if (!originator.is(TcpSide.SCALE_OFFERED) || !responder.is(TcpSide.SCALE_OFFERED)) {
            originator.scale(0);
            responder.scale(0);
        }
    }

    /** Forgets the last ACK segment: no later one counts as its repeat. */
    void forgetAckSegment() {
        unset(ACK_SEGMENT_SEEN | MAX_REPEATS << REPEATS_SHIFT);
        lastWindow = 1;
    }

    /** Resets everything, for a connection of which nothing has been seen. */
    void clear() {
        state = State.SYN_SENT;
        originator.clear();
        responder.clear();
        pendingSyn.clear();
        bits = 0;
        lastSequence = 0;
        lastEnd = 0;
        lastAck = 0;
        lastWindow = 1;
    }

    /**
     * Makes it a connection that is older than the tracking, in its present state. A connection that was opening may have been
     * established unseen. False: it is over, and nothing has changed.
     */
    boolean forgetSequences() {
        if (state == State.TIME_WAIT || state == State.CLOSE) {
            return false;
        }
        switch (state) {
            case SYN_SENT, SYN_SENT_BOTH, SYN_RECEIVED, SYN_RECEIVED_BOTH -> state = State.ESTABLISHED;
            case ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE -> {
                // It was established and stays in its state.
            }
        }
        // The scale of a side that has not been seen is unknown.
        if (!originator.is(TcpSide.KNOWN) || !responder.is(TcpSide.KNOWN)) {
            set(PICKED_UP);
        }
        set(ADOPTED);
        unset(LONE_ACK_SEEN | ANY_PENDING | ACK_SEGMENT_PRECEDES);
        originator.forget();
        responder.forget();
        forgetAckSegment();
        return true;
    }

    /** The state in an entry's flags. */
    static State state(int flags) {
        return STATES[(flags & FlowLayout.TCP_STATE_MASK) >>> FlowLayout.TCP_STATE_SHIFT];
    }

    /** True: the flags hold the number of a state. */
    static boolean hasState(int flags) {
        return (flags & FlowLayout.TCP_STATE_MASK) >>> FlowLayout.TCP_STATE_SHIFT < STATES.length;
    }

    /** An entry's flags with this connection's state and sides; the other bits are from {@code others}. */
    int flags(int others) {
        return others & ~OWN_FLAGS
                | state.ordinal() << FlowLayout.TCP_STATE_SHIFT
                | originator.bits() << FlowLayout.ORIGINATOR_SHIFT
                | responder.bits() << FlowLayout.RESPONDER_SHIFT;
    }

    /**
     * Reads an entry.
     *
     * @param at where the entry begins
     */
    void load(Slab slab, long at) {
        int flags = slab.getInt(at + FlowLayout.FLAGS);
        state = state(flags);
        originator.load(slab, at + FlowLayout.ORIGINATOR, flags >>> FlowLayout.ORIGINATOR_SHIFT & FlowLayout.SIDE_MASK);
        responder.load(slab, at + FlowLayout.RESPONDER, flags >>> FlowLayout.RESPONDER_SHIFT & FlowLayout.SIDE_MASK);
        long starts = slab.getLong(at + FlowLayout.STARTS);
        originator.start = (int) starts;
        responder.start = (int) (starts >>> 32);
        long last = slab.getLong(at + FlowLayout.LAST);
        lastEnd = (int) last;
        lastWindow = (int) (last >>> 32) & 0xffff;
        int allBits = (int) (last >>> 48);
        bits = allBits & OWN_BITS;
        long lastSequences = slab.getLong(at + FlowLayout.LAST_SEQUENCES);
        lastSequence = (int) lastSequences;
        lastAck = (int) (lastSequences >>> 32);
        if (is(SYN_PENDING)) {
            loadPending(slab.getLong(at + FlowLayout.PENDING_SYN), allBits >>> PENDING_SHIFT & PENDING_MASK);
        }
    }

    private void loadPending(long pending, int offered) {
        pendingSyn.start = (int) pending;
        pendingSyn.maxWindow = (int) (pending >>> 32) & 0xffff;
        pendingSyn.end = pendingSyn.start + (int) (pending >>> 48);
        pendingSyn.maxEnd = pendingSyn.end;
        int offers = (offered & 1) * TcpSide.SCALE_OFFERED | (offered >>> 1 & 1) * TcpSide.SACK_PERMITTED;
        pendingSyn.begin(TcpSide.KNOWN | offers, offered >>> 2);
    }

    private int pendingBits() {
        return (pendingSyn.is(TcpSide.SCALE_OFFERED) ? 1 : 0)
                | (pendingSyn.is(TcpSide.SACK_PERMITTED) ? 1 << 1 : 0)
                | pendingSyn.scale() << 2;
    }

    private long last() {
        int allBits = is(SYN_PENDING) ? bits | pendingBits() << PENDING_SHIFT : bits;
        return last(allBits, lastWindow, lastEnd);
    }

    /** The word at {@link FlowLayout#LAST}. */
    static long last(int bits, int window, int end) {
        return (long) bits << 48 | (long) window << 32 | end & 0xffff_ffffL;
    }

    private long pending() {
        int length = pendingSyn.end - pendingSyn.start;
        return (long) length << 48 | (long) pendingSyn.maxWindow << 32 | pendingSyn.start & 0xffff_ffffL;
    }

    static long pair(int low, int high) {
        return (long) high << 32 | low & 0xffff_ffffL;
    }

    /**
     * True when this connection can be written in place, provided that its flags stay. After a crash each word is old or new,
     * and every mix must admit nothing that neither the old nor the new connection admits.
     *
     * <p>So it is for a segment that only widens: the ends, the sender's windows and acknowledgments grow, each of which is one
     * bound. There are two exceptions. If the receiver's widest window grows too, it bounds the quotes of ICMP errors from
     * below, together with the sender's end. If the acknowledgment is beyond the receiver's allowed end, then between the old
     * and the new bounds of its resets are sequences that neither admits.
     *
     * @param at where the entry begins
     * @param fromOriginator true: the originator sent the segment
     */
    boolean onlyWidens(Slab slab, long at, boolean fromOriginator) {
        long receiver = at + (fromOriginator ? FlowLayout.RESPONDER : FlowLayout.ORIGINATOR);
        return slab.getLong(at + FlowLayout.STARTS) == pair(originator.start, responder.start)
                && (!is(SYN_PENDING) || slab.getLong(at + FlowLayout.PENDING_SYN) == pending())
                && (is(ACK_SEGMENT_SEEN) || slab.getLong(at + FlowLayout.LAST_SEQUENCES) == pair(lastSequence, lastAck))
                && side(fromOriginator).maxAck - (int) (slab.getLong(receiver + FlowLayout.SIDE_ENDS) >>> 32) <= 0
                && (int) slab.getLong(receiver + FlowLayout.SIDE_WINDOW) == side(!fromOriginator).maxWindow;
    }

    /**
     * Writes the connection to an entry, except for the flags.
     *
     * @param at where the entry begins
     */
    void store(Slab slab, long at) {
        originator.store(slab, at + FlowLayout.ORIGINATOR);
        responder.store(slab, at + FlowLayout.RESPONDER);
        put(slab, at + FlowLayout.STARTS, pair(originator.start, responder.start));
        put(slab, at + FlowLayout.LAST, last());
        put(slab, at + FlowLayout.LAST_SEQUENCES, pair(lastSequence, lastAck));
        if (is(SYN_PENDING)) {
            put(slab, at + FlowLayout.PENDING_SYN, pending());
        }
    }

    static void put(Slab slab, long at, long word) {
        put(slab, at, slab.getLong(at), word);
    }

    // An equal word is not written: another core may share its cache line one day, and a crash has fewer stores to cut.
    static void put(Slab slab, long at, long before, long word) {
        if (before != word) {
            slab.putLong(at, word);
        }
    }

    TcpSide side(boolean ofOriginator) {
        return ofOriginator ? originator : responder;
    }
}
