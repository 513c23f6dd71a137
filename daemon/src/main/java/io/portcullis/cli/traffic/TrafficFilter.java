package io.portcullis.cli.traffic;

import io.portcullis.net.DurationText;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that select traffic. */
final class TrafficFilter {
    private static final Map<String, Integer> PROTOCOLS =
            Map.of("icmp", 1, "tcp", 6, "udp", 17, "gre", 47, "esp", 50, "icmpv6", 58, "sctp", 132);

    @Option(names = "--interface", paramLabel = "NAME", description = "Only this guarded interface.")
    private @Nullable String interfaceName;

    @Option(names = "--direction", paramLabel = "WAY", description = "ingress (or in), egress (or out).")
    private @Nullable String direction;

    @Option(names = "--peer", paramLabel = "CIDR", description = "Only packets from or to this address or block.")
    private @Nullable String peer;

    @Option(names = "--port", paramLabel = "PORT", description = "Only packets from or to this port.")
    private @Nullable Integer port;

    @Option(names = "--protocol", paramLabel = "PROTOCOL", description = "tcp, udp, icmp, icmpv6, sctp, or a number.")
    private @Nullable String protocol;

    /**
     * The conditions as a query.
     *
     * @throws IllegalArgumentException if one makes no sense; the message is a sentence
     */
    Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        put(query, "interface", interfaceName);
        put(query, "direction", direction == null ? null : direction(direction));
        put(query, "peer", peer);
        put(query, "port", port == null ? null : port.toString());
        put(query, "protocol", protocol == null ? null : protocol(protocol));
        return query;
    }

    private static void put(Map<String, String> query, String key, @Nullable String value) {
        if (value != null) {
            query.put(key, value);
        }
    }

    private static String direction(String text) {
        return switch (text) {
            case "in", "ingress" -> "ingress";
            case "out", "egress" -> "egress";
            default -> throw new IllegalArgumentException("--direction " + text + ": write ingress or egress");
        };
    }

    static String protocol(String text) {
        Integer number = PROTOCOLS.get(text.toLowerCase(Locale.ROOT));
        if (number == null && !text.matches("[0-9]{1,3}")) {
            throw new IllegalArgumentException(
                    "--protocol " + text + ": write tcp, udp, icmp, icmpv6, sctp, gre, esp or a number");
        }
        return number == null ? text : number.toString();
    }

    /**
     * A time in seconds, rounded up.
     *
     * @throws IllegalArgumentException if it is none; the message is a sentence
     */
    static long seconds(String option, String text) {
        Duration read = DurationText.parse(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        option + " " + text + ": write a number and its unit, s, m, h or d, such as 10m"));
        return Math.min(Integer.MAX_VALUE, read.plusNanos(999_999_999).toSeconds());
    }
}
