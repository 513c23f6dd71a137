package io.portcullis.operations.traffic;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads the values of a query; each method throws {@link IllegalArgumentException} with a sentence. */
final class QueryValues {
    /** Digits of {@code Long.MAX_VALUE}. */
    private static final int LONGEST = 19;

    private QueryValues() {}

    static Optional<Long> number(Map<String, String> query, String key, long most) {
        String value = query.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.matches("[0-9]{1," + LONGEST + "}")
                || value.length() == LONGEST && value.compareTo(Long.toString(Long.MAX_VALUE)) > 0
                || Long.parseLong(value) > most) {
            throw new IllegalArgumentException(key + " must be a number up to " + most + ", not " + value);
        }
        return Optional.of(Long.parseLong(value));
    }

    static OptionalInt integer(Map<String, String> query, String key, int most) {
        Optional<Long> number = number(query, key, most);
        return number.isPresent() ? OptionalInt.of(number.get().intValue()) : OptionalInt.empty();
    }

    /** A block; an address alone is a block with that address. */
    static Cidr block(String text) {
        try {
            int slash = text.indexOf('/');
            Address address = Address.parse(slash < 0 ? text : text.substring(0, slash));
            return slash < 0 ? Cidr.of(address) : new Cidr(address, Integer.parseInt(text.substring(slash + 1)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("peer must be an address or a block, not " + text, e);
        }
    }

    static boolean flag(Map<String, String> query, String key) {
        String value = query.getOrDefault(key, "false");
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(key + " must be true or false, not " + value);
        };
    }

    static Optional<String> direction(Map<String, String> query) {
        Optional<String> direction = Optional.ofNullable(query.get("direction"));
        if (direction.isPresent()
                && !direction.get().equals("ingress")
                && !direction.get().equals("egress")) {
            throw new IllegalArgumentException("direction must be ingress or egress, not " + direction.get());
        }
        return direction;
    }

    static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** The constant of a word. */
    static <E extends Enum<E>> E word(String key, String label, E[] all) {
        return Stream.of(all)
                .filter(one -> label(one).equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(key + " must be one of "
                        + Stream.of(all).map(QueryValues::label).collect(Collectors.joining(", ")) + ", not " + label));
    }
}
