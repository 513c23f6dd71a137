package io.portcullis.operations;

import java.util.List;
import java.util.Objects;

/**
 * {@code GET /v1/status}: the state of the daemon and of every interface.
 *
 * @param version of the running program
 * @param pid of the daemon
 * @param startedAt ISO 8601, UTC
 * @param config the configuration file
 * @param generation number of the configuration in force, from 1 at the start
 * @param change number of the change in force in the history; 0: it is not there
 * @param pending the change that waits for its confirmation, in one sentence; empty: none does
 * @param lastReload the last reload of the configuration, the first one included
 * @param interfaces in the order of the configuration
 * @param warnings about the configuration in force, mostly {@code file:line:column: text}
 * @param degraded parts that differ from the configuration while the rules are enforced, one sentence each
 * @param emergency what an operator has ordered in place of the rules
 */
public record StatusReport(
        String version,
        long pid,
        String startedAt,
        String config,
        long generation,
        long change,
        String pending,
        ReloadReport lastReload,
        List<InterfaceStatus> interfaces,
        List<String> warnings,
        List<String> degraded,
        EmergencyStatus emergency) {
    /** Copies the lists; what an older daemon does not send is empty. */
    public StatusReport {
        pending = Objects.requireNonNullElse(pending, "");
        interfaces = List.copyOf(interfaces);
        warnings = List.copyOf(warnings);
        degraded = List.copyOf(Objects.requireNonNullElse(degraded, List.of()));
        emergency = Objects.requireNonNullElse(emergency, EmergencyStatus.NONE);
    }
}
