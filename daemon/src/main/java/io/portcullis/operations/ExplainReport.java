package io.portcullis.operations;

import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/explain}: what would become of a packet, and why.
 *
 * @param packet for people
 * @param verdict {@code pass}, {@code drop} or {@code would-drop}
 * @param reason {@code none}, or the reason that metrics and logs name too
 * @param text one sentence
 * @param rule that would be credited, or that the network ACL has
 * @param nearest where no rule admits it
 * @param flow that it belongs to
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
    /**
     * A rule.
     *
     * @param place {@code file:line:column}; empty for an implied one
     * @param description empty where there is none
     */
    public record RuleView(String id, String place, String description) {}

    /**
     * A rule that does not match.
     *
     * @param why what of the packet
     */
    public record NearestView(String id, String place, String why) {}

    /**
     * A tracked flow.
     *
     * @param direction of its first packet
     * @param state as its timeout is called
     * @param idleSeconds since its last packet
     * @param timeoutSeconds after which it is forgotten
     * @param replied both sides have spoken
     * @param failsafe a failsafe rule has admitted it
     * @param rule that would admit it today; {@code (earlier rule)}: none
     */
    public record FlowView(
            String direction,
            String state,
            double idleSeconds,
            double timeoutSeconds,
            boolean replied,
            boolean failsafe,
            String rule) {}
}
