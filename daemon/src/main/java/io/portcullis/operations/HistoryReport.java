package io.portcullis.operations;

import java.util.List;
import java.util.Objects;

/**
 * {@code GET /v1/history}: the last changes.
 *
 * @param inForce number of the change in force; 0: it is not in the history
 * @param pending number of the change that waits for its confirmation; 0: none
 * @param confirmUntil when it goes back; empty: none waits
 * @param changes the newest first
 */
public record HistoryReport(long inForce, long pending, String confirmUntil, List<ChangeView> changes) {
    public HistoryReport {
        confirmUntil = Objects.requireNonNullElse(confirmUntil, "");
        changes = List.copyOf(changes);
    }
}
