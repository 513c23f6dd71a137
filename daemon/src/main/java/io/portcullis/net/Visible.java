package io.portcullis.net;

import java.util.stream.IntStream;

/**
 * Text for people's eyes and for terminals: what can't be seen, or changes how the rest is seen (controls, bidirectional marks,
 * zero-width characters, spaces that are none), is written as YAML writes it between double quotes: a backslash, a letter and digits.
 */
public final class Visible {
    /** Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) of other categories than Cf and Cn; U+2800 is an empty sign. */
    private static final int[] BLANK = {
        0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x2800, 0x3164, 0xffa0
    };

    private Visible() {}

    /** One line; the same string where all of it can be seen. */
    public static String text(String text) {
        return text(text, -1);
    }

    /** As {@link #text(String)}, and tabs stay. */
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
                return text.codePoints().allMatch(each -> each == but || !isInvisible(each));
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

    /** True for what an eye does not find, or takes for a plain space. */
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
                        || IntStream.of(BLANK).anyMatch(each -> each == codePoint);
        };
    }
}
