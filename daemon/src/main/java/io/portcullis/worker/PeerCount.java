package io.portcullis.worker;

import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.NeighbourRequest;
import io.portcullis.packet.Packet;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts the frames of one conversation in the batches of one worker, after the decision. The worker's thread counts, any thread
 * reads. Allocates nothing per frame.
 *
 * <p>Counted are whole TCP segments and first fragments. A later fragment has no ports, and a malformed frame counts for no conversation. An ARP
 * request or a neighbour solicitation counts only if it is dropped: without an answer the two hosts on one link send nothing else.
 * A peer behind a router needs none from us: where the router is not found, the conversation sends no frame, and none is counted.
 */
final class PeerCount {
    private static final int PASSED = 0;
    private static final int DROPPED = 1;
    private static final int OUTCOMES = 2;

    private final PeerWatch watch;
    private final Packet packet = new Packet();
    private final NeighbourRequest request = new NeighbourRequest();
    private final AtomicLongArray counts = new AtomicLongArray(Direction.values().length * OUTCOMES);

    PeerCount(PeerWatch watch) {
        this.watch = watch;
    }

    /** Counts the frames of a batch that is decided. */
    void count(Batch batch, Direction direction) {
        int passed = 0;
        int dropped = 0;
        for (int i = 0; i < batch.size(); i++) {
            if (packet.parse(batch.memory(), batch.offset(i), batch.length(i)) != Packet.Fault.NONE) {
                continue;
            }
            boolean accepted = batch.isAccepted(i);
            if (isSegment(direction)) {
                passed += accepted ? 1 : 0;
                dropped += accepted ? 0 : 1;
            } else if (!accepted && isRequest(direction)) {
                dropped++;
            }
        }
        add(direction, PASSED, passed);
        add(direction, DROPPED, dropped);
    }

    private void add(Direction direction, int outcome, int frames) {
        if (frames != 0) {
            int cell = cell(direction, outcome);
            counts.setOpaque(cell, counts.getPlain(cell) + frames);
        }
    }

    private static int cell(Direction direction, int outcome) {
        return direction.ordinal() * OUTCOMES + outcome;
    }

    private boolean isSegment(Direction direction) {
        if (!packet.isIp() || packet.protocol() != IpProtocol.TCP || !packet.hasTransport()) {
            return false;
        }
        Address peer = watch.peer();
        boolean inward = direction == Direction.INGRESS;
        return packet.isV6() == peer.isV6()
                && (inward ? packet.sourceLow() : packet.destinationLow()) == peer.low()
                && (inward ? packet.sourceHigh() : packet.destinationHigh()) == peer.high()
                && (inward ? packet.destinationPort() : packet.sourcePort()) == watch.localPort();
    }

    /** True: we ask for the peer, or the peer asks for the local address. */
    private boolean isRequest(Direction direction) {
        return request.read(packet)
                && (direction == Direction.EGRESS
                        ? request.asksFor(watch.peer())
                        : request.isFrom(watch.peer()) && request.asksFor(watch.local()));
    }

    /** The counts now. Any thread. */
    PeerTraffic traffic() {
        return new PeerTraffic(
                counts.getOpaque(cell(Direction.INGRESS, PASSED)),
                counts.getOpaque(cell(Direction.INGRESS, DROPPED)),
                counts.getOpaque(cell(Direction.EGRESS, PASSED)),
                counts.getOpaque(cell(Direction.EGRESS, DROPPED)));
    }
}
