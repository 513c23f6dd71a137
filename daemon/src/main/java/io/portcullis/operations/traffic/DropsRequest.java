package io.portcullis.operations.traffic;

import io.portcullis.net.Cidr;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * {@code GET /v1/drops}: which drops are wanted. An empty condition matches all.
 *
 * @param interfaceName of the guarded interface
 * @param direction {@code ingress} or {@code egress}
 * @param peer block with the source or the destination
 * @param port source or destination port
 * @param protocol number
 * @param reason label
 * @param rule the nearest rule: its id, such as {@code web/ingress[1]}, or a group, such as {@code web} or {@code failsafe}
 * @param sinceSeconds how long ago at the most
 * @param afterEpochNs only records that began after this moment, and whose second is over; {@link DropsReport#untilEpochNs} of the
 *     report before
 * @param order of the answer
 * @param limit how many at the most: the latest, or those with the most packets
 * @param frames true: with the beginning of each first frame
 */
public record DropsRequest(
        Optional<String> interfaceName,
        Optional<String> direction,
        Optional<Cidr> peer,
        OptionalInt port,
        OptionalInt protocol,
        Optional<String> reason,
        Optional<String> rule,
        OptionalLong sinceSeconds,
        OptionalLong afterEpochNs,
        Order order,
        int limit,
        boolean frames) {
    public static final int MOST = 1_000_000;

    /** In which order they are listed. */
    public enum Order {
        /** The oldest first. */
        TIME,
        /** The most packets first. */
        COUNT;

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

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        interfaceName.ifPresent(name -> query.put("interface", name));
        direction.ifPresent(way -> query.put("direction", way));
        peer.ifPresent(block -> query.put("peer", block.toString()));
        port.ifPresent(number -> query.put("port", Integer.toString(number)));
        protocol.ifPresent(number -> query.put("protocol", Integer.toString(number)));
        reason.ifPresent(label -> query.put("reason", label));
        rule.ifPresent(id -> query.put("rule", id));
        sinceSeconds.ifPresent(seconds -> query.put("since", Long.toString(seconds)));
        afterEpochNs.ifPresent(moment -> query.put("after", Long.toString(moment)));
        query.put("sort", order.label());
        query.put("limit", Integer.toString(limit));
        if (frames) {
            query.put("frames", "true");
        }
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is out of range; the message is a sentence
     */
    public static DropsRequest of(Map<String, String> query) {
        return new DropsRequest(
                Optional.ofNullable(query.get("interface")),
                QueryValues.direction(query),
                Optional.ofNullable(query.get("peer")).map(QueryValues::block),
                QueryValues.integer(query, "port", 65_535),
                QueryValues.integer(query, "protocol", 255),
                Optional.ofNullable(query.get("reason")),
                Optional.ofNullable(query.get("rule")),
                QueryValues.number(query, "since", Integer.MAX_VALUE)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                QueryValues.number(query, "after", Long.MAX_VALUE)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                Order.of(query.getOrDefault("sort", Order.TIME.label())),
                QueryValues.number(query, "limit", MOST).orElse(1_000L).intValue(),
                query.getOrDefault("frames", "false").equals("true"));
    }
}
