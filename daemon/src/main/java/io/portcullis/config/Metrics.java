package io.portcullis.config;

/**
 * The HTTP listener of metrics and health.
 *
 * @param host address or host name, an IPv6 address without brackets
 * @param port TCP port; 0: any free one
 * @param ruleHits true: the hits of every rule are a metric
 */
public record Metrics(String host, int port, boolean ruleHits) {
    /** The default. */
    public static final Metrics STANDARD = new Metrics("127.0.0.1", 9750, true);

    public Metrics {
        if (host.isEmpty() || port < 0 || port > 65535) {
            throw new IllegalArgumentException("listen " + host + ":" + port);
        }
    }
}
