package io.portcullis.engine;

/** The reason of a drop, with its label and the sentence that says what it means; in the order of the checks. */
public enum Reason {
    NONE("none", "The packet was not dropped."),
    PANIC("panic", "An operator has stopped all traffic (portcullis panic on)."),
    MALFORMED_L2("malformed-l2", "The frame ends before layer 3, or has more than two VLAN tags."),
    MALFORMED_IP(
            "malformed-ip",
            "The IP header or an extension header is wrong, or a source route or routing header is present."),
    MALFORMED_L4("malformed-l4", "The layer 4 header is wrong or cut."),
    LINK_CLASS("link-class", "The link-layer protocol is not in pass-through, or the frame is malformed for it."),
    BAD_ADDRESS("bad-address", "An address must not appear on the wire there."),
    SOURCE_CHECK("source-check", "The source address belongs to the other side of the interface."),
    FRAGMENT_TINY("fragment-tiny", "A fragment could hide or rewrite the layer 4 header."),
    FRAGMENT_OVERLAP(
            "fragment-overlap",
            "A fragment overlaps or repeats another one of its datagram, or lies past its end; all later fragments"
                    + " of the datagram have this reason too."),
    FRAGMENT_LIMIT(
            "fragment-limit",
            "The datagram has too many fragments, too many datagrams are fragmented, or the fragment waited too long"
                    + " for the first one."),
    ACL_DENY("acl-deny", "A numbered entry of the network ACL denies the packet."),
    ACL_DEFAULT("acl-default", "No entry of the network ACL matches the packet."),
    BAD_CHECKSUM("bad-checksum", "The layer 4 checksum is wrong."),
    TCP_FLAGS("tcp-flags", "The segment has TCP flags that no stack sends together."),
    TCP_NO_SYN("tcp-no-syn", "The segment belongs to no tracked connection, and does not open one."),
    TCP_STATE("tcp-state", "The state of the connection excludes the segment."),
    TCP_WINDOW("tcp-window", "The segment is outside the sequence window of its connection."),
    RECHECK("recheck", "The rule that admitted the flow is gone (on-reload: recheck)."),
    ICMP_UNRELATED("icmp-unrelated", "The ICMP error belongs to no tracked flow, and no rule admits it."),
    NO_RULE("no-rule", "No rule admits the packet."),
    FLOW_LIMIT("flow-limit", "The flow table is full of flows with packets of both directions.");

    private static final Reason[] ALL = values();

    private final String label;
    private final String meaning;

    Reason(String label, String meaning) {
        this.label = label;
        this.meaning = meaning;
    }

    /** The name in metrics, logs and test vectors. */
    public String label() {
        return label;
    }

    /** What it means, in one sentence. */
    public String meaning() {
        return meaning;
    }

    /** The reason with an ordinal, as {@code Batch.reason} keeps it. */
    public static Reason of(int ordinal) {
        return ALL[ordinal];
    }
}
