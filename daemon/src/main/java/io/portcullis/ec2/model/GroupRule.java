package io.portcullis.ec2.model;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Permission;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PortRange;
import java.util.Map;
import java.util.Optional;

/**
 * One rule of a security group, as EC2 counts them: one protocol, one range of ports, one peer.
 *
 * @param id {@code sgr-}
 * @param key tells it from all other rules of this host by its contents
 * @param permission as it is edited
 * @param peerId the id of the group or the prefix list that it refers to; empty: it has a block
 */
public record GroupRule(
        String id,
        String key,
        String groupId,
        Direction direction,
        Permission permission,
        String peerId,
        String description,
        Map<String, String> tags) {
    public boolean isIngress() {
        return direction == Direction.INGRESS;
    }

    /**
     * The key of a rule with these contents.
     *
     * @param peerId see {@link #peerId}
     */
    public static String key(String groupId, Direction direction, Permission permission, String peerId) {
        String peer = permission.peer() instanceof Peer.Net(Cidr cidr) ? cidr.toString() : peerId;
        return String.join(
                "/",
                groupId,
                direction.label(),
                protocol(permission.protocol()),
                fromPort(permission) + "-" + toPort(permission),
                peer);
    }

    /** {@code tcp}, {@code udp}, {@code icmp}, {@code icmpv6}, {@code -1} for all, or the number. */
    public String protocol() {
        return protocol(permission.protocol());
    }

    /** EC2's word for a protocol. */
    public static String protocol(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> "tcp";
            case IpProtocol.UDP -> "udp";
            case IpProtocol.ICMP -> "icmp";
            case IpProtocol.ICMPV6 -> "icmpv6";
            default -> String.valueOf(protocol);
        };
    }

    /** The first port, or the ICMP type; -1: all, and where there are none. */
    public int fromPort() {
        return fromPort(permission);
    }

    /** The last port, or the ICMP code; -1: all, and where there are none. */
    public int toPort() {
        return toPort(permission);
    }

    /** See {@link #fromPort()}. */
    public static int fromPort(Permission permission) {
        if (Rule.hasTypes(permission.protocol())) {
            return permission.icmpType();
        }
        PortRange ports = permission.ports();
        return !hasPorts(permission) ? Rule.ALL : ports == null ? 0 : ports.low();
    }

    /** See {@link #toPort()}. */
    public static int toPort(Permission permission) {
        if (Rule.hasTypes(permission.protocol())) {
            return permission.icmpCode();
        }
        PortRange ports = permission.ports();
        return !hasPorts(permission) ? Rule.ALL : ports == null ? 65_535 : ports.high();
    }

    /** True: an answer about it has ports. EC2 knows none of SCTP: it is a protocol by its number. */
    private static boolean hasPorts(Permission permission) {
        int protocol = permission.protocol();
        return protocol == IpProtocol.TCP
                || protocol == IpProtocol.UDP
                || protocol == IpProtocol.SCTP && permission.ports() != null;
    }

    /** Its block; empty: it refers to a group or a list. */
    public Optional<Cidr> block() {
        return permission.peer() instanceof Peer.Net(Cidr cidr) ? Optional.of(cidr) : Optional.empty();
    }

    /** True: it refers to a security group. */
    public boolean refersToGroup() {
        return permission.peer() instanceof Peer.Group;
    }

    /** True: it refers to a prefix list. */
    public boolean refersToList() {
        return permission.peer() instanceof Peer.Prefixes;
    }
}
