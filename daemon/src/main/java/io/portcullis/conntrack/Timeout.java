package io.portcullis.conntrack;

/** The idle timeouts, one for each state that a flow can be in; the key is the configuration's. */
public enum Timeout {
    /** SYN seen, of one side or of both. */
    TCP_SYN_SENT("tcp-syn-sent"),
    /** SYN and SYN+ACK seen. */
    TCP_SYN_RECEIVED("tcp-syn-received"),
    /** Three-way handshake complete. */
    TCP_ESTABLISHED("tcp-established"),
    /** FIN of one side seen. */
    TCP_FIN_WAIT("tcp-fin-wait"),
    /** That FIN acknowledged. */
    TCP_CLOSE_WAIT("tcp-close-wait"),
    /** FIN of both sides seen. */
    TCP_LAST_ACK("tcp-last-ack"),
    /** Both sides closed. */
    TCP_TIME_WAIT("tcp-time-wait"),
    /** Reset. */
    TCP_CLOSE("tcp-close"),
    /** Established, but one side does not answer. */
    TCP_UNACKNOWLEDGED("tcp-unacknowledged"),
    /** One direction, or a single request and response. */
    UDP("udp"),
    /** A second transaction seen. */
    UDP_STREAM("udp-stream"),
    /** ICMP query. */
    ICMP("icmp"),
    /** ICMPv6 query. */
    ICMPV6("icmpv6"),
    /** Every other protocol. */
    OTHER("other");

    private final String key;

    Timeout(String key) {
        this.key = key;
    }

    /** The key under {@code conntrack.timeouts}. */
    public String key() {
        return key;
    }
}
