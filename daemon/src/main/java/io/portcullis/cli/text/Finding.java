package io.portcullis.cli.text;

import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import io.portcullis.config.Warning;

/**
 * An error or a warning about a file, in its JSON shape.
 *
 * @param file as the command line or an include names it
 * @param line from 1; 0: the file as a whole
 * @param column in characters, from 1; 0: the file as a whole
 * @param severity {@code error} or {@code warning}, and {@code note} for what is no mistake
 * @param text one line
 */
public record Finding(String file, int line, int column, String severity, String text) {
    public static Finding of(ConfigError fault) {
        return of(fault.location(), "error", fault.text());
    }

    public static Finding of(Warning warning) {
        return of(warning.location(), "warning", warning.text());
    }

    public static Finding of(Location place, String severity, String text) {
        return new Finding(place.file(), place.line(), place.column(), severity, text);
    }
}
