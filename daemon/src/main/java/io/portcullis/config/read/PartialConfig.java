package io.portcullis.config.read;

import io.portcullis.config.Metrics;
import io.portcullis.config.OnFailure;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The readable part of an invalid configuration: enough to block its NICs and to serve its control socket and metrics.
 *
 * @param interfaces those with at least one readable NIC, in the order of the files
 * @param controlSocket {@code control.socket}; empty if missing or invalid
 * @param metricsListen {@code metrics.listen}; empty if missing or invalid
 */
public record PartialConfig(List<Named> interfaces, Optional<Path> controlSocket, Optional<Metrics> metricsListen) {
    /** Copies the list. */
    public PartialConfig {
        interfaces = List.copyOf(interfaces);
    }

    /**
     * An interface with at least one readable NIC.
     *
     * @param name the interface's name, or its first NIC's if that is not valid
     * @param nics valid NIC names, at least one, without duplicates
     * @param onFailure OPEN only if the file says exactly that
     */
    public record Named(String name, List<String> nics, OnFailure onFailure) {
        /** Copies the list. */
        public Named {
            nics = List.copyOf(nics);
        }
    }
}
