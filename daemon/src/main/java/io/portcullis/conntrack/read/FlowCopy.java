package io.portcullis.conntrack.read;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowCount;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.lang.invoke.VarHandle;

/** The entry and the record of one flow as they were at one moment. Mutable: a {@link FlowReader} fills it anew for each flow. */
public final class FlowCopy {
    private static final int ENTRY_WORDS = FlowLayout.ENTRY_BYTES / Long.BYTES;
    private static final int RECORD_WORDS = FlowLayout.RECORD_BYTES / Long.BYTES;

    /** The part of the entry that a reader looks at: the first cache line. */
    private static final int KEY_WORDS = ENTRY_WORDS / 2;

    private final long[] words = new long[KEY_WORDS + RECORD_WORDS];
    private int entry;
    private long leftNs;

    FlowCopy() {}

    void fill(Slab slab, int of) {
        entry = of;
        long record = slab.recordOffset(of);
        for (int i = 0; i < RECORD_WORDS; i++) {
            words[KEY_WORDS + i] = slab.getLong(record + (long) i * Long.BYTES);
        }
        // The high bits of the counts are read before the low ones here, and after them in isStill().
        VarHandle.loadLoadFence();
        long at = Slab.offset(of);
        for (int i = 0; i < KEY_WORDS; i++) {
            words[i] = slab.getLong(at + (long) i * Long.BYTES);
        }
    }

    /** A new copy of this one, for later. */
    public FlowCopy kept() {
        FlowCopy kept = new FlowCopy();
        kept.become(this);
        return kept;
    }

    /** Takes over all of another copy. */
    public void become(FlowCopy other) {
        entry = other.entry;
        leftNs = other.leftNs;
        System.arraycopy(other.words, 0, words, 0, words.length);
    }

    void left(long ns) {
        leftNs = ns;
    }

    private long word(int at) {
        return words[at / Long.BYTES];
    }

    private int half(int at) {
        return (int) (word(at) >>> (at % Long.BYTES * Byte.SIZE));
    }

    private int recordHalf(int at) {
        return half(KEY_WORDS * Long.BYTES + at);
    }

    int commit() {
        return half(FlowLayout.COMMIT);
    }

    int flags() {
        return half(FlowLayout.FLAGS);
    }

    long seen() {
        return word(FlowLayout.SEEN);
    }

    /** Number of its entry in its table. */
    public int entry() {
        return entry;
    }

    /** As {@link Flow#number}. */
    public int number() {
        return recordHalf(FlowLayout.CREATED);
    }

    /** IP protocol number. */
    public int protocol() {
        return Tuple.protocol(word(FlowLayout.SERVICE));
    }

    /** VLAN ids: the inner one in bits 0 to 11, the outer one in bits 12 to 23; 0: no tag. */
    public int vlans() {
        return (int) (word(FlowLayout.SERVICE) >>> 40);
    }

    /** As {@link Tuple#selector()}. */
    public int selector() {
        return (int) word(FlowLayout.SERVICE);
    }

    /** True: it has ports. */
    public boolean hasPorts() {
        int protocol = protocol();
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.SCTP;
    }

    /** Port outside; 0: none. */
    public int outsidePort() {
        return hasPorts() ? selector() >>> 16 : 0;
    }

    /** Port inside; 0: none. */
    public int insidePort() {
        return hasPorts() ? selector() & 0xffff : 0;
    }

    /** True for IPv6. */
    public boolean isV6() {
        return (flags() & Tuple.V6) != 0;
    }

    /** High half of the outside address; 0 for IPv4. */
    public long outsideHigh() {
        return word(FlowLayout.OUTSIDE_HIGH);
    }

    /** Low half of the outside address. */
    public long outsideLow() {
        return word(FlowLayout.OUTSIDE_LOW);
    }

    /** High half of the inside address; 0 for IPv4. */
    public long insideHigh() {
        return word(FlowLayout.INSIDE_HIGH);
    }

    /** Low half of the inside address. */
    public long insideLow() {
        return word(FlowLayout.INSIDE_LOW);
    }

    /** Address of the outside. */
    public Address outside() {
        return new Address(isV6(), outsideHigh(), outsideLow());
    }

    /** Address of the inside. */
    public Address inside() {
        return new Address(isV6(), insideHigh(), insideLow());
    }

    /** Direction of its first packet. */
    public Direction direction() {
        return (flags() & FlowLayout.BEGAN_INSIDE) != 0 ? Direction.EGRESS : Direction.INGRESS;
    }

    /** True: both sides have sent. */
    public boolean isReplied() {
        return (flags() & FlowLayout.REPLIED) != 0;
    }

    /** Its timeout, which names its state. */
    public Timeout timeout() {
        return Flow.timeout(seen());
    }

    /** Hash of the text of the rule that admitted it; 0: no rule did. */
    public int rule() {
        return recordHalf(FlowLayout.RULE);
    }

    /** Monotonic time of its first packet, ns; 0: unknown. */
    public long firstSeenNs() {
        return words[KEY_WORDS + FlowLayout.FIRST_SEEN / Long.BYTES];
    }

    /** Time since a packet renewed it, ns. A packet may have come after {@code nowNs} was read: then 0. */
    public long idleNs(long nowNs) {
        return Math.max(0, Flow.idleNs(seen(), nowNs));
    }

    /** Time until it expires, ns, unless a packet comes. */
    public long leftNs() {
        return leftNs;
    }

    /** Packets of a direction, as {@link Flow#packets}. */
    public long packets(Direction direction) {
        return FlowCount.packets(count(direction), recordHalf(high(direction) + FlowLayout.PACKETS_HIGH));
    }

    /** Bytes of a direction, as {@link Flow#bytes}. */
    public long bytes(Direction direction) {
        return FlowCount.bytes(count(direction), recordHalf(high(direction) + FlowLayout.BYTES_HIGH));
    }

    private int count(Direction direction) {
        return half(direction == Direction.INGRESS ? FlowLayout.INGRESS_COUNT : FlowLayout.EGRESS_COUNT);
    }

    private static int high(Direction direction) {
        return direction == Direction.INGRESS ? FlowLayout.INGRESS_HIGH : FlowLayout.EGRESS_HIGH;
    }

    /** True: there was a flow, and what changes in steps is still as in this copy, so no step of its writer fell between its words. */
    boolean isStill(Slab slab) {
        long at = Slab.offset(entry);
        long record = slab.recordOffset(entry);
        if (commit() == 0 || slab.getInt(at + FlowLayout.COMMIT) != commit()) {
            return false;
        }
        // Another flow with the same commit word has another number, which was stored before it.
        VarHandle.loadLoadFence();
        return slab.getInt(at + FlowLayout.FLAGS) == flags()
                && Flow.state(slab.getLong(at + FlowLayout.SEEN)) == Flow.state(seen())
                && slab.getLong(record + FlowLayout.CREATED) == words[KEY_WORDS + FlowLayout.CREATED / Long.BYTES]
                && slab.getLong(record + FlowLayout.INGRESS_HIGH)
                        == words[KEY_WORDS + FlowLayout.INGRESS_HIGH / Long.BYTES]
                && slab.getLong(record + FlowLayout.EGRESS_HIGH)
                        == words[KEY_WORDS + FlowLayout.EGRESS_HIGH / Long.BYTES];
    }
}
