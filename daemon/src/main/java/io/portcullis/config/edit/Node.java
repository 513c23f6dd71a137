package io.portcullis.config.edit;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A part of a YAML text. Offsets count chars behind the byte order mark; the end is that of the last token, without what follows it.
 */
sealed interface Node {
    /** Offset of the first char, anchor and tag included. */
    int start();

    /** Offset behind the last char. */
    int end();

    /** Why the node's text cannot be changed alone, such as "is an alias"; null: it can. */
    @Nullable
    String obstacle();

    /** A text, or an empty value, whose start and end are right behind the colon. */
    record Scalar(int start, int end, @Nullable String obstacle, String value, boolean isNull) implements Node {}

    /** A list. A block list starts at its first dash. */
    record Items(int start, int end, @Nullable String obstacle, boolean isFlow, List<Node> items) implements Node {}

    /** A map. */
    record Entries(int start, int end, @Nullable String obstacle, boolean isFlow, List<Entry> entries) implements Node {
        /** The map's own entry of a key; null: there is none. */
        @Nullable
        Entry find(String key) {
            return entries.stream()
                    .filter(entry -> entry.key().value().equals(key))
                    .findFirst()
                    .orElse(null);
        }
    }

    /** A value of no interest. */
    record Other(int start, int end, @Nullable String obstacle) implements Node {}

    /** An entry of a map. */
    record Entry(Scalar key, Node value) {
        int end() {
            return Math.max(key.end(), value.end());
        }
    }
}
