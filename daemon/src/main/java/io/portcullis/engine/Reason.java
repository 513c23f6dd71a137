package io.portcullis.engine;

/**
 * The reason for which a frame is dropped, as metrics, logs and {@code explain} name it. In the order of the checks. {@link #NONE} is
 * no drop.
 */
public enum Reason {
    /** Not dropped. */
    NONE("none"),
    /** Truncated before layer 3, or more than two VLAN tags. */
    MALFORMED_L2("malformed-l2"),
    /** The IP header or its extension headers are malformed, or carry a source route. */
    MALFORMED_IP("malformed-ip"),
    /** The layer 4 header is malformed or truncated. */
    MALFORMED_L4("malformed-l4"),
    /** Link traffic of a class that does not pass, or malformed for its class. */
    LINK_CLASS("link-class"),
    /** An address that must not be on the wire. */
    BAD_ADDRESS("bad-address"),
    /** Egress from an address that is not the interface's own, or ingress from one that is. */
    SOURCE_CHECK("source-check"),
    /** A fragment that could hide or overwrite the layer 4 header. */
    FRAGMENT_TINY("fragment-tiny"),
    /** A fragment that overlaps or repeats another of its datagram, or lies past its end; and those after an overlap. */
    FRAGMENT_OVERLAP("fragment-overlap"),
    /** Too many fragments of a datagram, too many datagrams, no memory to hold it, or held for too long. */
    FRAGMENT_LIMIT("fragment-limit"),
    /** A numbered entry of the network ACL denies it. */
    ACL_DENY("acl-deny"),
    /** No entry of the network ACL matches it. */
    ACL_DEFAULT("acl-default"),
    /** The layer 4 checksum is wrong. */
    BAD_CHECKSUM("bad-checksum"),
    /** A combination of TCP flags that no stack sends. */
    TCP_FLAGS("tcp-flags"),
    /** A TCP segment that has no flow and may not open one. */
    TCP_NO_SYN("tcp-no-syn"),
    /** A TCP segment that is invalid in its connection's state. */
    TCP_STATE("tcp-state"),
    /** A TCP segment outside its connection's sequence window. */
    TCP_WINDOW("tcp-window"),
    /** The rules in force do not admit its flow. */
    RECHECK("recheck"),
    /** An ICMP error about no flow, and no rule admits it. */
    ICMP_UNRELATED("icmp-unrelated"),
    /** No rule admits it. */
    NO_RULE("no-rule"),
    /** The flow table is full, and no flow may be evicted. */
    FLOW_LIMIT("flow-limit");

    private static final Reason[] ALL = values();

    private final String label;

    Reason(String label) {
        this.label = label;
    }

    /** The name in metrics, logs and test vectors. */
    public String label() {
        return label;
    }

    /** The reason with this ordinal, as in {@code Batch.reason}. */
    public static Reason of(int ordinal) {
        return ALL[ordinal];
    }
}
