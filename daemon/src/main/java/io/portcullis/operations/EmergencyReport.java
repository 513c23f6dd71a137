package io.portcullis.operations;

import java.util.List;

/**
 * {@code POST /v1/panic} and {@code POST /v1/bypass}: the outcome.
 *
 * @param ok false: refused, and nothing has changed
 * @param errors why, one sentence each; empty if it is ok
 * @param notes what the operator should know, one sentence each
 * @param emergency what holds now
 */
public record EmergencyReport(boolean ok, List<String> errors, List<String> notes, EmergencyStatus emergency) {
    /** Copies the lists. */
    public EmergencyReport {
        errors = List.copyOf(errors);
        notes = List.copyOf(notes);
    }
}
