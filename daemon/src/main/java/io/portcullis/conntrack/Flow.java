package io.portcullis.conntrack;

import io.portcullis.net.Direction;
import io.portcullis.packet.Tuple;

/**
 * One tracked connection, both directions of it: a view of an entry of a {@link FlowTable}. A table has one view and moves it,
 * so what it answered last is what holds. For the table's thread.
 */
public final class Flow {
    static final int OF_KEY = Tuple.V6 | Tuple.REQUEST_FROM_INSIDE;
    static final int BEGAN_INSIDE = 1 << 2;
    static final int FAILSAFE = 1 << 3;
    public static final int REPLIED = 1 << 4;
    static final int UDP_SHIFT = 5;
    static final int UDP_MASK = 3 << UDP_SHIFT;
    /** The SYN inside a TCP connection that is pending was admitted by a failsafe rule. */
    static final int SYN_BY_FAILSAFE = 1 << 31;

    private static final Timeout[] TIMEOUTS = Timeout.values();

    private final FlowTable table;
    private final Slab slab;
    int entry;
    long at;

    Flow(FlowTable table, Slab slab) {
        this.table = table;
        this.slab = slab;
    }

    Flow moveTo(int newEntry) {
        entry = newEntry;
        at = Slab.offset(newEntry);
        return this;
    }

    int marks() {
        return slab.getInt(at + Slab.MARKS);
    }

    private long service() {
        return slab.getLong(at + Slab.SERVICE);
    }

    /** IP protocol number. */
    public int protocol() {
        return Tuple.protocol(service());
    }

    /** VLAN ids, as {@link io.portcullis.packet.Packet#vlans}. */
    public int vlans() {
        return (int) (service() >>> 40);
    }

    /** True for IPv6. */
    public boolean isV6() {
        return (marks() & Tuple.V6) != 0;
    }

    /** High half of the outside address. */
    public long outsideHigh() {
        return slab.getLong(at + Slab.OUTSIDE_HIGH);
    }

    /** Low half of the outside address. */
    public long outsideLow() {
        return slab.getLong(at + Slab.OUTSIDE_LOW);
    }

    /** High half of the inside address. */
    public long insideHigh() {
        return slab.getLong(at + Slab.INSIDE_HIGH);
    }

    /** Low half of the inside address. */
    public long insideLow() {
        return slab.getLong(at + Slab.INSIDE_LOW);
    }

    /** As {@link Tuple#selector()}. */
    public int selector() {
        return (int) service();
    }

    /** What rules were asked about its first packet ({@link Tuple#askedSelector}). */
    public int askedSelector() {
        return Tuple.askedSelector(protocol(), selector(), originalDirection());
    }

    /** Its state, which is named as its timeout. */
    public Timeout timeout() {
        return timeout(slab.getLong(at + Slab.SEEN));
    }

    public static Timeout timeout(long seen) {
        return TIMEOUTS[state(seen)];
    }

    /** The ordinal of the timeout that a word of this kind names. */
    static int state(long seen) {
        return (int) seen & 15;
    }

    /** How long ago a packet renewed it, nanoseconds. */
    public long idleNs(long nowNs) {
        return idleNs(slab.getLong(at + Slab.SEEN), nowNs);
    }

    static long idleNs(long seen, long nowNs) {
        return (nowNs << 4) - (seen & ~15L) >> 4;
    }

    static long seen(long nowNs, Timeout timeout) {
        return nowNs << 4 | timeout.ordinal();
    }

    /** In which direction its first packet travelled. */
    public Direction originalDirection() {
        return (marks() & BEGAN_INSIDE) != 0 ? Direction.EGRESS : Direction.INGRESS;
    }

    /** True when a failsafe rule has admitted it. */
    public boolean isFailsafe() {
        return (marks() & FAILSAFE) != 0;
    }

    /** True once a packet of the reply direction has passed. */
    public boolean isReplied() {
        return (marks() & REPLIED) != 0;
    }

    /** Hash of the text of the rule that admitted it; 0: none did. It outlives edits and restarts. */
    public int rule() {
        return slab.getInt(at + Slab.RULE);
    }

    TcpConnection.State tcpState() {
        return TcpConnection.state(marks());
    }

    /** True for a TCP connection inside which a SYN of either side is for the rules: nobody knows who opened it. */
    public boolean asksRulesAboutSyn() {
        return TcpConnection.isOpenerUnknown(slab.getLong(at + TcpConnection.LAST)) && !TcpTracker.isOver(this);
    }

    void load(TcpConnection connection) {
        connection.load(slab, at);
    }

    int udpPhase() {
        return (marks() & UDP_MASK) >>> UDP_SHIFT;
    }

    void udpPhase(int phase) {
        int marks = marks();
        int next = marks & ~UDP_MASK | phase << UDP_SHIFT;
        if (next != marks) {
            slab.putInt(at + Slab.MARKS, next);
            table.classify(entry);
        }
    }

    /** Keeps what today's rules answered when they were asked about its first packet. */
    public void answered(int rule) {
        table.answers().keep(entry, rule);
    }

    /** True when {@link #answer} holds. */
    public boolean isAnswered() {
        return table.answers().isKept(entry);
    }

    /** The answer that is kept. */
    public int answer() {
        return table.answers().get(entry);
    }
}
