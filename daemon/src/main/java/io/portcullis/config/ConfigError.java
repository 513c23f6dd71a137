package io.portcullis.config;

import io.portcullis.net.Visible;
import java.util.List;

/**
 * One mistake in a configuration, with its location and a correction.
 *
 * @param text one line, without the location; invisible characters are escaped
 * @param excerpt the line of the file, and a line with a caret below the location; may be empty
 */
public record ConfigError(Location location, String text, List<String> excerpt) {
    public ConfigError {
        text = Visible.text(text);
        excerpt = List.copyOf(excerpt);
    }

    /** Without an excerpt. */
    public ConfigError(Location location, String text) {
        this(location, text, List.of());
    }

    /** {@code file:line:column: text}, one line. */
    @Override
    public String toString() {
        return location + ": " + text;
    }
}
