package io.portcullis.config.yaml;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Long lists of addresses in a YAML text, one in a line ({@code - 192.0.2.0/24}), and the text without them. The YAML parser
 * makes some twenty objects of each line, whose collection holds up frames; this makes none.
 *
 * <p>Of a run of such lines in one column the first and the last stay in the text, and those between are blanks: what comes before and
 * behind is the parser's to judge, and all places stay. Whether the first is an item of a list only the parser knows (it may be part
 * of a text): where {@link #isUsedUp} is false in the end, what it made of the shortened text is not what the text says.
 */
final class LongLists {
    /** Lines that are worth it. */
    private static final int LEAST = 32;

    /** Lines that stand behind an item in its list. */
    private record Run(int from, int to, int firstLine, int lines) {}

    private final String yaml;
    private final Map<Integer, Run> byFirst = new HashMap<>();
    private final String shortened;

    /** Those of a text. */
    LongLists(String yaml) {
        this.yaml = yaml;
        List<Run> runs = runs(yaml);
        StringBuilder rest = new StringBuilder();
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
                // The last one may be the first of nothing: what follows it is no such line.
                line += lines - 1;
                at = last;
            }
            line++;
            at = next(yaml, at);
        }
        return runs;
    }

    /** Where the line behind the one at {@code at} begins. */
    private static int next(String yaml, int at) {
        int end = yaml.indexOf('\n', at);
        return end < 0 ? yaml.length() : end + 1;
    }

    /** In which column the address begins in a line with nothing else but a comment; -1: it is no such line. */
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
        // A colon at either end, or a slash or dot at the first: the parser shall say what that is.
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

    /** Characters of other scripts, and lone returns, are the parser's. */
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

    /** The text without them, of as many lines. */
    String shortened() {
        return shortened;
    }

    /** Adds those that follow the item in a line, from 0, which is one of a list. */
    void addBehind(int line, PackedScalars to) {
        Run run = byFirst.remove(line);
        if (run == null) {
            return;
        }
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

    /** True when all of them are in lists. */
    boolean isUsedUp() {
        return byFirst.isEmpty();
    }
}
