package io.portcullis.net;

import java.util.stream.IntStream;

/**
 * Text for terminals and people. Characters that are invisible or change the look of others (controls, bidirectional marks,
 * zero-width characters, unusual spaces) are written as in a double-quoted YAML string: a backslash, a letter and digits.
 */
public final class Visible {
    /** Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) not of Cf or Cn; U+2800 is the blank Braille pattern. */
    private static final int[] BLANK = {
        0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x2800, 0x3164, 0xffa0
    };

    private Visible() {}

    /** One line; the same string if all of its characters are visible. */
    public static String text(String text) {
        return text(text, -1);
    }

    /** As {@link #text(String)}, but tabs stay. */
    public static String withTabs(String text) {
        return text(text, '\t');
    }

    private static String text(String text, int but) {
        if (isPlain(text, but)) {
            return text;
        }
        StringBuilder visible = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            if (c == but || !isInvisible(c)) {
                visible.appendCodePoint(c);
            } else {
                visible.append(escape(c));
            }
        });
        return visible.toString();
    }

    private static boolean isPlain(String text, int but) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < ' ' || c > '~') && c != but) {
                return text.codePoints().allMatch(point -> point == but || !isInvisible(point));
            }
        }
        return true;
    }

    private static String escape(int c) {
        return switch (c) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> c < 0x100 ? hex("\\x", c, 2) : c < 0x10000 ? hex("\\u", c, 4) : hex("\\U", c, 8);
        };
    }

    private static String hex(String start, int c, int digits) {
        String hex = Integer.toHexString(c);
        return start + "0".repeat(digits - hex.length()) + hex;
    }

    /** True: the character is invisible, or looks like a plain space. */
    public static boolean isInvisible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> true;
            case Character.SPACE_SEPARATOR -> codePoint != ' ';
            default ->
                codePoint >= 0xfe00 && codePoint <= 0xfe0f
                        || codePoint >= 0xe0100 && codePoint <= 0xe01ef
                        || IntStream.of(BLANK).anyMatch(blank -> blank == codePoint);
        };
    }
}
