package io.portcullis.operations.traffic;

import java.util.Map;

/**
 * {@code GET /v1/flows}: which flows, and in which order.
 *
 * @param limit how many at the most, 1 to {@link #MOST}
 */
public record FlowsRequest(FlowConditions conditions, Order order, int limit) {
    /** The most flows of one answer. */
    public static final int MOST = 10_000;

    /** In which order they are listed. */
    public enum Order {
        /** The most bytes of both directions first. */
        BYTES,
        /** The most packets of both directions first. */
        PACKETS,
        /** The oldest first. */
        AGE,
        /** The youngest first. */
        NEW,
        /** The longest without a packet first. */
        IDLE;

        /** The word of the command line. */
        public String label() {
            return QueryValues.label(this);
        }

        /**
         * The order of that word.
         *
         * @throws IllegalArgumentException if there is none; the message is a sentence
         */
        public static Order of(String label) {
            return QueryValues.word("sort", label, values());
        }
    }

    /** Checks the limit. */
    public FlowsRequest {
        checkLimit(limit);
    }

    static void checkLimit(int limit) {
        if (limit < 1 || limit > MOST) {
            throw new IllegalArgumentException("limit must be a number from 1 to " + MOST + ", not " + limit);
        }
    }

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = conditions.query();
        query.put("sort", order.label());
        query.put("limit", Integer.toString(limit));
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is out of range; the message is a sentence
     */
    public static FlowsRequest of(Map<String, String> query) {
        return new FlowsRequest(
                FlowConditions.of(query),
                Order.of(query.getOrDefault("sort", Order.BYTES.label())),
                QueryValues.integer(query, "limit", Integer.MAX_VALUE).orElse(50));
    }
}
