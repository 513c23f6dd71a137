package io.portcullis.config.yaml;

import io.portcullis.config.Location;
import io.portcullis.net.DurationText;
import io.portcullis.net.Visible;
import java.time.Duration;
import java.util.AbstractList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * One value of a file with its key. Each typed getter adds an error and returns empty if the value has another type.
 *
 * @param key as written; for an item of a list, the list's key
 * @param keyNode the key's node; for an item of a list, the item's own node
 */
public record Value(Diagnostics diagnostics, String file, String key, Node keyNode, Node node) {
    private static final int LONGEST_QUOTE = 60;
    private static final int MOST_IN_HINT = 10;
    private static final int MOST_DIGITS = 18;
    private static final Set<Tag> PLAIN_TAGS =
            Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.NULL, Tag.TIMESTAMP, Tag.MERGE, Tag.MAP, Tag.SEQ);

    /** The start of the value. */
    public Location location() {
        return locationOf(file, node);
    }

    /** The start of its key. */
    public Location keyLocation() {
        return locationOf(file, keyNode);
    }

    static Location locationOf(String file, Node node) {
        return new Location(
                file, node.getStartMark().getLine() + 1, node.getStartMark().getColumn() + 1);
    }

    /** True for {@code null} or no value: the same as an absent key. */
    public boolean isNull() {
        return isNull(node);
    }

    public static boolean isNull(Node node) {
        return node instanceof ScalarNode scalar
                && scalar.isPlain()
                && scalar.getTag().equals(Tag.NULL);
    }

    /** True for a list. */
    public boolean isList() {
        return node instanceof SequenceNode;
    }

    /** True for a map. */
    public boolean isMap() {
        return node instanceof MappingNode;
    }

    /** True for an empty list or map. */
    public boolean isEmpty() {
        return switch (node) {
            case SequenceNode list -> list.getValue().isEmpty();
            case MappingNode map -> map.getValue().isEmpty();
            default -> false;
        };
    }

    /** Adds an error about the value: {@code key: value: text}. */
    public void error(String text) {
        diagnostics.error(location(), label() + written() + ": " + text);
    }

    /** Adds an error about the key: {@code key: text}. */
    public void errorAtKey(String text) {
        diagnostics.error(keyLocation(), quoted(key) + ": " + text);
    }

    /** Adds an error about a null value where null does not mean absent; {@code instead} is the value to write. */
    public void errorNull(String instead) {
        diagnostics.error(keyLocation(), label() + "has no value: write " + instead + ", or remove the key");
    }

    /** Adds an error: the value does not have the type that its key takes. */
    public void wrongKind(String expected) {
        wrongKind(expected, "");
    }

    /** As {@link #wrongKind(String)}, with a hint if braces should be brackets. */
    public void wrongKindOrBraces(String expected) {
        wrongKind(expected, braces());
    }

    private void wrongKind(String expected, String hint) {
        String is = isNull() ? "empty" : isList() ? "a list" : isMap() ? "a map" : written();
        diagnostics.error(location(), label() + "must be " + expected + ", not " + is + hint);
    }

    /** True for {@code {80, 443}}: braces make a map, whose keys have no values here. */
    public boolean isSetInBraces() {
        return node instanceof MappingNode map
                && !map.getValue().isEmpty()
                && map.getValue().stream()
                        .allMatch(tuple -> isNull(tuple.getValueNode()) && tuple.getKeyNode() instanceof ScalarNode);
    }

    /** A hint for a map that was probably meant as a list or an address; empty if there is none. */
    private String braces() {
        if (!isSetInBraces() || !(node instanceof MappingNode map)) {
            return "";
        }
        List<String> keys = map.getValue().stream()
                .limit(MOST_IN_HINT)
                .map(tuple -> tuple.getKeyNode() instanceof ScalarNode key ? quoted(key.getValue()) : "")
                .toList();
        boolean isFlow = map.getFlowStyle() == DumperOptions.FlowStyle.FLOW;
        if (keys.size() == 1 && keys.getFirst().endsWith(":")) {
            // A colon at the end of fd00:: makes it a key.
            return ": quote the address, \"" + keys.getFirst() + ":\"";
        }
        return isFlow
                ? ": braces make a map, write [" + String.join(", ", keys)
                        + (map.getValue().size() > keys.size() ? ", …" : "") + "]"
                : "";
    }

    private String label() {
        return quoted(key) + ": ";
    }

    private String written() {
        return switch (node) {
            case ScalarNode scalar -> quoted(scalar.getValue());
            case SequenceNode list -> list.getValue().isEmpty() ? "[]" : "a list";
            case MappingNode map -> map.getValue().isEmpty() ? "{}" : "a map";
            default -> "an alias";
        };
    }

    /** Text of a file, shortened and escaped for a message of one line. */
    public static String quoted(String text) {
        String line = text.codePoints()
                .limit(LONGEST_QUOTE)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
        String shown = Visible.text(line);
        return text.isEmpty() ? "\"\"" : line.length() < text.length() ? shown + "…" : shown;
    }

    /** False for a node with a custom tag ({@code !secret}), which is never allowed. */
    static boolean hasPlainTag(Node node) {
        return PLAIN_TAGS.contains(node.getTag());
    }

    static String noTags(Node node) {
        return quoted(node.getTag().getValue()) + ": YAML tags are not supported: remove it";
    }

    private boolean isTagged() {
        if (hasPlainTag(node)) {
            return false;
        }
        diagnostics.error(location(), label() + noTags(node));
        return true;
    }

    /**
     * The text of a scalar, quoted or not.
     *
     * @param expected what the key takes, for the error if the value is a list, a map or null
     */
    public Optional<String> text(String expected) {
        if (isTagged()) {
            return Optional.empty();
        }
        if (node instanceof ScalarNode scalar && !isNull()) {
            return Optional.of(scalar.getValue());
        }
        wrongKindOrBraces(expected);
        return Optional.empty();
    }

    /** The text of a scalar, or empty, without an error. */
    public String scalar() {
        return node instanceof ScalarNode scalar ? scalar.getValue() : "";
    }

    /** The items of a list, each with this value's key. */
    public List<Value> items() {
        return items("a list");
    }

    /** The items of a list; {@code expected} is what the key takes. */
    public Items items(String expected) {
        if (isTagged()) {
            return new Items(this, List.of());
        }
        if (!(node instanceof SequenceNode list)) {
            String hint = node instanceof ScalarNode scalar && !isNull() && scalar.isPlain()
                    ? ": write [" + quoted(scalar.getValue()) + "]"
                    : braces();
            wrongKind(expected, hint);
            return new Items(this, List.of());
        }
        if (!diagnostics.mayVisit(list.getValue().size(), location())) {
            return new Items(this, List.of());
        }
        return new Items(this, list.getValue());
    }

    /** The items of a list, made on demand: a long list would take much heap. */
    public static final class Items extends AbstractList<Value> {
        private final Value list;
        private final List<Node> nodes;

        private Items(Value list, List<Node> nodes) {
            this.list = list;
            this.nodes = nodes;
        }

        /**
         * The text of an item that is neither quoted nor tagged, without a {@link Value} of its own; empty for any other item. It is
         * valid until the next call.
         */
        public CharSequence plainText(int index) {
            if (nodes instanceof PackedScalars packed) {
                return packed.text(index);
            }
            return nodes.get(index) instanceof ScalarNode scalar && PackedScalars.takes(scalar)
                    ? scalar.getValue()
                    : "";
        }

        @Override
        public Value get(int index) {
            Node item = nodes.get(index);
            return new Value(list.diagnostics, list.file, list.key, item, item);
        }

        @Override
        public int size() {
            return nodes.size();
        }
    }

    /** The items of a list, or this value alone if it is not a list. */
    public List<Value> itemsOrSelf() {
        return isList() ? items() : List.of(this);
    }

    /** One of the words {@code allowed}. */
    public Optional<String> choice(List<String> allowed) {
        Optional<String> text = text(String.join(" or ", allowed));
        if (text.isPresent() && !allowed.contains(text.get())) {
            unknown(text.get(), allowed);
            return Optional.empty();
        }
        return text;
    }

    private void unknown(String word, List<String> allowed) {
        error("unknown value" + diagnostics.hint(word, allowed) + " (allowed: " + String.join(", ", allowed) + ")");
    }

    /** Adds an error about a key that is not in {@code allowed}, with all allowed keys. */
    public void unknownKey(List<String> allowed) {
        errorAtKey("unknown key" + diagnostics.hint(key, allowed) + " (allowed: " + String.join(", ", allowed) + ")");
    }

    /** {@code true} or {@code false}. */
    public boolean flag(boolean fallback) {
        return choice(List.of("true", "false")).map("true"::equals).orElse(fallback);
    }

    /** A whole number without sign, decimal. */
    public Optional<Long> number(long low, long high) {
        return number("a number", low, high);
    }

    /** As {@link #number(long, long)}; {@code what} is the noun for the error. */
    public Optional<Long> number(String what, long low, long high) {
        String expected = what + " from " + low + " to " + high;
        Optional<String> text = text(expected);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Long> number = numberIn(text.get(), low, high);
        if (number.isEmpty()) {
            error("must be " + expected);
        }
        return number;
    }

    /** Parses a decimal number; empty if the text is not a number in the range. */
    public static Optional<Long> numberIn(String text, long low, long high) {
        if (text.isEmpty() || text.length() > MOST_DIGITS) {
            return Optional.empty();
        }
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return Optional.empty();
            }
        }
        long number = Long.parseLong(text);
        return number >= low && number <= high ? Optional.of(number) : Optional.empty();
    }

    /** A duration: digits and one of {@code ms s m h d}. */
    public Optional<Duration> duration(Duration shortest, Duration longest) {
        Optional<String> text = text("a duration such as 30s");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Duration> read = DurationText.parse(text.get());
        if (read.isEmpty()) {
            error("not a duration: write a number and its unit, ms, s, m, h or d, such as 30s");
            return Optional.empty();
        }
        Duration duration = read.get();
        if (duration.compareTo(shortest) < 0 || duration.compareTo(longest) > 0) {
            error("must be from " + written(shortest) + " to " + written(longest));
            return Optional.empty();
        }
        return Optional.of(duration);
    }

    private static String written(Duration duration) {
        return duration.toDays() > 0 ? duration.toDays() + "d" : duration.toSeconds() + "s";
    }

    /** The keys of a map; a key that is not in {@code allowed} is an error. */
    public Fields fields(List<String> allowed) {
        return Fields.of(List.of(this), allowed);
    }

    /** The map; empty, with an error, if the value is not a map. */
    public Optional<MappingNode> map() {
        return map("a map");
    }

    /** As {@link #map()}; {@code expected} is what the key takes. */
    public Optional<MappingNode> map(String expected) {
        if (isTagged()) {
            return Optional.empty();
        }
        if (node instanceof MappingNode map) {
            return Optional.of(map);
        }
        wrongKind(expected);
        return Optional.empty();
    }
}
