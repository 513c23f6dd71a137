package io.portcullis.config;

import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.Names;
import io.portcullis.net.PortRange;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One rule of a security group: allows the packets that it matches.
 *
 * @param protocol IP protocol 0 to 255 as after IPv6 extension headers, or {@link #ALL}
 * @param ports destination ports; empty: all. With tcp, udp and sctp only
 * @param icmpType 0 to 255, or {@link #ALL}. With icmp and icmpv6 only
 * @param icmpCode 0 to 255, or {@link #ALL}; with a type only
 * @param peers source (ingress) or destination (egress), at least one
 * @param description may be empty
 */
public record Rule(
        int protocol,
        List<PortRange> ports,
        int icmpType,
        int icmpCode,
        List<Peer> peers,
        String description,
        Location location) {
    /** Every protocol, every type, every code. */
    public static final int ALL = -1;

    private static final List<PortRange> ALL_SELECTORS = List.of(new PortRange(0, 0xffff));

    public Rule {
        ports = List.copyOf(ports);
        peers = List.copyOf(peers);
        if (protocol < ALL || protocol > 255) {
            throw new IllegalArgumentException("protocol " + protocol);
        }
        if (!ports.isEmpty() && !hasPorts(protocol)) {
            throw new IllegalArgumentException("protocol " + protocol + " has no ports");
        }
        if (icmpType < ALL || icmpType > 255 || icmpCode < ALL || icmpCode > 255) {
            throw new IllegalArgumentException("type " + icmpType + ", code " + icmpCode);
        }
        if (icmpType != ALL && !hasTypes(protocol)) {
            throw new IllegalArgumentException("protocol " + protocol + " has no types");
        }
        if (icmpCode != ALL && icmpType == ALL) {
            throw new IllegalArgumentException("a code needs a type");
        }
        if (peers.isEmpty()) {
            throw new IllegalArgumentException("a rule without peers");
        }
    }

    /**
     * As one line of text: {@code tcp 80, 443 from 10.0.0.0/8, group admin}.
     *
     * @param ingress false: {@code to} comes before the peers
     */
    public String text(boolean ingress) {
        StringBuilder text = new StringBuilder(protocolName(protocol));
        if (!ports.isEmpty()) {
            text.append(' ').append(ports.stream().map(PortRange::toString).collect(Collectors.joining(", ")));
        }
        if (icmpType != ALL) {
            text.append(" type ").append(icmpType);
        }
        if (icmpCode != ALL) {
            text.append(" code ").append(icmpCode);
        }
        return text.append(ingress ? " from " : " to ")
                .append(peers.stream().map(Peer::text).collect(Collectors.joining(", ")))
                .toString();
    }

    /** The selectors that it matches: its ports, or {@code type << 8 | code} of ICMP; all 16 bits where it names none. */
    public List<PortRange> selectors() {
        if (!ports.isEmpty()) {
            return ports;
        }
        if (icmpType == ALL) {
            return ALL_SELECTORS;
        }
        int first = icmpType << 8 | (icmpCode == ALL ? 0 : icmpCode);
        return List.of(new PortRange(first, icmpCode == ALL ? first | 0xff : first));
    }

    /** {@code all}, the usual name, or {@code protocol 253}. */
    public static String protocolName(int protocol) {
        return protocol == ALL ? "all" : Names.PROTOCOLS.name(protocol).orElse("protocol " + protocol);
    }

    /** All addresses of the families of a protocol. */
    public static List<Cidr> allAddresses(int protocol) {
        return switch (protocol) {
            case IpProtocol.ICMP -> List.of(Cidr.ALL_V4);
            case IpProtocol.ICMPV6 -> List.of(Cidr.ALL_V6);
            default -> List.of(Cidr.ALL_V4, Cidr.ALL_V6);
        };
    }

    /** True for tcp, udp and sctp. */
    public static boolean hasPorts(int protocol) {
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.SCTP;
    }

    /** True for icmp and icmpv6. */
    public static boolean hasTypes(int protocol) {
        return protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6;
    }
}
