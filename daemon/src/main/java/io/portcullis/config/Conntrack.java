package io.portcullis.config;

import java.nio.file.Path;

/**
 * Connection tracking, for all interfaces.
 *
 * @param maxFlows limit of the flows of one interface; {@link #AUTO}: depends on the machine's memory
 * @param recheck true: a flow that the current rules do not admit ends at its next packet
 * @param tcpStrict false: a TCP flow may start without a SYN
 * @param directory the folder of the flow tables
 * @param timeouts the defaults with {@code conntrack.timeouts} applied
 */
public record Conntrack(long maxFlows, boolean recheck, boolean tcpStrict, Path directory, TimeoutSettings timeouts) {
    /** {@code max-flows: auto}. */
    public static final long AUTO = 0;

    public Conntrack {
        if (maxFlows < 0) {
            throw new IllegalArgumentException("max-flows " + maxFlows);
        }
    }
}
