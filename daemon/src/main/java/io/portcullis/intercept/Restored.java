package io.portcullis.intercept;

import java.util.List;

/**
 * What a restoration did.
 *
 * @param lines for the log, one line each
 * @param faults what could not be put back, one line each; its journal is kept, so that it can be tried again
 */
public record Restored(List<String> lines, List<String> faults) {
    /** Copies the lists. */
    public Restored {
        lines = List.copyOf(lines);
        faults = List.copyOf(faults);
    }
}
