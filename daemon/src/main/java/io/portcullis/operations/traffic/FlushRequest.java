package io.portcullis.operations.traffic;

import java.util.Map;

/**
 * {@code POST /v1/flows/flush}: ends flows.
 *
 * @param all true: all flows, without a condition
 * @param dryRun true: nothing ends
 * @param allowLockout true: also the caller's own ssh session
 * @param session {@code SSH_CONNECTION} of the caller; empty: there is none
 * @param limit how many of the flows are shown at the most, 1 to {@link FlowsRequest#MOST}; all end
 */
public record FlushRequest(
        FlowConditions conditions, boolean all, boolean dryRun, boolean allowLockout, String session, int limit) {
    /** Refuses a request that would end all flows by mistake. */
    public FlushRequest {
        FlowsRequest.checkLimit(limit);
        if (!all && conditions.isAll()) {
            throw new IllegalArgumentException(
                    "a condition is missing: say which flows end, with --peer, --rule, --tuple, --interface,"
                            + " --direction, --protocol, --state or --port, or --all");
        }
        if (all && !conditions.isAll()) {
            throw new IllegalArgumentException("--all and conditions exclude each other");
        }
    }

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = conditions.query();
        query.put("all", Boolean.toString(all));
        query.put("dry-run", Boolean.toString(dryRun));
        query.put("allow-lockout", Boolean.toString(allowLockout));
        query.put("session", session);
        query.put("limit", Integer.toString(limit));
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is out of range, or neither a condition nor {@code all} is given; the message is a
     *     sentence
     */
    public static FlushRequest of(Map<String, String> query) {
        return new FlushRequest(
                FlowConditions.of(query),
                QueryValues.flag(query, "all"),
                QueryValues.flag(query, "dry-run"),
                QueryValues.flag(query, "allow-lockout"),
                query.getOrDefault("session", ""),
                QueryValues.integer(query, "limit", Integer.MAX_VALUE).orElse(50));
    }
}
