package io.portcullis.engine;

import io.portcullis.conntrack.FastPath;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import java.lang.foreign.MemorySegment;

/**
 * A position in a batch: the parsed frame that is decided now, and the results of its checks beside the reason. One per engine,
 * reused for every batch and frame.
 */
final class Cursor {
    /** {@link #aclEntry}: the network ACL has not decided about this frame. */
    static final int NOT_ASKED = -1;

    /** {@link #flow}: none. */
    static final int NO_FLOW = -1;

    /** {@link #worker}: the frame belongs to this engine's worker. */
    static final int OWN = -1;

    /** A smaller batch is decided before its memory would arrive. */
    private static final int FEWEST_TO_PREFETCH = 4;

    private final Packet[] packets = new Packet[Batch.CAPACITY];
    private final Packet.Fault[] faults = new Packet.Fault[Batch.CAPACITY];
    private final Tuple[] tuples = new Tuple[Batch.CAPACITY];

    /** Frames of the batch with a fault, one bit each. */
    private long malformed;

    /** Frames of the batch with a tuple, one bit each. */
    private long keyed;

    // Input, the same for all frames of the batch.

    Batch batch = new Batch(MemorySegment.NULL, false);
    Direction direction = Direction.INGRESS;

    /** True: {@link #direction} is ingress. */
    boolean inward = true;

    /** Monotonic time of the batch, nanoseconds. */
    long nowNs;

    /** True: a plain ACK may open a flow, as {@code tcp-strict} is off or a bridge still learns. */
    boolean picksUp;

    /** True: the batch holds fragments that waited and are decided already. */
    boolean released;

    // Input, of this frame.

    int index;
    Packet packet;

    /** Key of the packet's flow, with its hash; valid if {@link #hasTuple}. */
    Tuple tuple;

    // Outcome, of this frame.

    /** Number of the credited rule, or {@link Batch#NO_RULE}. */
    int rule;

    /** Entry of the flow that counts this frame if it passes, or {@link #NO_FLOW}. */
    int flow;

    /** The entry of the network ACL that decided, by {@link io.portcullis.policy.Acl#number}; or {@link #NOT_ASKED}. */
    int aclEntry;

    /** The worker with the flow that this ICMP error is about, if it is another one; else {@link #OWN}. */
    int worker;

    /** True: this fragment is held until the first of its datagram arrives. */
    boolean held;

    /** True: this TCP segment has opened or renewed its connection. */
    boolean movedTcp;

    Cursor() {
        for (int i = 0; i < Batch.CAPACITY; i++) {
            packets[i] = new Packet();
            tuples[i] = new Tuple();
        }
        packet = packets[0];
        tuple = tuples[0];
    }

    /**
     * Parses all frames of a batch, hashes their tuples and prefetches their flows, so that the cache misses of a batch overlap.
     * Decides nothing: a frame sees the changes of those before it.
     */
    void read(Batch next, Direction way, long now, FlowTable flows) {
        start(next, way, now);
        long withFault = 0;
        long withTuple = 0;
        for (int i = 0; i < next.size(); i++) {
            Packet read = packets[i];
            Packet.Fault fault = read.parse(next.memory(), next.offset(i), next.length(i));
            if (fault != Packet.Fault.NONE) {
                faults[i] = fault;
                withFault |= 1L << i;
            } else if (read.hasTransport()) {
                tuples[i].of(read, way);
                flows.hash(tuples[i]);
                withTuple |= 1L << i;
            }
        }
        malformed = withFault;
        keyed = withTuple;
        if (next.size() >= FEWEST_TO_PREFETCH) {
            flows.prefetch(tuples, withTuple);
        }
    }

    /** Parses a batch of fragments that waited. They have no tuples: their datagrams are decided. */
    void readReleased(Batch next, Direction way) {
        start(next, way, nowNs);
        released = true;
        for (int i = 0; i < next.size(); i++) {
            packets[i].parse(next.memory(), next.offset(i), next.length(i));
        }
    }

    private void start(Batch next, Direction way, long now) {
        batch = next;
        direction = way;
        inward = way == Direction.INGRESS;
        nowNs = now;
        released = false;
    }

    /** Moves to frame {@code i}; its outcome is empty. */
    void moveTo(int i) {
        index = i;
        packet = packets[i];
        tuple = tuples[i];
        rule = Batch.NO_RULE;
        flow = NO_FLOW;
        aclEntry = NOT_ASKED;
        worker = OWN;
        held = false;
        movedTcp = false;
    }

    /** True: the parser found a {@link #fault}. */
    boolean isMalformed() {
        return (malformed >>> index & 1) != 0;
    }

    /** The fault of a malformed frame. */
    Packet.Fault fault() {
        return faults[index];
    }

    /** True: the packet has a layer 4, and so a tuple. */
    boolean hasTuple() {
        return (keyed >>> index & 1) != 0;
    }

    /** True: the frame is an ICMP error about a flow of another worker. */
    boolean isElsewhere() {
        return worker != OWN;
    }

    /** True: a later frame of its flow may have been forwarded by the kernel already. */
    boolean isLate(FastPath fastPath) {
        long tag = batch.tag(index);
        return tag != 0 && hasTuple() && fastPath.isLate(tag, tuple, direction);
    }

    /** Tells the fast path that the frame has been decided about. */
    void tell(FastPath fastPath) {
        long tag = batch.tag(index);
        boolean isNoted = tag != 0 && hasTuple() && fastPath.note(tag, tuple, direction, nowNs);
        if (!isNoted && flow != NO_FLOW && batch.isAccepted(index)) {
            fastPath.offer(flow, nowNs);
        }
    }

    /** Packets on the wire that the frame stands for: more than one for a super-frame. */
    int packets() {
        int segment = batch.segmentLength(index);
        return segment == 0 ? 1 : packet.packets(segment);
    }

    /**
     * Bytes on the wire of the frame.
     *
     * @param packets that it stands for; each has the headers
     */
    int bytes(int packets) {
        return batch.length(index) + (packets == 1 ? 0 : (packets - 1) * packet.headersLength());
    }

    /** High half of the address outside. */
    long outsideHigh() {
        return inward ? packet.sourceHigh() : packet.destinationHigh();
    }

    /** Low half of the address outside. */
    long outsideLow() {
        return inward ? packet.sourceLow() : packet.destinationLow();
    }
}
