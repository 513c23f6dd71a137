package io.portcullis.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portcullis.testing.Dashboard;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The dashboard for Grafana is one that every Grafana can import, and asks for metrics that exist. */
final class DashboardTest {
    private static final int COLUMNS = 24;

    /** Grafana's own variables: how far a rate looks back, and the time that the dashboard shows. */
    private static final Set<String> BUILT_IN = Set.of("__rate_interval", "__range");

    /** A variable; $1 is a group of a regular expression. */
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{?([A-Za-z_]+)");

    private static final Pattern LEGEND_LABEL = Pattern.compile("\\{\\{([a-z_]+)}}");

    @SuppressWarnings("NullAway.Init") // set before each test
    private Dashboard dashboard;

    @BeforeEach
    void read() throws IOException {
        dashboard = Dashboard.read(Path.of(".."));
    }

    private static List<String> variables(String text) {
        return VARIABLE.matcher(text)
                .results()
                .map(found -> found.group(1))
                .filter(name -> !BUILT_IN.contains(name))
                .toList();
    }

    @Test
    void itHasTheClassicSchemaAndBelongsToNoServer() {
        assertEquals(39, dashboard.json().path("schemaVersion").asInt());
        assertTrue(dashboard.json().path("id").isNull(), "the server gives the number");
        assertEquals("portcullis", dashboard.json().path("uid").asText());
        assertFalse(dashboard.json().has("__inputs"), "provisioning does not fill inputs");
    }

    @Test
    void itsPanelsHaveNumbersTextsAndUnits() {
        Set<Integer> ids = new HashSet<>();
        Set<String> titles = new HashSet<>();
        for (JsonNode panel : dashboard.panels()) {
            String title = panel.path("title").asText();
            assertTrue(panel.path("id").asInt() > 0 && ids.add(panel.path("id").asInt()), "the number of " + title);
            assertTrue(!title.isBlank() && titles.add(title), "two panels of the title " + title);
            assertFalse(panel.path("description").asText().isBlank(), "the description of " + title);
            assertFalse(
                    panel.path("fieldConfig")
                            .path("defaults")
                            .path("unit")
                            .asText()
                            .isBlank(),
                    "the unit of " + title);
            assertTrue(panel.path("targets").size() > 0, "the queries of " + title);
        }
        assertEquals(8, ids.size());
    }

    @Test
    void itsPanelsDoNotOverlap() {
        Set<List<Integer>> taken = new HashSet<>();
        int bottom = 0;
        for (JsonNode panel : dashboard.panels()) {
            JsonNode place = panel.path("gridPos");
            String title = panel.path("title").asText();
            assertTrue(place.path("w").asInt() > 0 && place.path("h").asInt() > 0, title);
            int right = place.path("x").asInt() + place.path("w").asInt();
            int below = place.path("y").asInt() + place.path("h").asInt();
            assertTrue(place.path("x").asInt(-1) >= 0 && right <= COLUMNS, title + " is outside of the grid");
            for (int x = place.path("x").asInt(); x < right; x++) {
                for (int y = place.path("y").asInt(-1); y < below; y++) {
                    assertTrue(taken.add(List.of(x, y)), title + " overlaps another panel at " + x + ", " + y);
                }
            }
            bottom = Math.max(bottom, below);
        }
        assertEquals(COLUMNS * bottom, taken.size(), "there is a gap");
    }

    @Test
    void everyQueryGoesToTheDataSourceThatTheViewerChooses() {
        List<JsonNode> sources = dashboard.json().findValues("datasource");
        assertEquals(
                dashboard.panels().size()
                        + dashboard.queries().size()
                        + dashboard.variables().size(),
                sources.size());
        for (JsonNode source : sources) {
            assertEquals("{\"type\":\"prometheus\",\"uid\":\"${datasource}\"}", source.toString());
        }
    }

    @Test
    void everyVariableIsDefinedBeforeItIsUsed() {
        List<String> defined = new ArrayList<>();
        for (JsonNode variable : dashboard.json().path("templating").path("list")) {
            String used = variable.path("query") + variable.path("datasource").toString();
            assertTrue(defined.containsAll(variables(used)), () -> variable.path("name") + " uses " + variables(used));
            assertFalse(variable.path("label").asText().isBlank());
            assertEquals(
                    variable.path("multi").asBoolean(),
                    variable.path("includeAll").asBoolean());
            defined.add(variable.path("name").asText());
        }
        assertEquals(List.of("datasource", "job", "instance", "interface"), defined);
        Set<String> used = new TreeSet<>();
        dashboard.queries().forEach(query -> used.addAll(variables(query.expr())));
        assertEquals(Set.of("job", "instance", "interface"), used);
        for (JsonNode variable : dashboard.json().path("templating").path("list")) {
            if (variable.path("multi").asBoolean()) {
                String wrong = "$" + variable.path("name").asText();
                dashboard
                        .queries()
                        .forEach(query -> assertFalse(
                                query.expr().replace("=~\"" + wrong + "\"", "").contains(wrong),
                                () -> wrong + " has several values: " + query));
            }
        }
    }

    @Test
    void everyQueryAsksForMetricsAndLabelsThatExist() {
        for (Dashboard.Query query : dashboard.queries()) {
            String legend = LEGEND_LABEL.matcher(query.legend()).replaceAll("\\$labels.$1");
            assertEquals(List.of(), AlertsTest.faults(query.expr(), legend, Set.of()), query.toString());
            assertEquals(
                    query.instant(), query.legend().isEmpty(), query + ": the table needs no legend, a graph does");
            assertTrue(
                    query.expr().contains("interface=~\"$interface\"")
                            || query.expr().contains("{job=\"$job\", instance=~\"$instance\""),
                    query.toString());
        }
        for (Dashboard.Variable variable : dashboard.variables()) {
            assertEquals(
                    List.of(),
                    AlertsTest.faults(variable.selector(), "$labels." + variable.label(), Set.of()),
                    variable.name());
        }
    }

    @Test
    void everyOverrideIsAboutAQueryOrAColumnThatExists() {
        for (JsonNode panel : dashboard.panels()) {
            Set<String> queries = new HashSet<>();
            panel.path("targets")
                    .forEach(target ->
                            assertTrue(queries.add(target.path("refId").asText())));
            Set<String> columns = new HashSet<>();
            panel.findValues("renameByName").forEach(names -> names.forEach(name -> columns.add(name.asText())));
            for (JsonNode override : panel.path("fieldConfig").path("overrides")) {
                String about = override.path("matcher").path("options").asText();
                switch (override.path("matcher").path("id").asText()) {
                    case "byFrameRefID" -> assertTrue(queries.contains(about), about);
                    case "byName" -> assertTrue(columns.contains(about), about);
                    case "byRegexp" -> Pattern.compile(about.substring(1, about.length() - 1));
                    default -> throw new AssertionError(override.toString());
                }
            }
        }
    }

    @Test
    void aVariableAndALabelAreFoundInAText() {
        assertEquals(List.of("job", "interface"), variables("up{job=\"$job\", x=~\"${interface}\"}[$__rate_interval]"));
        MatchResult legend =
                LEGEND_LABEL.matcher("{{reason}} of").results().findFirst().orElseThrow();
        assertEquals("reason", legend.group(1));
    }
}
