package io.portcullis.operations;

import java.util.List;
import java.util.Objects;

/**
 * {@code GET /v1/status}.
 *
 * @param version of the running program
 * @param pid of the daemon
 * @param startedAt ISO 8601, UTC
 * @param config the file it reads
 * @param generation which configuration of this daemon's life is in force, from 1
 * @param lastReload the last reading of the configuration, the first included
 * @param interfaces in the order of the configuration
 * @param warnings about the configuration in force, each {@code file:line:column: text}
 * @param degraded what is not as the configuration wants it though the rules are enforced, one sentence each; empty: nothing
 */
public record StatusReport(
        String version,
        long pid,
        String startedAt,
        String config,
        long generation,
        ReloadReport lastReload,
        List<InterfaceStatus> interfaces,
        List<String> warnings,
        List<String> degraded) {
    /** Copies the lists; one that an older daemon does not send is empty. */
    public StatusReport {
        interfaces = List.copyOf(interfaces);
        warnings = List.copyOf(warnings);
        degraded = List.copyOf(Objects.requireNonNullElse(degraded, List.of()));
    }
}
