package io.portcullis.engine;

import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The counters of one worker's engine, since the start. Its loop is the only writer. Any thread may read: each number is whole, but may
 * lag behind.
 */
public final class Counters {
    /** The counters that have no direction. */
    public enum Total {
        /** Flows in the table now (a gauge). */
        FLOWS,
        /** Flows that the rules admitted and the table inserted. */
        FLOWS_CREATED,
        /** The most flows that the table may hold now (a gauge). */
        FLOW_LIMIT,
        /** Flows evicted by others from a full table. */
        FLOWS_EVICTED,
        /** Flows that the rules admitted and the table refused: it was full, and no flow could be evicted. */
        FLOWS_REFUSED,
        /** Flows that ended before their timeout: by a reset, by a new connection of the same tuple, or by changed rules. */
        FLOWS_ENDED,
        /** Flows older than this run: recovered from the table of an earlier one, or adopted from the host's own sockets. */
        FLOWS_RESTORED,
        /** Lookups that found a flow, for a packet of it or an ICMP error about it. */
        FLOW_HITS,
        /** Lookups that found no flow. */
        FLOW_MISSES,
        /** Flows that expired after their idle timeout. */
        FLOWS_EXPIRED,
        /** Datagrams with fragments seen that are tracked now (a gauge). */
        FRAGMENTED_DATAGRAMS,
        /** Fragments held now, until the first of their datagram arrives (a gauge). */
        FRAGMENTS_HELD,
        /** Bytes of the held fragments (a gauge). */
        FRAGMENTS_HELD_BYTES,
        /** Layer 4 checksums that the sender left to its NIC, finished by the engine. */
        CHECKSUMS_FINISHED,
        /** ICMP errors about a flow of this worker, taken over from the worker that received them. */
        TAKEN_OVER,
        /** ICMP errors about a flow of this worker, lost because too many came at once. */
        NOT_TAKEN_OVER,
        /** Frames that came so late that the kernel may have forwarded later ones of their flow: they were dropped, without a reason. */
        LATE_FRAMES,
        /** Packets that programs in the kernel have forwarded; among those that passed. */
        OFFLOADED_PACKETS
    }

    private static final int DIRECTIONS = Direction.values().length;
    private static final int REASONS = Reason.values().length;
    private static final int STATES = Timeout.values().length;

    private final AtomicLongArray packets = new AtomicLongArray(DIRECTIONS * REASONS);
    private final AtomicLongArray bytes = new AtomicLongArray(DIRECTIONS * REASONS);
    private final AtomicLongArray auditedPackets = new AtomicLongArray(DIRECTIONS * REASONS);
    private final AtomicLongArray auditedBytes = new AtomicLongArray(DIRECTIONS * REASONS);
    private final AtomicLongArray refusedFlows = new AtomicLongArray(DIRECTIONS * REASONS);
    private final AtomicLongArray evicted = new AtomicLongArray(EvictionClass.values().length * STATES);
    private final AtomicLongArray totals = new AtomicLongArray(Total.values().length);

    Counters() {}

    /** The sums over several workers, as of now. */
    public static Counters sum(List<Counters> workers) {
        Counters sum = new Counters();
        for (Counters worker : workers) {
            add(sum.packets, worker.packets);
            add(sum.bytes, worker.bytes);
            add(sum.auditedPackets, worker.auditedPackets);
            add(sum.auditedBytes, worker.auditedBytes);
            add(sum.refusedFlows, worker.refusedFlows);
            add(sum.evicted, worker.evicted);
            add(sum.totals, worker.totals);
        }
        return sum;
    }

    private static void add(AtomicLongArray to, AtomicLongArray from) {
        for (int i = 0; i < to.length(); i++) {
            to.setPlain(i, to.getPlain(i) + from.getOpaque(i));
        }
    }

    void count(Direction direction, Reason reason, long count, long length) {
        count(packets, bytes, cell(direction, reason), count, length);
    }

    /** As {@link #count}, of frames that passed and would be dropped. */
    void countAudited(Direction direction, Reason reason, int count, int length) {
        count(auditedPackets, auditedBytes, cell(direction, reason), count, length);
    }

    /** Counts a flow that would be refused, at its first packet. */
    void countRefused(Direction direction, Reason reason) {
        int cell = cell(direction, reason);
        refusedFlows.setOpaque(cell, refusedFlows.getPlain(cell) + 1);
    }

    private static void count(AtomicLongArray packets, AtomicLongArray bytes, int cell, long count, long length) {
        packets.setOpaque(cell, packets.getPlain(cell) + count);
        bytes.setOpaque(cell, bytes.getPlain(cell) + length);
    }

    void add(Total total, long count) {
        totals.setOpaque(total.ordinal(), totals.getPlain(total.ordinal()) + count);
    }

    void set(Total total, long value) {
        totals.setOpaque(total.ordinal(), value);
    }

    void setEvicted(EvictionClass of, Timeout state, long count) {
        evicted.setOpaque(of.ordinal() * STATES + state.ordinal(), count);
    }

    /** Flows of a class, in a state, that others evicted. */
    public long evicted(EvictionClass of, Timeout state) {
        return evicted.getOpaque(of.ordinal() * STATES + state.ordinal());
    }

    /** Packets with this outcome; {@link Reason#NONE}: passed. A super-frame counts as the packets that it stands for. */
    public long packets(Direction direction, Reason reason) {
        return packets.getOpaque(cell(direction, reason));
    }

    /** Their bytes, Ethernet header included, FCS not. */
    public long bytes(Direction direction, Reason reason) {
        return bytes.getOpaque(cell(direction, reason));
    }

    /**
     * Packets that passed and would be dropped, as {@link #packets} counts. Later packets of a flow count with the reason of its
     * first.
     */
    public long auditedPackets(Direction direction, Reason reason) {
        return auditedPackets.getOpaque(cell(direction, reason));
    }

    /** Their bytes. */
    public long auditedBytes(Direction direction, Reason reason) {
        return auditedBytes.getOpaque(cell(direction, reason));
    }

    /** Flows with a packet that passed and would be dropped; each counts once, with the reason of the first such packet. */
    public long refusedFlows(Direction direction, Reason reason) {
        return refusedFlows.getOpaque(cell(direction, reason));
    }

    /** One of the counters that have no direction. */
    public long total(Total total) {
        return totals.getOpaque(total.ordinal());
    }

    /** Receives the outcomes of {@link #forEach}. */
    @FunctionalInterface
    public interface Outcomes {
        /**
         * One outcome of one direction.
         *
         * @param direction {@code ingress} or {@code egress}
         * @param reason {@link Reason#NONE}: passed
         * @param audited true: passed, and would be dropped for the reason
         */
        void outcome(String direction, Reason reason, boolean audited, long packets, long bytes);
    }

    /** Passes on every outcome of both directions, also those with a count of 0. */
    public void forEach(Outcomes reader) {
        for (Direction direction : Direction.values()) {
            for (Reason reason : Reason.values()) {
                reader.outcome(direction.label(), reason, false, packets(direction, reason), bytes(direction, reason));
                if (reason != Reason.NONE) {
                    reader.outcome(
                            direction.label(),
                            reason,
                            true,
                            auditedPackets(direction, reason),
                            auditedBytes(direction, reason));
                }
            }
        }
    }

    /** Receives the flows of {@link #forEachRefused}. */
    @FunctionalInterface
    public interface Refusals {
        /**
         * The refused flows of one direction and reason.
         *
         * @param direction {@code ingress} or {@code egress}
         */
        void refused(String direction, Reason reason, long flows);
    }

    /** Passes on {@link #refusedFlows} of both directions and of every reason that refuses a flow. */
    public void forEachRefused(Refusals reader) {
        for (Direction direction : Direction.values()) {
            for (Reason reason : Reason.values()) {
                if (Audit.isOfFlow(reason)) {
                    reader.refused(direction.label(), reason, refusedFlows(direction, reason));
                }
            }
        }
    }

    private static int cell(Direction direction, Reason reason) {
        return direction.ordinal() * REASONS + reason.ordinal();
    }
}
