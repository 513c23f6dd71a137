package io.portcullis.intercept;

import java.util.List;

/**
 * The result of a restoration.
 *
 * @param lines for the log, one line each
 * @param faults failed steps, one line each; the journal is kept, so that they can be tried again
 */
public record Restored(List<String> lines, List<String> faults) {
    /** Copies the lists. */
    public Restored {
        lines = List.copyOf(lines);
        faults = List.copyOf(faults);
    }
}
