package io.portcullis.ec2.model;

import io.portcullis.ec2.state.State;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What the state keeps about rules, while one call changes some of them: ids that do not follow from contents, and tags. Rules that the
 * call does not name keep their ids. For one thread.
 */
public final class RuleRecords {
    private final Ids ids;
    private final State before;
    private final Map<String, String> ruleIds;
    private final Map<String, Map<String, String>> tags;
    private final Set<String> taken;

    /** The records of a configuration. An id that a rule has because another rule has its first one is kept from now on. */
    public RuleRecords(Cloud cloud) {
        ids = cloud.account().ids();
        before = cloud.state();
        ruleIds = new LinkedHashMap<>(before.ruleIds());
        tags = new LinkedHashMap<>(before.tags());
        taken = new HashSet<>(ruleIds.values());
        for (GroupRule rule : cloud.rules()) {
            taken.add(rule.id());
            if (!ruleIds.containsKey(rule.key()) && !rule.id().equals(derived(rule.key()))) {
                ruleIds.put(rule.key(), rule.id());
            }
        }
    }

    private String derived(String key) {
        return ids.of(ResourceKind.RULE, key);
    }

    /** The state with these records. */
    public State state() {
        return new State(ruleIds, tags, before.lists(), before.tokens());
    }

    /**
     * Records a new rule.
     *
     * @param key see {@link GroupRule#key}
     * @return its id
     */
    public String add(String key, Map<String, String> tagged) {
        // The state may know a rule with these contents that somebody has removed from the file: that was another rule.
        ruleIds.remove(key);
        String id = ids.of(ResourceKind.RULE, key, taken::contains);
        taken.add(id);
        if (!id.equals(derived(key))) {
            ruleIds.put(key, id);
        }
        tags.remove(id);
        if (!tagged.isEmpty()) {
            tags.put(id, tagged);
        }
        return id;
    }

    /** Forgets a rule. */
    public void remove(GroupRule rule) {
        ruleIds.remove(rule.key());
        tags.remove(rule.id());
    }

    /** Forgets a group and all rules that it has, or had under the same id. */
    public void removeGroup(String groupId) {
        tags.remove(groupId);
        ruleIds.entrySet().removeIf(kept -> {
            boolean isOfGroup = kept.getKey().startsWith(groupId + "/");
            if (isOfGroup) {
                tags.remove(kept.getValue());
            }
            return isOfGroup;
        });
    }

    /** Rules keep their ids and tags when their contents change. Two rules may have the contents of each other. */
    public void move(Map<GroupRule, String> keys) {
        keys.keySet().forEach(rule -> ruleIds.remove(rule.key()));
        keys.forEach((rule, key) -> ruleIds.put(key, rule.id()));
    }
}
