package io.portcullis.reference;

import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.TcpFlags;

/**
 * One packet as the reference and the simulation see it: its contents, not its bytes. {@link Wire} writes those.
 *
 * @param vlans up to two VLAN ids other than 0: the outer one × 4096 + the inner one
 * @param length bytes of zero after the layer 4 header
 * @param badChecksum true: its layer 4 checksum is wrong
 */
public record Datagram(
        Direction direction,
        int vlans,
        Address source,
        Address destination,
        Transport transport,
        int length,
        boolean badChecksum) {
    Datagram(Direction direction, Address source, Address destination, Transport transport, int length) {
        this(direction, 0, source, destination, transport, length, false);
    }

    boolean isV6() {
        return source.isV6();
    }

    int protocol() {
        return transport.protocol(isV6());
    }

    Address outside() {
        return direction == Direction.INGRESS ? source : destination;
    }

    Address inside() {
        return direction == Direction.INGRESS ? destination : source;
    }

    Datagram on(int otherVlans) {
        return new Datagram(direction, otherVlans, source, destination, transport, length, badChecksum);
    }

    /** The same with a wrong checksum, if the firewall verifies one of its protocol. */
    Datagram withBadChecksum() {
        int protocol = protocol();
        boolean summed =
                transport instanceof Transport.Icmp || protocol == IpProtocol.TCP || protocol == IpProtocol.UDP;
        return new Datagram(direction, vlans, source, destination, transport, length, summed);
    }

    /** The packet in the notation of {@code vectors.yaml}, all numbers written out. */
    public String notation() {
        StringBuilder text = new StringBuilder();
        switch (transport) {
            case Transport.Tcp tcp -> {
                ends(text.append("tcp "), tcp.sourcePort(), tcp.destinationPort());
                text.append(' ').append(letters(tcp.flags()));
                text.append(" seq=").append(Integer.toUnsignedString(tcp.sequence()));
                text.append(" ack=").append(Integer.toUnsignedString(tcp.acknowledgment()));
                text.append(" win=").append(tcp.window());
                if (tcp.windowScale() != Transport.Tcp.NO_SCALE) {
                    text.append(" ws=").append(tcp.windowScale());
                }
                if (tcp.sackPermitted()) {
                    text.append(" sack=permitted");
                } else if (tcp.sackLeft() != tcp.sackRight()) {
                    text.append(" sack=").append(Integer.toUnsignedString(tcp.sackLeft()));
                    text.append('-').append(Integer.toUnsignedString(tcp.sackRight()));
                }
            }
            case Transport.Ports ports ->
                ends(
                        text.append(ports.protocol() == IpProtocol.UDP ? "udp " : "sctp "),
                        ports.sourcePort(),
                        ports.destinationPort());
            case Transport.Icmp icmp -> {
                text.append(isV6() ? "icmpv6 " : "icmp ")
                        .append(source)
                        .append(" > ")
                        .append(destination);
                text.append(' ').append(icmp.type()).append('/').append(icmp.code());
                if (icmp.quoted() != null) {
                    text.append(" quotes (").append(icmp.quoted().notation()).append(')');
                } else {
                    text.append(" id=").append(icmp.identifier());
                }
            }
            case Transport.Other other ->
                text.append("proto ")
                        .append(other.protocol())
                        .append(' ')
                        .append(source)
                        .append(" > ")
                        .append(destination);
        }
        if (length > 0) {
            text.append(" len=").append(length);
        }
        if (vlans >>> 12 != 0) {
            text.append(" vlan=").append(vlans >>> 12).append('.').append(vlans & 0xfff);
        } else if (vlans != 0) {
            text.append(" vlan=").append(vlans);
        }
        return text.append(badChecksum ? " csum=bad" : "").toString();
    }

    private void ends(StringBuilder text, int sourcePort, int destinationPort) {
        boolean v6 = isV6();
        text.append(v6 ? "[" : "").append(source).append(v6 ? "]:" : ":").append(sourcePort);
        text.append(" > ");
        text.append(v6 ? "[" : "").append(destination).append(v6 ? "]:" : ":").append(destinationPort);
    }

    private static String letters(int flags) {
        return (((flags & TcpFlags.SYN) != 0 ? "S" : "")
                + ((flags & TcpFlags.FIN) != 0 ? "F" : "")
                + ((flags & TcpFlags.RST) != 0 ? "R" : "")
                + ((flags & TcpFlags.ACK) != 0 ? "A" : "")
                + (flags == 0 ? "." : ""));
    }
}
