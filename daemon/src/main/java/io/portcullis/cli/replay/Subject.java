package io.portcullis.cli.replay;

import io.portcullis.config.Rule;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The packet in a frame, for people and for the search of the nearest rule.
 *
 * @param text {@code tcp 198.51.100.7:40000 > 10.0.0.1:22 SYN}
 * @param ends its addresses; null: it has none
 * @param protocol of IP
 * @param selector what rules match beside addresses: the destination port, or type and code of ICMP (8 bits each); 0: neither
 * @param hasRules true: rules can be asked about it, as it is IP with a whole header of layer 4
 */
record Subject(String text, @Nullable Ends ends, int protocol, int selector, boolean hasRules) {
    /** The packet of a frame that was parsed, also one with a fault. */
    static Subject of(Packet packet) {
        Ends ends = Ends.of(packet);
        boolean transport = packet.isIp() && packet.hasTransport();
        boolean icmp = transport && packet.isIcmp();
        int selector = icmp
                ? packet.icmpType() << 8 | packet.icmpCode()
                : transport && Rule.hasPorts(packet.protocol()) ? packet.destinationPort() : 0;
        return new Subject(text(packet, ends), ends, packet.protocol(), selector, transport);
    }

    private static String text(Packet packet, @Nullable Ends ends) {
        StringBuilder text = new StringBuilder(64);
        if (ends == null) {
            text.append("ethertype 0x").append(Integer.toHexString(packet.etherType()));
        } else if (!packet.isIp()) {
            text.append("arp ").append(ends.source()).append(" > ").append(ends.destination());
        } else {
            boolean ports = packet.hasTransport() && Rule.hasPorts(packet.protocol());
            text.append(Rule.protocolName(packet.protocol())).append(' ');
            append(text, ends.source().toString(), ports, packet.isV6(), packet.sourcePort());
            text.append(" > ");
            append(text, ends.destination().toString(), ports, packet.isV6(), packet.destinationPort());
            if (packet.hasTransport() && packet.isIcmp()) {
                text.append(" type ").append(packet.icmpType()).append(" code ").append(packet.icmpCode());
            }
            if (packet.hasTransport() && packet.protocol() == IpProtocol.TCP) {
                text.append(' ').append(flags(packet.tcpFlags()));
            }
            text.append(packet.isFragment() ? " fragment" : "");
        }
        if (packet.vlans() != 0) {
            text.append(" vlan ");
            if (packet.vlans() >>> 12 != 0) {
                text.append(packet.vlans() >>> 12).append('.');
            }
            text.append(packet.vlans() & 0xfff);
        }
        return text.toString();
    }

    private static void append(StringBuilder text, String address, boolean ports, boolean v6, int port) {
        if (!ports) {
            text.append(address);
        } else if (v6) {
            text.append('[').append(address).append("]:").append(port);
        } else {
            text.append(address).append(':').append(port);
        }
    }

    /** {@code SYN+ACK}; PSH, URG and the bits of ECN say nothing about a connection. */
    private static String flags(int flags) {
        List<String> names = new ArrayList<>();
        add(names, flags, TcpFlags.SYN, "SYN");
        add(names, flags, TcpFlags.FIN, "FIN");
        add(names, flags, TcpFlags.RST, "RST");
        add(names, flags, TcpFlags.ACK, "ACK");
        return names.isEmpty() ? "no flags" : String.join("+", names);
    }

    private static void add(List<String> names, int flags, int flag, String name) {
        if ((flags & flag) != 0) {
            names.add(name);
        }
    }
}
