package io.portcullis.ec2.action;

import io.portcullis.config.edit.Edit;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.model.RuleRecords;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Adds rules to security groups, and removes them. */
final class RuleActions {
    private final CloudStore store;

    RuleActions(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "AuthorizeSecurityGroupIngress", call -> authorize(call, Direction.INGRESS),
                "AuthorizeSecurityGroupEgress", call -> authorize(call, Direction.EGRESS),
                "RevokeSecurityGroupIngress", call -> revoke(call, Direction.INGRESS),
                "RevokeSecurityGroupEgress", call -> revoke(call, Direction.EGRESS));
    }

    /** EC2 takes the name of a group for ingress only. */
    private static Group group(Cloud cloud, Arguments request, Direction direction) throws ApiException {
        return direction == Direction.INGRESS
                ? GroupLookup.named(cloud, request)
                : GroupLookup.byId(cloud, request.required("GroupId"));
    }

    private Fields authorize(Call call, Direction direction) throws ApiException {
        Arguments request = call.arguments();
        Map<String, String> tags = Tags.specified(request, ResourceKind.RULE);
        return store.change(call, cloud -> {
            Group group = group(cloud, request, direction);
            List<PeerRule> added = new IpPermissionReader(cloud).listedOrFlat(request);
            GroupRules present = new GroupRules(group, direction);
            Set<String> keys = new HashSet<>();
            for (PeerRule rule : added) {
                if (!keys.add(present.key(rule))) {
                    throw ApiError.RULE_TWICE.of();
                }
            }
            for (PeerRule rule : added) {
                if (present.find(rule).isPresent()) {
                    throw rule.duplicate();
                }
            }
            Edit edit = new Edit.AddRules(group.name(), direction, PeerRule.whole(cloud, added));
            RuleRecords records = new RuleRecords(cloud);
            List<String> ids = new ArrayList<>();
            added.forEach(rule -> ids.add(records.add(present.key(rule), tags)));
            return new Proposal(List.of(edit), records.state(), after -> authorized(after, ids));
        });
    }

    private static Fields authorized(Cloud cloud, List<String> ids) {
        return new Fields.Builder()
                .with("return", true)
                .with(
                        "securityGroupRuleSet",
                        ids.stream()
                                .flatMap(id -> cloud.rule(id).stream())
                                .map(rule -> RuleFields.rule(cloud, rule))
                                .toList())
                .build();
    }

    private Fields revoke(Call call, Direction direction) throws ApiException {
        Arguments request = call.arguments();
        return store.change(call, cloud -> {
            Group group = group(cloud, request, direction);
            List<GroupRule> removed = named(cloud, request, new GroupRules(group, direction));
            if (new HashSet<>(removed).size() < removed.size()) {
                throw ApiError.RULE_TWICE.of();
            }
            List<Permission> permissions = PeerRule.whole(
                            cloud, removed.stream().map(PeerRule::of).toList())
                    .stream()
                    .map(Edit.Described::permission)
                    .toList();
            RuleRecords records = new RuleRecords(cloud);
            removed.forEach(records::remove);
            Fields answer = new Fields.Builder()
                    .with("return", true)
                    .with(
                            "revokedSecurityGroupRuleSet",
                            removed.stream().map(RuleFields::revoked).toList())
                    .build();
            return new Proposal(
                    List.of(new Edit.RemoveRules(group.name(), direction, permissions)), records.state(), answer);
        });
    }

    /** The rules that a request names by ids, and those that it describes. */
    private static List<GroupRule> named(Cloud cloud, Arguments request, GroupRules present) throws ApiException {
        List<GroupRule> rules = new ArrayList<>();
        for (String id : request.strings("SecurityGroupRuleId")) {
            rules.add(present.byId(cloud, id));
        }
        IpPermissionReader reader = new IpPermissionReader(cloud);
        List<PeerRule> described =
                rules.isEmpty() || IpPermissionReader.isAny(request) ? reader.listedOrFlat(request) : List.of();
        for (PeerRule rule : described) {
            Optional<GroupRule> found = present.find(rule);
            if (found.isEmpty()) {
                throw ApiError.RULE_NOT_FOUND.of();
            }
            rules.add(found.get());
        }
        return rules;
    }
}
