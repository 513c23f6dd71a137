package io.portcullis.conntrack;

/** The idle timeouts, one per state of a flow. Entries hold them by number, so their order never changes. */
public enum Timeout {
    /** A SYN of one side or of both. */
    TCP_SYN_SENT("tcp-syn-sent"),
    /** SYN and SYN+ACK. */
    TCP_SYN_RECEIVED("tcp-syn-received"),
    /** The three-way handshake is complete. */
    TCP_ESTABLISHED("tcp-established"),
    /** A FIN of one side. */
    TCP_FIN_WAIT("tcp-fin-wait"),
    /** That FIN is acknowledged. */
    TCP_CLOSE_WAIT("tcp-close-wait"),
    /** A FIN of both sides. */
    TCP_LAST_ACK("tcp-last-ack"),
    /** Both FINs are acknowledged. */
    TCP_TIME_WAIT("tcp-time-wait"),
    /** A reset. */
    TCP_CLOSE("tcp-close"),
    /** Established, but one side does not answer. */
    TCP_UNACKNOWLEDGED("tcp-unacknowledged"),
    /** One direction, or a single request and response. */
    UDP("udp"),
    /** A second request and response. */
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

    /** The configuration key under {@code conntrack.timeouts}. */
    public String key() {
        return key;
    }
}
