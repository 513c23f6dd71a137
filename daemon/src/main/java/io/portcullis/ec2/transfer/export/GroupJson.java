package io.portcullis.ec2.transfer.export;

import static io.portcullis.ec2.transfer.export.Ec2Json.fields;

import io.portcullis.config.Rule;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Security groups and their rules in the shapes of EC2's two describe calls. */
final class GroupJson {
    private final Cloud cloud;

    GroupJson(Cloud cloud) {
        this.cloud = cloud;
    }

    List<Map<String, Object>> groups() {
        return cloud.groups().stream().map(this::group).toList();
    }

    /** The rules of all groups, one by one. */
    List<Map<String, Object>> rules() {
        return cloud.rules().stream().map(this::rule).toList();
    }

    private Map<String, Object> group(Group group) {
        return fields(
                "GroupId", group.id(),
                "IpPermissionsEgress", permissions(group.egress()),
                "Tags", Ec2Json.tags(group.tags()),
                "VpcId", cloud.account().vpcId(),
                "SecurityGroupArn", cloud.account().arn(ResourceKind.GROUP.resourceType(), group.id()),
                "OwnerId", cloud.account().account(),
                "GroupName", group.name(),
                "Description", group.written().description(),
                "IpPermissions", permissions(group.ingress()));
    }

    /** Rules of the same protocol and ports are one permission. */
    private List<Map<String, Object>> permissions(List<GroupRule> rules) {
        Map<String, List<GroupRule>> bySelector = new LinkedHashMap<>();
        for (GroupRule rule : rules) {
            String selector = rule.protocol() + " " + rule.fromPort() + " " + rule.toPort();
            bySelector.computeIfAbsent(selector, _ -> new ArrayList<>()).add(rule);
        }
        return bySelector.values().stream().map(this::permission).toList();
    }

    private Map<String, Object> permission(List<GroupRule> rules) {
        GroupRule first = rules.getFirst();
        Map<String, Object> fields = fields("IpProtocol", first.protocol());
        if (Rule.hasTypes(first.permission().protocol()) || first.fromPort() != Rule.ALL) {
            fields.put("FromPort", first.fromPort());
            fields.put("ToPort", first.toPort());
        }
        List<Map<String, Object>> pairs = new ArrayList<>();
        List<Map<String, Object>> v4 = new ArrayList<>();
        List<Map<String, Object>> v6 = new ArrayList<>();
        List<Map<String, Object>> lists = new ArrayList<>();
        for (GroupRule rule : rules) {
            Optional<Cidr> block = rule.block();
            if (block.isPresent()) {
                boolean isV6 = block.get().isV6();
                (isV6 ? v6 : v4)
                        .add(described(
                                fields(isV6 ? "CidrIpv6" : "CidrIp", block.get().toString()), rule));
            } else if (rule.refersToGroup()) {
                pairs.add(described(fields("UserId", cloud.account().account(), "GroupId", rule.peerId()), rule));
            } else {
                lists.add(described(fields("PrefixListId", rule.peerId()), rule));
            }
        }
        fields.put("UserIdGroupPairs", pairs);
        fields.put("IpRanges", v4);
        fields.put("Ipv6Ranges", v6);
        fields.put("PrefixListIds", lists);
        return fields;
    }

    private static Map<String, Object> described(Map<String, Object> fields, GroupRule rule) {
        if (!rule.description().isEmpty()) {
            fields.put("Description", rule.description());
        }
        return fields;
    }

    private Map<String, Object> rule(GroupRule rule) {
        Map<String, Object> fields = fields(
                "SecurityGroupRuleId", rule.id(),
                "GroupId", rule.groupId(),
                "GroupOwnerId", cloud.account().account(),
                "IsEgress", !rule.isIngress(),
                "IpProtocol", rule.protocol(),
                "FromPort", rule.fromPort(),
                "ToPort", rule.toPort());
        Optional<Cidr> block = rule.block();
        if (block.isPresent()) {
            fields.put(block.get().isV6() ? "CidrIpv6" : "CidrIpv4", block.get().toString());
        } else if (rule.refersToGroup()) {
            fields.put(
                    "ReferencedGroupInfo",
                    fields("GroupId", rule.peerId(), "UserId", cloud.account().account()));
        } else {
            fields.put("PrefixListId", rule.peerId());
        }
        described(fields, rule);
        fields.put("Tags", Ec2Json.tags(rule.tags()));
        fields.put("SecurityGroupRuleArn", cloud.account().arn(ResourceKind.RULE.resourceType(), rule.id()));
        return fields;
    }
}
