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
import io.portcullis.ec2.model.RuleRecords;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Changes rules of security groups, and their descriptions. */
final class RuleEdits {
    private final CloudStore store;

    RuleEdits(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "ModifySecurityGroupRules", this::modify,
                "UpdateSecurityGroupRuleDescriptionsIngress", call -> describe(call, Direction.INGRESS),
                "UpdateSecurityGroupRuleDescriptionsEgress", call -> describe(call, Direction.EGRESS));
    }

    private Fields modify(Call call) throws ApiException {
        Arguments request = call.arguments();
        return store.change(call, cloud -> {
            Group group = GroupLookup.byId(cloud, request.required("GroupId"));
            Map<GroupRule, PeerRule> changed = changed(cloud, group, request);
            RuleRecords records = new RuleRecords(cloud);
            List<Edit> edits = new ArrayList<>();
            for (Direction direction : Direction.values()) {
                Map<GroupRule, PeerRule> own = new LinkedHashMap<>(changed);
                own.keySet().removeIf(rule -> rule.direction() != direction);
                Map<GroupRule, String> keys = keys(new GroupRules(group, direction), own);
                edits.addAll(edits(cloud, group, direction, own));
                records.move(keys);
            }
            return new Proposal(edits, records.state(), Fields.DONE);
        });
    }

    /** The rules that a request changes, each with its new contents. */
    private static Map<GroupRule, PeerRule> changed(Cloud cloud, Group group, Arguments request) throws ApiException {
        IpPermissionReader reader = new IpPermissionReader(cloud);
        Map<GroupRule, PeerRule> changed = new LinkedHashMap<>();
        for (Arguments update : request.structures("SecurityGroupRule")) {
            String id = update.required("SecurityGroupRuleId");
            GroupRule rule = RuleListings.byId(cloud, id);
            if (!rule.groupId().equals(group.id())) {
                throw ApiError.RULE_ID_NOT_FOUND.of(id);
            }
            Optional<Arguments> contents = update.structure("SecurityGroupRule");
            if (contents.isEmpty()) {
                throw ApiError.MISSING_PARAMETER.of(update.path("SecurityGroupRule"));
            }
            if (changed.put(rule, reader.one(contents.get())) != null) {
                throw ApiError.RULE_TWICE.of();
            }
        }
        return changed;
    }

    /** The new keys of the rules that get one. No two rules have the same. */
    private static Map<GroupRule, String> keys(GroupRules present, Map<GroupRule, PeerRule> changed)
            throws ApiException {
        Set<String> after = new HashSet<>();
        Map<GroupRule, String> keys = new LinkedHashMap<>();
        for (Map.Entry<GroupRule, PeerRule> each : changed.entrySet()) {
            String key = present.key(each.getValue());
            if (!after.add(key)) {
                throw ApiError.RULE_TWICE.of();
            }
            Optional<GroupRule> other = present.find(each.getValue());
            if (other.isPresent() && !changed.containsKey(other.get())) {
                throw each.getValue().duplicate();
            }
            if (!key.equals(each.getKey().key())) {
                keys.put(each.getKey(), key);
            }
        }
        return keys;
    }

    private static List<Edit> edits(Cloud cloud, Group group, Direction direction, Map<GroupRule, PeerRule> changed)
            throws ApiException {
        Map<Permission, Edit.Described> pending = pending(cloud, changed);
        Set<Permission> present = new HashSet<>();
        group.rules(direction == Direction.INGRESS).forEach(rule -> present.add(rule.permission()));
        List<Edit> edits = new ArrayList<>();
        boolean isStuck = false;
        while (!isStuck) {
            isStuck = true;
            Iterator<Map.Entry<Permission, Edit.Described>> rest =
                    pending.entrySet().iterator();
            while (rest.hasNext()) {
                Map.Entry<Permission, Edit.Described> each = rest.next();
                Permission before = each.getKey();
                Permission after = each.getValue().permission();
                if (before.equals(after) || !present.contains(after)) {
                    edits.add(new Edit.ReplaceRule(group.name(), direction, before, each.getValue()));
                    present.remove(before);
                    present.add(after);
                    rest.remove();
                    isStuck = false;
                }
            }
        }
        if (!pending.isEmpty()) {
            // Rules that take each other's contents in a ring: none can go first.
            edits.add(new Edit.RemoveRules(group.name(), direction, List.copyOf(pending.keySet())));
            edits.add(new Edit.AddRules(group.name(), direction, List.copyOf(pending.values())));
        }
        return edits;
    }

    /** The rules of the configuration that change. A rule for a list of both families changes as a whole. */
    private static Map<Permission, Edit.Described> pending(Cloud cloud, Map<GroupRule, PeerRule> changed)
            throws ApiException {
        PeerRule.whole(cloud, changed.keySet().stream().map(PeerRule::of).toList());
        PeerRule.whole(cloud, changed.values());
        Map<Permission, Edit.Described> pending = new LinkedHashMap<>();
        Map<Permission, Permission> sources = new HashMap<>();
        for (Map.Entry<GroupRule, PeerRule> each : changed.entrySet()) {
            Permission before = each.getKey().permission();
            Permission after = each.getValue().permission();
            Edit.Described target = new Edit.Described(after, each.getValue().description());
            Edit.Described other = pending.putIfAbsent(before, target);
            if (other != null && !other.equals(target)) {
                throw PeerRule.notWhole(cloud, before, "both change to the same");
            }
            Permission source = sources.putIfAbsent(after, before);
            if (source != null && !source.equals(before)) {
                throw PeerRule.notWhole(cloud, after, "another rule becomes both, or none");
            }
        }
        return pending;
    }

    private Fields describe(Call call, Direction direction) throws ApiException {
        Arguments request = call.arguments();
        return store.change(call, cloud -> {
            Group group = GroupLookup.named(cloud, request);
            Map<GroupRule, String> described = described(cloud, request, new GroupRules(group, direction));
            List<PeerRule> rules = new ArrayList<>();
            described.forEach((rule, text) -> rules.add(new PeerRule(rule.permission(), rule.peerId(), text)));
            Edit edit = new Edit.DescribeRules(group.name(), direction, PeerRule.whole(cloud, rules));
            return new Proposal(List.of(edit), cloud.state(), Fields.DONE);
        });
    }

    /** The rules that a request names by ids, and those that it describes, each with its new description. */
    private static Map<GroupRule, String> described(Cloud cloud, Arguments request, GroupRules present)
            throws ApiException {
        Map<GroupRule, String> described = new LinkedHashMap<>();
        for (Arguments each : request.structures("SecurityGroupRuleDescription")) {
            GroupRule rule = present.byId(cloud, each.required("SecurityGroupRuleId"));
            put(described, rule, GroupText.ofRule(each));
        }
        if (described.isEmpty() || !request.structures("IpPermissions").isEmpty()) {
            for (PeerRule named : new IpPermissionReader(cloud).listed(request)) {
                Optional<GroupRule> rule = present.find(named);
                if (rule.isEmpty()) {
                    throw ApiError.RULE_NOT_FOUND.of();
                }
                put(described, rule.get(), named.description());
            }
        }
        return described;
    }

    private static void put(Map<GroupRule, String> described, GroupRule rule, String text) throws ApiException {
        if (described.put(rule, text) != null) {
            throw ApiError.RULE_TWICE.of();
        }
    }
}
