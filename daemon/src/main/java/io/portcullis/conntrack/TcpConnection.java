package io.portcullis.conntrack;

import io.portcullis.packet.Packet;

/**
 * What is known of one TCP connection, unpacked from its entry while a segment of it is looked at. Sequence numbers are
 * modulo 2^32. Written by {@link TcpTracker} only.
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
        /** SYN+ACK seen in a simultaneous open: the ACK of either side establishes. Last, as entries name states by number. */
        SYN_RECEIVED_BOTH(Timeout.TCP_SYN_RECEIVED);

        final Timeout timeout;

        State(Timeout timeout) {
            this.timeout = timeout;
        }
    }

    private static final State[] STATES = State.values();

    // Marks of an entry.
    static final int STATE_SHIFT = 7;
    static final int STATE_MASK = 15 << STATE_SHIFT;
    static final int ORIGINATOR_SHIFT = 11;
    static final int RESPONDER_SHIFT = 21;
    private static final int SIDE_MASK = 0x3ff;

    // Switches of the connection, as they stand beside its last segment.

    /** The last ACK segment is also the segment right before this one, so that a reset may end its train. */
    static final int TRAIN_HOLDS = 1;
    /** The last ACK segment came from the originator. */
    static final int LAST_FROM_ORIGINATOR = 1 << 1;
    /** The four fields of the last segment hold: the last with ACK, without SYN, FIN and RST, that was within the window. */
    static final int ACK_SEGMENT_SEEN = 1 << 2;
    /** The packet right before this was a SYN inside the connection. */
    static final int SYN_PENDING = 1 << 5;
    /** Picked up in the middle, its window scale unknown: every segment counts, wherever it lies. */
    static final int PICKED_UP = 1 << 6;
    /** It was there before us. Its windows count, and its resets, once both sides have been seen. */
    static final int ADOPTED = 1 << 7;
    /** The responder answered the SYN with a lone ACK (a half-open connection, RFC 9293 3.5.1); {@link #lastAck} is its. */
    static final int LONE_ACK_SEEN = 1 << 8;

    /** {@link #SYN_PENDING}, and the SYN is the responder's. */
    static final int PENDING_FROM_RESPONDER = 1 << 15;

    /** All that says of a SYN that it is pending. */
    static final int ANY_PENDING = SYN_PENDING | PENDING_FROM_RESPONDER;

    /** The side that was seen first need not have opened the connection. */
    static final int OPENER_UNKNOWN = PICKED_UP | ADOPTED;

    /** How often the last ACK segment can be seen to be repeated. */
    static final int MOST_REPEATS = 3;

    private static final int REPEATS_SHIFT = 3;
    private static final int PENDING_SHIFT = 9;
    private static final int SWITCHES_MASK = (1 << PENDING_SHIFT) - 1 | PENDING_FROM_RESPONDER;
    private static final int PENDING_MASK = 0x3f;

    /** The widest window that there can be (RFC 7323), bytes. */
    static final int WIDEST = 65_535 << 14;

    // Words of an entry's second half, in bytes from its begin.
    static final int ORIGINATOR = Slab.TCP;
    static final int RESPONDER = Slab.TCP + 16;
    private static final int STARTS = Slab.TCP + 32;
    static final int LAST = Slab.TCP + 40;
    static final int LAST_SEQUENCE = Slab.TCP + 48;
    private static final int PENDING = Slab.TCP + 56;

    /** One side as a sender, after van Rooij. */
    static final class Side {
        /** A segment of this side has been seen. */
        static final int KNOWN = 1;
        /** The SYN carried a window scale. */
        static final int SCALE_OFFERED = 1 << 1;
        /** This side can take selective acknowledgments. */
        static final int SACK_PERMITTED = 1 << 2;
        /** {@link #maxAck} holds. */
        static final int ACK_SEEN = 1 << 3;
        /** Adopted, and may have sent more than {@link #end} before anybody looked, up to {@link #start}. */
        static final int SENT_UNSEEN = 1 << 4;
        /** This side has sent a FIN. */
        static final int FIN_SEEN = 1 << 5;

        private static final int SCALE_SHIFT = 6;

        /** The above, and the scale: ten bits. */
        private int switches;
        /** One past the highest sequence sent. */
        int end;
        /** One past the highest sequence that the peer's window allows. */
        int maxEnd;
        /** The widest window offered, in bytes, scaled. */
        int maxWindow;
        /** The highest acknowledgment sent. */
        int maxAck;
        /**
         * What never is needed together: before the handshake's end the sequence of the SYN; where {@link #SENT_UNSEEN}, one
         * past the highest sequence that the peer's window allowed when this side was learnt.
         */
        int start;

        boolean is(int what) {
            return (switches & what) != 0;
        }

        void set(int what) {
            switches |= what;
        }

        void unset(int what) {
            switches &= ~what;
        }

        /** Shift count for the windows that this side offers. */
        int scale() {
            return switches >>> SCALE_SHIFT;
        }

        void scale(int shift) {
            switches = switches & (1 << SCALE_SHIFT) - 1 | shift << SCALE_SHIFT;
        }

        /** A SYN begins this side: what the switches were is over. */
        void begin(int newSwitches, int shift) {
            switches = newSwitches | shift << SCALE_SHIFT;
        }

        /** Begins as another side that is known by its SYN alone. */
        void beginAs(Side other) {
            switches = other.switches;
            end = other.end;
            maxEnd = other.maxEnd;
            maxWindow = other.maxWindow;
            start = other.start;
        }

        /** Has offered a window, or been let past one; a wider one than {@link #WIDEST} there is not. */
        void widen(long window) {
            maxWindow = (int) Math.min(WIDEST, Math.max(maxWindow, window));
        }

        /** All that it had sent unseen has been seen, where that is so. */
        void noteSeen() {
            if (end - start >= 0) {
                unset(SENT_UNSEEN);
            }
        }

        private void clear() {
            switches = 0;
            end = 0;
            maxEnd = 0;
            maxWindow = 0;
            maxAck = 0;
            start = 0;
        }

        private void forget() {
            unset(KNOWN | ACK_SEEN | SENT_UNSEEN);
            set(SACK_PERMITTED);
            end = 0;
            maxEnd = 0;
            maxWindow = 0;
        }

        private void load(Slab slab, long at, int bits) {
            switches = bits;
            long ends = slab.getLong(at);
            end = (int) ends;
            maxEnd = (int) (ends >>> 32);
            long widest = slab.getLong(at + Long.BYTES);
            maxWindow = (int) widest;
            maxAck = (int) (widest >>> 32);
        }

        private void store(Slab slab, long at) {
            put(slab, at, slab.getLong(at), pair(end, maxEnd));
            put(slab, at + Long.BYTES, slab.getLong(at + Long.BYTES), pair(maxWindow, maxAck));
        }
    }

    State state = State.SYN_SENT;
    final Side originator = new Side();
    final Side responder = new Side();

    private int switches;

    /** What the SYN said that is pending. */
    final Side pendingSyn = new Side();

    int lastSequence;
    int lastEnd;
    int lastAck;

    /** Unscaled. */
    int lastWindow = 1;

    TcpConnection() {}

    boolean is(int what) {
        return (switches & what) != 0;
    }

    void set(int what) {
        switches |= what;
    }

    void unset(int what) {
        switches &= ~what;
    }

    /** How often the last ACK segment has been repeated, {@link #MOST_REPEATS} where more often. */
    int repeats() {
        return repeats(switches);
    }

    static int repeats(int switches) {
        return switches >>> REPEATS_SHIFT & MOST_REPEATS;
    }

    /** Notes an ACK segment within the window. */
    void noteAckSegment(Packet packet, boolean fromOriginator, int end) {
        boolean repeated = lastSequence == packet.tcpSequence()
                && lastAck == packet.tcpAcknowledgment()
                && lastEnd == end
                && lastWindow == packet.tcpWindow()
                && isLastFrom(switches, fromOriginator);
        switches = afterAckSegment(switches, fromOriginator, repeated ? Math.min(repeats() + 1, MOST_REPEATS) : 0);
        lastSequence = packet.tcpSequence();
        lastAck = packet.tcpAcknowledgment();
        lastEnd = end;
        lastWindow = packet.tcpWindow();
    }

    /** True where there is a last ACK segment, and that side has sent it. */
    static boolean isLastFrom(int switches, boolean originator) {
        return (switches & (ACK_SEGMENT_SEEN | LAST_FROM_ORIGINATOR))
                == (originator ? ACK_SEGMENT_SEEN | LAST_FROM_ORIGINATOR : ACK_SEGMENT_SEEN);
    }

    /** What an ACK segment within the window turns on and off. */
    static int afterAckSegment(int switches, boolean fromOriginator, int repeats) {
        return switches & ~(ANY_PENDING | LAST_FROM_ORIGINATOR | MOST_REPEATS << REPEATS_SHIFT)
                | TRAIN_HOLDS
                | ACK_SEGMENT_SEEN
                | (fromOriginator ? LAST_FROM_ORIGINATOR : 0)
                | repeats << REPEATS_SHIFT;
    }

    /** True where a word of the last segment stands beside {@link #OPENER_UNKNOWN}. */
    static boolean isOpenerUnknown(long last) {
        return ((int) (last >>> 48) & OPENER_UNKNOWN) != 0;
    }

    /** Shift count for the windows that a side offers, as an entry's marks have it. */
    static int scale(int marks, boolean ofOriginator) {
        return marks >>> (ofOriginator ? ORIGINATOR_SHIFT : RESPONDER_SHIFT) + Side.SCALE_SHIFT & 15;
    }

    /** True: the packet right before this was a SYN of the other side inside the connection. */
    boolean answersPendingSyn(boolean fromOriginator) {
        return is(SYN_PENDING) && is(PENDING_FROM_RESPONDER) == fromOriginator;
    }

    /** The last ACK segment is not to be compared with any. */
    void forgetAckSegment() {
        unset(ACK_SEGMENT_SEEN | MOST_REPEATS << REPEATS_SHIFT);
        lastWindow = 1;
    }

    /** As of a connection of which nothing has been seen. */
    void clear() {
        state = State.SYN_SENT;
        originator.clear();
        responder.clear();
        pendingSyn.clear();
        switches = 0;
        lastSequence = 0;
        lastEnd = 0;
        lastAck = 0;
        lastWindow = 1;
    }

    /**
     * From now on as a connection that was there before anybody looked, in the state in which it is; one that had not begun
     * may have been established meanwhile. False: it is over, and nothing has changed.
     */
    boolean forgetSequences() {
        if (state == State.TIME_WAIT || state == State.CLOSE) {
            return false;
        }
        switch (state) {
            case SYN_SENT, SYN_SENT_BOTH, SYN_RECEIVED, SYN_RECEIVED_BOTH -> state = State.ESTABLISHED;
            case ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE -> {
                // It was established, and goes on as it is.
            }
        }
        // A scale that was never heard of may be any.
        if (!originator.is(Side.KNOWN) || !responder.is(Side.KNOWN)) {
            set(PICKED_UP);
        }
        set(ADOPTED);
        unset(LONE_ACK_SEEN | ANY_PENDING | TRAIN_HOLDS);
        originator.forget();
        responder.forget();
        forgetAckSegment();
        return true;
    }

    /** The state that an entry's marks name. */
    static State state(int marks) {
        return STATES[(marks & STATE_MASK) >>> STATE_SHIFT];
    }

    /** False for marks that name no state. */
    static boolean hasState(int marks) {
        return (marks & STATE_MASK) >>> STATE_SHIFT < STATES.length;
    }

    /** An entry's marks with the state and the sides' switches of this connection. */
    int marks(int others) {
        int ours = STATE_MASK | SIDE_MASK << ORIGINATOR_SHIFT | SIDE_MASK << RESPONDER_SHIFT;
        return others & ~ours
                | state.ordinal() << STATE_SHIFT
                | originator.switches << ORIGINATOR_SHIFT
                | responder.switches << RESPONDER_SHIFT;
    }

    /** Reads what an entry says, which begins at a byte of the slab. */
    void load(Slab slab, long at) {
        int marks = slab.getInt(at + Slab.MARKS);
        state = state(marks);
        originator.load(slab, at + ORIGINATOR, marks >>> ORIGINATOR_SHIFT & SIDE_MASK);
        responder.load(slab, at + RESPONDER, marks >>> RESPONDER_SHIFT & SIDE_MASK);
        long starts = slab.getLong(at + STARTS);
        originator.start = (int) starts;
        responder.start = (int) (starts >>> 32);
        long last = slab.getLong(at + LAST);
        lastEnd = (int) last;
        lastWindow = (int) (last >>> 32) & 0xffff;
        int bits = (int) (last >>> 48);
        switches = bits & SWITCHES_MASK;
        long lastSequences = slab.getLong(at + LAST_SEQUENCE);
        lastSequence = (int) lastSequences;
        lastAck = (int) (lastSequences >>> 32);
        if (is(SYN_PENDING)) {
            loadPending(slab.getLong(at + PENDING), bits >>> PENDING_SHIFT & PENDING_MASK);
        }
    }

    private void loadPending(long pending, int bits) {
        pendingSyn.start = (int) pending;
        pendingSyn.maxWindow = (int) (pending >>> 32) & 0xffff;
        pendingSyn.end = pendingSyn.start + (int) (pending >>> 48);
        pendingSyn.maxEnd = pendingSyn.end;
        int offers = (bits & 1) * Side.SCALE_OFFERED | (bits >>> 1 & 1) * Side.SACK_PERMITTED;
        pendingSyn.begin(Side.KNOWN | offers, bits >>> 2);
    }

    private int pendingSwitches() {
        return (pendingSyn.is(Side.SCALE_OFFERED) ? 1 : 0)
                | (pendingSyn.is(Side.SACK_PERMITTED) ? 1 << 1 : 0)
                | pendingSyn.scale() << 2;
    }

    private long last() {
        int bits = is(SYN_PENDING) ? switches | pendingSwitches() << PENDING_SHIFT : switches;
        return last(bits, lastWindow, lastEnd);
    }

    /** The word of the last segment. */
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
     * True when what this connection has become can be written in place: each word alone is old or new after a crash, and
     * every mix admits nothing that neither did, provided that its marks stay. So it is for a segment that only widens: the
     * ends, the sender's windows and acknowledgments grow, each of which is one bound. It is not where the receiver's widest
     * window grows too, as it bounds the quotes of ICMP errors from below, together with the sender's end; nor where the
     * acknowledgment lies beyond what the receiver was allowed to send, as between the old and the new bounds of its resets lies
     * what neither admits.
     *
     * @param fromOriginator who has sent the segment
     */
    boolean onlyWidens(Slab slab, long at, boolean fromOriginator) {
        long receiver = at + (fromOriginator ? RESPONDER : ORIGINATOR);
        return slab.getLong(at + STARTS) == pair(originator.start, responder.start)
                && (!is(SYN_PENDING) || slab.getLong(at + PENDING) == pending())
                && (is(ACK_SEGMENT_SEEN) || slab.getLong(at + LAST_SEQUENCE) == pair(lastSequence, lastAck))
                && side(fromOriginator).maxAck - (int) (slab.getLong(receiver) >>> 32) <= 0
                && (int) slab.getLong(receiver + Long.BYTES) == side(!fromOriginator).maxWindow;
    }

    /** Writes it to an entry, all but the marks. */
    void store(Slab slab, long at) {
        originator.store(slab, at + ORIGINATOR);
        responder.store(slab, at + RESPONDER);
        put(slab, at + STARTS, slab.getLong(at + STARTS), pair(originator.start, responder.start));
        put(slab, at + LAST, slab.getLong(at + LAST), last());
        put(slab, at + LAST_SEQUENCE, slab.getLong(at + LAST_SEQUENCE), pair(lastSequence, lastAck));
        if (is(SYN_PENDING)) {
            put(slab, at + PENDING, slab.getLong(at + PENDING), pending());
        }
    }

    // A word that stays is not written: its cache line may be another core's one day, and a crash has less to cut.
    static void put(Slab slab, long at, long before, long word) {
        if (before != word) {
            slab.putLong(at, word);
        }
    }

    Side side(boolean ofOriginator) {
        return ofOriginator ? originator : responder;
    }
}
