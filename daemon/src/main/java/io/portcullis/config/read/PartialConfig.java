package io.portcullis.config.read;

import io.portcullis.config.Metrics;
import io.portcullis.config.OnFailure;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What can still be read of a faulty configuration: enough to shut the NICs that it wants guarded, and to answer where it wants
 * to be asked.
 *
 * @param interfaces those that name at least one NIC, in the order of the files
 * @param controlSocket {@code control.socket}; empty where it is not there or faulty
 * @param metricsListen {@code metrics.listen}; empty where it is not there or faulty
 */
public record PartialConfig(List<Named> interfaces, Optional<Path> controlSocket, Optional<Metrics> metricsListen) {
    /** Copies the list. */
    public PartialConfig {
        interfaces = List.copyOf(interfaces);
    }

    /**
     * An interface of which at least a NIC can be read.
     *
     * @param name its own, or its first NIC's where it is not a valid name
     * @param nics valid names of NICs, at least one, each once
     * @param onFailure OPEN only where the file says exactly that
     */
    public record Named(String name, List<String> nics, OnFailure onFailure) {
        /** Copies the list. */
        public Named {
            nics = List.copyOf(nics);
        }
    }
}
