package io.portcullis.conntrack;

/** What is known of one TCP connection. Sequence numbers are modulo 2^32. Written by {@link TcpTracker} only. */
public final class TcpConnection {
    /** The states of Linux's {@code nf_conntrack_proto_tcp.c}. */
    enum State {
        /** The originator's SYN seen. */
        SYN_SENT(Timeout.TCP_SYN_SENT),
        /** SYNs of both sides seen: a simultaneous open. */
        SYN_SENT_BOTH(Timeout.TCP_SYN_SENT),
        /** SYN+ACK seen. */
        SYN_RECEIVED(Timeout.TCP_SYN_RECEIVED),
        /** The handshake's last ACK seen. */
        ESTABLISHED(Timeout.TCP_ESTABLISHED),
        /** FIN of one side seen. */
        FIN_WAIT(Timeout.TCP_FIN_WAIT),
        /** An ACK after that FIN. */
        CLOSE_WAIT(Timeout.TCP_CLOSE_WAIT),
        /** FIN of the other side too. */
        LAST_ACK(Timeout.TCP_LAST_ACK),
        /** The last ACK. */
        TIME_WAIT(Timeout.TCP_TIME_WAIT),
        /** RST seen. */
        CLOSE(Timeout.TCP_CLOSE);

        final Timeout timeout;

        State(Timeout timeout) {
            this.timeout = timeout;
        }
    }

    /** One side as a sender, after van Rooij. */
    static final class Side {
        /** True once a segment of this side has been seen. */
        boolean known;
        /** One past the highest sequence sent. */
        int end;
        /** One past the highest sequence that the peer's window allows. */
        int maxEnd;
        /** The widest window offered, in bytes, scaled. */
        int maxWindow;
        /** Shift count for the windows that this side offers. */
        int scale;
        /** True: the SYN carried a window scale. */
        boolean scaleOffered;
        /** True: this side can take selective acknowledgments. */
        boolean sackPermitted;
        /** Sequence of the SYN. */
        int synSequence;
        /** True: {@link #maxAck} holds. */
        boolean ackSeen;
        /** The highest acknowledgment sent. */
        int maxAck;
        /** True: adopted, and may have sent more than {@link #end} before anybody looked, up to {@link #unseenEnd}. */
        boolean sentUnseen;
        /** One past the highest sequence that the peer's window allowed when this side was learnt. */
        int unseenEnd;
        /** True: this side has sent a FIN. */
        boolean finSeen;
    }

    State state = State.SYN_SENT;
    final Side originator = new Side();
    final Side responder = new Side();

    /** True: picked up in the middle, its window scale unknown; then nothing is out of the window. */
    boolean pickedUp;

    /** True: it was there before us. Its windows count, and its resets, once both sides have been seen. */
    boolean adopted;

    /** True: the responder answered the SYN with a lone ACK of {@link #loneAck} (a half-open connection, RFC 9293 3.5.1). */
    boolean loneAckSeen;

    int loneAck;

    /** True: the packet right before this was a SYN of the originator inside the connection. */
    boolean synPending;

    /** What that SYN said. */
    final Side pendingSyn = new Side();

    /** True: the last ACK segment is also the segment right before this one, so that a reset may end its train. */
    boolean trainHolds;

    /** True: the next five hold: the last segment with ACK and without SYN, FIN and RST that was within the window. */
    boolean ackSegmentSeen;

    boolean lastFromOriginator;
    int lastSequence;
    int lastEnd;
    int lastAck;

    /** Unscaled. */
    int lastWindow = 1;

    /** How often the last ACK segment has been repeated. */
    int repeats;

    TcpConnection() {}

    Side side(boolean ofOriginator) {
        return ofOriginator ? originator : responder;
    }
}
