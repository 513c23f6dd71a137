package io.portcullis.engine;

import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What one worker's engine has counted since the start. Its loop is the only writer; any thread may read, and sees each
 * number whole, if a moment late.
 */
public final class Counters {
    /** The counters that have no direction. */
    public enum Total {
        /** Flows in the table now (a gauge). */
        FLOWS,
        /** Flows that the rules admitted and the table took. */
        FLOWS_CREATED,
        /** How many flows the table may hold now (a gauge). */
        FLOW_LIMIT,
        /** Flows that made room for others in a full table. */
        FLOWS_EVICTED,
        /** Flows that the rules admitted and the table did not take, as it was full of flows that make no room. */
        FLOWS_REFUSED,
        /** Flows that ended before their time: by a reset, by a new connection in their place, or as the rules changed. */
        FLOWS_ENDED,
        /** Flows that were there before: of an earlier run, or adopted from the host's own sockets. */
        FLOWS_TAKEN_UP,
        /** Flows found by a packet of theirs, or an ICMP error about one. */
        FLOW_HITS,
        /** Searches for a flow that was not there. */
        FLOW_MISSES,
        /** Flows forgotten after their idle timeout. */
        FLOWS_EXPIRED,
        /** Datagrams of which some fragments have been seen and that are remembered now (a gauge). */
        FRAGMENTED_DATAGRAMS,
        /** Fragments that wait for the first of their datagram now (a gauge). */
        FRAGMENTS_HELD,
        /** Bytes of those (a gauge). */
        FRAGMENTS_HELD_BYTES,
        /** Layer-4 checksums that a sender left unfinished for its NIC and that were finished here. */
        CHECKSUMS_FINISHED,
        /** ICMP errors taken over from the worker that received them, as they are about a flow of this one. */
        TAKEN_OVER,
        /** Of those, the ones that were too many at once and were lost. */
        NOT_TAKEN_OVER
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

    /** What several workers have counted together, as it is now. */
    public static Counters sum(List<Counters> each) {
        Counters sum = new Counters();
        for (Counters one : each) {
            add(sum.packets, one.packets);
            add(sum.bytes, one.bytes);
            add(sum.auditedPackets, one.auditedPackets);
            add(sum.auditedBytes, one.auditedBytes);
            add(sum.refusedFlows, one.refusedFlows);
            add(sum.evicted, one.evicted);
            add(sum.totals, one.totals);
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

    /** As {@link #count}, of what would be dropped and passed. */
    void countAudited(Direction direction, Reason reason, int count, int length) {
        count(auditedPackets, auditedBytes, cell(direction, reason), count, length);
    }

    /** A flow that would have been refused, by the first packet of it that was seen. */
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

    /** Flows of a class, in a state, that made room for others. */
    public long evicted(EvictionClass of, Timeout state) {
        return evicted.getOpaque(of.ordinal() * STATES + state.ordinal());
    }

    /** Packets with this outcome, a super-frame as those it stands for; {@link Reason#NONE} are those that passed. */
    public long packets(Direction direction, Reason reason) {
        return packets.getOpaque(cell(direction, reason));
    }

    /** Their bytes, Ethernet header included, FCS not. */
    public long bytes(Direction direction, Reason reason) {
        return bytes.getOpaque(cell(direction, reason));
    }

    /**
     * Packets that passed and would have been dropped, as {@link #packets} counts; the later ones of a flow with the reason
     * of its first.
     */
    public long auditedPackets(Direction direction, Reason reason) {
        return auditedPackets.getOpaque(cell(direction, reason));
    }

    /** Their bytes. */
    public long auditedBytes(Direction direction, Reason reason) {
        return auditedBytes.getOpaque(cell(direction, reason));
    }

    /** Flows of which at least one packet passed that would have been dropped, each once, by its first such packet. */
    public long refusedFlows(Direction direction, Reason reason) {
        return refusedFlows.getOpaque(cell(direction, reason));
    }

    /** One of the counters that have no direction. */
    public long total(Total total) {
        return totals.getOpaque(total.ordinal());
    }

    /** What {@link #forEach} shows. */
    @FunctionalInterface
    public interface Outcomes {
        /**
         * One outcome of one direction.
         *
         * @param direction {@code ingress} or {@code egress}
         * @param reason {@link Reason#NONE}: passed
         * @param audited true: passed, and would have been dropped with the reason
         */
        void outcome(String direction, Reason reason, boolean audited, long packets, long bytes);
    }

    /** Shows every outcome of both directions, those that never happened included. */
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

    /** What {@link #forEachRefused} shows. */
    @FunctionalInterface
    public interface Refusals {
        /**
         * The refused flows of one direction and reason.
         *
         * @param direction {@code ingress} or {@code egress}
         */
        void refused(String direction, Reason reason, long flows);
    }

    /** Shows {@link #refusedFlows} of both directions and of every reason that a flow can have. */
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
