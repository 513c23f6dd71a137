package io.portcullis.operations;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/explain}: the verdict about a packet, and its cause.
 *
 * @param packet as text
 * @param verdict {@code pass}, {@code drop} or {@code would-drop}
 * @param reason {@code none}, or the label that metrics and logs use too
 * @param text one sentence
 * @param rule that admits the packet, or the entry of the network ACL that denies it
 * @param nearest the rule that comes nearest, if no rule admits the packet
 * @param flow that the packet belongs to
 */
public record ExplainReport(
        String interfaceName,
        String direction,
        String packet,
        String verdict,
        String reason,
        String text,
        @Nullable RuleView rule,
        @Nullable NearestView nearest,
        @Nullable FlowView flow) {
    public ExplainReport {
        // Absent in what another program answers.
        Objects.requireNonNull(verdict);
        Objects.requireNonNull(reason);
    }

    /**
     * A rule, or an entry of a network ACL.
     *
     * @param place {@code file:line:column}; empty for an implied one
     * @param description empty: it has none
     */
    public record RuleView(String id, String place, String description) {}

    /**
     * A rule that does not match.
     *
     * @param description empty: it has none
     * @param why the part of the packet that does not match
     */
    public record NearestView(String id, String place, String description, String why) {}

    /**
     * A tracked flow.
     *
     * @param direction of its first packet
     * @param state the name of its timeout
     * @param idleSeconds since its last packet
     * @param timeoutSeconds idle time after which it expires
     * @param replied true: packets of both directions have passed
     * @param failsafe true: a failsafe rule has admitted it
     * @param rule that would admit it now; {@code (earlier rule)}: none would
     * @param ageSeconds since its first packet; null: unknown, as an earlier version of the daemon opened it
     * @param ingressPackets that have passed; of a flow that an earlier version opened: since the upgrade
     * @param ingressBytes of these packets, from the destination MAC address on
     * @param egressPackets the same of the other direction
     * @param egressBytes of these
     */
    public record FlowView(
            String direction,
            String state,
            double idleSeconds,
            double timeoutSeconds,
            boolean replied,
            boolean failsafe,
            String rule,
            @Nullable Double ageSeconds,
            long ingressPackets,
            long ingressBytes,
            long egressPackets,
            long egressBytes) {}
}
