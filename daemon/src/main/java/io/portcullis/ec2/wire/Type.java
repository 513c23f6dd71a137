package io.portcullis.ec2.wire;

import java.util.List;

/** The type of a member. */
sealed interface Type permits Type.Text, Type.Whole, Type.Flag, Type.Time, Type.Blob, Type.ListOf, Shape {
    /**
     * A string.
     *
     * @param allowed the only values; empty: any
     */
    record Text(List<String> allowed) implements Type {
        static final Text ANY = new Text(List.of());

        public Text {
            allowed = List.copyOf(allowed);
        }
    }

    /** A whole number. */
    record Whole(long least, long most) implements Type {}

    /** {@code true} or {@code false}. */
    record Flag() implements Type {}

    /** A moment. */
    record Time() implements Type {}

    /** Bytes as Base64. */
    record Blob() implements Type {}

    /** A list. */
    record ListOf(Type item) implements Type {}
}
