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
 * @param sinceSeconds how long ago at the most
 * @param afterEpochNs only records that began after this moment, and whose second is over; {@link DropsReport#untilEpochNs} of the
 *     report before
 * @param limit how many at the most, the latest
 * @param frames true: with the beginning of each first frame
 */
public record DropsRequest(
        Optional<String> interfaceName,
        Optional<String> direction,
        Optional<Cidr> peer,
        OptionalInt port,
        OptionalInt protocol,
        Optional<String> reason,
        OptionalLong sinceSeconds,
        OptionalLong afterEpochNs,
        int limit,
        boolean frames) {
    public static final int MOST = 1_000_000;

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        interfaceName.ifPresent(name -> query.put("interface", name));
        direction.ifPresent(way -> query.put("direction", way));
        peer.ifPresent(block -> query.put("peer", block.toString()));
        port.ifPresent(number -> query.put("port", Integer.toString(number)));
        protocol.ifPresent(number -> query.put("protocol", Integer.toString(number)));
        reason.ifPresent(label -> query.put("reason", label));
        sinceSeconds.ifPresent(seconds -> query.put("since", Long.toString(seconds)));
        afterEpochNs.ifPresent(moment -> query.put("after", Long.toString(moment)));
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
                QueryValues.number(query, "since", Integer.MAX_VALUE)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                QueryValues.number(query, "after", Long.MAX_VALUE)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                QueryValues.number(query, "limit", MOST).orElse(1_000L).intValue(),
                query.getOrDefault("frames", "false").equals("true"));
    }
}
