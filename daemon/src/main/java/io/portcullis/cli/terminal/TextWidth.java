package io.portcullis.cli.terminal;

import java.util.ArrayList;
import java.util.List;
import org.jline.utils.WCWidth;

/** How many columns of a terminal a text takes: 2 for a wide character, 0 for one that joins the character before it. */
public final class TextWidth {
    private TextWidth() {}

    /** The columns of a text without control characters. */
    public static int of(String text) {
        return text.codePoints().map(TextWidth::of).sum();
    }

    private static int of(int codePoint) {
        return codePoint < 0x7f ? 1 : Math.max(0, WCWidth.wcwidth(codePoint));
    }

    /** The text, or its beginning and … where it takes more than so many columns. */
    public static String cut(String text, int columns) {
        if (of(text) <= columns) {
            return text;
        }
        if (columns <= 0) {
            return "";
        }
        int used = 0;
        int end = 0;
        while (end < text.length()) {
            int codePoint = text.codePointAt(end);
            if (used + of(codePoint) > columns - 1) {
                break;
            }
            used += of(codePoint);
            end += Character.charCount(codePoint);
        }
        return text.substring(0, end) + "…";
    }

    /** Lines of so many columns at the most, broken at blanks where that is possible. */
    public static List<String> wrap(String text, int columns) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && of(line.toString()) + 1 + of(word) > columns) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    /** Cut to so many columns, or filled with blanks. */
    public static String fit(String text, int columns) {
        String cut = cut(text, columns);
        return cut + " ".repeat(Math.max(0, columns - of(cut)));
    }

    /** {@code left} at the left and {@code right} at the right edge; the left text is cut where both don't fit. */
    public static String edges(String left, String right, int columns) {
        int rest = columns - of(right) - 1;
        return rest < 1 ? fit(left, columns) : fit(left, rest) + " " + right;
    }
}
