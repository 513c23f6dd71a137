package io.portcullis.ec2.model;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.state.State;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The rules of groups, each with its id: the one that the state has for it, else one that is derived from its contents. Where a modified
 * rule keeps the id that another rule's contents give, that one gets the next. For one configuration, and one thread.
 */
final class RuleIds {
    private final Ids ids;
    private final State state;
    private final Map<String, String> groupIds;
    private final Map<String, List<ManagedList>> lists;
    private final Set<String> taken;

    /**
     * Rules without ids yet.
     *
     * @param groupIds by name
     * @param lists the managed lists of each list of the configuration, by its name
     */
    RuleIds(Ids ids, State state, Map<String, String> groupIds, Map<String, List<ManagedList>> lists) {
        this.ids = ids;
        this.state = state;
        this.groupIds = groupIds;
        this.lists = lists;
        this.taken = new HashSet<>(state.ruleIds().values());
    }

    /** The rules of one direction. */
    List<GroupRule> of(SecurityGroup group, boolean isIngress) {
        Map<String, GroupRule> all = new LinkedHashMap<>();
        List<Rule> written = isIngress ? group.ingress() : group.egress();
        if (written == null) {
            for (Peer everybody : List.of(new Peer.Net(Cidr.ALL_V4), new Peer.Net(Cidr.ALL_V6))) {
                add(all, group, isIngress, Permission.all(everybody), "");
            }
        } else {
            for (Rule rule : written) {
                Permission.of(rule).forEach(each -> add(all, group, isIngress, each, rule.description()));
            }
        }
        return new ArrayList<>(all.values());
    }

    private void add(
            Map<String, GroupRule> all,
            SecurityGroup group,
            boolean isIngress,
            Permission permission,
            String description) {
        for (String peerId : peerIds(permission.peer())) {
            String groupId = Objects.requireNonNull(groupIds.get(group.name()));
            Direction direction = isIngress ? Direction.INGRESS : Direction.EGRESS;
            String key = GroupRule.key(groupId, direction, permission, peerId);
            if (!all.containsKey(key)) {
                String id = id(key);
                all.put(
                        key,
                        new GroupRule(id, key, groupId, direction, permission, peerId, description, state.tags(id)));
            }
        }
    }

    private List<String> peerIds(Peer peer) {
        return switch (peer) {
            case Peer.Group(String name) -> List.of(Objects.requireNonNull(groupIds.get(name)));
            case Peer.Prefixes(String name) ->
                Objects.requireNonNull(lists.get(name)).stream()
                        .map(ManagedList::id)
                        .toList();
            default -> List.of("");
        };
    }

    private String id(String key) {
        String kept = state.ruleIds().get(key);
        if (kept != null) {
            return kept;
        }
        String id = ids.of(ResourceKind.RULE, key, taken::contains);
        taken.add(id);
        return id;
    }
}
