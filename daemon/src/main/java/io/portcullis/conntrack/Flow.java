package io.portcullis.conntrack;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Tuple;
import org.jspecify.annotations.Nullable;

/**
 * One tracked connection, both directions: a view of an entry of a {@link FlowTable}. A table has one view and moves it, so a view
 * is valid until the table's next {@code find}, {@code peek} or {@code insert}. For the table's thread.
 */
public final class Flow {
    private static final Timeout[] TIMEOUTS = Timeout.values();

    private final FlowTable table;
    private final Slab slab;
    int entry;
    long at;

    Flow(FlowTable table, Slab slab) {
        this.table = table;
        this.slab = slab;
    }

    /** Writes all words of the entry except the commit word; no packet is counted. */
    void write(Tuple tuple, int flags, long seen, @Nullable TcpConnection tcp) {
        slab.putInt(at + FlowLayout.INGRESS_COUNT, 0);
        slab.putLong(at + FlowLayout.OUTSIDE_HIGH, tuple.outsideHigh);
        slab.putLong(at + FlowLayout.OUTSIDE_LOW, tuple.outsideLow);
        slab.putLong(at + FlowLayout.INSIDE_HIGH, tuple.insideHigh);
        slab.putLong(at + FlowLayout.INSIDE_LOW, tuple.insideLow);
        slab.putLong(at + FlowLayout.SERVICE, tuple.service);
        slab.putInt(at + FlowLayout.FLAGS, flags);
        slab.putInt(at + FlowLayout.EGRESS_COUNT, 0);
        slab.putLong(at + FlowLayout.SEEN, seen);
        if (tcp != null) {
            tcp.store(slab, at);
        }
    }

    /** Writes the record of a new flow. */
    void writeRecord(long firstSeenNs, int number, int rule) {
        long record = slab.recordOffset(entry);
        slab.putLong(record + FlowLayout.FIRST_SEEN, firstSeenNs);
        slab.putInt(record + FlowLayout.CREATED, number);
        slab.putInt(record + FlowLayout.RULE, rule);
        slab.putLong(record + FlowLayout.INGRESS_HIGH, 0);
        slab.putLong(record + FlowLayout.EGRESS_HIGH, 0);
    }

    /** The bytes of its entry. */
    byte[] bytes() {
        return slab.copy(entry);
    }

    /** Number of the flow in its table, modulo 2^32; no other flow of the table has had it lately. */
    public int number() {
        return slab.getInt(slab.recordOffset(entry) + FlowLayout.CREATED);
    }

    /** Number of its entry, which no other flow of the table has. */
    public int entry() {
        return entry;
    }

    Flow moveTo(int newEntry) {
        entry = newEntry;
        at = Slab.offset(newEntry);
        return this;
    }

    int flags() {
        return slab.getInt(at + FlowLayout.FLAGS);
    }

    private long service() {
        return slab.getLong(at + FlowLayout.SERVICE);
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
        return (flags() & Tuple.V6) != 0;
    }

    /** High half of the outside address. */
    public long outsideHigh() {
        return slab.getLong(at + FlowLayout.OUTSIDE_HIGH);
    }

    /** Low half of the outside address. */
    public long outsideLow() {
        return slab.getLong(at + FlowLayout.OUTSIDE_LOW);
    }

    /** High half of the inside address. */
    public long insideHigh() {
        return slab.getLong(at + FlowLayout.INSIDE_HIGH);
    }

    /** Low half of the inside address. */
    public long insideLow() {
        return slab.getLong(at + FlowLayout.INSIDE_LOW);
    }

    /** As {@link Tuple#selector()}. */
    public int selector() {
        return (int) service();
    }

    /** The selector for which the rules were asked about its first packet ({@link Tuple#askedSelector}). */
    public int askedSelector() {
        return Tuple.askedSelector(protocol(), selector(), originalDirection());
    }

    /** The selector that a network ACL matches in a packet of the reply direction. */
    public int replySelector() {
        int selector =
                Tuple.askedSelector(protocol(), selector(), originalDirection().opposite());
        boolean isIcmp = protocol() == IpProtocol.ICMP || protocol() == IpProtocol.ICMPV6;
        return isIcmp ? Icmp.replyOf(isV6(), selector >>> 8) << 8 | selector & 0xff : selector;
    }

    /** Its timeout, which also names its state. */
    public Timeout timeout() {
        return timeout(slab.getLong(at + FlowLayout.SEEN));
    }

    /**
     * The timeout of a flow.
     *
     * @param seen {@link FlowLayout#SEEN}
     */
    public static Timeout timeout(long seen) {
        return TIMEOUTS[state(seen)];
    }

    /** The number of the timeout in {@link FlowLayout#SEEN}. */
    public static int state(long seen) {
        return (int) seen & 15;
    }

    /** True: programs in the kernel forward its packets now, as far as they change no state. */
    public boolean isForwardedByKernel() {
        return table.isCarried(entry);
    }

    /** Time since a packet renewed it, ns. */
    public long idleNs(long nowNs) {
        return idleNs(slab.getLong(at + FlowLayout.SEEN), nowNs);
    }

    /**
     * Time since a packet renewed a flow, ns.
     *
     * @param seen {@link FlowLayout#SEEN}
     */
    public static long idleNs(long seen, long nowNs) {
        return (nowNs << 4) - (seen & ~15L) >> 4;
    }

    static long seen(long nowNs, Timeout timeout) {
        return nowNs << 4 | timeout.ordinal();
    }

    /** Direction of its first packet. */
    public Direction originalDirection() {
        return (flags() & FlowLayout.BEGAN_INSIDE) != 0 ? Direction.EGRESS : Direction.INGRESS;
    }

    /** True: a failsafe rule has admitted it. */
    public boolean isFailsafe() {
        return (flags() & FlowLayout.FAILSAFE) != 0;
    }

    /** True: a packet of the reply direction has passed. */
    public boolean isReplied() {
        return (flags() & FlowLayout.REPLIED) != 0;
    }

    /** Hash of the text of the rule that admitted it, which stays the same over reloads and restarts; 0: no rule did. */
    public int rule() {
        return slab.getInt(slab.recordOffset(entry) + FlowLayout.RULE);
    }

    /** Monotonic time of its first packet, or of its adoption, ns; 0: unknown, as an earlier program opened it. */
    public long firstSeenNs() {
        return slab.getLong(slab.recordOffset(entry) + FlowLayout.FIRST_SEEN);
    }

    /**
     * Its packets of a direction that have passed, as they are on the wire: a super-frame counts as its packets. ICMP errors about
     * the flow, and fragments but the first of a datagram, are not counted.
     */
    public long packets(Direction direction) {
        return FlowCount.packets(slab, entry, direction);
    }

    /** The bytes of {@link #packets}, from the destination MAC address on. */
    public long bytes(Direction direction) {
        return FlowCount.bytes(slab, entry, direction);
    }

    TcpConnection.State tcpState() {
        return TcpConnection.state(flags());
    }

    /** True: TCP with an unknown opener, so the rules decide about a SYN of either side inside it. */
    public boolean asksRulesAboutSyn() {
        return TcpConnection.isOpenerUnknown(slab.getLong(at + FlowLayout.LAST)) && !TcpTracker.isOver(this);
    }

    void load(TcpConnection connection) {
        connection.load(slab, at);
    }

    int udpPhase() {
        return (flags() & FlowLayout.UDP_PHASE_MASK) >>> FlowLayout.UDP_PHASE_SHIFT;
    }

    void udpPhase(int phase) {
        int flags = flags();
        int next = flags & ~FlowLayout.UDP_PHASE_MASK | phase << FlowLayout.UDP_PHASE_SHIFT;
        if (next != flags) {
            slab.putInt(at + FlowLayout.FLAGS, next);
            table.classify(entry);
        }
    }

    /** Caches the answer of the rules in force about its first packet. */
    public void answered(int rule) {
        table.answers().put(entry, rule);
    }

    /** True: {@link #answer} is an answer of the rules in force. */
    public boolean isAnswered() {
        return table.answers().has(entry);
    }

    /** The cached answer. */
    public int answer() {
        return table.answers().get(entry);
    }
}
