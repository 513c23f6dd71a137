package io.portcullis.recorder;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.engine.DropRecorder;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import java.lang.foreign.MemorySegment;

/**
 * Writes the ring of one worker. Frames of one second with the same {@link Scope#EXACT} key share a record. A source may begin {@value
 * #PER_SOURCE} records a second, and so many sources may begin {@value #PER_TARGET} for one destination and port; the frames beyond that
 * share a record of a wider scope, and so do all when a sixtieth of the ring is used in one second. So neither a scanner nor a flood
 * pushes out what others have sent, and the ring has the last minute at least.
 */
final class Recorder implements DropRecorder {
    static final int PER_SOURCE = 16;
    static final int PER_TARGET = 64;

    private static final long SECOND_NS = 1_000_000_000;
    private static final int FEWEST_PER_SECOND = 32;
    private static final int SECONDS_KEPT = 60;

    private final MemorySegment ring;
    private final int snap;
    private final int stride;
    private final int places;
    private final int mostPerSecond;
    private final long salt;
    private final Budget sources = new Budget(PER_SOURCE);
    private final Budget targets = new Budget(PER_TARGET);
    private final Places index;

    private long sequence;
    private long second = Long.MIN_VALUE;
    private int begun;
    private long epochOffsetNs;

    // The frame that is recorded now.
    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int ports;
    private int kind;
    private int vlans;
    private int flags;
    private int reason;

    /**
     * A recorder that goes on after the last record of a ring.
     *
     * @param ring with its header
     * @param snap most bytes of a frame that are kept
     * @param salt random: which sources share a budget
     */
    Recorder(MemorySegment ring, int snap, long salt) {
        this.ring = ring;
        this.snap = snap;
        this.salt = salt | 1;
        stride = RecordLayout.stride(snap);
        places = places(ring.byteSize(), snap);
        mostPerSecond = Math.max(FEWEST_PER_SECOND, places / SECONDS_KEPT);
        index = new Places(Integer.highestOneBit(mostPerSecond) * 4);
        sequence = RecordLayout.newest(ring);
    }

    /** Number of records in a ring. */
    static int places(long bytes, int snap) {
        return Math.toIntExact((bytes - RecordLayout.HEADER) / RecordLayout.stride(snap));
    }

    private long at(int place) {
        return RecordLayout.HEADER + (long) place * stride;
    }

    @Override
    public void time(long nowNs, long epochNs) {
        epochOffsetNs = epochNs - nowNs;
    }

    @Override
    public void record(Batch batch, int i, Packet packet, Direction direction, int packets, long nowNs) {
        long now = Math.floorDiv(nowNs, SECOND_NS);
        if (now != second) {
            second = now;
            begun = 0;
            sources.clear();
            targets.clear();
            index.clear();
        }
        take(packet, direction, batch.reason(i), batch.isAccepted(i));
        long record = recordOf(batch, i, nowNs);
        ring.set(JAVA_LONG, record + RecordLayout.LAST_NS, nowNs + epochOffsetNs);
        ring.set(
                JAVA_LONG, record + RecordLayout.PACKETS, ring.get(JAVA_LONG, record + RecordLayout.PACKETS) + packets);
        long bytes = batch.length(i) + (packets == 1 ? 0L : (packets - 1L) * packet.headersLength());
        ring.set(JAVA_LONG, record + RecordLayout.BYTES, ring.get(JAVA_LONG, record + RecordLayout.BYTES) + bytes);
    }

    private void take(Packet packet, Direction direction, int why, boolean passed) {
        boolean ip = packet.isIp();
        boolean transport = packet.hasTransport();
        boolean icmp = transport && packet.isIcmp();
        sourceHigh = ip ? packet.sourceHigh() : 0;
        sourceLow = ip ? packet.sourceLow() : 0;
        destinationHigh = ip ? packet.destinationHigh() : 0;
        destinationLow = ip ? packet.destinationLow() : 0;
        ports = !transport
                ? 0
                : icmp
                        ? packet.icmpType() << 8 | packet.icmpCode()
                        : packet.sourcePort() << 16 | packet.destinationPort();
        kind = packet.etherType() << 16
                | (ip ? packet.protocol() << 8 : 0)
                | (transport ? packet.tcpFlags() & 0xff : 0);
        vlans = packet.vlans();
        reason = why;
        flags = (ip ? RecordLayout.IP : 0)
                | (ip && packet.isV6() ? RecordLayout.V6 : 0)
                | (transport ? RecordLayout.TRANSPORT : 0)
                | (icmp ? RecordLayout.ICMP : 0)
                | (direction == Direction.EGRESS ? RecordLayout.EGRESS : 0)
                | (passed ? RecordLayout.PASSED : 0);
    }

    /** The record of this second that the frame belongs to: an existing one, or a new one. */
    private long recordOf(Batch batch, int i, long nowNs) {
        long why = (long) reason << 32 | flags & (RecordLayout.EGRESS | RecordLayout.PASSED);
        long source = mix(mix(salt ^ sourceHigh, sourceLow), why);
        long target = mix(mix(salt + destinationHigh, destinationLow), (long) keyPort() << 32 ^ kind >>> 8 ^ why);
        long exact = mix(mix(source, target), vlans);
        long found = find(exact, Scope.EXACT);
        if (found >= 0) {
            return found;
        }
        Scope scope = begun >= mostPerSecond
                ? Scope.REASON
                : sources.isSpent(source) ? Scope.SOURCE : targets.isSpent(target) ? Scope.TARGET : Scope.EXACT;
        if (scope == Scope.EXACT) {
            sources.spend(source);
            targets.spend(target);
            return begin(batch, i, nowNs, exact, scope);
        }
        long hash =
                mix(scope == Scope.SOURCE ? source : scope == Scope.TARGET ? target : mix(salt, why), ~scope.ordinal());
        found = find(hash, scope);
        return found >= 0 ? found : begin(batch, i, nowNs, hash, scope);
    }

    /** Destination port, or type and code: a source port differs from try to try. */
    private int keyPort() {
        return ports & 0xffff;
    }

    /** A record of this second; negative: there is none. */
    private long find(long hash, Scope scope) {
        int first = index.first(hash);
        for (int step = 0; index.record(first, step) != Places.NONE; step++) {
            if (index.mayBe(first, step, hash)) {
                long record = at(index.record(first, step));
                if (isSame(record, scope)) {
                    return record;
                }
            }
        }
        return -1;
    }

    private boolean isSame(long record, Scope scope) {
        int mask = RecordLayout.EGRESS | RecordLayout.PASSED;
        boolean same = ring.get(JAVA_INT, record + RecordLayout.SCOPE) == scope.ordinal()
                && ring.get(JAVA_INT, record + RecordLayout.REASON) == reason
                && (ring.get(JAVA_INT, record + RecordLayout.FLAGS) & mask) == (flags & mask);
        return same
                && switch (scope) {
                    case EXACT ->
                        isSameSource(record)
                                && isSameTarget(record)
                                && ring.get(JAVA_INT, record + RecordLayout.VLANS) == vlans;
                    case SOURCE -> isSameSource(record);
                    case TARGET -> isSameTarget(record);
                    case REASON -> true;
                };
    }

    private boolean isSameSource(long record) {
        return ring.get(JAVA_LONG, record + RecordLayout.SOURCE_HIGH) == sourceHigh
                && ring.get(JAVA_LONG, record + RecordLayout.SOURCE_LOW) == sourceLow;
    }

    private boolean isSameTarget(long record) {
        return ring.get(JAVA_LONG, record + RecordLayout.DESTINATION_HIGH) == destinationHigh
                && ring.get(JAVA_LONG, record + RecordLayout.DESTINATION_LOW) == destinationLow
                && ring.get(JAVA_INT, record + RecordLayout.KIND) >>> 8 == kind >>> 8
                && (ring.get(JAVA_INT, record + RecordLayout.PORTS) & 0xffff) == keyPort();
    }

    private long begin(Batch batch, int i, long nowNs, long hash, Scope scope) {
        int place = (int) (sequence % places);
        long record = at(place);
        int length = batch.length(i);
        int kept = Math.min(snap, length);
        RecordLayout.sequence(ring, record, 0);
        ring.set(JAVA_LONG, record + RecordLayout.FIRST_NS, nowNs + epochOffsetNs);
        ring.set(JAVA_LONG, record + RecordLayout.PACKETS, 0);
        ring.set(JAVA_LONG, record + RecordLayout.BYTES, 0);
        ring.set(JAVA_LONG, record + RecordLayout.SOURCE_HIGH, sourceHigh);
        ring.set(JAVA_LONG, record + RecordLayout.SOURCE_LOW, sourceLow);
        ring.set(JAVA_LONG, record + RecordLayout.DESTINATION_HIGH, destinationHigh);
        ring.set(JAVA_LONG, record + RecordLayout.DESTINATION_LOW, destinationLow);
        ring.set(JAVA_INT, record + RecordLayout.PORTS, ports);
        ring.set(JAVA_INT, record + RecordLayout.VLANS, vlans);
        ring.set(JAVA_INT, record + RecordLayout.KIND, kind);
        ring.set(JAVA_INT, record + RecordLayout.FLAGS, flags);
        ring.set(JAVA_INT, record + RecordLayout.REASON, reason);
        ring.set(JAVA_INT, record + RecordLayout.SCOPE, scope.ordinal());
        ring.set(JAVA_INT, record + RecordLayout.NEAREST, 0);
        ring.set(JAVA_INT, record + RecordLayout.LENGTH, length);
        ring.set(JAVA_INT, record + RecordLayout.KEPT, kept);
        MemorySegment.copy(batch.memory(), batch.offset(i), ring, record + RecordLayout.FRAME, kept);
        RecordLayout.sequence(ring, record, ++sequence);
        RecordLayout.newest(ring, sequence);
        begun++;
        addToIndex(hash, place);
        return record;
    }

    private void addToIndex(long hash, int place) {
        int first = index.first(hash);
        int step = 0;
        while (index.record(first, step) != Places.NONE) {
            step++;
        }
        index.add(first, step, hash, place);
    }

    private static long mix(long a, long b) {
        long mixed = (a ^ b) * 0x9e3779b97f4a7c15L;
        return (mixed ^ mixed >>> 32) * 0xd6e8feb86659fd93L;
    }
}
