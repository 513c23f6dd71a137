package io.portcullis.engine;

/**
 * Why a frame is dropped: the metrics label, the log's word; in the order of the checks. {@link #NONE} is no drop.
 */
public enum Reason {
    /** Not dropped. */
    NONE("none"),
    /** Cut before layer 3, or more than two VLAN tags. */
    MALFORMED_L2("malformed-l2"),
    /** The IP header or its extension headers are wrong, or route the packet themselves. */
    MALFORMED_IP("malformed-ip"),
    /** The layer 4 header is wrong or cut. */
    MALFORMED_L4("malformed-l4"),
    /** Link traffic of a class that does not pass, or that fails its class's checks. */
    LINK_CLASS("link-class"),
    /** An address that must not be on the wire. */
    BAD_ADDRESS("bad-address"),
    /** A source address that the interface's own side, or the other, can't have. */
    SOURCE_CHECK("source-check"),
    /** A fragment that could hide or rewrite the layer 4 header. */
    FRAGMENT_TINY("fragment-tiny"),
    /** A fragment that overlaps another of its datagram, or repeats it, or lies past its end; and what comes after it. */
    FRAGMENT_OVERLAP("fragment-overlap"),
    /** A fragment too many of its datagram, of a datagram too many, or that waited for its first too long. */
    FRAGMENT_LIMIT("fragment-limit"),
    /** A numbered entry of the network ACL denies it. */
    ACL_DENY("acl-deny"),
    /** No entry of the network ACL matches it. */
    ACL_DEFAULT("acl-default"),
    /** The layer 4 checksum is wrong. */
    BAD_CHECKSUM("bad-checksum"),
    /** TCP flags that no stack sends together. */
    TCP_FLAGS("tcp-flags"),
    /** A TCP segment of no known connection that does not start one. */
    TCP_NO_SYN("tcp-no-syn"),
    /** A TCP segment that its connection's state rules out. */
    TCP_STATE("tcp-state"),
    /** A TCP segment outside its connection's sequence window. */
    TCP_WINDOW("tcp-window"),
    /** Its flow was admitted by rules that are gone. */
    RECHECK("recheck"),
    /** An ICMP error that belongs to no flow and that no rule admits. */
    ICMP_UNRELATED("icmp-unrelated"),
    /** No rule admits it. */
    NO_RULE("no-rule"),
    /** The flow table is full of flows that have seen both sides. */
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

    /** The reason with an ordinal, as {@code Batch.reason} keeps it. */
    public static Reason of(int ordinal) {
        return ALL[ordinal];
    }
}
