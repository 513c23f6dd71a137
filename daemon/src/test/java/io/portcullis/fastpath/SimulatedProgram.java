package io.portcullis.fastpath;

import io.portcullis.conntrack.FlowLayout;
import io.portcullis.net.Direction;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * One run of a program for one packet, by the rules of {@link FastLayout}, in single accesses to the memory: each call of
 * {@link #step} is one. It shares no code with the daemon's side but the layout and the hash.
 */
final class SimulatedProgram {
    /** How a run ended. */
    enum End {
        RUNS,
        FORWARDED,
        SENT_UP,
        DROPPED
    }

    private enum At {
        PROBE,
        KEY,
        GRANT,
        EPOCH,
        INGRESS_COUNT,
        EGRESS_COUNT,
        FLAGS,
        TIMEOUT,
        SEEN,
        TCP,
        JOIN,
        COMPARE_AND_SWAP,
        LAST,
        SEQUENCES,
        STORE_SEEN,
        PACKETS,
        BYTES,
        FORWARD,
        COUNT_UP,
        COUNT_UP_AT_GATE,
        SEND_UP
    }

    /** A field of 32 bits to be joined. */
    private record Join(int offset, int value, boolean isSequence) {}

    private static final int TCP = 6;
    private static final int ACK = 16;
    private static final int SYN_ACK_RST_FIN = 23;
    private static final int NOT_PLAIN = 1 << 5 | 1 << 6;
    private static final int MAX_ACK_WINDOW = 66_000;
    private static final int[] TCP_WORDS = {
        FlowLayout.ORIGINATOR,
        FlowLayout.ORIGINATOR + FlowLayout.SIDE_WINDOW,
        FlowLayout.RESPONDER,
        FlowLayout.RESPONDER + FlowLayout.SIDE_WINDOW,
        FlowLayout.LAST,
        FlowLayout.LAST_SEQUENCES
    };

    final SimulatedPacket packet;
    /** True: it acts as for a dead daemon. */
    final boolean dead;
    /** The step of the simulation at which it began. */
    final long began;
    /** The daemon whose ring it sends up to. */
    final int daemon;

    /** The line that it has found, or -1. */
    int line = -1;
    /** The count of its tag. */
    int count;

    private final MemorySegment memory;
    private final int lines;
    private final long nowNs;
    private final int hash;
    private final List<Join> joins = new ArrayList<>();
    private final long[] words = new long[TCP_WORDS.length];
    private At at = At.PROBE;
    private int probe;
    private long grant;
    private int epoch;
    private int ingressCount;
    private int egressCount;
    private int flags;
    private long timeoutNs;
    private int reads;
    private int found;
    private long newLast;

    SimulatedProgram(
            MemorySegment memory,
            int lines,
            SipHash hash,
            SimulatedPacket packet,
            boolean dead,
            long nowNs,
            long began,
            int daemon) {
        this.memory = memory;
        this.lines = lines;
        this.packet = packet;
        this.dead = dead;
        this.nowNs = nowNs;
        this.began = began;
        this.daemon = daemon;
        this.hash = hash.of(packet.flow().tuple);
    }

    /** True: the next access writes to {@link #line}. */
    boolean writesLine() {
        return switch (at) {
            case COMPARE_AND_SWAP, LAST, SEQUENCES, STORE_SEEN, PACKETS, BYTES -> true;
            case COUNT_UP -> line >= 0;
            default -> false;
        };
    }

    /** True: the next access counts the packet as forwarded. */
    boolean countsPacket() {
        return at == At.PACKETS;
    }

    private long field(int offset) {
        return FastLayout.line(lines, line) + offset;
    }

    private int getInt(long offset) {
        return memory.get(FastTable.INT, offset);
    }

    private long getLong(long offset) {
        return memory.get(FastTable.LONG, offset);
    }

    private boolean isTcp() {
        return packet.flow().tuple.protocol() == TCP;
    }

    private boolean isIngress() {
        return packet.direction() == Direction.INGRESS;
    }

    private int perDirection(int offset, int bytes) {
        return offset + (isIngress() ? 0 : bytes);
    }

    End step() {
        switch (at) {
            case PROBE -> probe();
            case KEY -> compareKey();
            case GRANT -> {
                grant = getLong(field(FastLayout.GRANT));
                at = At.EPOCH;
            }
            case EPOCH -> {
                epoch = getInt(FastLayout.GATE_EPOCH) & 0xffff;
                at = At.INGRESS_COUNT;
            }
            case INGRESS_COUNT -> {
                ingressCount = getInt(field(FastLayout.INGRESS_UP));
                at = At.EGRESS_COUNT;
            }
            case EGRESS_COUNT -> {
                egressCount = getInt(field(FastLayout.EGRESS_UP));
                at = At.FLAGS;
            }
            case FLAGS -> {
                flags = getInt(field(FastLayout.FLAGS));
                at = isGranted() ? At.TIMEOUT : up();
            }
            case TIMEOUT -> {
                timeoutNs = Integer.toUnsignedLong(getInt(field(FastLayout.TIMEOUT))) << FastLayout.TIMEOUT_SHIFT;
                at = At.SEEN;
            }
            case SEEN -> {
                boolean idle = nowNs - getLong(field(FastLayout.LAST_SEEN)) > timeoutNs;
                at = idle ? up() : isTcp() ? At.TCP : At.STORE_SEEN;
            }
            case TCP -> readTcp();
            case JOIN -> {
                found = getInt(field(joins.getFirst().offset()));
                at = At.COMPARE_AND_SWAP;
            }
            case COMPARE_AND_SWAP -> join();
            case LAST -> {
                memory.set(FastTable.LONG, field(FlowLayout.LAST), newLast);
                at = At.SEQUENCES;
            }
            case SEQUENCES -> {
                memory.set(
                        FastTable.LONG,
                        field(FlowLayout.LAST_SEQUENCES),
                        pair(packet.sequence(), packet.acknowledgment()));
                at = At.STORE_SEEN;
            }
            case STORE_SEEN -> {
                memory.set(FastTable.LONG, field(FastLayout.LAST_SEEN), nowNs);
                at = At.PACKETS;
            }
            case PACKETS -> {
                add(field(perDirection(FastLayout.FORWARDED, FastLayout.COUNTS_PER_DIRECTION)), 1);
                at = At.BYTES;
            }
            case BYTES -> {
                add(
                        field(perDirection(FastLayout.FORWARDED + FastLayout.BYTES, FastLayout.COUNTS_PER_DIRECTION)),
                        packet.bytes());
                at = At.FORWARD;
            }
            case FORWARD -> {
                return End.FORWARDED;
            }
            case COUNT_UP -> countUp();
            case COUNT_UP_AT_GATE -> {
                add(perDirection(FastLayout.GATE_UP, FastLayout.PER_DIRECTION), 1);
                at = At.SEND_UP;
            }
            case SEND_UP -> {
                return dead ? End.DROPPED : End.SENT_UP;
            }
        }
        return End.RUNS;
    }

    private void add(long offset, long amount) {
        memory.set(FastTable.LONG, offset, getLong(offset) + amount);
    }

    private void countUp() {
        if (line >= 0) {
            long offset = field(isIngress() ? FastLayout.INGRESS_UP : FastLayout.EGRESS_UP);
            count = getInt(offset) + 1;
            memory.set(FastTable.INT, offset, count);
        }
        at = At.COUNT_UP_AT_GATE;
    }

    private At up() {
        return dead ? At.SEND_UP : At.COUNT_UP;
    }

    private void probe() {
        int home = (int) (Integer.toUnsignedLong(hash) * FastLayout.slots(lines) >>> 32);
        if (probe == FastLayout.PROBES || home + probe >= FastLayout.slots(lines)) {
            at = up();
            return;
        }
        long word = getLong(FastLayout.slot(home + probe));
        probe++;
        if ((int) (word >>> 32) == hash) {
            line = (int) word - 1;
            at = At.KEY;
        }
    }

    private void compareKey() {
        Tuple tuple = packet.flow().tuple;
        boolean same = getLong(field(FlowLayout.OUTSIDE_HIGH)) == tuple.outsideHigh
                && getLong(field(FlowLayout.OUTSIDE_LOW)) == tuple.outsideLow
                && getLong(field(FlowLayout.INSIDE_HIGH)) == tuple.insideHigh
                && getLong(field(FlowLayout.INSIDE_LOW)) == tuple.insideLow
                && getLong(field(FlowLayout.SERVICE)) == tuple.service
                && (getInt(field(FastLayout.FLAGS)) & FlowLayout.KEY_FLAGS) == tuple.flags;
        line = same ? line : -1;
        at = same ? At.GRANT : At.PROBE;
    }

    private boolean isGranted() {
        boolean ofEpoch = grant != 0 && (short) ((int) (grant >>> FastLayout.GRANT_EPOCH_SHIFT) - epoch) >= 0;
        boolean counts = ((int) grant & FastLayout.COUNT_MASK) == (ingressCount & FastLayout.COUNT_MASK)
                && ((int) (grant >>> FastLayout.GRANT_EGRESS_SHIFT) & FastLayout.COUNT_MASK)
                        == (egressCount & FastLayout.COUNT_MASK);
        int allows = isIngress() ? FastLayout.ALLOWS_INGRESS : FastLayout.ALLOWS_EGRESS;
        return ofEpoch && (dead || counts) && (flags & allows) != 0;
    }

    private static long pair(int low, int high) {
        return (long) high << 32 | low & 0xffff_ffffL;
    }

    private void readTcp() {
        words[reads] = getLong(field(TCP_WORDS[reads]));
        reads++;
        if (reads == TCP_WORDS.length) {
            at = follow() ? At.JOIN : up();
        }
    }

    /** What a plain segment does to a connection; false: the segment is not plain. */
    private boolean follow() {
        boolean fromOriginator = isIngress() != ((flags & FlowLayout.BEGAN_INSIDE) != 0);
        int sender = fromOriginator ? 0 : 2;
        int receiver = 2 - sender;
        long last = words[4];
        int bits = (int) (last >>> 48);
        int end = (int) words[sender];
        int maxEnd = (int) (words[sender] >>> 32);
        int maxWindow = (int) words[sender + 1];
        int maxAck = (int) (words[sender + 1] >>> 32);
        int receiverEnd = (int) words[receiver];
        int receiverMaxEnd = (int) (words[receiver] >>> 32);
        int receiverWindow = (int) words[receiver + 1];
        boolean plain = (packet.flags() & SYN_ACK_RST_FIN) == ACK && packet.window() != 0 && (bits & NOT_PLAIN) == 0;
        int ack = packet.acknowledgment();
        boolean overshoots = packet.sequence() - maxEnd > 0
                || packet.end() - maxEnd > 0
                || ack - receiverEnd > 0
                || ack - receiverMaxEnd > 0;
        boolean old = end - packet.end() > receiverWindow || receiverEnd - ack > Math.max(MAX_ACK_WINDOW, maxWindow);
        boolean repeated = words[5] == pair(packet.sequence(), ack)
                && (int) last == packet.end()
                && ((int) (last >>> 32) & 0xffff) == packet.window()
                && (bits & 4) != 0
                && (bits & 2) != 0 == fromOriginator;
        int repeats = repeated ? (bits >>> 3 & 3) + 1 : 0;
        if (!plain || overshoots || old || repeats >= 3) {
            return false;
        }
        int senderAt = fromOriginator ? FlowLayout.ORIGINATOR : FlowLayout.RESPONDER;
        int receiverAt = fromOriginator ? FlowLayout.RESPONDER : FlowLayout.ORIGINATOR;
        joins.add(new Join(senderAt, later(end, packet.end()), true));
        joins.add(new Join(senderAt + FlowLayout.SIDE_WINDOW, Math.max(maxWindow, packet.window()), false));
        joins.add(new Join(senderAt + FlowLayout.SIDE_WINDOW + 4, later(maxAck, ack), true));
        joins.add(new Join(receiverAt + 4, later(receiverMaxEnd, ack + packet.window()), true));
        int newBits = bits & ~(0x8020 | 2 | 3 << 3) | 1 | 4 | (fromOriginator ? 2 : 0) | repeats << 3;
        newLast = (long) newBits << 48 | (long) packet.window() << 32 | packet.end() & 0xffff_ffffL;
        return true;
    }

    private static int later(int one, int other) {
        return other - one > 0 ? other : one;
    }

    private void join() {
        Join join = joins.getFirst();
        boolean wins = join.isSequence() ? join.value() - found > 0 : join.value() > found;
        int now = getInt(field(join.offset()));
        if (wins && now != found) {
            found = now;
            return;
        }
        if (wins) {
            memory.set(FastTable.INT, field(join.offset()), join.value());
        }
        joins.removeFirst();
        at = joins.isEmpty() ? At.LAST : At.JOIN;
    }
}
