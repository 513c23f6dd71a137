package io.portcullis.operations.traffic;

import java.util.Map;

/**
 * {@code GET /v1/talkers}: who sends and receives the most at present.
 *
 * @param by what the flows are summed by
 * @param order of the sums of both directions
 * @param intervalMs wanted time between the two readings whose difference is shown, {@link #SHORTEST_MS} to {@link #LONGEST_MS}. The
 *     daemon keeps a reading for the next request: a client that asks again after the interval gets the difference to that one at once
 * @param limit how many at the most, 1 to {@link FlowsRequest#MOST}
 */
public record TalkersRequest(FlowConditions conditions, By by, Order order, long intervalMs, int limit) {
    public static final long SHORTEST_MS = 200;
    public static final long LONGEST_MS = 3_000;
    private static final long USUAL_MS = 1_000;

    /** What the flows are summed by. */
    public enum By {
        /** The address outside. */
        PEER,
        /** Nothing: each flow alone. */
        FLOW,
        /** The rule that has admitted them. */
        RULE,
        /** Protocol and destination port of the first packet. */
        PORT;

        /** The word of the command line. */
        public String label() {
            return QueryValues.label(this);
        }

        /**
         * The sum of that word.
         *
         * @throws IllegalArgumentException if there is none; the message is a sentence
         */
        public static By of(String label) {
            return QueryValues.word("by", label, values());
        }
    }

    /** The most first. */
    public enum Order {
        BYTES,
        PACKETS;

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

    /** Checks the ranges. */
    public TalkersRequest {
        FlowsRequest.checkLimit(limit);
        if (intervalMs < SHORTEST_MS || intervalMs > LONGEST_MS) {
            throw new IllegalArgumentException("interval must be a time from " + SHORTEST_MS + "ms to "
                    + LONGEST_MS / 1_000 + "s, not " + intervalMs + "ms");
        }
    }

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = conditions.query();
        query.put("by", by.label());
        query.put("sort", order.label());
        query.put("interval-ms", Long.toString(intervalMs));
        query.put("limit", Integer.toString(limit));
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is out of range; the message is a sentence
     */
    public static TalkersRequest of(Map<String, String> query) {
        return new TalkersRequest(
                FlowConditions.of(query),
                By.of(query.getOrDefault("by", By.PEER.label())),
                Order.of(query.getOrDefault("sort", Order.BYTES.label())),
                QueryValues.number(query, "interval-ms", Integer.MAX_VALUE).orElse(USUAL_MS),
                QueryValues.integer(query, "limit", Integer.MAX_VALUE).orElse(20));
    }
}
