package io.portcullis.cli.terminal;

/**
 * A key that was pressed.
 *
 * @param kind what it is
 * @param codePoint of {@link Kind#CHARACTER}; else 0
 */
public record Key(Kind kind, int codePoint) {
    /** The keys that matter here. */
    public enum Kind {
        /** No key within the time. */
        NONE,
        /** The terminal has another size now. */
        RESIZED,
        /** The terminal is gone: no key will come. */
        END,
        CHARACTER,
        ENTER,
        TAB,
        BACK_TAB,
        BACKSPACE,
        ESCAPE,
        UP,
        DOWN,
        LEFT,
        RIGHT,
        PAGE_UP,
        PAGE_DOWN,
        HOME,
        LAST,
        /** A key without a meaning here. */
        OTHER
    }

    public static Key of(Kind kind) {
        return new Key(kind, 0);
    }

    public static Key character(int codePoint) {
        return new Key(Kind.CHARACTER, codePoint);
    }

    public boolean is(int character) {
        return kind == Kind.CHARACTER && codePoint == character;
    }
}
