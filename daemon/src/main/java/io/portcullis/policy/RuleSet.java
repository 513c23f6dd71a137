package io.portcullis.policy;

/** The rules of one interface and direction: a set-membership question. Immutable; asked on the datapath. */
public interface RuleSet {
    /** No rule matches. */
    int NONE = -1;

    /**
     * The first rule, in configuration order, that admits a new flow.
     *
     * @param v6 family of the packet
     * @param protocol IP protocol, after IPv6 extension headers
     * @param selector destination port (tcp, udp, sctp); type × 256 + code (ICMP of the packet's own family); else 0
     * @param peerHigh high half of the source (ingress) or destination address (egress); 0 for IPv4
     * @param peerLow low half; IPv4 in its low 32 bits
     * @return the rule's number in {@link Policy#rule}, or {@link #NONE}
     */
    int match(boolean v6, int protocol, int selector, long peerHigh, long peerLow);
}
