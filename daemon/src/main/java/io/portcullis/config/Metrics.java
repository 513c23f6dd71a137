package io.portcullis.config;

/**
 * The HTTP listener of metrics and health.
 *
 * @param host address or host name, an IPv6 address without brackets
 * @param port TCP port; 0: any free one
 * @param ruleHits of how many rules, those with the most hits, the hits are a metric; 0: of none; {@link #ALL}: of every rule
 */
public record Metrics(String host, int port, int ruleHits) {
    /** No limit. */
    public static final int ALL = Integer.MAX_VALUE;

    /** The default. */
    public static final Metrics STANDARD = new Metrics("127.0.0.1", 9750, ALL);

    public Metrics {
        if (host.isEmpty() || port < 0 || port > 65535 || ruleHits < 0) {
            throw new IllegalArgumentException("listen " + host + ":" + port);
        }
    }
}
