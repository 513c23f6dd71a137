package io.portcullis.operations.traffic;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/flows}: tracked flows.
 *
 * @param at when they were read, ISO 8601
 * @param tracked live flows of all guarded interfaces
 * @param matching live flows that meet the conditions
 * @param flows those of them that the limit admits, in the order of the request
 */
public record FlowsReport(String at, long tracked, long matching, List<FlowView> flows) {
    /** Copies the list. */
    public FlowsReport {
        flows = List.copyOf(flows);
    }

    /**
     * A flow. Source and destination are those of its first packet.
     *
     * @param direction of the first packet, {@code ingress} or {@code egress}
     * @param protocol name or number
     * @param sourcePort 0: none
     * @param destinationPort 0: none
     * @param icmp {@code type 8 code 0 id 77}; empty: not an ICMP query
     * @param vlans ids, the outer one first, as {@code 7.42}; empty: no tag
     * @param state name of its timeout, such as {@code tcp-established}
     * @param replied both sides have sent
     * @param total packets and bytes since it began
     * @param ageMs null: it is older than the program that could tell
     * @param idleMs since a packet renewed it
     * @param leftMs until it expires, unless a packet comes
     */
    public record FlowView(
            String interfaceName,
            String direction,
            String protocol,
            String source,
            int sourcePort,
            String destination,
            int destinationPort,
            String icmp,
            String vlans,
            String state,
            boolean replied,
            Traffic total,
            @Nullable Long ageMs,
            long idleMs,
            long leftMs,
            RuleView rule) {}

    /** Packets and bytes of both directions, Ethernet header included. */
    public record Traffic(long ingressPackets, long ingressBytes, long egressPackets, long egressBytes) {}

    /**
     * The rule that has admitted a flow.
     *
     * @param kind {@code rule}; {@code failsafe}; {@code gone}: a rule that is not in force any longer; {@code none}: no rule, as the
     *     connection is older than the daemon or no policy was enforced
     * @param id {@code web/ingress[1]}, its present place; empty: it is not in force
     * @param description may be empty
     */
    public record RuleView(String kind, String id, String description) {}
}
