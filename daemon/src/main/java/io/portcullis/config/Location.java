package io.portcullis.config;

import io.portcullis.net.Visible;

/**
 * A location in a configuration file.
 *
 * @param file as passed to the reader
 * @param line counted from 1; 0: the file as a whole
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

    /** {@code file:line:column}, or the file's name alone; invisible characters of the name are escaped. */
    @Override
    public String toString() {
        String name = Visible.text(file);
        return line == 0 ? name : name + ":" + line + ":" + column;
    }
}
