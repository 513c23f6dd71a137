package io.portcullis.config.edit;

import org.jspecify.annotations.Nullable;

/**
 * An entry of a map in a text, with the way that leads to it. No anchor, alias, merge key or tag is on that way.
 *
 * @param parent the map of the entry
 * @param column the indentation of the parent's own key; -1 at the top
 */
record Place(Splices splices, Node.Entries parent, Node.Entry entry, int column) {
    private static final int USUAL_STEP = 2;
    private static final String CANNOT = ", which a change of this text cannot keep: write the value out";

    /** An entry of the top map; null: there is none. */
    static @Nullable Place of(Splices splices, Node.Entries top, String key) throws EditException {
        return in(splices, top, key, -1);
    }

    /** An entry of the map that is this entry's value; null: there is none. */
    @Nullable
    Place find(String key) throws EditException {
        if (entry.value() instanceof Node.Scalar scalar && scalar.isNull()) {
            return null;
        }
        if (!(entry.value() instanceof Node.Entries map)) {
            throw splices.refuse(entry.value().start(), name() + ": is not a map");
        }
        return in(splices, map, key, indentation());
    }

    /** As {@link #find}, of an entry that the configuration has. */
    Place get(String key) throws EditException {
        Place found = find(key);
        if (found == null) {
            throw splices.refuse(entry.key().start(), key + ": is not in the text of " + name());
        }
        return found;
    }

    private static @Nullable Place in(Splices splices, Node.Entries map, String key, int column) throws EditException {
        Node.Entry entry = map.find(key);
        if (entry == null) {
            Node.Entry merge = map.find("<<");
            if (merge != null) {
                throw splices.refuse(merge.key().start(), key + ": comes from a merge key" + CANNOT);
            }
            return null;
        }
        requirePlain(splices, entry.key(), key);
        requirePlain(splices, entry.value(), key);
        return new Place(splices, map, entry, column);
    }

    /** Refuses a node whose text cannot be changed alone. */
    static void requirePlain(Splices splices, Node node, String name) throws EditException {
        String obstacle = node.obstacle();
        if (obstacle != null) {
            throw splices.refuse(node.start(), name + ": " + obstacle + CANNOT);
        }
    }

    private String name() {
        return entry.key().value();
    }

    /** The number of chars before the key in its line. */
    int indentation() {
        return splices.before(entry.key().start()).length();
    }

    /** The indentation of the key, which must be first in its line. */
    String indent() throws EditException {
        String indent = splices.before(entry.key().start());
        if (!indent.isBlank()) {
            throw splices.refuse(
                    entry.key().start(), name() + ": is not first in its line: put it on a line of its own");
        }
        return indent;
    }

    /** The indentation of one more level, as between this key and the one above. */
    String step() {
        return parent.isFlow() ? step(0, -1) : step(indentation(), column);
    }

    /** As many blanks as a key is deeper than the one above it; {@code above} is -1 at the top. */
    static String step(int indentation, int above) {
        return " ".repeat(above < 0 || indentation <= above ? USUAL_STEP : indentation - above);
    }

    /** Offset of the colon. */
    int colon() throws EditException {
        int colon = splices.nextToken(entry.key().end());
        if (!splices.isAt(colon, ':')) {
            throw splices.refuse(entry.key().start(), name() + ": has no colon");
        }
        return colon;
    }
}
