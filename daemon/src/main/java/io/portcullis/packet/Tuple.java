package io.portcullis.packet;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;

/**
 * The key of a flow, the same for both of its directions: addresses and ports are ordered by side (outside, inside) and not by
 * sender. Mutable: filled anew for each packet.
 *
 * <p>Addresses are two big-endian halves; IPv4 is the low 32 bits of the low half.
 */
public final class Tuple {
    /** In {@link #flags}: IPv6. */
    public static final int V6 = 1;

    /** In {@link #flags}: an ICMP query with requests from inside. */
    public static final int REQUEST_FROM_INSIDE = 1 << 1;

    /** High half of the outside address. */
    public long outsideHigh;
    /** Low half of the outside address. */
    public long outsideLow;
    /** High half of the inside address. */
    public long insideHigh;
    /** Low half of the inside address. */
    public long insideLow;
    /** {@link #selector} in the lower half; above it the protocol, 8 bits, and the VLAN ids, 24. */
    public long service;
    /** {@link #V6}, {@link #REQUEST_FROM_INSIDE}. */
    public int flags;

    /** Keyed hash of the above, where a table has computed it; 0 where none has. Whoever changes a key sets it to 0. */
    public int hash;

    /** Where the table that computed {@link #hash} has met the key; the table alone reads and writes it. */
    public long hint;

    /** A key of all zeroes, to be filled. */
    public Tuple() {}

    /** True when both name the same flow. */
    public boolean isSame(Tuple other) {
        return outsideLow == other.outsideLow
                && insideLow == other.insideLow
                && service == other.service
                && flags == other.flags
                && outsideHigh == other.outsideHigh
                && insideHigh == other.insideHigh;
    }

    /** IP protocol number. */
    public int protocol() {
        return protocol(service);
    }

    /** IP protocol number in a {@link #service}. */
    public static int protocol(long service) {
        return (int) (service >>> 32) & 0xff;
    }

    /** TCP, UDP, SCTP: outside port in the upper half, inside port in the lower; ICMP queries: type, code, identifier. */
    public int selector() {
        return (int) service;
    }

    /** A {@link #service}. */
    public static long service(int protocol, int vlans, int selector) {
        return (protocol | (long) vlans << 8) << 32 | selector & 0xffff_ffffL;
    }

    /**
     * The selector that rules match in a flow's first packet: its destination port; type × 256 + code of an ICMP query; else 0.
     *
     * @param selector as {@link #selector()}
     * @param original direction of that packet
     */
    public static int askedSelector(int protocol, int selector, Direction original) {
        return switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP ->
                original == Direction.INGRESS ? selector & 0xffff : selector >>> 16;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> selector >>> 16;
            default -> 0;
        };
    }

    /** True for IPv6. */
    public boolean isV6() {
        return (flags & V6) != 0;
    }

    /**
     * Fills in the key of a packet's flow.
     *
     * @param packet parsed without fault, and {@link Packet#hasTransport}
     * @param direction of the packet
     */
    public void of(Packet packet, Direction direction) {
        boolean ingress = direction == Direction.INGRESS;
        sides(
                ingress,
                packet.isV6(),
                packet.sourceHigh(),
                packet.sourceLow(),
                packet.destinationHigh(),
                packet.destinationLow());
        service(
                ingress,
                packet.protocol(),
                packet.vlans(),
                packet.isV6(),
                packet.sourcePort(),
                packet.destinationPort(),
                packet.icmpType(),
                packet.icmpCode(),
                packet.icmpIdentifier());
    }

    /**
     * Fills in the key of a TCP connection without VLAN tags.
     *
     * @param outsidePort port of the outside address
     */
    public void ofTcp(
            boolean v6,
            long newOutsideHigh,
            long newOutsideLow,
            int outsidePort,
            long newInsideHigh,
            long newInsideLow,
            int insidePort) {
        sides(true, v6, newOutsideHigh, newOutsideLow, newInsideHigh, newInsideLow);
        service = service(IpProtocol.TCP, 0, outsidePort << 16 | insidePort);
    }

    /**
     * Fills in the key of the TCP connection that a fragment belongs to.
     *
     * @param fragment any fragment of the datagram
     * @param direction of the fragment
     * @param ports {@link #selector()} of the first fragment
     */
    public void ofTcp(Packet fragment, Direction direction, int ports) {
        sides(
                direction == Direction.INGRESS,
                fragment.isV6(),
                fragment.sourceHigh(),
                fragment.sourceLow(),
                fragment.destinationHigh(),
                fragment.destinationLow());
        service = service(IpProtocol.TCP, fragment.vlans(), ports);
    }

    /**
     * Fills in the key of the flow that a quoted packet belongs to.
     *
     * @param quote from an ICMP error
     * @param vlans of the error
     * @param direction of the quoted packet
     */
    public void of(QuotedPacket quote, int vlans, Direction direction) {
        boolean ingress = direction == Direction.INGRESS;
        sides(
                ingress,
                quote.isV6(),
                quote.sourceHigh(),
                quote.sourceLow(),
                quote.destinationHigh(),
                quote.destinationLow());
        service(
                ingress,
                quote.protocol(),
                vlans,
                quote.isV6(),
                quote.sourcePort(),
                quote.destinationPort(),
                quote.icmpType(),
                quote.icmpCode(),
                quote.icmpIdentifier());
    }

    private void sides(
            boolean ingress, boolean v6, long sourceHigh, long sourceLow, long destinationHigh, long destinationLow) {
        hash = 0;
        flags = v6 ? V6 : 0;
        outsideHigh = ingress ? sourceHigh : destinationHigh;
        outsideLow = ingress ? sourceLow : destinationLow;
        insideHigh = ingress ? destinationHigh : sourceHigh;
        insideLow = ingress ? destinationLow : sourceLow;
    }

    private void service(
            boolean ingress,
            int protocol,
            int vlans,
            boolean v6,
            int sourcePort,
            int destinationPort,
            int icmpType,
            int icmpCode,
            int icmpIdentifier) {
        int selector = 0;
        switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP ->
                selector = ingress ? sourcePort << 16 | destinationPort : destinationPort << 16 | sourcePort;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                if (IpProtocol.isIcmp(protocol, v6)) {
                    int request = Icmp.requestOf(v6, icmpType);
                    boolean isReply = request != Icmp.NONE;
                    selector = (isReply ? request : icmpType) << 24 | icmpCode << 16 | icmpIdentifier;
                    if (ingress == isReply) {
                        flags |= REQUEST_FROM_INSIDE;
                    }
                }
            }
            default -> {
                // Other protocols have no selector.
            }
        }
        service = service(protocol, vlans, selector);
    }
}
