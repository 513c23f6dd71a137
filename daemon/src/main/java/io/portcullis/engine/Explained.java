package io.portcullis.engine;

import org.jspecify.annotations.Nullable;

/**
 * The decision about a packet, explained.
 *
 * @param reason {@link Reason#NONE}: it passes
 * @param rule number of the rule that would be credited, or -1
 * @param aclEntry the entry of the network ACL that matches; -1: none does, or there is no ACL
 * @param flow the tracked flow that it belongs to; null: none
 */
public record Explained(
        Reason reason, int rule, int aclEntry, @Nullable Tracked flow) {
    /**
     * A tracked flow.
     *
     * @param ingress direction of its first packet
     * @param state the key of its timeout
     * @param idleNs time since a packet renewed it, nanoseconds
     * @param replied a packet of the reply direction has passed
     * @param failsafe a failsafe rule admitted it
     * @param todaysRule number of the rule that would admit it now, or -1
     * @param ageNs time since its first packet, nanoseconds; -1: unknown
     * @param inward packets and bytes of it that have passed inward
     * @param outward the same of the other direction
     */
    public record Tracked(
            boolean ingress,
            String state,
            long idleNs,
            boolean replied,
            boolean failsafe,
            int todaysRule,
            long ageNs,
            Traffic inward,
            Traffic outward) {}

    /** Packets of a flow in one direction, and their bytes from the destination MAC address on. */
    public record Traffic(long packets, long bytes) {}
}
