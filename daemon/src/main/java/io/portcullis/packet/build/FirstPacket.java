package io.portcullis.packet.build;

import io.portcullis.net.Address;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.wire.IcmpHeader;

/**
 * The packet that would open a flow, as an engine is asked about it: a TCP SYN, a UDP or SCTP header, an ICMP message with its
 * smallest body, or an empty packet of another protocol. Checksums are right, except SCTP's, which is 0.
 *
 * @param sourcePort TCP, UDP and SCTP only
 * @param destinationPort TCP, UDP and SCTP only
 * @param icmpType ICMP and ICMPv6 only
 * @param icmpCode ICMP and ICMPv6 only
 * @param vlans as {@link io.portcullis.packet.Packet#vlans}: the inner id, the outer one 12 bits above; 0: no tag
 */
public record FirstPacket(
        Address source,
        Address destination,
        int protocol,
        int sourcePort,
        int destinationPort,
        int icmpType,
        int icmpCode,
        int vlans) {
    private static final int USUAL_HOP_LIMIT = 64;

    /** Of the SYN and of the SYN+ACK. */
    private static final int SEQUENCE = 1;

    private static final int PAYLOAD_LENGTH = 8;

    /** The frame, from the destination MAC address on. */
    public byte[] frame() {
        FrameBuilder builder = new FrameBuilder(source, destination, vlans, hopLimit());
        if (isIcmp()) {
            int length = source.isV6() ? Icmp.shortest(icmpType) : IcmpHeader.LENGTH;
            return builder.icmp(icmpType, icmpCode, 0, length);
        }
        return switch (protocol) {
            case IpProtocol.TCP -> builder.tcp(sourcePort, destinationPort, TcpFlags.SYN, SEQUENCE, 0, 0);
            case IpProtocol.UDP -> builder.udp(sourcePort, destinationPort, 0);
            case IpProtocol.SCTP -> builder.sctp(sourcePort, destinationPort);
            default -> builder.other(protocol, PAYLOAD_LENGTH);
        };
    }

    /**
     * The frame of the SYN+ACK that answers it.
     *
     * @throws IllegalStateException if it is not TCP
     */
    public byte[] answer() {
        if (protocol != IpProtocol.TCP) {
            throw new IllegalStateException("protocol " + protocol + " has no SYN+ACK");
        }
        Address server = destination;
        Address client = source;
        int serverPort = destinationPort;
        int clientPort = sourcePort;
        return new FrameBuilder(server, client, vlans, USUAL_HOP_LIMIT)
                .tcp(serverPort, clientPort, TcpFlags.SYN | TcpFlags.ACK, SEQUENCE, SEQUENCE + 1, 0);
    }

    private int hopLimit() {
        boolean isIcmpv6 = isIcmp() && source.isV6();
        return isIcmpv6 && Icmp.isNeighbourDiscovery(icmpType)
                ? Icmp.NEIGHBOUR_HOP_LIMIT
                : isIcmpv6 && Icmp.isListenerDiscovery(icmpType) ? Icmp.LISTENER_HOP_LIMIT : USUAL_HOP_LIMIT;
    }

    private boolean isIcmp() {
        return IpProtocol.isIcmp(protocol, source.isV6());
    }
}
