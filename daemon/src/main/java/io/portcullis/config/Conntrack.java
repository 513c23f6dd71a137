package io.portcullis.config;

import java.nio.file.Path;

/**
 * Connection tracking, for all interfaces.
 *
 * @param maxFlows flows of one interface at the most; {@link #AUTO}: by the memory that there is
 * @param recheck true: a flow that today's rules would not admit ends at its next packet
 * @param tcpStrict false: a connection may be picked up in the middle
 * @param directory where the flow tables are
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
