package io.portcullis.ec2.action;

import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.net.Direction;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The rules of a group in one direction, by their contents. */
final class GroupRules {
    private final Group group;
    private final Direction direction;
    private final Map<String, GroupRule> byKey = new HashMap<>();

    GroupRules(Group group, Direction direction) {
        this.group = group;
        this.direction = direction;
        group.rules(direction == Direction.INGRESS).forEach(rule -> byKey.put(rule.key(), rule));
    }

    /** The key of a rule that is here, or would be. */
    String key(PeerRule rule) {
        return GroupRule.key(group.id(), direction, rule.permission(), rule.peerId());
    }

    /** The rule with these contents. */
    Optional<GroupRule> find(PeerRule rule) {
        return Optional.ofNullable(byKey.get(key(rule)));
    }

    /**
     * The rule with an id.
     *
     * @throws ApiException the id is malformed, or no rule here has it
     */
    GroupRule byId(Cloud cloud, String id) throws ApiException {
        GroupRule rule = RuleListings.byId(cloud, id);
        if (!byKey.containsKey(rule.key())) {
            throw ApiError.RULE_ID_NOT_FOUND.of(id);
        }
        return rule;
    }
}
