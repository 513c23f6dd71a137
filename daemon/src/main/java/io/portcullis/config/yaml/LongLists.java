package io.portcullis.config.yaml;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Long lists of addresses in a YAML text, one address on each line ({@code - 192.0.2.0/24}), and the text without them. The YAML parser
 * allocates about twenty objects for each line, and their collection delays frames; this class allocates none.
 *
 * <p>A run is a sequence of such lines in one column. Its first and last line stay in the shortened text, and the lines between become
 * blank, so the parser still checks what surrounds them and all locations stay the same. Only the parser knows whether the first line is
 * an item of a list; it may be part of a text. If {@link #isUsedUp} is false in the end, the result of the shortened text is wrong.
 */
final class LongLists {
    /** Fewest lines of a run. */
    private static final int LEAST = 32;

    /** The lines that follow an item in its list: offsets in the text, number of the first line from 0, and count. */
    private record Run(int from, int to, int firstLine, int lines) {}

    private final String yaml;
    private final Map<Integer, Run> byFirst = new HashMap<>();
    private final String shortened;

    /** Finds the runs of a text. */
    LongLists(String yaml) {
        this.yaml = yaml;
        List<Run> runs = runs(yaml);
        int removed =
                runs.stream().mapToInt(run -> run.to - run.from - run.lines).sum();
        StringBuilder rest = new StringBuilder(yaml.length() - removed);
        int from = 0;
        for (Run run : runs) {
            byFirst.put(run.firstLine - 1, run);
            rest.append(yaml, from, run.from).repeat('\n', run.lines);
            from = run.to;
        }
        shortened =
                runs.isEmpty() ? yaml : rest.append(yaml, from, yaml.length()).toString();
    }

    private static List<Run> runs(String yaml) {
        List<Run> runs = new ArrayList<>();
        int line = 0;
        int at = 0;
        while (at < yaml.length()) {
            int column = column(yaml, at);
            int second = next(yaml, at);
            int last = at;
            int lines = 1;
            for (int next = second;
                    column >= 0 && next < yaml.length() && column(yaml, next) == column;
                    next = next(yaml, next)) {
                last = next;
                lines++;
            }
            if (lines >= LEAST) {
                runs.add(new Run(second, last, line + 1, lines - 2));
                // The last line cannot start another run: the line after it does not match.
                line += lines - 1;
                at = last;
            }
            line++;
            at = next(yaml, at);
        }
        return runs;
    }

    /** The start of the line after {@code at}. */
    private static int next(String yaml, int at) {
        int end = yaml.indexOf('\n', at);
        return end < 0 ? yaml.length() : end + 1;
    }

    /** The column of the address in a line that has only an address and perhaps a comment; -1: another line. */
    private static int column(String yaml, int from) {
        int at = skipBlanks(yaml, from);
        if (!yaml.startsWith("- ", at)) {
            return -1;
        }
        int first = at + 2;
        int end = first;
        while (end < yaml.length() && isOfAddress(yaml.charAt(end))) {
            end++;
        }
        // A colon at either end, or a slash or dot at the start, is left to the parser.
        if (end == first || Character.digit(yaml.charAt(first), 16) < 0 || yaml.charAt(end - 1) == ':') {
            return -1;
        }
        int behind = skipBlanks(yaml, end);
        boolean ends = behind == yaml.length()
                || yaml.charAt(behind) == '\n'
                || yaml.startsWith("\r\n", behind)
                || yaml.charAt(behind) == '#' && behind > end && isComment(yaml, behind);
        return ends ? first - from : -1;
    }

    /** Non-ASCII characters and lone carriage returns are left to the parser. */
    private static boolean isComment(String yaml, int from) {
        for (int at = from; at < yaml.length() && yaml.charAt(at) != '\n'; at++) {
            char c = yaml.charAt(at);
            if ((c < ' ' || c > '~') && !yaml.startsWith("\r\n", at)) {
                return false;
            }
        }
        return true;
    }

    private static int skipBlanks(String yaml, int from) {
        int at = from;
        while (at < yaml.length() && yaml.charAt(at) == ' ') {
            at++;
        }
        return at;
    }

    private static boolean isOfAddress(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '.' || c == ':' || c == '/';
    }

    /** The text without the runs, with the same number of lines. */
    String shortened() {
        return shortened;
    }

    /** Adds the addresses that follow a list item; {@code line} is the item's, from 0. */
    void addBehind(int line, PackedScalars to) {
        Run run = byFirst.remove(line);
        if (run == null) {
            return;
        }
        to.reserve(run.lines, run.to - run.from);
        int number = run.firstLine;
        for (int at = run.from; at < run.to; at = next(yaml, at)) {
            int first = skipBlanks(yaml, at) + 2;
            int end = first;
            while (end < run.to && isOfAddress(yaml.charAt(end))) {
                end++;
            }
            to.append(yaml, first, end, number++, first - at);
        }
    }

    /** True if the parser has found each run in a list. */
    boolean isUsedUp() {
        return byFirst.isEmpty();
    }
}
