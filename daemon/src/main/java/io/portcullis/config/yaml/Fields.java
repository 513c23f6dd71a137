package io.portcullis.config.yaml;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * The keys of one map, or of several files' maps that count as one. A duplicate key is an error that names both locations. Merge keys
 * ({@code <<: *base}, YAML 1.1) are resolved: a map's own keys override merged ones, and the first of several merged maps wins.
 */
public final class Fields {
    /** Limit of nested merges. */
    private static final int DEEPEST_MERGE = 50;

    private final Map<String, Value> values = new LinkedHashMap<>();

    private Fields() {}

    /** The keys of maps; a key that is not in {@code allowed} is an error. */
    public static Fields of(List<Value> maps, List<String> allowed) {
        Fields fields = named(maps);
        for (Value value : fields.values.values()) {
            if (!allowed.contains(value.key())) {
                value.unknownKey(allowed);
            }
        }
        return fields;
    }

    /** The keys of maps whose keys are names chosen by the user. */
    public static Fields named(List<Value> maps) {
        Fields fields = new Fields();
        for (Value map : maps) {
            map.map().ifPresent(node -> fields.addAll(map, node));
        }
        return fields;
    }

    private void addAll(Value map, MappingNode node) {
        if (map.diagnostics().mayVisit(node.getValue().size(), map.location())) {
            Set<Node> open = Collections.newSetFromMap(new IdentityHashMap<>());
            for (Value value : entries(map, node, open)) {
                Value first = values.putIfAbsent(value.key(), value);
                if (first != null) {
                    value.errorAtKey("defined twice, first at " + first.keyLocation());
                }
            }
        }
    }

    /** The entries of a map, its own first, then merged ones, duplicates included; empty if the value is not a map. */
    public static List<Value> entries(Value map) {
        return map.node() instanceof MappingNode node
                ? entries(map, node, Collections.newSetFromMap(new IdentityHashMap<>()))
                : List.of();
    }

    /** As {@link #entries(Value)}; {@code open} are the maps that this one is being merged into. */
    private static List<Value> entries(Value map, MappingNode node, Set<Node> open) {
        List<Value> own = new ArrayList<>(node.getValue().size());
        List<Value> merges = new ArrayList<>(0);
        for (NodeTuple tuple : node.getValue()) {
            Node keyNode = tuple.getKeyNode();
            if (keyNode instanceof ScalarNode scalar && !Value.isNull(keyNode)) {
                Value value =
                        new Value(map.diagnostics(), map.file(), scalar.getValue(), keyNode, tuple.getValueNode());
                (keyNode.getTag().equals(Tag.MERGE) ? merges : own).add(value);
            } else {
                map.diagnostics().error(Value.locationOf(map.file(), keyNode), "a key must be a name");
            }
            if (!Value.hasPlainTag(keyNode)) {
                map.diagnostics().error(Value.locationOf(map.file(), keyNode), Value.noTags(keyNode));
            }
        }
        if (!merges.isEmpty()) {
            merge(own, merges, open, node);
        }
        return own;
    }

    private static void merge(List<Value> own, List<Value> merges, Set<Node> open, MappingNode node) {
        Map<String, Value> merged = new HashMap<>();
        own.forEach(value -> merged.putIfAbsent(value.key(), value));
        open.add(node);
        for (Value merge : merges) {
            List<Value> sources = merge.node() instanceof SequenceNode ? merge.items() : List.of(merge);
            for (Value source : sources) {
                if (!(source.node() instanceof MappingNode from)) {
                    source.wrongKind("a map or a list of maps");
                } else if (open.contains(from)) {
                    source.errorAtKey("a map cannot be merged into itself");
                } else if (open.size() > DEEPEST_MERGE) {
                    source.errorAtKey("merged too deeply: at most " + DEEPEST_MERGE + " levels");
                } else if (source.diagnostics().mayVisit(from.getValue().size(), source.location())) {
                    List<Value> found = entries(source, from, open);
                    // The entries that a merged map has merged itself are visited again at each level.
                    if (!source.diagnostics().mayVisit(found.size(), source.location())) {
                        continue;
                    }
                    for (Value value : found) {
                        if (merged.putIfAbsent(value.key(), value) == null) {
                            own.add(value);
                        }
                    }
                }
            }
        }
        open.remove(node);
    }

    /**
     * As {@link #get}, but null is an error. For keys whose absence admits more traffic than some of their values: a truncated file or
     * an unfinished edit must not open what its author closes.
     *
     * @param instead the value to write instead, for the error
     */
    public Optional<Value> getNonNull(String key, String instead) {
        Value value = values.get(key);
        if (value != null && value.isNull()) {
            value.errorNull(instead);
        }
        return get(key);
    }

    /** True for a key whose value is null. */
    public boolean isNull(String key) {
        Value value = values.get(key);
        return value != null && value.isNull();
    }

    /** The value of a key; empty if it is absent or null. */
    public Optional<Value> get(String key) {
        Value value = values.get(key);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    /** All keys, in the order of the files. */
    public Set<String> names() {
        return Collections.unmodifiableSet(values.keySet());
    }

    /** The values of all keys, null ones too, in the order of the files. */
    public Collection<Value> all() {
        return values.values();
    }
}
