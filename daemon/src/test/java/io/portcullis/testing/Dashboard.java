package io.portcullis.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The dashboard for Grafana.
 *
 * @param json the file
 */
public record Dashboard(JsonNode json) {
    /**
     * A query of a panel.
     *
     * @param panel its title
     * @param instant true: at one time; false: over a range
     */
    public record Query(String panel, String refId, String expr, String legend, boolean instant) {
        @Override
        public String toString() {
            return panel + " " + refId + ": " + expr;
        }
    }

    /**
     * A variable that Prometheus fills.
     *
     * @param query {@code label_values(SELECTOR, LABEL)}
     */
    public record Variable(String name, String query) {
        private String[] arguments() {
            if (!query.matches("label_values\\(.+, [a-z]+\\)")) {
                throw new AssertionError(name + " is not label_values(SELECTOR, LABEL): " + query);
            }
            String inner = query.substring("label_values(".length(), query.length() - 1);
            int comma = inner.lastIndexOf(", ");
            return new String[] {inner.substring(0, comma), inner.substring(comma + 2)};
        }

        /** Of the series. */
        public String selector() {
            return arguments()[0];
        }

        /** The label that has its values. */
        public String label() {
            return arguments()[1];
        }
    }

    /** Reads it from the checkout. */
    public static Dashboard read(Path checkout) throws IOException {
        File file = checkout.resolve("config/grafana/portcullis.json").toFile();
        return new Dashboard(new ObjectMapper().readTree(file));
    }

    /** The panels in the file's order. */
    public List<JsonNode> panels() {
        return json.path("panels").valueStream().toList();
    }

    /** All queries of all panels. */
    public List<Query> queries() {
        List<Query> queries = new ArrayList<>();
        for (JsonNode panel : panels()) {
            for (JsonNode target : panel.path("targets")) {
                queries.add(new Query(
                        panel.path("title").asText(),
                        target.path("refId").asText(),
                        target.path("expr").asText(),
                        target.path("legendFormat").asText(),
                        target.path("instant").asBoolean()));
            }
        }
        return queries;
    }

    /** The variables that Prometheus fills, in the file's order. */
    public List<Variable> variables() {
        List<Variable> variables = new ArrayList<>();
        for (JsonNode each : json.path("templating").path("list")) {
            if (each.path("type").asText().equals("query")) {
                variables.add(new Variable(
                        each.path("name").asText(),
                        each.path("query").path("query").asText()));
            }
        }
        return variables;
    }
}
