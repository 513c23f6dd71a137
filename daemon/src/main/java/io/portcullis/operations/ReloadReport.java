package io.portcullis.operations;

import java.util.List;

/**
 * {@code POST /v1/reload}: the outcome of a reload.
 *
 * @param ok false: the old configuration stays in force
 * @param at when it ended, ISO 8601, UTC
 * @param millis how long it took
 * @param errors each {@code file:line:column: text}; empty if it is ok
 * @param warnings each {@code file:line:column: text}
 */
public record ReloadReport(boolean ok, String at, long millis, List<String> errors, List<String> warnings) {
    public ReloadReport {
        errors = List.copyOf(errors);
        warnings = List.copyOf(warnings);
    }
}
