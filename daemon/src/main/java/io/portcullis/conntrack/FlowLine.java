package io.portcullis.conntrack;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The part of a flow that a line of the fast path has a copy of: reads it from the flow's entry, and folds into the entry what
 * programs have learnt. In a line the key, the flags and the words of TCP have the offsets of {@link FlowLayout}. For the table's
 * thread.
 */
public final class FlowLine {
    /** Of directions: packets from outside. */
    public static final int INGRESS = 1;

    /** Of directions: packets from inside. */
    public static final int EGRESS = 1 << 1;

    /** Of directions. */
    public static final int BOTH = INGRESS | EGRESS;

    private static final int FEW = 12;
    private static final int ECHO = 8;
    private static final int ECHO_V6 = 128;

    /** The widest window that TCP allows (RFC 7323), bytes. */
    private static final int MAX_WINDOW = 65_535 << 14;

    /** The bits of a connection that a plain segment changes. */
    private static final int LAST_BITS = TcpConnection.ACK_SEGMENT_PRECEDES
            | TcpConnection.ACK_SEGMENT_SEEN
            | TcpConnection.LAST_FROM_ORIGINATOR
            | TcpConnection.REPEATS;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Slab slab;
    private final Expiry expiry;
    private final Flow view;

    FlowLine(Slab slab, Expiry expiry, Flow view) {
        this.slab = slab;
        this.expiry = expiry;
        this.view = view;
    }

    /** Number of entries. */
    public int entries() {
        return slab.capacity();
    }

    /** True: the entry has a flow. */
    public boolean hasFlow(int entry) {
        return slab.hasFlow(entry);
    }

    /** The flow of an entry that has one: a view that is valid until the next call. */
    public Flow flow(int entry) {
        return view.moveTo(entry);
    }

    /** True: the flow has had twelve packets or more: connections of few packets would only pay for a line. Of a flow with very many it is sometimes false. */
    public boolean hasSomePackets(int entry) {
        return FlowCount.isAtLeast(slab, entry, FEW);
    }

    /** A word of 8 bytes of the entry. */
    public long word(int entry, int offset) {
        long at = Slab.offset(entry) + offset;
        return slab.getLong(at);
    }

    /** The flags of the flow. */
    public int flags(int entry) {
        return slab.getInt(Slab.offset(entry) + FlowLayout.FLAGS);
    }

    /** True: TCP. */
    public boolean isTcp(int entry) {
        return Tuple.protocol(word(entry, FlowLayout.SERVICE)) == IpProtocol.TCP;
    }

    /** Monotonic time of the last packet that renewed the flow, ns. */
    public long seenNs(int entry) {
        return word(entry, FlowLayout.SEEN) >> FlowLayout.TIMEOUT_BITS;
    }

    /** The timeout of the flow in its present state, ns. */
    public long timeoutNs(int entry) {
        return expiry.timeoutNs(entry);
    }

    /** True: the flow is over at this time. Folds its line first. */
    public boolean isOver(int entry, long nowNs) {
        return expiry.isOver(entry, nowNs);
    }

    /** The hash of the flow's key. */
    public int hash(int entry, SipHash hash) {
        return EntryCheck.hash(slab, hash, entry);
    }

    /** The directions in which a packet can pass that changes neither the flow's state nor its timeout. */
    public int directions(int entry) {
        int flags = flags(entry);
        long service = word(entry, FlowLayout.SERVICE);
        int original = (flags & FlowLayout.BEGAN_INSIDE) != 0 ? EGRESS : INGRESS;
        boolean v6 = (flags & Tuple.V6) != 0;
        return switch (Tuple.protocol(service)) {
            case IpProtocol.TCP -> {
                int bits = (int) (word(entry, FlowLayout.LAST) >>> 48);
                yield PlainSegment.isIn(flags, bits, word(entry, FlowLayout.SEEN)) ? BOTH : 0;
            }
            case IpProtocol.UDP -> UdpTracker.directions(flags, original);
            case IpProtocol.ICMP -> v6 ? 0 : ofEcho(flags, original, (int) service >>> 24 == ECHO);
            case IpProtocol.ICMPV6 -> v6 ? ofEcho(flags, original, (int) service >>> 24 == ECHO_V6) : 0;
            default -> 0;
        };
    }

    private static int ofEcho(int flags, int original, boolean isEcho) {
        int passing = (flags & FlowLayout.REPLIED) != 0 ? BOTH : original;
        return isEcho ? passing : 0;
    }

    /** Writes the flow's key to a line; its flags are not written. */
    public void writeKey(int entry, MemorySegment memory, long line) {
        for (int offset = FlowLayout.OUTSIDE_HIGH; offset <= FlowLayout.SERVICE; offset += Long.BYTES) {
            memory.set(LONG, line + offset, word(entry, offset));
        }
    }

    /** True: the line has the flow's key. */
    public boolean hasKey(int entry, MemorySegment memory, long line) {
        for (int offset = FlowLayout.OUTSIDE_HIGH; offset <= FlowLayout.SERVICE; offset += Long.BYTES) {
            if (memory.get(LONG, line + offset) != word(entry, offset)) {
                return false;
            }
        }
        int differing = memory.get(INT, line + FlowLayout.FLAGS) ^ flags(entry);
        return (differing & (FlowLayout.KEY_FLAGS | FlowLayout.BEGAN_INSIDE)) == 0;
    }

    /** A program has forwarded a packet of the flow at this time. */
    public void foldSeen(int entry, long seenNs) {
        long at = Slab.offset(entry) + FlowLayout.SEEN;
        long before = slab.getLong(at);
        if (seenNs - (before >> FlowLayout.TIMEOUT_BITS) > 0) {
            slab.putLong(at, seenNs << FlowLayout.TIMEOUT_BITS | Flow.state(before));
        }
    }

    /** Programs have forwarded packets of the flow, with these bytes in all from the destination MAC address on. */
    public void count(int entry, Direction direction, long packets, long bytes) {
        FlowCount.addMany(slab, entry, direction, packets, bytes);
    }

    /**
     * Widens the windows of a TCP connection by those of its line.
     *
     * @param far true: the line is ahead by more than sequence numbers can tell, 2^31 bytes, so its windows replace the flow's
     */
    public void foldWindows(int entry, MemorySegment memory, long line, boolean far) {
        long at = Slab.offset(entry);
        long originatorEnds = joinedEnds(at + FlowLayout.ORIGINATOR, memory, line + FlowLayout.ORIGINATOR, far);
        long originatorWindow = joinedWindow(at + FlowLayout.ORIGINATOR, memory, line + FlowLayout.ORIGINATOR, far);
        long responderEnds = joinedEnds(at + FlowLayout.RESPONDER, memory, line + FlowLayout.RESPONDER, far);
        long responderWindow = joinedWindow(at + FlowLayout.RESPONDER, memory, line + FlowLayout.RESPONDER, far);
        boolean same = originatorEnds == slab.getLong(at + FlowLayout.ORIGINATOR + FlowLayout.SIDE_ENDS)
                && originatorWindow == slab.getLong(at + FlowLayout.ORIGINATOR + FlowLayout.SIDE_WINDOW)
                && responderEnds == slab.getLong(at + FlowLayout.RESPONDER + FlowLayout.SIDE_ENDS)
                && responderWindow == slab.getLong(at + FlowLayout.RESPONDER + FlowLayout.SIDE_WINDOW);
        if (same) {
            return;
        }
        // Of several segments at once: a mix of old and new windows might admit what neither does.
        slab.saveUndo(entry);
        slab.putLong(at + FlowLayout.ORIGINATOR + FlowLayout.SIDE_ENDS, originatorEnds);
        slab.putLong(at + FlowLayout.ORIGINATOR + FlowLayout.SIDE_WINDOW, originatorWindow);
        slab.putLong(at + FlowLayout.RESPONDER + FlowLayout.SIDE_ENDS, responderEnds);
        slab.putLong(at + FlowLayout.RESPONDER + FlowLayout.SIDE_WINDOW, responderWindow);
        slab.dropUndo();
    }

    private long joinedEnds(long side, MemorySegment memory, long lineSide, boolean far) {
        long ours = slab.getLong(side + FlowLayout.SIDE_ENDS);
        long theirs = memory.get(LONG, lineSide + FlowLayout.SIDE_ENDS);
        if (far) {
            return theirs;
        }
        return TcpConnection.pair(
                TcpSide.later((int) ours, (int) theirs), TcpSide.later((int) (ours >>> 32), (int) (theirs >>> 32)));
    }

    private long joinedWindow(long side, MemorySegment memory, long lineSide, boolean far) {
        long ours = slab.getLong(side + FlowLayout.SIDE_WINDOW);
        long theirs = memory.get(LONG, lineSide + FlowLayout.SIDE_WINDOW);
        int window = Math.max((int) ours, Math.min((int) theirs, MAX_WINDOW));
        int theirAck = (int) (theirs >>> 32);
        return TcpConnection.pair(window, far ? theirAck : TcpSide.later((int) (ours >>> 32), theirAck));
    }

    /**
     * Notes the last segment that programs have forwarded, if segments of the connection may be plain now.
     *
     * @param last the line's word at {@link FlowLayout#LAST}
     * @param sequences the line's word at {@link FlowLayout#LAST_SEQUENCES}
     */
    public void foldLast(int entry, long last, long sequences) {
        long at = Slab.offset(entry);
        int bits = (int) (slab.getLong(at + FlowLayout.LAST) >>> 48);
        if (!PlainSegment.isIn(flags(entry), bits, slab.getLong(at + FlowLayout.SEEN))) {
            return;
        }
        int newBits = bits & ~LAST_BITS | (int) (last >>> 48) & LAST_BITS;
        slab.saveUndo(entry);
        slab.putLong(at + FlowLayout.LAST, TcpConnection.last(newBits, (int) (last >>> 32) & 0xffff, (int) last));
        slab.putLong(at + FlowLayout.LAST_SEQUENCES, sequences);
        slab.dropUndo();
    }
}
