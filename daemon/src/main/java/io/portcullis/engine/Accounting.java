package io.portcullis.engine;

import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.FastPath;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import io.portcullis.policy.Policy;
import org.jspecify.annotations.Nullable;

/** Writes each frame's verdict into its batch, and counts it. */
final class Accounting {
    private static final Direction[] DIRECTIONS = Direction.values();
    private static final Timeout[] STATES = Timeout.values();
    private static final EvictionClass[] EVICTION_CLASSES = EvictionClass.values();

    private final Counters counters;
    private final RuleStep rules;
    private final FlowTable flows;
    private final Fragments fragments;
    private final DropSamples dropSamples = new DropSamples();
    private DropRecorder recorder = DropRecorder.NONE;

    /** Null unless the policy audits. */
    private @Nullable Audit audit;

    // Of each direction: what programs have forwarded, as far as it is counted.
    private final long[] forwardedPackets = new long[DIRECTIONS.length];
    private final long[] forwardedBytes = new long[DIRECTIONS.length];

    // Frames of this batch that have passed; counted at its end.
    private long passedPackets;
    private long passedBytes;

    Accounting(Counters counters, RuleStep rules, FlowTable flows, Fragments fragments) {
        this.counters = counters;
        this.rules = rules;
        this.flows = flows;
        this.fragments = fragments;
        install(rules.policy());
    }

    /** Logs as another policy says, and starts or ends an audit. A running audit keeps its notes. */
    void install(Policy policy) {
        dropSamples.install(policy);
        if (!policy.audits()) {
            audit = null;
        } else if (audit == null) {
            audit = new Audit(counters, dropSamples, flows);
        }
    }

    DropSamples dropSamples() {
        return dropSamples;
    }

    DropRecorder recorder() {
        return recorder;
    }

    void record(DropRecorder drops) {
        recorder = drops;
    }

    /**
     * Concludes a frame: it passes, is dropped, or would be dropped.
     *
     * @param reason {@link Reason#NONE}: it passes
     */
    void conclude(Cursor frame, Reason reason) {
        Batch batch = frame.batch;
        Packet packet = frame.packet;
        int i = frame.index;
        int packets = frame.packets();
        int length = frame.bytes(packets);
        if (frame.aclEntry != Cursor.NOT_ASKED) {
            rules.hits().countAcl(frame.aclEntry, packets, frame.nowNs);
        }
        if (reason == Reason.NONE) {
            passedPackets += packets;
            passedBytes += length;
            if (frame.flow != Cursor.NO_FLOW) {
                flows.count(frame.flow, frame.direction, packets, length);
                if (frame.rule != Batch.NO_RULE) {
                    // Credited, and of a flow: it has opened the flow.
                    dropSamples.noteFlow(packet, frame.direction, frame.rule, frame.nowNs);
                }
            }
            batch.accept(i, frame.rule);
        } else if (audit != null) {
            boolean isFirst = audit.wouldDrop(frame, reason, packets, length);
            batch.wouldDrop(i, reason.ordinal());
            if (isFirst) {
                recorder.record(batch, i, packet, frame.direction, packets, frame.nowNs);
            }
        } else {
            batch.drop(i, reason.ordinal());
            counters.count(frame.direction, reason, packets, length);
            dropSamples.note(packet, frame.direction, reason, false, frame.nowNs);
            recorder.record(batch, i, packet, frame.direction, packets, frame.nowNs);
        }
    }

    /** Drops a frame that later ones of its flow may have overtaken in the kernel. No rule refuses it, so it has no reason. */
    void late(Cursor frame) {
        frame.batch.drop(frame.index, Reason.NONE.ordinal());
        counters.add(Counters.Total.LATE_FRAMES, frame.packets());
    }

    /** Counts what programs forward from now on. */
    void startCounting(FastPath fastPath) {
        for (Direction direction : DIRECTIONS) {
            forwardedPackets[direction.ordinal()] = fastPath.forwardedPackets(direction);
            forwardedBytes[direction.ordinal()] = fastPath.forwardedBytes(direction);
        }
    }

    /** Counts what programs have forwarded since the last call as passed. */
    void countForwarded(FastPath fastPath) {
        for (Direction direction : DIRECTIONS) {
            int way = direction.ordinal();
            long packets = fastPath.forwardedPackets(direction);
            long bytes = fastPath.forwardedBytes(direction);
            counters.count(direction, Reason.NONE, packets - forwardedPackets[way], bytes - forwardedBytes[way]);
            counters.add(Counters.Total.OFFLOADED_PACKETS, packets - forwardedPackets[way]);
            forwardedPackets[way] = packets;
            forwardedBytes[way] = bytes;
        }
    }

    /** Counts the frames of a batch that have passed, and publishes the gauges. */
    void endBatch(Direction direction) {
        counters.count(direction, Reason.NONE, passedPackets, passedBytes);
        passedPackets = 0;
        passedBytes = 0;
        publish();
    }

    /** Publishes the counters of the flow table and the fragments for other threads. */
    void publish() {
        counters.set(Counters.Total.FLOWS, flows.size());
        counters.set(Counters.Total.FLOW_LIMIT, flows.limit());
        counters.set(Counters.Total.FLOWS_ENDED, flows.ended());
        counters.set(Counters.Total.FLOW_HITS, flows.hits());
        counters.set(Counters.Total.FLOW_MISSES, flows.lookups() - flows.hits());
        if (counters.total(Counters.Total.FLOWS_EVICTED) != flows.evictions()) {
            publishEvictions();
        }
        counters.set(Counters.Total.FLOWS_EXPIRED, flows.expirations());
        counters.set(Counters.Total.FRAGMENTED_DATAGRAMS, fragments.datagrams());
        counters.set(Counters.Total.FRAGMENTS_HELD, fragments.heldFrames());
        counters.set(Counters.Total.FRAGMENTS_HELD_BYTES, fragments.heldBytes());
    }

    private void publishEvictions() {
        counters.set(Counters.Total.FLOWS_EVICTED, flows.evictions());
        for (EvictionClass evicted : EVICTION_CLASSES) {
            for (Timeout state : STATES) {
                counters.setEvicted(evicted, state, flows.evictions(evicted, state));
            }
        }
    }
}
