package io.portcullis.config;

import io.portcullis.net.Visible;

/**
 * Something valid that is hardly meant. A configuration with warnings is used all the same.
 *
 * @param text one line, without the place; what can't be seen is escaped
 */
public record Warning(Location location, String text) {
    public Warning {
        text = Visible.text(text);
    }

    /** {@code file:line:column: text}. */
    @Override
    public String toString() {
        return location + ": " + text;
    }
}
