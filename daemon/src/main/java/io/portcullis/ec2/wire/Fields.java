package io.portcullis.ec2.wire;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The members of an answer, or of a structure in it, by their names in XML. Immutable. */
public final class Fields {
    /** No members. */
    public static final Fields NONE = new Fields(Map.of());

    /** {@code <return>true</return>}. */
    public static final Fields DONE = new Builder().with("return", true).build();

    private final Map<String, Object> values;

    private Fields(Map<String, Object> values) {
        this.values = values;
    }

    /** In the order in which they were given. */
    Map<String, Object> values() {
        return values;
    }

    /** Collects members. Whether the shape has them is checked when they are written. For one thread. */
    public static final class Builder {
        private final Map<String, Object> values = new LinkedHashMap<>();

        public Builder with(String name, String value) {
            return put(name, value);
        }

        /** Nothing, if there is no value. */
        public Builder with(String name, Optional<String> value) {
            value.ifPresent(present -> put(name, present));
            return this;
        }

        public Builder with(String name, long value) {
            return put(name, value);
        }

        public Builder with(String name, boolean value) {
            return put(name, value);
        }

        public Builder with(String name, Instant value) {
            return put(name, value);
        }

        public Builder with(String name, Fields value) {
            return put(name, value);
        }

        /** A list of structures; an empty one is written as an empty element. */
        public Builder with(String name, List<Fields> values) {
            return put(name, List.copyOf(values));
        }

        /** A list of strings. */
        public Builder withStrings(String name, List<String> values) {
            return put(name, List.copyOf(values));
        }

        public Fields build() {
            return new Fields(Collections.unmodifiableMap(new LinkedHashMap<>(values)));
        }

        private Builder put(String name, Object value) {
            if (values.put(name, value) != null) {
                throw new IllegalStateException(name + " is given twice");
            }
            return this;
        }
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
