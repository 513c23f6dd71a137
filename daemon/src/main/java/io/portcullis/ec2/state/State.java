package io.portcullis.ec2.state;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What no configuration file can say. Immutable. Whatever refers to an object that does not exist is ignored.
 *
 * @param ruleIds ids of rules that do not follow from their contents, by {@code GroupRule.key}
 * @param tags by resource id
 * @param lists by the ids of prefix lists
 * @param tokens by action and token of a client
 */
public record State(
        Map<String, String> ruleIds,
        Map<String, Map<String, String>> tags,
        Map<String, ListState> lists,
        Map<String, ClientToken> tokens) {
    /** Nothing is known. */
    public static final State EMPTY = new State(Map.of(), Map.of(), Map.of(), Map.of());

    /** The most tokens that are kept: the oldest go. */
    static final int MOST_TOKENS = 1_000;

    /**
     * A token that a client made up, so that it can repeat a call (Ensuring idempotency, EC2 API Reference).
     *
     * @param request a checksum of the call's parameters: the token with others is an error
     * @param id of the object that the call has made
     */
    public record ClientToken(String request, String id) {}

    public State {
        ruleIds = Collections.unmodifiableMap(new LinkedHashMap<>(ruleIds));
        tags = Collections.unmodifiableMap(new LinkedHashMap<>(tags));
        lists = Collections.unmodifiableMap(new LinkedHashMap<>(lists));
        tokens = Collections.unmodifiableMap(new LinkedHashMap<>(tokens));
    }

    /** The tags of an object, in their order. */
    public Map<String, String> tags(String resourceId) {
        return tags.getOrDefault(resourceId, Map.of());
    }

    /** What is known of a prefix list. */
    public Optional<ListState> list(String id) {
        return Optional.ofNullable(lists.get(id));
    }

    /** The same with these tags of an object; none: it has none. */
    public State withTags(String resourceId, Map<String, String> now) {
        Map<String, Map<String, String>> all = new LinkedHashMap<>(tags);
        if (now.isEmpty()) {
            all.remove(resourceId);
        } else {
            all.put(resourceId, Collections.unmodifiableMap(new LinkedHashMap<>(now)));
        }
        return new State(ruleIds, all, lists, tokens);
    }

    /** The same with this id for the rule of a key. */
    public State withRuleId(String key, String id) {
        Map<String, String> all = new LinkedHashMap<>(ruleIds);
        all.put(key, id);
        return new State(all, tags, lists, tokens);
    }

    /** The same without an id of its own for the rule of a key. */
    public State withoutRuleId(String key) {
        Map<String, String> all = new LinkedHashMap<>(ruleIds);
        all.remove(key);
        return new State(all, tags, lists, tokens);
    }

    /** The same with this about a prefix list. */
    public State withList(String id, ListState list) {
        Map<String, ListState> all = new LinkedHashMap<>(lists);
        all.put(id, list);
        return new State(ruleIds, tags, all, tokens);
    }

    /** The same with nothing about a prefix list. */
    public State withoutList(String id) {
        Map<String, ListState> all = new LinkedHashMap<>(lists);
        all.remove(id);
        return new State(ruleIds, tags, all, tokens);
    }

    /** The same with one more token. */
    public State withToken(String key, ClientToken token) {
        Map<String, ClientToken> all = new LinkedHashMap<>(tokens);
        all.remove(key);
        all.put(key, token);
        while (all.size() > MOST_TOKENS) {
            all.remove(all.keySet().iterator().next());
        }
        return new State(ruleIds, tags, lists, all);
    }
}
