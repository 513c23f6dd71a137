package io.portcullis.journal;

/** A field of a log line in the journal; also a key of the SLF4J event's key-value pairs. */
public enum Field {
    EVENT,
    /** Name of the interface in the configuration. */
    INTERFACE,
    /** {@code ingress} or {@code egress}. */
    DIRECTION,
    /** Why a packet was dropped: as the label of the metrics. */
    REASON,
    /** The rule that admitted the flow; of a drop the nearest one. */
    RULE,
    /** Name or number of the IP protocol. */
    PROTOCOL,
    SOURCE,
    SOURCE_PORT,
    DESTINATION,
    DESTINATION_PORT,
    /** Number of packets (drops) or flows that the line stands for. */
    COUNT,
    /** Number of a change in the history. */
    CHANGE,
    /** When the packet came, microseconds since 1970: the journal's own time is that of the entry. Its value is an {@link java.time.Instant}. */
    TIME;

    private static final String PREFIX = "PORTCULLIS_";

    /** {@code PORTCULLIS_SOURCE_PORT}. */
    public String key() {
        return PREFIX + name();
    }
}
