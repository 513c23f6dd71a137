package io.portcullis.config;

import io.portcullis.net.Visible;

/**
 * Where something stands in a configuration file.
 *
 * @param file as it was named to the reader
 * @param line counted from 1; 0 where the file as a whole is meant (it cannot be read)
 * @param column in characters, counted from 1; 0 with line 0
 */
public record Location(String file, int line, int column) {
    public Location {
        if (line < 0 || column < 0 || line == 0 != (column == 0)) {
            throw new IllegalArgumentException("line " + line + ", column " + column);
        }
    }

    /** A file as a whole. */
    public static Location of(String file) {
        return new Location(file, 0, 0);
    }

    /** {@code file:line:column}, or the file's name alone; of the name what can't be seen is escaped. */
    @Override
    public String toString() {
        String name = Visible.text(file);
        return line == 0 ? name : name + ":" + line + ":" + column;
    }
}
