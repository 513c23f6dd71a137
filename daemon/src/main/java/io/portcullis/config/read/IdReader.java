package io.portcullis.config.read;

import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads ids of EC2's form. One reader reads those of a whole configuration, where each occurs once. */
final class IdReader {
    private static final String EXAMPLE = "0123456789abcdef0";

    /** An id's place, and the name of what has it. */
    private record Use(Value id, String name) {}

    private final Map<String, Use> uses = new HashMap<>();

    /** The value of the key {@code id}; null if it is absent or has an error. {@code name} is that of the map with the key. */
    @Nullable
    String id(Fields fields, Kind kind, String name) {
        return fields.get("id").map(value -> id(value, kind, name)).orElse(null);
    }

    /** An id; null if it has an error. */
    @Nullable
    String id(Value value, Kind kind, String name) {
        String expected = kind.prefix() + " and 8 or 17 digits (0 to 9, a to f), such as " + kind.prefix() + EXAMPLE;
        Optional<String> id = value.text(expected);
        if (id.isEmpty()) {
            return null;
        }
        if (!kind.isId(id.get())) {
            value.error("must be " + expected);
            return null;
        }
        Use first = uses.putIfAbsent(id.get(), new Use(value, name));
        if (first != null) {
            value.error("is the id of " + Value.quoted(first.name()) + " already, at "
                    + first.id().location() + ": " + Value.quoted(name) + " needs another one, or none");
            return null;
        }
        return id.get();
    }
}
