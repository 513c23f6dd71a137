package io.portcullis.config;

/**
 * Where metrics and health are served over HTTP.
 *
 * @param host address or host name, an IPv6 address without brackets
 * @param port TCP port; 0: any free one
 * @param ruleHits whether every rule's hits are a metric
 */
public record Metrics(String host, int port, boolean ruleHits) {
    /** Where nothing else is said. */
    public static final Metrics STANDARD = new Metrics("127.0.0.1", 9750, true);

    public Metrics {
        if (host.isEmpty() || port < 0 || port > 65535) {
            throw new IllegalArgumentException("listen " + host + ":" + port);
        }
    }
}
