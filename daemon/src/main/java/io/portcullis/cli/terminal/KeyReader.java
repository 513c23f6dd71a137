package io.portcullis.cli.terminal;

import java.io.IOException;

/** Reads keys from the characters that a terminal sends (ECMA-48; XTerm Control Sequences, "PC-Style Function Keys"). */
final class KeyReader {
    static final int TIMEOUT = -2;
    static final int END = -1;

    private static final int ESCAPE = 0x1b;

    /** A terminal sends the rest of a sequence at once; what comes later is another key. */
    private static final long REST_MS = 50;

    /** The longest sequence that is read to its end. */
    private static final int LONGEST = 16;

    /** Characters of a terminal. */
    @FunctionalInterface
    interface Source {
        /** The next UTF-16 unit, {@link #TIMEOUT} or {@link #END}. */
        int read(long timeoutMs) throws IOException;
    }

    private final Source source;

    KeyReader(Source source) {
        this.source = source;
    }

    /** The next key; {@link Key.Kind#NONE} if none comes in time. */
    Key next(long timeoutMs) throws IOException {
        int c = source.read(timeoutMs);
        return switch (c) {
            case TIMEOUT -> Key.of(Key.Kind.NONE);
            case END -> Key.of(Key.Kind.END);
            case '\r', '\n' -> Key.of(Key.Kind.ENTER);
            case '\t' -> Key.of(Key.Kind.TAB);
            case 0x7f, '\b' -> Key.of(Key.Kind.BACKSPACE);
            case ESCAPE -> sequence();
            default -> c < ' ' ? Key.of(Key.Kind.OTHER) : character(c);
        };
    }

    private Key character(int c) throws IOException {
        if (Character.isHighSurrogate((char) c)) {
            int low = source.read(REST_MS);
            return low >= 0 && Character.isLowSurrogate((char) low)
                    ? Key.character(Character.toCodePoint((char) c, (char) low))
                    : Key.of(Key.Kind.OTHER);
        }
        return Key.character(c);
    }

    private Key sequence() throws IOException {
        int c = source.read(REST_MS);
        if (c < 0) {
            return Key.of(Key.Kind.ESCAPE);
        }
        if (c != '[' && c != 'O') {
            return Key.of(Key.Kind.OTHER);
        }
        StringBuilder text = new StringBuilder();
        do {
            c = source.read(REST_MS);
            if (c < 0) {
                return Key.of(Key.Kind.OTHER);
            }
            text.append((char) c);
        } while (c < 0x40 && text.length() < LONGEST);
        return Key.of(
                switch (text.toString()) {
                    case "A" -> Key.Kind.UP;
                    case "B" -> Key.Kind.DOWN;
                    case "C" -> Key.Kind.RIGHT;
                    case "D" -> Key.Kind.LEFT;
                    case "H", "1~", "7~" -> Key.Kind.HOME;
                    case "F", "4~", "8~" -> Key.Kind.LAST;
                    case "5~" -> Key.Kind.PAGE_UP;
                    case "6~" -> Key.Kind.PAGE_DOWN;
                    case "Z" -> Key.Kind.BACK_TAB;
                    default -> Key.Kind.OTHER;
                });
    }
}
