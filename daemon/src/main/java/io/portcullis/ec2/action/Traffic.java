package io.portcullis.ec2.action;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PortRange;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The protocol and the ports of a rule in a request: {@code IpProtocol}, {@code FromPort} and {@code ToPort} (IpPermission, EC2 API
 * Reference). Ports of protocols that have none are ignored.
 *
 * @param protocol 0 to 255, or {@link Rule#ALL}
 * @param ports null: all
 */
record Traffic(int protocol, @Nullable PortRange ports, int icmpType, int icmpCode) {
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,3}");
    private static final int HIGHEST_PROTOCOL = 255;
    private static final int HIGHEST_PORT = 65_535;
    private static final int HIGHEST_TYPE = 255;

    /** Everything. */
    private static final Traffic ALL = of(Rule.ALL, null);

    private static Traffic of(int protocol, @Nullable PortRange ports) {
        return new Traffic(protocol, ports, Rule.ALL, Rule.ALL);
    }

    /** All of a protocol. */
    static Traffic all(int protocol) {
        return of(protocol, null);
    }

    /**
     * Reads them.
     *
     * @throws ApiException no protocol, or values that no rule can have
     */
    static Traffic read(Arguments request) throws ApiException {
        String word = request.string("IpProtocol").orElse("");
        if (word.isEmpty()) {
            throw ApiError.RULE_PROTOCOL_MISSING.of();
        }
        return of(word, request.integer("FromPort"), request.integer("ToPort"));
    }

    /**
     * The same, of its parts.
     *
     * @param word {@code tcp}, or a number
     * @param from a port, or an ICMP type
     * @param to a port, or an ICMP code
     * @throws ApiException no protocol, or values that no rule can have
     */
    static Traffic of(String word, OptionalInt from, OptionalInt to) throws ApiException {
        int protocol = protocol(word);
        return switch (protocol) {
            case Rule.ALL -> ALL;
            case IpProtocol.TCP, IpProtocol.UDP -> of(protocol, ports(from, to));
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> types(protocol, from.orElse(Rule.ALL), to.orElse(Rule.ALL));
            case IpProtocol.SCTP -> of(protocol, portsOfSctp(from.orElse(Rule.ALL), to.orElse(Rule.ALL)));
            default -> of(protocol, null);
        };
    }

    /**
     * The number of a protocol, or {@link Rule#ALL}.
     *
     * @throws ApiException no protocol
     */
    static int protocol(String word) throws ApiException {
        String small = word.toLowerCase(Locale.ROOT);
        for (int known : new int[] {Rule.ALL, IpProtocol.TCP, IpProtocol.UDP, IpProtocol.ICMP, IpProtocol.ICMPV6}) {
            if (small.equals(GroupRule.protocol(known))) {
                return known;
            }
        }
        if (!NUMBER.matcher(word).matches() || Integer.parseInt(word) > HIGHEST_PROTOCOL) {
            throw ApiError.RULE_PROTOCOL_UNKNOWN.of(word);
        }
        return Integer.parseInt(word);
    }

    private static PortRange ports(OptionalInt from, OptionalInt to) throws ApiException {
        if (from.isEmpty() || to.isEmpty()) {
            throw ApiError.RULE_PORT_MISSING.of();
        }
        int low = from.getAsInt();
        int high = to.getAsInt();
        for (int port : new int[] {low, high}) {
            if (!isPort(port)) {
                throw ApiError.INVALID_PARAMETER.of("TCP/UDP port (" + port + ") out of range");
            }
        }
        if (low > high) {
            throw ApiError.INVALID_PARAMETER.of("Invalid TCP/UDP port range (" + low + ":" + high + ")");
        }
        return new PortRange(low, high);
    }

    /** EC2 knows no ports of SCTP. A file may have some, and clients send back what answers show. */
    private static @Nullable PortRange portsOfSctp(int low, int high) {
        boolean isRange = isPort(low) && isPort(high) && low <= high && high > 0;
        return isRange ? new PortRange(low, high) : null;
    }

    private static boolean isPort(int port) {
        return port >= 0 && port <= HIGHEST_PORT;
    }

    private static Traffic types(int protocol, int type, int code) throws ApiException {
        if (type < Rule.ALL || type > HIGHEST_TYPE) {
            throw ApiError.INVALID_PARAMETER.of("ICMP type (" + type + ") out of range");
        }
        if (code < Rule.ALL || code > HIGHEST_TYPE) {
            throw ApiError.ICMP_CODE.of(code);
        }
        if (type == Rule.ALL && code != Rule.ALL) {
            throw ApiError.INVALID_PARAMETER.of(
                    "ICMP code (" + code + ") needs a type, and the type is -1, which is all");
        }
        return new Traffic(protocol, null, type, code);
    }

    /**
     * A rule for it.
     *
     * @throws ApiException the protocol is of the other family
     */
    Permission with(Peer peer) throws ApiException {
        if (peer instanceof Peer.Net(Cidr block)) {
            boolean isOther =
                    protocol == IpProtocol.ICMP && block.isV6() || protocol == IpProtocol.ICMPV6 && !block.isV6();
            if (isOther) {
                throw ApiError.INVALID_PARAMETER.of(GroupRule.protocol(protocol) + " has no packets of " + block
                        + ": icmp is for IPv4, icmpv6 for IPv6");
            }
        }
        return new Permission(protocol, ports, icmpType, icmpCode, peer);
    }
}
