package io.portcullis.conntrack;

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
        CLOSE(Timeout.TCP_CLOSE);

        final Timeout timeout;

        State(Timeout timeout) {
            this.timeout = timeout;
        }
    }

    private static final State[] STATES = State.values();

    // Marks of an entry.
    private static final int STATE_SHIFT = 7;
    private static final int STATE_MASK = 15 << STATE_SHIFT;
    private static final int ORIGINATOR_SHIFT = 11;
    private static final int RESPONDER_SHIFT = 21;
    private static final int SIDE_MASK = 0x3ff;

    // Switches of the last segment.
    private static final int TRAIN_HOLDS = 1;
    private static final int FROM_ORIGINATOR = 1 << 1;
    private static final int SEEN = 1 << 2;
    private static final int REPEATS_SHIFT = 3;
    private static final int MOST_REPEATS = 3;
    private static final int SYN_PENDING = 1 << 5;
    private static final int PICKED_UP = 1 << 6;
    private static final int ADOPTED = 1 << 7;
    private static final int LONE_ACK = 1 << 8;
    private static final int PENDING_SHIFT = 9;

    // Words of an entry's second half, in bytes from its begin.
    private static final int ORIGINATOR = Slab.TCP;
    private static final int RESPONDER = Slab.TCP + 16;
    private static final int STARTS = Slab.TCP + 32;
    private static final int LAST = Slab.TCP + 40;
    private static final int LAST_SEQUENCE = Slab.TCP + 48;
    private static final int PENDING = Slab.TCP + 56;

    /** One side as a sender, after van Rooij. */
    static final class Side {
        /** True once a segment of this side has been seen. */
        boolean known;
        /** One past the highest sequence sent. */
        int end;
        /** One past the highest sequence that the peer's window allows. */
        int maxEnd;
        /** The widest window offered, in bytes, scaled. */
        int maxWindow;
        /** Shift count for the windows that this side offers. */
        int scale;
        /** True: the SYN carried a window scale. */
        boolean scaleOffered;
        /** True: this side can take selective acknowledgments. */
        boolean sackPermitted;
        /** Sequence of the SYN. */
        int synSequence;
        /** True: {@link #maxAck} holds. */
        boolean ackSeen;
        /** The highest acknowledgment sent. */
        int maxAck;
        /** True: adopted, and may have sent more than {@link #end} before anybody looked, up to {@link #unseenEnd}. */
        boolean sentUnseen;
        /** One past the highest sequence that the peer's window allowed when this side was learnt. */
        int unseenEnd;
        /** True: this side has sent a FIN. */
        boolean finSeen;

        private void clear() {
            setSwitches(0);
            end = 0;
            maxEnd = 0;
            maxWindow = 0;
            maxAck = 0;
            synSequence = 0;
            unseenEnd = 0;
        }

        private void forget() {
            known = false;
            ackSeen = false;
            sentUnseen = false;
            sackPermitted = true;
            end = 0;
            maxEnd = 0;
            maxWindow = 0;
        }

        /** Ten bits. */
        private int switches() {
            return (known ? 1 : 0)
                    | (scaleOffered ? 1 << 1 : 0)
                    | (sackPermitted ? 1 << 2 : 0)
                    | (ackSeen ? 1 << 3 : 0)
                    | (sentUnseen ? 1 << 4 : 0)
                    | (finSeen ? 1 << 5 : 0)
                    | scale << 6;
        }

        private void setSwitches(int bits) {
            known = (bits & 1) != 0;
            scaleOffered = (bits & 1 << 1) != 0;
            sackPermitted = (bits & 1 << 2) != 0;
            ackSeen = (bits & 1 << 3) != 0;
            sentUnseen = (bits & 1 << 4) != 0;
            finSeen = (bits & 1 << 5) != 0;
            scale = bits >>> 6;
        }

        private long ends() {
            return pair(end, maxEnd);
        }

        private long widest() {
            return pair(maxWindow, maxAck);
        }

        /** What never is needed together: before the handshake's end the SYN, after it what was sent unseen. */
        private int start() {
            return sentUnseen ? unseenEnd : synSequence;
        }

        private void load(Slab slab, long at, int bits) {
            setSwitches(bits);
            long ends = slab.getLong(at);
            end = (int) ends;
            maxEnd = (int) (ends >>> 32);
            long widest = slab.getLong(at + Long.BYTES);
            maxWindow = (int) widest;
            maxAck = (int) (widest >>> 32);
        }
    }

    State state = State.SYN_SENT;
    final Side originator = new Side();
    final Side responder = new Side();

    /** True: picked up in the middle, its window scale unknown; then nothing is out of the window. */
    boolean pickedUp;

    /** True: it was there before us. Its windows count, and its resets, once both sides have been seen. */
    boolean adopted;

    /** True: the responder answered the SYN with a lone ACK of {@link #loneAck} (a half-open connection, RFC 9293 3.5.1). */
    boolean loneAckSeen;

    int loneAck;

    /** True: the packet right before this was a SYN of the originator inside the connection. */
    boolean synPending;

    /** What that SYN said. */
    final Side pendingSyn = new Side();

    /** True: the last ACK segment is also the segment right before this one, so that a reset may end its train. */
    boolean trainHolds;

    /** True: the next five hold: the last segment with ACK and without SYN, FIN and RST that was within the window. */
    boolean ackSegmentSeen;

    boolean lastFromOriginator;
    int lastSequence;
    int lastEnd;
    int lastAck;

    /** Unscaled. */
    int lastWindow = 1;

    /** How often the last ACK segment has been repeated. */
    int repeats;

    TcpConnection() {}

    /** As of a connection of which nothing has been seen. */
    void clear() {
        state = State.SYN_SENT;
        originator.clear();
        responder.clear();
        pickedUp = false;
        adopted = false;
        loneAckSeen = false;
        loneAck = 0;
        synPending = false;
        pendingSyn.clear();
        trainHolds = false;
        ackSegmentSeen = false;
        lastFromOriginator = false;
        lastSequence = 0;
        lastEnd = 0;
        lastAck = 0;
        lastWindow = 1;
        repeats = 0;
    }

    /**
     * From now on as a connection that was there before anybody looked, in the state in which it is; one that had not begun
     * may have been established meanwhile. False: it is over, and nothing has changed.
     */
    boolean forgetSequences() {
        if (state == State.TIME_WAIT || state == State.CLOSE) {
            return false;
        }
        if (state == State.SYN_SENT || state == State.SYN_SENT_BOTH || state == State.SYN_RECEIVED) {
            state = State.ESTABLISHED;
        }
        // A scale that was never heard of may be any.
        pickedUp |= !originator.known || !responder.known;
        adopted = true;
        originator.forget();
        responder.forget();
        loneAckSeen = false;
        synPending = false;
        trainHolds = false;
        ackSegmentSeen = false;
        repeats = 0;
        lastWindow = 1;
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
                | originator.switches() << ORIGINATOR_SHIFT
                | responder.switches() << RESPONDER_SHIFT;
    }

    /** Reads what an entry says, which begins at a byte of the slab. */
    void load(Slab slab, long at) {
        int marks = slab.getInt(at + Slab.MARKS);
        state = state(marks);
        originator.load(slab, at + ORIGINATOR, marks >>> ORIGINATOR_SHIFT & SIDE_MASK);
        responder.load(slab, at + RESPONDER, marks >>> RESPONDER_SHIFT & SIDE_MASK);
        long starts = slab.getLong(at + STARTS);
        originator.synSequence = (int) starts;
        originator.unseenEnd = (int) starts;
        responder.synSequence = (int) (starts >>> 32);
        responder.unseenEnd = (int) (starts >>> 32);
        long last = slab.getLong(at + LAST);
        lastEnd = (int) last;
        lastWindow = (int) (last >>> 32) & 0xffff;
        int switches = (int) (last >>> 48);
        trainHolds = (switches & TRAIN_HOLDS) != 0;
        lastFromOriginator = (switches & FROM_ORIGINATOR) != 0;
        ackSegmentSeen = (switches & SEEN) != 0;
        repeats = switches >>> REPEATS_SHIFT & MOST_REPEATS;
        synPending = (switches & SYN_PENDING) != 0;
        pickedUp = (switches & PICKED_UP) != 0;
        adopted = (switches & ADOPTED) != 0;
        loneAckSeen = (switches & LONE_ACK) != 0;
        long lastSequences = slab.getLong(at + LAST_SEQUENCE);
        lastSequence = (int) lastSequences;
        lastAck = (int) (lastSequences >>> 32);
        loneAck = lastAck;
        if (synPending) {
            loadPending(slab.getLong(at + PENDING), switches >>> PENDING_SHIFT);
        }
    }

    private void loadPending(long pending, int switches) {
        pendingSyn.known = true;
        pendingSyn.synSequence = (int) pending;
        pendingSyn.maxWindow = (int) (pending >>> 32) & 0xffff;
        pendingSyn.end = pendingSyn.synSequence + (int) (pending >>> 48);
        pendingSyn.maxEnd = pendingSyn.end;
        pendingSyn.scaleOffered = (switches & 1) != 0;
        pendingSyn.sackPermitted = (switches & 1 << 1) != 0;
        pendingSyn.scale = switches >>> 2 & 15;
    }

    private long last() {
        int pending =
                (pendingSyn.scaleOffered ? 1 : 0) | (pendingSyn.sackPermitted ? 1 << 1 : 0) | pendingSyn.scale << 2;
        int switches = (trainHolds ? TRAIN_HOLDS : 0)
                | (lastFromOriginator ? FROM_ORIGINATOR : 0)
                | (ackSegmentSeen ? SEEN : 0)
                | Math.min(repeats, MOST_REPEATS) << REPEATS_SHIFT
                | (synPending ? SYN_PENDING | pending << PENDING_SHIFT : 0)
                | (pickedUp ? PICKED_UP : 0)
                | (adopted ? ADOPTED : 0)
                | (loneAckSeen ? LONE_ACK : 0);
        return (long) switches << 48 | (long) lastWindow << 32 | lastEnd & 0xffff_ffffL;
    }

    private long pending() {
        int length = pendingSyn.end - pendingSyn.synSequence;
        return (long) length << 48 | (long) pendingSyn.maxWindow << 32 | pendingSyn.synSequence & 0xffff_ffffL;
    }

    private static long pair(int low, int high) {
        return (long) high << 32 | low & 0xffff_ffffL;
    }

    /**
     * True when what this connection has become can be written in place: each word alone is old or new after a crash, and
     * every mix admits nothing that neither did. So it is for a segment that only widens: the ends, the sender's windows and
     * acknowledgments grow, each of which is one bound. It is not where the receiver's widest window grows too, as it
     * bounds the quotes of ICMP errors from below, together with the sender's end.
     *
     * @param fromOriginator who has sent the segment
     */
    boolean onlyWidens(Slab slab, long at, boolean fromOriginator) {
        Side receiver = side(!fromOriginator);
        return slab.getInt(at + Slab.MARKS) == marks(slab.getInt(at + Slab.MARKS))
                && slab.getLong(at + STARTS) == pair(originator.start(), responder.start())
                && (!synPending || slab.getLong(at + PENDING) == pending())
                && (ackSegmentSeen || slab.getLong(at + LAST_SEQUENCE) == pair(lastSequence, loneAck))
                && (int) slab.getLong(at + (fromOriginator ? RESPONDER : ORIGINATOR) + Long.BYTES)
                        == receiver.maxWindow;
    }

    /** Writes it to an entry, all but the marks. */
    void store(Slab slab, long at) {
        put(slab, at + ORIGINATOR, originator.ends());
        put(slab, at + ORIGINATOR + Long.BYTES, originator.widest());
        put(slab, at + RESPONDER, responder.ends());
        put(slab, at + RESPONDER + Long.BYTES, responder.widest());
        put(slab, at + STARTS, pair(originator.start(), responder.start()));
        put(slab, at + LAST, last());
        put(slab, at + LAST_SEQUENCE, pair(lastSequence, ackSegmentSeen ? lastAck : loneAck));
        if (synPending) {
            put(slab, at + PENDING, pending());
        }
    }

    // A word that stays is not written: its cache line may be another core's one day, and a crash has less to cut.
    private static void put(Slab slab, long at, long word) {
        if (slab.getLong(at) != word) {
            slab.putLong(at, word);
        }
    }

    Side side(boolean ofOriginator) {
        return ofOriginator ? originator : responder;
    }
}
