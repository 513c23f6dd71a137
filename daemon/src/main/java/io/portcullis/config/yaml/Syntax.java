package io.portcullis.config.yaml;

import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import io.portcullis.net.Visible;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/** Turns a syntax error into a message for the user: in own words if the cause is known, else in the parser's, with an excerpt. */
final class Syntax {
    private static final int LONGEST_PROBLEM = 200;

    /** Limit of characters in an excerpt, and of those before its caret. */
    private static final int LONGEST_EXCERPT = 100;

    private static final int BEFORE_CARET = 70;

    private static final String UNDEFINED_ALIAS = "found undefined alias ";

    private static final Pattern UNQUOTED_IPV6 = Pattern.compile(
            "(?<![\"'0-9A-Za-z:.])[0-9A-Fa-f:]{0,40}::[0-9A-Fa-f:.]{0,40}(?:/[0-9]{1,3})?(?![\"'0-9A-Za-z])");
    private static final Pattern FOUND = Pattern.compile("found (?:character )?'([^'<\\\\])'");

    private final MarkedYAMLException exception;
    private final Mark mark;
    private final List<String> lines;

    private Syntax(MarkedYAMLException exception, Mark mark, List<String> lines) {
        this.exception = exception;
        this.mark = mark;
        this.lines = lines;
    }

    /** The error for a parser's exception. */
    static ConfigError error(MarkedYAMLException exception, String yaml, String file) {
        Mark mark = locationOf(exception);
        if (mark == null) {
            return new ConfigError(Location.of(file), "not YAML: " + problem(exception));
        }
        List<String> lines = yaml.lines().limit(mark.getLine() + 1L).toList();
        String message = new Syntax(exception, mark, lines).message();
        Location location = new Location(file, mark.getLine() + 1, mark.getColumn() + 1);
        return new ConfigError(location, "not YAML: " + message, excerpt(lines, mark));
    }

    private static @Nullable Mark locationOf(MarkedYAMLException exception) {
        boolean keyAlone = problem(exception).contains("could not find expected ':'");
        boolean atContext = exception.getContextMark() != null && (keyAlone || exception.getProblemMark() == null);
        return atContext ? exception.getContextMark() : exception.getProblemMark();
    }

    /** The parser's own words on one line. */
    private static String problem(MarkedYAMLException exception) {
        String context = exception.getContext() == null ? "" : exception.getContext() + ", ";
        String whole = (context + exception.getProblem()).replaceAll("\\R", " ");
        return whole.length() <= LONGEST_PROBLEM ? whole : whole.substring(0, LONGEST_PROBLEM) + "…";
    }

    private String message() {
        String problem = String.valueOf(exception.getProblem());
        Matcher found = FOUND.matcher(problem);
        if (problem.contains("(TAB)")) {
            return "a tab: indent with spaces only";
        }
        String address = ipv6At(mark.getColumn());
        if (!address.isEmpty()) {
            return "an IPv6 address needs quotes here: write \"" + address + "\"";
        }
        if (problem.startsWith("mapping values are not allowed here")) {
            return colon();
        }
        if (problem.startsWith("expected <block end>, but found '<block")) {
            return "wrong indentation: no block above starts in column " + (mark.getColumn() + 1);
        }
        if (problem.startsWith("expected <block end>") && found.find()) {
            return found.group(1) + " closes nothing";
        }
        if (problem.startsWith("expected ',' or")) {
            return unclosed(
                    String.valueOf(exception.getContext()).contains("mapping") ? "{" : "[",
                    problem.endsWith(" ]") || problem.endsWith(" }")
                            ? " before this"
                            : ", or a comma is missing before this");
        }
        if (problem.contains("unexpected end of stream")
                && String.valueOf(exception.getContext()).contains("quoted")) {
            return unclosed("quote", "");
        }
        if (problem.startsWith("could not find expected ':'")) {
            return "a key without a colon";
        }
        if (String.valueOf(exception.getContext()).equals("while scanning an alias")) {
            return "* starts a YAML alias: for every address write any, and quote a text that starts with *";
        }
        if (problem.startsWith(UNDEFINED_ALIAS)) {
            String name = problem.substring(UNDEFINED_ALIAS.length());
            return Value.quoted(name) + ": no anchor of this name comes before the alias";
        }
        if (problem.endsWith("found another document")) {
            return "a second document starts here: a file holds one";
        }
        if (problem.contains("that cannot start any token") && found.find()) {
            return "quote a text that starts with " + found.group(1);
        }
        return problem(exception);
    }

    /** The message for an unexpected colon. */
    private String colon() {
        String line = lineAt(mark.getLine());
        int key = line.indexOf(": ");
        if (key >= 0 && key < mark.getColumn()) {
            return "a second colon in one value: quote the text";
        }
        int above = mark.getLine() - 1;
        while (above >= 0 && isBlank(lineAt(above))) {
            above--;
        }
        if (above < 0) {
            return problem(exception);
        }
        String before = lineAt(above);
        if (before.contains(": ")) {
            return indent(line) > indent(before)
                    ? "wrong indentation: the line above has a value already, and this line is indented further"
                    : "wrong indentation: this line belongs to nothing above";
        }
        return "the line above is not a key: it needs a colon at its end, or followed by a space";
    }

    private String unclosed(String what, String before) {
        Mark began = exception.getContextMark();
        return began == null
                ? problem(exception)
                : "the " + what + " at line " + (began.getLine() + 1) + ", column " + (began.getColumn() + 1)
                        + " is not closed" + before;
    }

    private String lineAt(int line) {
        return line < lines.size() ? lines.get(line) : "";
    }

    private static boolean isBlank(String line) {
        return line.isBlank() || line.stripLeading().startsWith("#");
    }

    private static int indent(String line) {
        return line.length() - line.stripLeading().length();
    }

    /** The unquoted IPv6 address at a column, or empty. */
    private String ipv6At(int column) {
        String line = lineAt(mark.getLine());
        int from = Math.max(0, column - LONGEST_EXCERPT);
        Matcher matcher = UNQUOTED_IPV6
                .matcher(line)
                .region(Math.min(from, line.length()), Math.min(line.length(), column + LONGEST_EXCERPT));
        matcher.useTransparentBounds(true);
        while (matcher.find()) {
            if (matcher.start() <= column && column < matcher.end()) {
                return matcher.group();
            }
        }
        return "";
    }

    /** Two lines, or none if the location is past the end of the text. */
    private static List<String> excerpt(List<String> lines, Mark mark) {
        if (mark.getLine() >= lines.size()) {
            return List.of();
        }
        int[] line = lines.get(mark.getLine()).codePoints().toArray();
        int from = Math.max(0, mark.getColumn() - BEFORE_CARET);
        int to = Math.min(line.length, from + LONGEST_EXCERPT);
        String start = from > 0 ? "…" : "";
        String shown = Arrays.stream(line, Math.min(from, to), to)
                .mapToObj(c -> c == '\t' ? "→" : Visible.isInvisible(c) ? "·" : Character.toString(c))
                .collect(Collectors.joining());
        return List.of(
                start + shown + (to < line.length ? "…" : ""),
                " ".repeat(start.length() + mark.getColumn() - from) + "^");
    }
}
