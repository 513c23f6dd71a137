package io.portcullis.conntrack;

/**
 * Follows UDP flows: a flow becomes a stream when the responder answers a second request. The phase is in the entry's flags
 * ({@link FlowLayout#UDP_PHASE_SHIFT}).
 */
public final class UdpTracker {
    // Phases.
    private static final int REQUESTED = 0;
    private static final int ANSWERED = 1;
    private static final int REQUESTED_AGAIN = 2;
    private static final int STREAM = 3;

    private UdpTracker() {}

    /**
     * Follows a packet.
     *
     * @param fromOriginator true in the direction of the flow's first packet
     * @return the flow's timeout from now on
     */
    public static Timeout follow(Flow flow, boolean fromOriginator) {
        int phase = after(flow.udpPhase(), fromOriginator);
        flow.udpPhase(phase);
        return phase == STREAM ? Timeout.UDP_STREAM : Timeout.UDP;
    }

    /** True for the flags of a stream. */
    static boolean isStream(int flags) {
        return (flags & FlowLayout.UDP_PHASE_MASK) >>> FlowLayout.UDP_PHASE_SHIFT == STREAM;
    }

    /**
     * The directions in which a packet changes no phase.
     *
     * @param original that of the flow's first packet: {@link FlowLine#INGRESS} or {@link FlowLine#EGRESS}
     */
    static int directions(int flags, int original) {
        return switch ((flags & FlowLayout.UDP_PHASE_MASK) >>> FlowLayout.UDP_PHASE_SHIFT) {
            case REQUESTED, REQUESTED_AGAIN -> original;
            case ANSWERED -> FlowLine.BOTH & ~original;
            default -> FlowLine.BOTH;
        };
    }

    private static int after(int phase, boolean fromOriginator) {
        return switch (phase) {
            case REQUESTED -> fromOriginator ? REQUESTED : ANSWERED;
            case ANSWERED -> fromOriginator ? REQUESTED_AGAIN : ANSWERED;
            case REQUESTED_AGAIN -> fromOriginator ? REQUESTED_AGAIN : STREAM;
            default -> STREAM;
        };
    }
}
