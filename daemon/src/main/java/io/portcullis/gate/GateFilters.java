package io.portcullis.gate;

import io.portcullis.config.PacketMark;
import io.portcullis.intercept.Gate;
import io.portcullis.policy.Policy;

/**
 * The gate of one NIC.
 *
 * @param complete false: the failsafe rules are too many for a filter, and nothing passes at all
 */
public record GateFilters(Gate.Filters filters, boolean complete) {
    /** Nothing passes. */
    public static final Gate.Filters SHUT = new Gate.Filters(GateProgram.drop(), GateProgram.drop());

    /**
     * Compiles the link classes and the failsafe rules of an interface in host mode.
     *
     * @param mark of the frames that the daemon sends: they pass
     */
    public static GateFilters of(Policy policy, PacketMark mark) {
        try {
            return new GateFilters(
                    new Gate.Filters(GateProgram.of(policy, mark, true), GateProgram.of(policy, mark, false)), true);
        } catch (TooLong _) {
            return new GateFilters(SHUT, false);
        }
    }
}
