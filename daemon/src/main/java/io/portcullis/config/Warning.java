package io.portcullis.config;

/**
 * Something valid that is hardly meant. A configuration with warnings is used all the same.
 *
 * @param text one line, without the place
 */
public record Warning(Place place, String text) {
    /** {@code file:line:column: text}. */
    @Override
    public String toString() {
        return place + ": " + text;
    }
}
