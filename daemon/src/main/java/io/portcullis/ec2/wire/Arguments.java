package io.portcullis.ec2.wire;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call, or of a structure in it: checked by the shape, immutable. Names are those of a query; one that the shape does
 * not have, or has with another type, is a defect of the caller ({@link IllegalArgumentException}).
 */
public final class Arguments {
    private final Shape shape;
    private final String path;
    private final Map<String, Object> values;

    /** @param path in front of a name, for messages: {@code IpPermissions.1.} */
    Arguments(Shape shape, String path, Map<String, Object> values) {
        this.shape = shape;
        this.path = path;
        this.values = Map.copyOf(values);
    }

    /** True: the request has it, even if it is empty. */
    public boolean has(String name) {
        return get(name) != null;
    }

    /** A string; empty: the request does not have it. */
    public Optional<String> string(String name) {
        Object value = get(name, Type.Text.class, Type.Blob.class);
        return Optional.ofNullable((String) value);
    }

    /**
     * A string that the request must have.
     *
     * @throws ApiException MissingParameter
     */
    public String required(String name) throws ApiException {
        Optional<String> value = string(name);
        if (value.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of(path(name));
        }
        return value.get();
    }

    /** A number of at most 32 bits; empty: the request does not have it. */
    public OptionalInt integer(String name) {
        Object value = get(name, Type.Whole.class);
        return value == null ? OptionalInt.empty() : OptionalInt.of(Math.toIntExact((Long) value));
    }

    /** A number; empty: the request does not have it. */
    public OptionalLong number(String name) {
        Object value = get(name, Type.Whole.class);
        return value == null ? OptionalLong.empty() : OptionalLong.of((Long) value);
    }

    /** True: the request says so; false: it says no, or nothing. */
    public boolean flag(String name) {
        Object value = get(name, Type.Flag.class);
        return value != null && (Boolean) value;
    }

    /** A list of strings; empty: the request does not have it. */
    public List<String> strings(String name) {
        return list(name).stream().map(String.class::cast).toList();
    }

    /** A list of structures; empty: the request does not have it. */
    public List<Arguments> structures(String name) {
        return list(name).stream().map(Arguments.class::cast).toList();
    }

    /** A structure; empty: the request has no member of it. */
    public Optional<Arguments> structure(String name) {
        Object value = get(name, Shape.class);
        return Optional.ofNullable((Arguments) value);
    }

    /** The whole name of a parameter, for messages: {@code IpPermissions.1.FromPort}. */
    public String path(String name) {
        return path + name;
    }

    private List<?> list(String name) {
        Object value = get(name, Type.ListOf.class);
        return value == null ? List.of() : (List<?>) value;
    }

    @SafeVarargs
    private @Nullable Object get(String name, Class<? extends Type>... types) {
        Member member = shape.inQuery(name);
        if (member == null) {
            throw new IllegalArgumentException(shape + " has no " + name);
        }
        boolean fits = types.length == 0;
        for (Class<? extends Type> type : types) {
            fits |= type.isInstance(member.type());
        }
        if (!fits) {
            throw new IllegalArgumentException(name + " of " + shape + " is a " + member.type());
        }
        return values.get(name);
    }

    @Override
    public String toString() {
        return shape + "" + values;
    }
}
