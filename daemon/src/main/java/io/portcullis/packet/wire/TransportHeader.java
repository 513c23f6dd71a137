package io.portcullis.packet.wire;

import io.portcullis.net.IpProtocol;

/** What depends on the protocol alone in a header of layer 4. */
public final class TransportHeader {
    /** TCP, UDP, SCTP: source port in the upper half, destination port in the lower, 32 bits. */
    public static final int PORTS = 0;

    /** {@link #checksum} of a protocol without an Internet checksum. */
    public static final int NO_CHECKSUM = -1;

    private TransportHeader() {}

    /** Bytes of the shortest header; 0 for a protocol that is not read. */
    public static int length(int protocol, boolean isV6) {
        return switch (protocol) {
            case IpProtocol.TCP -> TcpHeader.LENGTH;
            case IpProtocol.SCTP -> SctpHeader.LENGTH;
            case IpProtocol.UDP -> UdpHeader.LENGTH;
            case IpProtocol.ICMP -> isV6 ? 0 : IcmpHeader.LENGTH;
            case IpProtocol.ICMPV6 -> isV6 ? IcmpHeader.LENGTH : 0;
            default -> 0;
        };
    }

    /** Offset of the Internet checksum, or {@link #NO_CHECKSUM}. */
    public static int checksum(int protocol, boolean isV6) {
        return switch (protocol) {
            case IpProtocol.TCP -> TcpHeader.CHECKSUM;
            case IpProtocol.UDP -> UdpHeader.CHECKSUM;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 ->
                IpProtocol.isIcmp(protocol, isV6) ? IcmpHeader.CHECKSUM : NO_CHECKSUM;
            default -> NO_CHECKSUM;
        };
    }
}
