package io.portcullis.operations.traffic;

import io.portcullis.operations.traffic.FlowsReport.Traffic;
import java.util.List;

/**
 * {@code GET /v1/talkers}: the traffic of flows between two moments.
 *
 * @param at the later moment, ISO 8601
 * @param overMs time between the two
 * @param by what the flows are summed by: {@code peer}, {@code flow}, {@code rule} or {@code port}
 * @param tracked live flows of all guarded interfaces
 * @param active flows that meet the conditions and had packets between the two moments
 * @param notMeasured live flows without a rate: there are too many to remember all their counters
 * @param perSecond rate of all flows that meet the conditions
 * @param talkers those with traffic between the two moments, as many as the limit admits
 */
public record TalkersReport(
        String at,
        long overMs,
        String by,
        long tracked,
        long active,
        long notMeasured,
        Traffic perSecond,
        List<Talker> talkers) {
    /** Copies the list. */
    public TalkersReport {
        talkers = List.copyOf(talkers);
    }

    /**
     * Flows that have something in common.
     *
     * @param interfaceName of the flow; empty: the sum over all interfaces
     * @param name {@code 203.0.113.9}; {@code tcp 203.0.113.9:51544 → 10.0.5.10:443}; {@code web/ingress[1]}, {@code gone} or
     *     {@code none}; {@code tcp 443}, or {@code gre} where there is no port
     * @param description of the rule; else empty
     * @param flows live flows that meet the conditions, also those without a packet between the two moments
     * @param total packets and bytes of these flows since they began
     * @param perSecond the difference between the two moments, for one second
     */
    public record Talker(
            String interfaceName, String name, String description, long flows, Traffic total, Traffic perSecond) {}
}
