package io.portcullis.ec2.action;

import io.portcullis.config.Rule;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rules in answers: one by one, or merged into permissions as a group shows them. */
final class RuleFields {
    private RuleFields() {}

    /** A {@code SecurityGroupRule}: its ports are -1 where it has none. */
    static Fields rule(Cloud cloud, GroupRule rule) {
        Fields.Builder fields = contents(rule)
                .with("groupOwnerId", cloud.account().account())
                .with("tagSet", Tags.set(rule.tags()))
                .with("securityGroupRuleArn", cloud.account().arn(ResourceKind.RULE.resourceType(), rule.id()));
        if (rule.refersToGroup()) {
            fields.with(
                    "referencedGroupInfo",
                    new Fields.Builder()
                            .with("groupId", rule.peerId())
                            .with("userId", cloud.account().account())
                            .build());
        }
        return fields.build();
    }

    /** A {@code RevokedSecurityGroupRule}. */
    static Fields revoked(GroupRule rule) {
        Fields.Builder fields = contents(rule);
        if (rule.refersToGroup()) {
            fields.with("referencedGroupId", rule.peerId());
        }
        return fields.build();
    }

    private static Fields.Builder contents(GroupRule rule) {
        Fields.Builder fields = new Fields.Builder()
                .with("securityGroupRuleId", rule.id())
                .with("groupId", rule.groupId())
                .with("isEgress", !rule.isIngress())
                .with("ipProtocol", rule.protocol())
                .with("fromPort", rule.fromPort())
                .with("toPort", rule.toPort())
                .with("description", described(rule));
        rule.block().ifPresent(block -> fields.with(block.isV6() ? "cidrIpv6" : "cidrIpv4", block.toString()));
        if (rule.refersToList()) {
            fields.with("prefixListId", rule.peerId());
        }
        return fields;
    }

    private static Optional<String> described(GroupRule rule) {
        return Optional.of(rule.description()).filter(text -> !text.isEmpty());
    }

    /** The rules with the same protocol and ports are one {@code IpPermission}. Ports are absent where there are none. */
    static List<Fields> permissions(Cloud cloud, List<GroupRule> rules) {
        Map<String, List<GroupRule>> merged = new LinkedHashMap<>();
        for (GroupRule rule : rules) {
            String traffic = rule.protocol() + " " + rule.fromPort() + " " + rule.toPort();
            merged.computeIfAbsent(traffic, _ -> new ArrayList<>()).add(rule);
        }
        return merged.values().stream().map(same -> permission(cloud, same)).toList();
    }

    private static Fields permission(Cloud cloud, List<GroupRule> rules) {
        List<Fields> groups = new ArrayList<>();
        List<Fields> v4 = new ArrayList<>();
        List<Fields> v6 = new ArrayList<>();
        List<Fields> lists = new ArrayList<>();
        for (GroupRule rule : rules) {
            Fields.Builder peer = new Fields.Builder().with("description", described(rule));
            if (rule.refersToGroup()) {
                peer.with("groupId", rule.peerId())
                        .with("userId", cloud.account().account());
                groups.add(peer.build());
            } else if (rule.refersToList()) {
                lists.add(peer.with("prefixListId", rule.peerId()).build());
            } else {
                String block = rule.block().orElseThrow().toString();
                boolean isV6 = rule.block().orElseThrow().isV6();
                (isV6 ? v6 : v4)
                        .add(peer.with(isV6 ? "cidrIpv6" : "cidrIp", block).build());
            }
        }
        GroupRule first = rules.getFirst();
        Fields.Builder fields = new Fields.Builder().with("ipProtocol", first.protocol());
        if (hasPorts(first)) {
            fields.with("fromPort", first.fromPort()).with("toPort", first.toPort());
        }
        return fields.with("groups", groups)
                .with("ipRanges", v4)
                .with("ipv6Ranges", v6)
                .with("prefixListIds", lists)
                .build();
    }

    /** True: a group shows its ports. A type of ICMP is shown even if it is -1. */
    static boolean hasPorts(GroupRule rule) {
        return rule.fromPort() != Rule.ALL || Rule.hasTypes(rule.permission().protocol());
    }
}
