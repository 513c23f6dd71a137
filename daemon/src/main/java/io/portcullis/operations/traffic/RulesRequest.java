package io.portcullis.operations.traffic;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * {@code GET /v1/rules}: which rules, and in which order.
 *
 * @param group name of a security group or of a network ACL, or {@code failsafe}; empty: all
 * @param interfaceName empty: all
 * @param unusedMs only rules without a hit in that time; 0: all
 * @param limit how many at the most, 1 to {@link #MOST}
 */
public record RulesRequest(String group, String interfaceName, long unusedMs, Order order, int limit) {
    /** The most rules of one answer. */
    public static final int MOST = 10_000;

    private static final long LONGEST_MS = 100_000L * 86_400_000;

    /** In which order they are listed. */
    public enum Order {
        /** As in the configuration. */
        FILE,
        /** The most hits first; unknown ones last. */
        HITS,
        /** The latest hit first; rules without one last. */
        LAST,
        /** By group, direction and position. */
        NAME;

        /** The word of the command line. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        /**
         * The order of that word.
         *
         * @throws IllegalArgumentException if there is none; the message is a sentence
         */
        public static Order of(String label) {
            for (Order order : values()) {
                if (order.label().equals(label)) {
                    return order;
                }
            }
            throw new IllegalArgumentException("sort must be file, hits, last or name, not " + label);
        }
    }

    /** Checks the ranges. */
    public RulesRequest {
        if (limit < 1 || limit > MOST) {
            throw new IllegalArgumentException("limit must be a number from 1 to " + MOST + ", not " + limit);
        }
        if (unusedMs < 0 || unusedMs > LONGEST_MS) {
            throw new IllegalArgumentException("unused must be a time of 100000d at the most");
        }
    }

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        query.put("group", group);
        query.put("interface", interfaceName);
        query.put("unused-ms", Long.toString(unusedMs));
        query.put("sort", order.label());
        query.put("limit", Integer.toString(limit));
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is out of range; the message is a sentence
     */
    public static RulesRequest of(Map<String, String> query) {
        return new RulesRequest(
                query.getOrDefault("group", ""),
                query.getOrDefault("interface", ""),
                number(query, "unused-ms", 0),
                Order.of(query.getOrDefault("sort", Order.FILE.label())),
                (int) Math.min(number(query, "limit", 1_000), Integer.MAX_VALUE));
    }

    private static long number(Map<String, String> query, String key, long fallback) {
        String value = query.getOrDefault(key, Long.toString(fallback));
        if (!value.matches("[0-9]{1,15}")) {
            throw new IllegalArgumentException(key + " must be a number, not " + value);
        }
        return Long.parseLong(value);
    }
}
