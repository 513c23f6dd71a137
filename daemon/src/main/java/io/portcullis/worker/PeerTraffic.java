package io.portcullis.worker;

/**
 * Frames of a watched conversation; a super-frame counts once. A frame that passes under {@code enforce: audit} has passed.
 *
 * @param ingressPassed from the peer
 * @param ingressDropped from the peer
 * @param egressPassed to the peer
 * @param egressDropped to the peer
 */
public record PeerTraffic(long ingressPassed, long ingressDropped, long egressPassed, long egressDropped) {
    /** No frame. */
    public static final PeerTraffic NONE = new PeerTraffic(0, 0, 0, 0);

    /** The sum of both, for several workers or interfaces. */
    public PeerTraffic plus(PeerTraffic other) {
        return new PeerTraffic(
                ingressPassed + other.ingressPassed,
                ingressDropped + other.ingressDropped,
                egressPassed + other.egressPassed,
                egressDropped + other.egressDropped);
    }

    /** What has come since; no count is negative: where an interface has left, the sums of the others are smaller. */
    PeerTraffic since(PeerTraffic before) {
        return new PeerTraffic(
                Math.max(0, ingressPassed - before.ingressPassed),
                Math.max(0, ingressDropped - before.ingressDropped),
                Math.max(0, egressPassed - before.egressPassed),
                Math.max(0, egressDropped - before.egressDropped));
    }

    /** Frames of both directions that were dropped. */
    long dropped() {
        return ingressDropped + egressDropped;
    }

    /** Frames of both directions. */
    long seen() {
        return ingressPassed + egressPassed + dropped();
    }
}
