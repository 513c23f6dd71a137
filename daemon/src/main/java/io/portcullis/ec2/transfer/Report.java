package io.portcullis.ec2.transfer;

import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What is found while files are read: errors, which leave no result, and notes. */
final class Report {
    private final List<ConfigError> errors = new ArrayList<>();
    private final Set<Note> notes = new LinkedHashSet<>();

    void error(Location location, String text) {
        errors.add(new ConfigError(location, text));
    }

    void note(Location location, String text) {
        notes.add(new Note(location, text));
    }

    void note(Note note) {
        notes.add(note);
    }

    /** A note that is about no file. */
    void note(String text) {
        note(Location.of(""), text);
    }

    List<ConfigError> errors() {
        return List.copyOf(errors);
    }

    List<Note> notes() {
        return List.copyOf(notes);
    }
}
