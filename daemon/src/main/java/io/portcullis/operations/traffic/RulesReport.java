package io.portcullis.operations.traffic;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/rules}: rules in force and entries of network ACLs, with their hits. Times are ISO 8601 in UTC; empty: there is none.
 *
 * @param at when the hits were read
 * @param total number of rules that the request asks for, also beyond its limit
 * @param unusedMs as asked
 */
public record RulesReport(String at, int total, long unusedMs, List<RuleView> rules) {
    /** Copies the list. */
    public RulesReport {
        rules = List.copyOf(rules);
    }

    /**
     * A rule, or an entry of a network ACL, on all interfaces that the request asks for.
     *
     * @param group its group, its network ACL, or {@code failsafe}
     * @param direction {@code ingress} or {@code egress}
     * @param id {@code web/ingress[1]}
     * @param kind {@code rule} or {@code acl}
     * @param hits packets; null: unknown, as an interface is not guarded now
     * @param lastHit of the last one; empty: none since {@code since}, or unknown
     * @param lastHitAgoMs null: no last hit
     * @param since from when on the hits are counted on all interfaces; empty: unknown
     * @param unused where the request has a time: {@code yes}; {@code not-proved}: it is not counted for so long yet; {@code unknown}: its hits are. Else
     *     empty
     * @param text the rule itself
     * @param place {@code file:line:column}; empty for an implied one
     * @param interfaces the same for each interface
     */
    public record RuleView(
            String group,
            String direction,
            String id,
            String kind,
            @Nullable Long hits,
            String lastHit,
            @Nullable Long lastHitAgoMs,
            String since,
            String unused,
            String text,
            String description,
            String place,
            List<InterfaceHits> interfaces) {
        /** Copies the list. */
        public RuleView {
            interfaces = List.copyOf(interfaces);
        }
    }

    /**
     * The hits of a rule on one interface.
     *
     * @param hits null: unknown, as the interface is not guarded now
     */
    public record InterfaceHits(
            String interfaceName, @Nullable Long hits, String lastHit, String since) {}
}
