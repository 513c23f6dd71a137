package io.portcullis.config.edit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A value that is not in the text yet. */
public sealed interface Fresh {
    /** YAML of one line. */
    record Line(String yaml) implements Fresh {}

    /** A list, each item of one line. */
    record Items(List<String> items) implements Fresh {
        public Items {
            items = List.copyOf(items);
        }
    }

    /** A map, in order. */
    record Entries(Map<String, Fresh> entries) implements Fresh {
        public Entries {
            entries = new LinkedHashMap<>(entries);
        }
    }

    /** On one line. */
    default String flow() {
        return switch (this) {
            case Line(String yaml) -> yaml;
            case Items(List<String> items) -> "[" + String.join(", ", items) + "]";
            case Entries(Map<String, Fresh> entries) ->
                entries.entrySet().stream()
                        .map(entry -> Words.text(entry.getKey()) + ": "
                                + entry.getValue().flow())
                        .collect(Collectors.joining(", ", "{", "}"));
        };
    }

    /**
     * The lines of an entry with this value in a block map.
     *
     * @param step the indentation of each further level
     */
    default List<String> lines(String key, String indent, String step) {
        String name = indent + Words.text(key) + ":";
        List<String> below = new ArrayList<>();
        switch (this) {
            case Line _ -> {}
            case Items(List<String> items) -> items.forEach(item -> below.add(indent + step + "- " + item));
            case Entries(Map<String, Fresh> entries) ->
                entries.forEach((inner, value) -> below.addAll(value.lines(inner, indent + step, step)));
        }
        List<String> lines = new ArrayList<>();
        lines.add(below.isEmpty() ? name + " " + flow() : name);
        lines.addAll(below);
        return lines;
    }
}
