package io.portcullis.metrics;

/** A label of a {@link Metric}. */
enum Label {
    /** An interface of the configuration. */
    INTERFACE("interface", ""),
    /** Ingress: from outside to inside. */
    DIRECTION("direction", "ingress | egress"),
    /** The decision about a packet. */
    VERDICT("verdict", "pass | drop | would-drop"),
    /** The reason of a drop, as the log names it; with {@code send-error} the errno is a label of its own. */
    REASON("reason", ""),
    /** The class of flows that a full table evicts. */
    CLASS("class", "unreplied | unassured | closing"),
    /** The protocol of a flow, as far as it has timeouts of its own. */
    PROTOCOL("protocol", "tcp | udp | icmp | icmpv6 | other"),
    /** The state of a flow, by the name of its timeout. */
    STATE("state", ""),
    /** The outcome of a search. */
    RESULT("result", "hit | miss"),
    /** The id of a rule. */
    RULE("rule", "web/ingress[1]"),
    /** The id of an entry of a network ACL. */
    ENTRY("entry", "edge-acl/ingress[110], edge-acl/ingress[*]"),
    /** One of the two ports of an interface. */
    PORT("port", "outside | inside"),
    /** The way of a frame through a port. */
    WAY("way", "received | sent"),
    /** The C name of an error; empty where the kernel refused nothing. */
    ERRNO("errno", ""),
    /** A worker of an interface, from 0. */
    WORKER("worker", ""),
    /** The mode of an interface. */
    MODE("mode", "bridge | host"),
    /** The NICs of an interface, comma between, the outside one first. */
    NIC("nic", ""),
    /** How frames are read and sent; empty while the interface is not guarded. */
    DATAPATH("datapath", "ring | pcap"),
    /** The part that is degraded. */
    CAUSE("cause", "config | edits | flows | notes | hits | recorder | history | metrics | control | ec2-api"),
    /** The outcome of a reload. */
    OUTCOME("outcome", "success | failure"),
    /** The beginning of a SHA-256, hexadecimal. */
    HASH("hash", ""),
    /** The version of the program. */
    VERSION("version", "");

    private final String key;
    private final String examples;

    Label(String key, String examples) {
        this.key = key;
        this.examples = examples;
    }

    /** Its name in a scrape. */
    String key() {
        return key;
    }

    /** Its values, or some of them as examples; empty where the name says enough. */
    String examples() {
        return examples;
    }
}
