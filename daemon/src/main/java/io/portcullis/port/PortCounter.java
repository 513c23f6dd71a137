package io.portcullis.port;

/** The counters of a port. Each constant says what one increment means. */
public enum PortCounter {
    /** Frames in. */
    RECEIVED_FRAMES("received-frames", "", "a frame arrived at the NIC, whole, and was handed on to be decided about"),
    /** Bytes in. */
    RECEIVED_BYTES("received-bytes", "", "a byte of such a frame, from the destination MAC address on, without FCS"),
    /** Frames out. */
    SENT_FRAMES(
            "sent-frames",
            "",
            "the kernel took an accepted frame, or one of the packets that a tunnel's super-frame was cut into"),
    /** Bytes out. */
    SENT_BYTES("sent-bytes", "", "a byte of such a frame, from the destination MAC address on, without FCS"),
    /** Refused with EMSGSIZE. */
    TOO_BIG("too-big", "EMSGSIZE", "an accepted frame was longer than the NIC's MTU allows and was not sent"),
    /** A super-frame of an unknown kind of tunnel. */
    UNKNOWN_TUNNEL(
            "unknown-tunnel",
            "",
            "an accepted super-frame of TCP or UDP in a tunnel of a kind that portcullis can't follow could not be cut into"
                    + " its packets and was not sent"),
    /** Received only in part. */
    TRUNCATED(
            "truncated",
            "",
            "a frame was longer than a slot of the receive buffer and was not forwarded: the buffer for long frames was"
                    + " full (ring), or an offload made the frame longer than the MTU (pcap)"),
    /** Lost before the port received it. */
    RING_FULL("ring-full", "", "a frame arrived while the receive buffer was full and was lost before it was seen"),
    /** Dropped by a program of the fast path. */
    SHED(
            "shed",
            "",
            "a frame arrived while too many others waited for the daemon, and a program in the kernel dropped it (offload:"
                    + " auto)"),
    /** A frame that a packet socket can't deliver. */
    UNDESCRIBED(
            "undescribed",
            "",
            "a frame arrived with an offload that a packet socket has no words for (UDP fragmentation of a guest, SCTP"
                    + " segmentation) and was lost before it was seen: have its sender switch that offload off"),
    /** Refused with EAGAIN. */
    SEND_ERROR_EAGAIN(
            "send-error",
            "EAGAIN",
            "an accepted frame was not sent: the socket's send buffer was full (net.core.wmem_default)"),
    /** Refused with ENOBUFS. */
    SEND_ERROR_ENOBUFS("send-error", "ENOBUFS", "an accepted frame was not sent: the NIC's queue was full"),
    /** Refused with ENETDOWN. */
    SEND_ERROR_ENETDOWN("send-error", "ENETDOWN", "an accepted frame was not sent: the NIC was down"),
    /** Refused with ENXIO. */
    SEND_ERROR_ENXIO("send-error", "ENXIO", "an accepted frame was not sent: the NIC was gone"),
    /** Refused with EINVAL. */
    SEND_ERROR_EINVAL(
            "send-error",
            "EINVAL",
            "an accepted frame was not sent: the kernel did not take its offloads (a super-frame of a kind that no packet"
                    + " socket can send)"),
    /** Refused for another reason. */
    SEND_ERROR_OTHER("send-error", "other", "an accepted frame was not sent for a reason that the log names once");

    private final String label;
    private final String errno;
    private final String meaning;

    PortCounter(String label, String errno, String meaning) {
        this.label = label;
        this.errno = errno;
        this.meaning = meaning;
    }

    /** Name for metrics and logs; the kinds of {@code send-error} share one and differ in {@link #errno}. */
    public String label() {
        return label;
    }

    /** The error's C name, {@code other}, or empty where the kernel refused nothing. */
    public String errno() {
        return errno;
    }

    /** What one increment means. */
    public String meaning() {
        return meaning;
    }
}
