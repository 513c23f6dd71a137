package io.portcullis.cli.terminal;

/**
 * A line of the screen.
 *
 * @param text without control characters
 */
public record Line(String text, Style style) {
    /** The look of a line. */
    public enum Style {
        PLAIN(""),
        /** Titles and the line of a key's meaning. */
        BAR("\u001b[7m"),
        BOLD("\u001b[1m"),
        FAINT("\u001b[2m"),
        /** Something that an operator must see. */
        ALERT("\u001b[1;31m");

        private final String sequence;

        Style(String sequence) {
            this.sequence = sequence;
        }

        /** Select graphic rendition (ECMA-48, 8.3.117); empty: none. */
        String sequence() {
            return sequence;
        }
    }

    public static Line plain(String text) {
        return new Line(text, Style.PLAIN);
    }

    public static Line bar(String text) {
        return new Line(text, Style.BAR);
    }

    public static Line bold(String text) {
        return new Line(text, Style.BOLD);
    }

    public static Line faint(String text) {
        return new Line(text, Style.FAINT);
    }

    public static Line alert(String text) {
        return new Line(text, Style.ALERT);
    }
}
