package io.portcullis.config.edit;

import io.portcullis.config.Location;
import io.portcullis.config.edit.Outcome.Cause;
import io.portcullis.config.yaml.Document;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Replacements in the text of one file. Offsets count chars behind the byte order mark. */
final class Splices {
    private static final String MARK = "\ufeff";

    private final String file;
    private final boolean hasMark;
    private final String text;
    private final List<Splice> splices = new ArrayList<>();

    private record Splice(int from, int to, String with) {}

    Splices(String file, String yaml) {
        this.file = file;
        this.text = Document.withoutByteOrderMark(yaml);
        this.hasMark = text.length() < yaml.length();
    }

    /** The text without byte order mark, before all splices. */
    String text() {
        return text;
    }

    /** Replaces a range; splices at the same offset keep the order of the calls. */
    void replace(int from, int to, String with) {
        splices.add(new Splice(from, to, with));
    }

    void insert(int at, String inserted) {
        replace(at, at, inserted);
    }

    void delete(int from, int to) {
        replace(from, to, "");
    }

    /** Deletes lines, from that of one offset to that of another, with the line break above them. */
    void deleteLines(int first, int last) {
        int start = lineStart(first);
        if (start == 0) {
            delete(0, nextLine(last));
        } else {
            delete(start - (text.startsWith("\r\n", start - 2) ? 2 : 1), lineEnd(last));
        }
    }

    /** The text with all splices. */
    String result() throws EditException {
        StringBuilder result = new StringBuilder(hasMark ? MARK : "");
        int position = 0;
        List<Splice> ordered = new ArrayList<>(splices);
        ordered.sort(Comparator.comparingInt(Splice::from).thenComparingInt(Splice::to));
        for (Splice splice : ordered) {
            if (splice.from < position && !splice.with.isEmpty()) {
                throw refuse(splice.from, "two changes meet here");
            }
            result.append(text, position, Math.max(position, splice.from)).append(splice.with);
            position = Math.max(position, splice.to);
        }
        return result.append(text, position, text.length()).toString();
    }

    /** A refusal because of the text at an offset. */
    EditException refuse(int at, String reason) {
        return new EditException(Cause.TEXT, location(at), reason);
    }

    private Location location(int at) {
        int line = 1;
        for (int start = lineStart(at); start > 0; line++) {
            start = lineStart(start - (text.startsWith("\r\n", start - 2) ? 2 : 1));
        }
        return new Location(file, line, text.codePointCount(lineStart(at), at) + 1);
    }

    /** Offset of the first char of a line. */
    int lineStart(int at) {
        int start = at;
        while (start > 0 && !isBreak(text.charAt(start - 1))) {
            start--;
        }
        return start;
    }

    /** Offset of a line's break, or the text's end. */
    int lineEnd(int at) {
        int end = at;
        while (end < text.length() && !isBreak(text.charAt(end))) {
            end++;
        }
        return end;
    }

    /** Offset behind a line's break, or the text's end. */
    int nextLine(int at) {
        int end = lineEnd(at);
        return end == text.length() ? end : end + (text.startsWith("\r\n", end) ? 2 : 1);
    }

    /** The line break of a line, or that of the line above if it is the last one. */
    String newline(int at) {
        int end = lineEnd(at);
        if (end < text.length()) {
            return text.substring(end, nextLine(end));
        }
        int start = lineStart(at);
        return start == 0 ? "\n" : text.substring(start - (text.startsWith("\r\n", start - 2) ? 2 : 1), start);
    }

    /** The text from a line's start. */
    String before(int at) {
        return text.substring(lineStart(at), at);
    }

    int behindBlanks(int at) {
        int behind = at;
        while (behind < text.length() && isBlank(text.charAt(behind))) {
            behind++;
        }
        return behind;
    }

    /** True if only a comment follows in the line. */
    boolean isLast(int at) {
        int next = behindBlanks(at);
        return next == text.length() || isBreak(text.charAt(next)) || text.charAt(next) == '#' && next > at;
    }

    /** Offset of the next token behind a token's end. */
    int nextToken(int end) {
        int at = behindBlanks(end);
        while (at < text.length() && (isBreak(text.charAt(at)) || text.charAt(at) == '#')) {
            at = behindBlanks(nextLine(at));
        }
        return at;
    }

    /** True if the token at an offset starts with a char. */
    boolean isAt(int at, char c) {
        return at < text.length() && text.charAt(at) == c;
    }

    /** True if there is no line break between two offsets. */
    boolean isOneLine(int from, int to) {
        return lineEnd(from) >= to;
    }

    static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    static boolean isBlankOrBreak(char c) {
        return isBlank(c) || isBreak(c);
    }

    /** The line breaks of YAML 1.1. */
    private static boolean isBreak(char c) {
        return c == '\n' || c == '\r' || c == '\u0085' || c == '\u2028' || c == '\u2029';
    }
}
