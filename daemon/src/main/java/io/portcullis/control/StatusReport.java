package io.portcullis.control;

import java.util.List;

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
 */
public record StatusReport(
        String version,
        long pid,
        String startedAt,
        String config,
        long generation,
        ReloadReport lastReload,
        List<InterfaceStatus> interfaces,
        List<String> warnings) {
    public StatusReport {
        interfaces = List.copyOf(interfaces);
        warnings = List.copyOf(warnings);
    }
}
