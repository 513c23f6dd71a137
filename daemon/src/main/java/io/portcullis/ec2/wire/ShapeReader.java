package io.portcullis.ec2.wire;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code shapes.txt}, which describes its own notation. A mistake in it is a defect of this program. */
final class ShapeReader {
    private static final Pattern ACTION = Pattern.compile("action (\\w+)(?: of (\\w+))?");
    private static final Pattern SHAPE = Pattern.compile("(\\w+) = (.*)");
    private static final Pattern PART = Pattern.compile("  (request|answer)(.*)");
    private static final Pattern MEMBER = Pattern.compile("(\\w+)(!?)(?:\\{(.+)\\}|:(.+))?");
    private static final Pattern WHOLE = Pattern.compile("(?:int|long)\\((-?\\d+)\\.\\.(-?\\d+)\\)");

    private final Map<String, Shape> shapes = new HashMap<>();
    private final Map<String, Action> actions = new LinkedHashMap<>();

    private String action = "";
    private Service service = Service.EC2;
    private Shape request = new Shape("", List.of());

    private ShapeReader() {}

    /** The actions by name, from the table's lines without comments. */
    static Map<String, Action> read(List<String> lines) {
        ShapeReader reader = new ShapeReader();
        joined(lines).forEach(reader::line);
        return reader.actions;
    }

    /** A line with four blanks belongs to the one above. */
    private static List<String> joined(List<String> lines) {
        List<String> joined = new ArrayList<>();
        for (String line : lines) {
            joined.add(line.startsWith("    ") ? joined.removeLast() + " " + line.strip() : line);
        }
        return joined;
    }

    private void line(String line) {
        Matcher head = ACTION.matcher(line);
        Matcher part = PART.matcher(line);
        Matcher shape = SHAPE.matcher(line);
        if (head.matches()) {
            action = head.group(1);
            service = head.group(2) == null
                    ? Service.EC2
                    : Service.ofScope(head.group(2)).orElseThrow();
        } else if (part.matches() && part.group(1).equals("request")) {
            request = shape(action + "Request", part.group(2));
        } else if (part.matches()) {
            Shape answer = shape(action + "Response", part.group(2));
            if (actions.put(action, new Action(action, service, request, answer)) != null) {
                throw new IllegalStateException("two actions " + action);
            }
        } else if (shape.matches()) {
            if (shapes.put(shape.group(1), shape(shape.group(1), shape.group(2))) != null) {
                throw new IllegalStateException("two shapes " + shape.group(1));
            }
        } else {
            throw new IllegalStateException("not a line of the table: " + line);
        }
    }

    private Shape shape(String name, String members) {
        List<Member> read = new ArrayList<>();
        for (String member : members.strip().split(" +")) {
            if (!member.isEmpty()) {
                read.add(member(member));
            }
        }
        return new Shape(name, read);
    }

    private Member member(String text) {
        Matcher parts = MEMBER.matcher(text);
        if (!parts.matches()) {
            throw new IllegalStateException("not a member: " + text);
        }
        String xml = parts.group(1);
        String query = xml.substring(0, 1).toUpperCase(Locale.ROOT) + xml.substring(1);
        String allowed = parts.group(3);
        Type type = allowed == null
                ? type(parts.group(4) == null ? "string" : parts.group(4))
                : new Type.Text(List.of(allowed.split("\\|")));
        return new Member(query, xml, type, !parts.group(2).isEmpty());
    }

    private Type type(String text) {
        if (text.startsWith("[") && text.endsWith("]")) {
            return new Type.ListOf(type(text.substring(1, text.length() - 1)));
        }
        Matcher whole = WHOLE.matcher(text);
        if (whole.matches()) {
            return new Type.Whole(Long.parseLong(whole.group(1)), Long.parseLong(whole.group(2)));
        }
        return switch (text) {
            case "string" -> Type.Text.ANY;
            case "int" -> new Type.Whole(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case "long" -> new Type.Whole(Long.MIN_VALUE, Long.MAX_VALUE);
            case "bool" -> new Type.Flag();
            case "time" -> new Type.Time();
            case "blob" -> new Type.Blob();
            default -> {
                Shape shape = shapes.get(text);
                if (shape == null) {
                    throw new IllegalStateException("no shape " + text + " above");
                }
                yield shape;
            }
        };
    }
}
