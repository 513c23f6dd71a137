package io.portcullis.conntrack;

/** UDP: a flow becomes a stream with the second reply that answers a later request. */
public final class UdpTracker {
    /** How far the exchange has come. */
    enum Phase {
        REQUESTED,
        ANSWERED,
        REQUESTED_AGAIN,
        STREAM
    }

    private UdpTracker() {}

    /**
     * Notes a packet of the flow.
     *
     * @param fromOriginator true in the direction of the flow's first packet
     * @return the timeout that holds from now on
     */
    public static Timeout follow(Flow flow, boolean fromOriginator) {
        flow.udpPhase = switch (flow.udpPhase) {
            case REQUESTED -> fromOriginator ? Phase.REQUESTED : Phase.ANSWERED;
            case ANSWERED -> fromOriginator ? Phase.REQUESTED_AGAIN : Phase.ANSWERED;
            case REQUESTED_AGAIN -> fromOriginator ? Phase.REQUESTED_AGAIN : Phase.STREAM;
            case STREAM -> Phase.STREAM;
        };
        return flow.udpPhase == Phase.STREAM ? Timeout.UDP_STREAM : Timeout.UDP;
    }
}
