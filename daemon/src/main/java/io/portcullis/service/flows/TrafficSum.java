package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.FlowsReport.Traffic;

/** Packets and bytes of both directions, to be summed without an object for each flow. */
final class TrafficSum {
    private long ingressPackets;
    private long ingressBytes;
    private long egressPackets;
    private long egressBytes;

    /** Becomes the traffic of a flow since it began. */
    void set(FlowCopy flow) {
        ingressPackets = flow.packets(Direction.INGRESS);
        ingressBytes = flow.bytes(Direction.INGRESS);
        egressPackets = flow.packets(Direction.EGRESS);
        egressBytes = flow.bytes(Direction.EGRESS);
    }

    void add(TrafficSum other) {
        ingressPackets += other.ingressPackets;
        ingressBytes += other.ingressBytes;
        egressPackets += other.egressPackets;
        egressBytes += other.egressBytes;
    }

    /** Subtracts earlier counts; of the packets only the lower half is kept: there are fewer than 2^32 between two readings. */
    void subtract(int packetsIn, long bytesIn, int packetsOut, long bytesOut) {
        ingressPackets = Integer.toUnsignedLong((int) ingressPackets - packetsIn);
        ingressBytes -= bytesIn;
        egressPackets = Integer.toUnsignedLong((int) egressPackets - packetsOut);
        egressBytes -= bytesOut;
    }

    long packets() {
        return ingressPackets + egressPackets;
    }

    long bytes() {
        return ingressBytes + egressBytes;
    }

    Traffic traffic() {
        return new Traffic(ingressPackets, ingressBytes, egressPackets, egressBytes);
    }

    /** The rate of as much in that time. */
    Traffic per(double seconds) {
        return new Traffic(
                Math.round(ingressPackets / seconds),
                Math.round(ingressBytes / seconds),
                Math.round(egressPackets / seconds),
                Math.round(egressBytes / seconds));
    }
}
