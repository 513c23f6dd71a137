package io.portcullis.conntrack;

/** UDP: a flow becomes a stream with the second reply that answers a later request. */
public final class UdpTracker {
    // How far the exchange has come.
    private static final int REQUESTED = 0;
    private static final int ANSWERED = 1;
    private static final int REQUESTED_AGAIN = 2;
    private static final int STREAM = 3;

    private UdpTracker() {}

    /**
     * Notes a packet of the flow.
     *
     * @param fromOriginator true in the direction of the flow's first packet
     * @return the timeout that holds from now on
     */
    public static Timeout follow(Flow flow, boolean fromOriginator) {
        int phase = after(flow.udpPhase(), fromOriginator);
        flow.udpPhase(phase);
        return phase == STREAM ? Timeout.UDP_STREAM : Timeout.UDP;
    }

    /** True for the marks of a flow that has become a stream. */
    static boolean isStream(int marks) {
        return (marks & FlowLayout.UDP_PHASE_MASK) >>> FlowLayout.UDP_PHASE_SHIFT == STREAM;
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
