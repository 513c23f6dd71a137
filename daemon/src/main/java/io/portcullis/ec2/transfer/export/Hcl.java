package io.portcullis.ec2.transfer.export;

import io.portcullis.net.Visible;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes Terraform's language (HCL native syntax), laid out as {@code terraform fmt} does. */
final class Hcl {
    private final StringBuilder text = new StringBuilder();
    private final Map<String, Set<String>> taken = new HashMap<>();

    /** A block's arguments, then blocks inside it. */
    static final class Body {
        private record Argument(String name, String value) {}

        private final List<Argument> arguments = new ArrayList<>();
        private final StringBuilder inner = new StringBuilder();

        /** A text. */
        Body text(String name, String value) {
            return raw(name, quoted(value));
        }

        Body number(String name, long value) {
            return raw(name, String.valueOf(value));
        }

        /** An expression, such as a reference to another resource. */
        Body raw(String name, String expression) {
            arguments.add(new Argument(name, expression));
            return this;
        }

        /** A block without labels. */
        Body block(String name, Body body) {
            inner.append('\n')
                    .append(name)
                    .append(" {\n")
                    .append(body.lines("  "))
                    .append("}\n");
            return this;
        }

        private String lines(String indent) {
            int width = arguments.stream()
                    .mapToInt(argument -> argument.name().length())
                    .max()
                    .orElse(0);
            StringBuilder lines = new StringBuilder();
            for (Argument argument : arguments) {
                String fill = " ".repeat(width - argument.name().length());
                lines.append(indent)
                        .append(argument.name())
                        .append(fill)
                        .append(" = ")
                        .append(argument.value())
                        .append('\n');
            }
            inner.toString()
                    .lines()
                    .forEach(line ->
                            lines.append(line.isEmpty() ? "" : indent + line).append('\n'));
            return lines.toString();
        }
    }

    /** Adds a block with labels, such as {@code resource} with a type and a name. */
    void block(String head, List<String> labels, Body body) {
        text.append(text.isEmpty() ? "" : "\n").append(head);
        labels.forEach(label -> text.append(' ').append(quoted(label)));
        text.append(" {\n").append(body.lines("  ")).append("}\n");
    }

    /** A name for a resource, which no other of its type has: letters, digits, underscores and hyphens, a letter or underscore first. */
    String name(String type, String wanted) {
        StringBuilder name = new StringBuilder();
        wanted.chars().forEach(c -> name.append(isOfAName(c) ? (char) c : '_'));
        if (name.isEmpty() || !Character.isLetter(name.charAt(0)) && name.charAt(0) != '_') {
            name.insert(0, '_');
        }
        Set<String> others = taken.computeIfAbsent(type, _ -> new HashSet<>());
        String unique = name.toString();
        for (int i = 2; !others.add(unique); i++) {
            unique = name + "_" + i;
        }
        return unique;
    }

    private static boolean isOfAName(int c) {
        return c < 128 && Character.isLetterOrDigit(c) || c == '_' || c == '-';
    }

    /** A text in quotes: no part of it is a template. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        int[] points = text.codePoints().toArray();
        for (int i = 0; i < points.length; i++) {
            int c = points[i];
            boolean opensTemplate = (c == '$' || c == '%') && i + 1 < points.length && points[i + 1] == '{';
            switch (c) {
                case '"', '\\' -> quoted.append('\\').appendCodePoint(c);
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (Visible.isInvisible(c)) {
                        quoted.append(c > 0xffff ? String.format("\\U%08x", c) : String.format("\\u%04x", c));
                    } else {
                        quoted.appendCodePoint(c);
                    }
                }
            }
            if (opensTemplate) {
                quoted.appendCodePoint(c);
            }
        }
        return quoted.append('"').toString();
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
