package io.portcullis.ec2.transfer;

import io.portcullis.config.Location;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON value with its location. */
sealed interface Json {
    Location location();

    /** The article and the name of its type, for messages. */
    String type();

    /** True: both say the same, wherever they are; the order of an object's members does not count. */
    default boolean says(Json other) {
        return switch (this) {
            case Entries(var mine, var _) ->
                other instanceof Entries(var theirs, var _)
                        && mine.keySet().equals(theirs.keySet())
                        && mine.keySet().stream()
                                .allMatch(key -> value(mine, key).says(value(theirs, key)));
            case Items(var mine, var _) -> {
                boolean isSame = other instanceof Items(var theirs, var _) && mine.size() == theirs.size();
                for (int i = 0; isSame && i < mine.size(); i++) {
                    isSame = mine.get(i).says(((Items) other).items().get(i));
                }
                yield isSame;
            }
            case Text(var mine, var _) -> other instanceof Text(var theirs, var _) && mine.equals(theirs);
            case Numeral(var mine, var _) -> other instanceof Numeral(var theirs, var _) && mine.equals(theirs);
            case Flag(var mine, var _) -> other instanceof Flag(var theirs, var _) && mine == theirs;
            case Nothing _ -> other instanceof Nothing;
        };
    }

    private static Json value(Map<String, Member> members, String key) {
        Member member = members.get(key);
        if (member == null) {
            throw new IllegalArgumentException(key);
        }
        return member.value();
    }

    /** A member of an object, with the location of its key. */
    record Member(Location key, Json value) {}

    /** An object, in the order of the text. */
    record Entries(Map<String, Member> members, Location location) implements Json {
        public Entries {
            members = new LinkedHashMap<>(members);
        }

        @Override
        public String type() {
            return "an object";
        }
    }

    /** An array. */
    record Items(List<Json> items, Location location) implements Json {
        public Items {
            items = List.copyOf(items);
        }

        @Override
        public String type() {
            return "an array";
        }
    }

    /** A string. */
    record Text(String value, Location location) implements Json {
        @Override
        public String type() {
            return "a string";
        }
    }

    /** A number, as written. */
    record Numeral(String value, Location location) implements Json {
        @Override
        public String type() {
            return "a number";
        }
    }

    /** True or false. */
    record Flag(boolean value, Location location) implements Json {
        @Override
        public String type() {
            return "true or false";
        }
    }

    /** Null. */
    record Nothing(Location location) implements Json {
        @Override
        public String type() {
            return "null";
        }
    }
}
