package io.portcullis.config;

/**
 * One mistake in a configuration: where it is, what is wrong, what would be right.
 *
 * @param text one line, without the place
 */
public record Fault(Place place, String text) {
    /** {@code file:line:column: text}. */
    @Override
    public String toString() {
        return place + ": " + text;
    }
}
