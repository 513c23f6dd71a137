package io.portcullis.ec2.wire;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads the parameters of a request by the shape of its action, in time proportional to their length. */
final class ArgumentsReader {
    /** What every request may have beside its shape's members. */
    private static final Set<String> COMMON = Set.of("Action", "Version");

    private static final Pattern INDEX = Pattern.compile("[1-9][0-9]{0,6}");
    private static final Pattern WHOLE = Pattern.compile("-?[0-9]{1,19}");

    /** A parameter's value, the members of a structure by name, or the items of a list by number. */
    private static final class Node {
        private final Map<String, Node> members = new HashMap<>();
        private final SortedMap<Integer, Node> items = new TreeMap<>();
        private String value = "";
    }

    private ArgumentsReader() {}

    /** See {@link Action#read}. */
    static Arguments read(Shape shape, Form form) throws ApiException {
        Node root = new Node();
        for (Map.Entry<String, String> parameter : form.parameters().entrySet()) {
            if (!COMMON.contains(parameter.getKey())) {
                place(root, shape, parameter.getKey(), parameter.getValue());
            }
        }
        return structure(shape, root, "");
    }

    private static void place(Node root, Shape shape, String name, String value) throws ApiException {
        Node node = root;
        Type type = shape;
        int from = 0;
        while (from <= name.length()) {
            int dot = name.indexOf('.', from);
            int end = dot < 0 ? name.length() : dot;
            String part = name.substring(from, end);
            switch (type) {
                case Shape structure -> {
                    Member member = structure.inQuery(part);
                    if (member == null) {
                        throw ApiError.UNKNOWN_PARAMETER.of(name);
                    }
                    node = node.members.computeIfAbsent(part, _ -> new Node());
                    type = member.type();
                }
                case Type.ListOf list -> {
                    if (!INDEX.matcher(part).matches()) {
                        throw ApiError.UNKNOWN_PARAMETER.of(name);
                    }
                    node = node.items.computeIfAbsent(Integer.valueOf(part), _ -> new Node());
                    type = list.item();
                }
                default -> throw ApiError.UNKNOWN_PARAMETER.of(name);
            }
            from = end + 1;
        }
        if (type instanceof Shape || type instanceof Type.ListOf) {
            throw ApiError.UNKNOWN_PARAMETER.of(name);
        }
        node.value = value;
    }

    private static Arguments structure(Shape shape, Node node, String path) throws ApiException {
        Map<String, Object> values = new HashMap<>();
        for (Member member : shape.members()) {
            Node child = node.members.get(member.query());
            String name = path + member.query();
            if (child != null) {
                values.put(member.query(), value(member.type(), child, name));
            } else if (member.required()) {
                throw ApiError.MISSING_PARAMETER.of(name);
            }
        }
        return new Arguments(shape, path, values);
    }

    private static Object value(Type type, Node node, String name) throws ApiException {
        return switch (type) {
            case Shape shape -> structure(shape, node, name + ".");
            case Type.ListOf list -> list(list.item(), node, name);
            case Type.Text text -> text(text, node.value, name);
            case Type.Whole whole -> whole(whole, node.value, name);
            case Type.Flag _ -> flag(node.value, name);
            case Type.Time _ -> time(node.value, name);
            case Type.Blob _ -> blob(node.value);
        };
    }

    /** Numbers may be left out: the order counts. */
    private static List<Object> list(Type type, Node node, String name) throws ApiException {
        List<Object> items = new ArrayList<>(node.items.size());
        for (Map.Entry<Integer, Node> item : node.items.entrySet()) {
            items.add(value(type, item.getValue(), name + "." + item.getKey()));
        }
        return List.copyOf(items);
    }

    private static String text(Type.Text type, String value, String name) throws ApiException {
        if (!type.allowed().isEmpty() && !type.allowed().contains(value)) {
            throw ApiError.INVALID_VALUE.of(value, name, "Expecting one of: " + String.join(", ", type.allowed()));
        }
        if (!value.codePoints().allMatch(XmlCharacters::isAllowed)) {
            throw ApiError.INVALID_VALUE.of(value, name, "Control characters are not supported.");
        }
        return value;
    }

    private static Long whole(Type.Whole type, String value, String name) throws ApiException {
        long number;
        try {
            number = WHOLE.matcher(value).matches() ? Long.parseLong(value) : Long.MIN_VALUE;
        } catch (NumberFormatException e) {
            number = Long.MIN_VALUE;
        }
        boolean isWhole = number != Long.MIN_VALUE;
        if (isWhole && number >= type.least() && number <= type.most()) {
            return number;
        }
        if (!isWhole || type.least() < 0) {
            throw ApiError.INVALID_VALUE.of(value, name, "Expecting an integer.");
        }
        // EC2's words, with the blanks, the small letter, and a bound that is allowed itself.
        String small = name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
        throw ApiError.INVALID_VALUE.of(
                " " + value + " ",
                small,
                number < type.least()
                        ? "Expecting a value greater than " + type.least() + "."
                        : "Expecting a value less than or equal to " + type.most() + ".");
    }

    private static Boolean flag(String value, String name) throws ApiException {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw ApiError.INVALID_VALUE.of(value, name, "Expecting true or false.");
        };
    }

    private static Instant time(String value, String name) throws ApiException {
        try {
            return Instant.parse(value);
        } catch (DateTimeException e) {
            throw ApiError.INVALID_VALUE.of(value, name, "Expecting a time such as 2016-11-15T00:00:00Z.");
        }
    }

    private static String blob(String value) throws ApiException {
        try {
            Base64.getMimeDecoder().decode(value);
            return value;
        } catch (IllegalArgumentException e) {
            throw ApiError.USER_DATA_MALFORMED.of();
        }
    }
}
