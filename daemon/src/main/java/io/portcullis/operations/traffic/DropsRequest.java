package io.portcullis.operations.traffic;

import io.portcullis.net.Address;
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

    /** Digits of {@code Long.MAX_VALUE}. */
    private static final int LONGEST = 19;

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
        Optional<String> direction = Optional.ofNullable(query.get("direction"));
        if (direction.isPresent()
                && !direction.get().equals("ingress")
                && !direction.get().equals("egress")) {
            throw new IllegalArgumentException("direction must be ingress or egress, not " + direction.get());
        }
        return new DropsRequest(
                Optional.ofNullable(query.get("interface")),
                direction,
                Optional.ofNullable(query.get("peer")).map(DropsRequest::block),
                number(query, "port", 65_535)
                        .map(n -> OptionalInt.of(n.intValue()))
                        .orElse(OptionalInt.empty()),
                number(query, "protocol", 255)
                        .map(n -> OptionalInt.of(n.intValue()))
                        .orElse(OptionalInt.empty()),
                Optional.ofNullable(query.get("reason")),
                number(query, "since", Integer.MAX_VALUE).map(OptionalLong::of).orElse(OptionalLong.empty()),
                number(query, "after", Long.MAX_VALUE).map(OptionalLong::of).orElse(OptionalLong.empty()),
                number(query, "limit", MOST).orElse(1_000L).intValue(),
                query.getOrDefault("frames", "false").equals("true"));
    }

    private static Cidr block(String text) {
        try {
            int slash = text.indexOf('/');
            Address address = Address.parse(slash < 0 ? text : text.substring(0, slash));
            return slash < 0 ? Cidr.of(address) : new Cidr(address, Integer.parseInt(text.substring(slash + 1)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("peer must be an address or a block, not " + text, e);
        }
    }

    private static Optional<Long> number(Map<String, String> query, String key, long most) {
        String value = query.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.matches("[0-9]{1," + LONGEST + "}")
                || value.length() == LONGEST && value.compareTo(Long.toString(Long.MAX_VALUE)) > 0
                || Long.parseLong(value) > most) {
            throw new IllegalArgumentException(key + " must be a number up to " + most + ", not " + value);
        }
        return Optional.of(Long.parseLong(value));
    }
}
