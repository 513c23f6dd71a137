package io.portcullis.operations.traffic;

import io.portcullis.operations.traffic.FlowsReport.FlowView;
import java.util.List;

/**
 * {@code POST /v1/flows/flush}: the outcome.
 *
 * @param ok false: refused, and no flow has ended
 * @param errors why, one sentence each; empty if it is ok
 * @param warnings one sentence each
 * @param dryRun as asked: no flow has ended
 * @param matching flows that met the conditions
 * @param ended how many of them have ended by this request; others ended by themselves meanwhile, or another flow took their place
 * @param flows some of them, as they were, the most bytes first
 */
public record FlushReport(
        boolean ok,
        List<String> errors,
        List<String> warnings,
        boolean dryRun,
        long matching,
        long ended,
        List<FlowView> flows) {
    /** Copies the lists. */
    public FlushReport {
        errors = List.copyOf(errors);
        warnings = List.copyOf(warnings);
        flows = List.copyOf(flows);
    }
}
