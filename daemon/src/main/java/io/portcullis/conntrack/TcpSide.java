package io.portcullis.conntrack;

/**
 * One side of a TCP connection as a sender, after van Rooij ({@link TcpTracker}). Sequence numbers are modulo 2^32, so they are
 * compared by the sign of their difference.
 */
public final class TcpSide {
    /** A segment of this side has been seen. */
    static final int KNOWN = 1;
    /** Its SYN carried a window scale. */
    static final int SCALE_OFFERED = 1 << 1;
    /** It accepts selective acknowledgments. */
    public static final int SACK_PERMITTED = 1 << 2;
    /** {@link #maxAck} is valid. */
    static final int ACK_SEEN = 1 << 3;
    /** Adopted, and may have sent more than {@link #end} before the tracking began, up to {@link #start}. */
    static final int SENT_UNSEEN = 1 << 4;
    /** It has sent a FIN. */
    static final int FIN_SEEN = 1 << 5;

    /** Above it, 4 bits: shift count for the windows that this side offers. */
    public static final int SCALE_SHIFT = 6;

    /** The widest window that TCP allows (RFC 7323), bytes. */
    public static final int MAX_WINDOW = 65_535 << 14;

    /** The bits above and the scale: ten bits of the entry's flags. */
    private int bits;
    /** One past the highest sequence sent. */
    int end;
    /** One past the highest sequence that the peer's window allows. */
    int maxEnd;
    /** The widest window offered, bytes, scaled. */
    int maxWindow;
    /** The highest acknowledgment sent. */
    int maxAck;
    /**
     * Two values that are never needed together. Before the end of the handshake: the sequence of the SYN. With
     * {@link #SENT_UNSEEN}: one past the highest sequence that the peer's window allowed when this side was learnt.
     */
    int start;

    TcpSide() {}

    boolean is(int bit) {
        return (bits & bit) != 0;
    }

    void set(int bit) {
        bits |= bit;
    }

    void unset(int bit) {
        bits &= ~bit;
    }

    int bits() {
        return bits;
    }

    /** Shift count for the windows that this side offers. */
    int scale() {
        return bits >>> SCALE_SHIFT;
    }

    void scale(int shift) {
        bits = bits & (1 << SCALE_SHIFT) - 1 | shift << SCALE_SHIFT;
    }

    /**
     * Shift count for the windows that a side offers.
     *
     * @param flags of an entry
     */
    static int scale(int flags, boolean ofOriginator) {
        int shift = ofOriginator ? FlowLayout.ORIGINATOR_SHIFT : FlowLayout.RESPONDER_SHIFT;
        return flags >>> shift + SCALE_SHIFT & 15;
    }

    /** A SYN begins this side: replaces all bits. */
    void begin(int newBits, int shift) {
        bits = newBits | shift << SCALE_SHIFT;
    }

    /** Begins as another side of which only the SYN is known. */
    void beginAs(TcpSide other) {
        bits = other.bits;
        end = other.end;
        maxEnd = other.maxEnd;
        maxWindow = other.maxWindow;
        start = other.start;
    }

    /** The side has offered a window, or has sent past one; the result is at most {@link #MAX_WINDOW}. */
    void widen(long window) {
        maxWindow = (int) Math.min(MAX_WINDOW, Math.max(maxWindow, window));
    }

    /** Notes an acknowledgment that this side sent. */
    void noteAck(int ack) {
        if (!is(ACK_SEEN) || ack - maxAck > 0) {
            set(ACK_SEEN);
            maxAck = ack;
        }
    }

    /** The peer's acknowledgment and window let this side send up to {@code ack + window}; a closed window lets pass one byte. */
    void allow(int ack, int window) {
        int allowed = ack + Math.max(1, window);
        if (allowed - maxEnd > 0) {
            maxEnd = allowed;
        }
    }

    /** True: an acknowledgment covers the SYN of this side. */
    boolean isSynAcknowledgedBy(int ack) {
        return ack - start > 0 && ack - end <= 0;
    }

    /**
     * Learns both sides of an adopted connection from a segment. The side that has not sent yet has sent up to the
     * acknowledgment, perhaps more, before the tracking began. So nothing that is learnt is taken back: the next segment of a
     * side may be a retransmission.
     */
    static void learn(TcpSide sender, TcpSide receiver, int end, int ack) {
        boolean first = !sender.is(KNOWN) && !receiver.is(KNOWN);
        sender.end = first ? end : later(sender.end, end);
        sender.maxEnd = first ? end : later(sender.maxEnd, end);
        receiver.end = first ? ack : later(receiver.end, ack);
        receiver.maxEnd = first ? ack : later(receiver.maxEnd, ack);
        sender.maxWindow = Math.max(1, sender.maxWindow);
        sender.set(KNOWN);
    }

    /**
     * What a side sent before the tracking began becomes known when it sends new data or when it is acknowledged. If that
     * acknowledgment were dropped, a side that only retransmits older data would wait for it for ever.
     */
    void noteUnseen() {
        unset(SENT_UNSEEN);
        if (end - maxEnd < 0) {
            set(SENT_UNSEEN);
            start = maxEnd;
        }
    }

    /** Ends {@link #SENT_UNSEEN} once everything up to {@link #start} has been seen. */
    void noteSeen() {
        if (end - start >= 0) {
            unset(SENT_UNSEEN);
        }
    }

    static int later(int one, int other) {
        return other - one > 0 ? other : one;
    }

    void clear() {
        bits = 0;
        end = 0;
        maxEnd = 0;
        maxWindow = 0;
        maxAck = 0;
        start = 0;
    }

    /** Forgets the sequences and windows; a scale that was offered stays. */
    void forget() {
        unset(KNOWN | ACK_SEEN | SENT_UNSEEN);
        set(SACK_PERMITTED);
        end = 0;
        maxEnd = 0;
        maxWindow = 0;
    }

    /**
     * Reads a side of an entry, except for {@link #start}.
     *
     * @param at where the side begins
     * @param newBits its bits from the entry's flags
     */
    void load(Slab slab, long at, int newBits) {
        bits = newBits;
        long ends = slab.getLong(at + FlowLayout.SIDE_ENDS);
        end = (int) ends;
        maxEnd = (int) (ends >>> 32);
        long window = slab.getLong(at + FlowLayout.SIDE_WINDOW);
        maxWindow = (int) window;
        maxAck = (int) (window >>> 32);
    }

    /** Writes the words that {@link #load} reads. */
    void store(Slab slab, long at) {
        TcpConnection.put(slab, at + FlowLayout.SIDE_ENDS, TcpConnection.pair(end, maxEnd));
        TcpConnection.put(slab, at + FlowLayout.SIDE_WINDOW, TcpConnection.pair(maxWindow, maxAck));
    }
}
