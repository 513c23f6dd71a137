package io.portcullis.config;

import io.portcullis.net.Visible;
import java.util.List;

/**
 * One mistake in a configuration: where it is, what is wrong, what would be right.
 *
 * @param text one line, without the place; what can't be seen is escaped
 * @param excerpt the line of the file and a line with a caret below the place, where seeing it helps; empty: it does not
 */
public record ConfigError(Location location, String text, List<String> excerpt) {
    public ConfigError {
        text = Visible.text(text);
        excerpt = List.copyOf(excerpt);
    }

    /** One without an excerpt. */
    public ConfigError(Location location, String text) {
        this(location, text, List.of());
    }

    /** {@code file:line:column: text}, one line. */
    @Override
    public String toString() {
        return location + ": " + text;
    }
}
