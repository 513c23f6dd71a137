package io.portcullis.ec2.action;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Edit;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A rule of a call: one protocol, one range of ports, one source or destination.
 *
 * @param peerId the id of the group or the prefix list; empty: it has a block
 * @param description empty: none
 */
record PeerRule(Permission permission, String peerId, String description) {
    /** One that exists. */
    static PeerRule of(GroupRule rule) {
        return new PeerRule(rule.permission(), rule.peerId(), rule.description());
    }

    /** InvalidPermission.Duplicate. */
    ApiException duplicate() {
        String peer = permission.peer() instanceof Peer.Net(Cidr block) ? block.toString() : peerId;
        int protocol = permission.protocol();
        int from = GroupRule.fromPort(permission);
        int to = GroupRule.toPort(permission);
        String word = GroupRule.protocol(protocol).toUpperCase(Locale.ROOT);
        String traffic = switch (protocol) {
            case Rule.ALL -> "ALL, ";
            case IpProtocol.TCP, IpProtocol.UDP -> word + ", from port: " + from + ", to port: " + to + ", ";
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> word + ", type: " + from + ", code: " + to + ", ";
            default -> "protocol: " + protocol + ", ";
        };
        return ApiError.RULE_DUPLICATE.of(peer, traffic);
    }

    /**
     * Rules as the configuration has them. There, a prefix list with both families is one list, and a rule for it is one rule, with one
     * description: a call must name both managed lists.
     *
     * @throws ApiException OperationNotPermitted, if it names one of them, or gives them different descriptions
     */
    static List<Edit.Described> whole(Cloud cloud, Collection<PeerRule> rules) throws ApiException {
        Map<Permission, String> descriptions = new LinkedHashMap<>();
        Map<Permission, Set<String>> lists = new LinkedHashMap<>();
        for (PeerRule rule : rules) {
            String other = descriptions.putIfAbsent(rule.permission, rule.description);
            if (other != null && !other.equals(rule.description)) {
                throw notWhole(cloud, rule.permission, "it has one description");
            }
            lists.computeIfAbsent(rule.permission, _ -> new HashSet<>()).add(rule.peerId);
        }
        for (Map.Entry<Permission, Set<String>> each : lists.entrySet()) {
            if (!each.getValue().containsAll(parts(cloud, each.getKey()))) {
                throw notWhole(cloud, each.getKey(), "name both in one call");
            }
        }
        return descriptions.entrySet().stream()
                .map(each -> new Edit.Described(each.getKey(), each.getValue()))
                .toList();
    }

    private static List<String> parts(Cloud cloud, Permission permission) {
        return permission.peer() instanceof Peer.Prefixes(String name)
                ? cloud.lists().stream()
                        .filter(list -> list.name().equals(name))
                        .map(ManagedList::id)
                        .toList()
                : List.of();
    }

    /** The refusal of a part of a rule. */
    static ApiException notWhole(Cloud cloud, Permission permission, String advice) {
        String ids = parts(cloud, permission).stream().collect(Collectors.joining(" and "));
        return ApiError.OPERATION_NOT_PERMITTED.of(
                ids + " are one prefix list of the configuration, with both families, and a rule for it is one rule: "
                        + advice);
    }
}
