package io.portcullis.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.text.JsonText;
import io.portcullis.config.Metrics;
import io.portcullis.http.Unreachable;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/** What the running daemon says: its reports, and its metrics. */
final class DaemonParts {
    private static final int TIMEOUT_MS = 10_000;

    private final Parts parts;
    private final DaemonSocket daemon;

    DaemonParts(Parts parts, DaemonSocket daemon) {
        this.parts = parts;
        this.daemon = daemon;
    }

    /** The status, which the other parts need; empty: no daemon answers, and the report says so. */
    Optional<JsonNode> status() {
        try {
            JsonNode status = daemon.ask("GET", "/v1/status", Map.of(), JsonNode.class);
            parts.add("status.json", "portcullis status --json", Part.Form.JSON, () -> JsonText.write(status));
            return Optional.of(status);
        } catch (Unreachable | DaemonSocket.Refused e) {
            parts.missing("status.json", "all that the running daemon says", String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /** The reports beside the status. */
    void reports() {
        add("drops.json", "portcullis drops --json --since 1h", "/v1/drops", Map.of("since", "3600", "limit", "2000"));
        add("rules.json", "portcullis rules --json", "/v1/rules", Map.of("limit", "10000"));
        add("history.json", "portcullis history --json", "/v1/history", Map.of("limit", "100"));
    }

    private void add(String name, String about, String resource, Map<String, String> query) {
        parts.add(
                name, about, Part.Form.JSON, () -> JsonText.write(daemon.ask("GET", resource, query, JsonNode.class)));
    }

    /** A scrape. */
    void metrics(Metrics metrics) {
        parts.add("metrics.txt", "what Prometheus scrapes", Part.Form.TEXT, () -> scrape(metrics));
    }

    private static String scrape(Metrics metrics) throws IOException {
        String host = switch (metrics.host()) {
            case "0.0.0.0" -> "127.0.0.1";
            case "::" -> "[::1]";
            default -> metrics.host().contains(":") ? "[" + metrics.host() + "]" : metrics.host();
        };
        URI uri = URI.create("http://" + host + ":" + metrics.port() + "/metrics");
        if (!(uri.toURL().openConnection(Proxy.NO_PROXY) instanceof HttpURLConnection connection)) {
            throw new IOException(uri + " is not HTTP");
        }
        connection.setConnectTimeout(TIMEOUT_MS);
        connection.setReadTimeout(TIMEOUT_MS);
        try (InputStream in = connection.getInputStream()) {
            return new String(in.readNBytes(Parts.LONGEST), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IOException("the metrics listener does not answer: " + e.getMessage(), e);
        } finally {
            connection.disconnect();
        }
    }
}
