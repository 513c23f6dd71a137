package io.portcullis.operations;

import io.portcullis.net.DurationText;
import java.time.Duration;
import java.util.Map;

/**
 * {@code POST /v1/bypass}: lets everything pass one interface for a time, or ends that.
 *
 * @param interfaceName of the configuration
 * @param millis for how long; 0: it ends now
 */
public record BypassRequest(String interfaceName, long millis) {
    /** The longest bypass. */
    public static final Duration LONGEST = Duration.ofHours(24);

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final String INTERFACE = "interface";
    private static final String FOR = "for";

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if there is no name, or the time is out of range; the message is a sentence
     */
    public BypassRequest {
        if (interfaceName.isEmpty()) {
            throw new IllegalArgumentException("the name of an interface is missing");
        }
        if (millis != 0 && (millis < SHORTEST.toMillis() || millis > LONGEST.toMillis())) {
            throw new IllegalArgumentException("a bypass lasts 1s to 24h");
        }
    }

    /** The query of the resource. */
    public Map<String, String> query() {
        return Map.of(INTERFACE, interfaceName, FOR, millis + "ms");
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is missing or wrong; the message is a sentence
     */
    public static BypassRequest of(Map<String, String> query) {
        String time = query.getOrDefault(FOR, "");
        long millis = DurationText.parse(time)
                .map(Duration::toMillis)
                .orElseThrow(() -> new IllegalArgumentException(
                        FOR + " must be a number and its unit, ms, s, m, h or d, such as 5m; 0s ends a bypass"));
        return new BypassRequest(query.getOrDefault(INTERFACE, ""), millis);
    }
}
