package io.portcullis.config;

import io.portcullis.net.Visible;

/**
 * A probable mistake in a valid configuration, which is used nevertheless.
 *
 * @param text one line, without the location; invisible characters are escaped
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
