package io.portcullis.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The rules for Prometheus use metrics and labels that exist, say what to do, and fire when they should. */
final class AlertsTest {
    private static final Path FOLDER = Path.of("../config/prometheus");
    private static final String RULES = "portcullis.rules.yaml";
    private static final String TESTS = "portcullis.rules.test.yaml";
    private static final int TIMEOUT_S = 60;

    /** A metric with its selector. A colon is in the names of recorded series alone. */
    private static final Pattern SELECTOR = Pattern.compile("\\b([a-z_:]*portcullis_[a-z0-9_:]+)\\s*(\\{[^}]*})?");

    private static final Pattern MATCHER = Pattern.compile("([a-z_]+)\\s*(?:=~|!~|!=|=)\\s*\"[^\"]*\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(?:by|without|on|ignoring)\\s*\\(([^)]*)\\)");
    private static final Pattern TEMPLATE_LABEL = Pattern.compile("\\$labels\\.([a-z_]+)");
    private static final Pattern ALERT_NAME = Pattern.compile("alertname=\"([A-Za-z]+)\"");
    private static final Pattern DOCUMENTED = Pattern.compile("\\| `(Portcullis[A-Za-z]+)` \\| ([a-z]+) \\|.*");

    /** A rule of the file; the name is that of the alert or of the recorded series. */
    private record PrometheusRule(
            String name, boolean alerts, String expr, Map<String, String> labels, Map<String, String> annotations) {}

    private static Map<String, Object> load(String file) throws IOException {
        return new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(FOLDER.resolve(file)));
    }

    @SuppressWarnings("unchecked") // the shape is the one that promtool accepts
    private static List<Map<String, Object>> list(Map<String, Object> map, String key) {
        return (List<Map<String, Object>>) map.getOrDefault(key, List.of());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, String> texts(Map<String, Object> map, String key) {
        return (Map<String, String>) map.getOrDefault(key, Map.of());
    }

    private static List<PrometheusRule> rules() throws IOException {
        List<PrometheusRule> rules = new ArrayList<>();
        for (Map<String, Object> group : list(load(RULES), "groups")) {
            for (Map<String, Object> rule : list(group, "rules")) {
                boolean alerts = rule.containsKey("alert");
                rules.add(new PrometheusRule(
                        String.valueOf(rule.get(alerts ? "alert" : "record")),
                        alerts,
                        String.valueOf(rule.get("expr")),
                        texts(rule, "labels"),
                        texts(rule, "annotations")));
            }
        }
        return rules;
    }

    private static List<PrometheusRule> alerts() throws IOException {
        return rules().stream().filter(PrometheusRule::alerts).toList();
    }

    private static Set<String> names(List<PrometheusRule> rules) {
        return rules.stream().map(PrometheusRule::name).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The names of a metric's samples. */
    private static Stream<String> samples(Metric metric) {
        Stream<String> suffixes = switch (metric.type()) {
            case COUNTER, GAUGE, INFO -> Stream.of("");
            case HISTOGRAM -> Stream.of("_bucket", "_count", "_sum");
            case SUMMARY -> Stream.of("_count", "_sum", "_max");
        };
        return suffixes.map(suffix -> metric.exposed() + suffix);
    }

    /** The labels of a sample: its metric's, and those that Prometheus adds. */
    private static Set<String> labels(Metric metric) {
        Set<String> labels = metric.labels().stream().map(Label::key).collect(Collectors.toCollection(TreeSet::new));
        labels.addAll(Set.of("job", "instance"));
        if (metric.type() == Metric.Type.HISTOGRAM) {
            labels.add("le");
        }
        return labels;
    }

    /** The metrics and labels of an expression that no scrape has, and labels of its texts that the expression has not. */
    static List<String> faults(String expr, String texts, Set<String> recorded) {
        List<String> faults = new ArrayList<>();
        Set<String> common = new TreeSet<>(Set.of("job", "instance"));
        boolean first = true;
        for (MatchResult selector : SELECTOR.matcher(expr).results().toList()) {
            String name = selector.group(1);
            if (recorded.contains(name)) {
                continue;
            }
            List<Metric> metrics = Stream.of(Metric.values())
                    .filter(metric -> samples(metric).anyMatch(name::equals))
                    .toList();
            if (metrics.isEmpty()) {
                faults.add("no metric " + name);
                continue;
            }
            Set<String> known = labels(metrics.getFirst());
            String matchers = selector.group(2) == null ? "" : selector.group(2);
            MATCHER.matcher(matchers)
                    .results()
                    .map(found -> found.group(1))
                    .filter(label -> !known.contains(label))
                    .forEach(label -> faults.add(name + " has no label " + label));
            if (first) {
                common.addAll(known);
            }
            common.retainAll(known);
            first = false;
        }
        Stream<String> grouped = GROUPING.matcher(expr)
                .results()
                .flatMap(found -> Stream.of(found.group(1).split("\\s*,\\s*")));
        Stream<String> written = TEMPLATE_LABEL.matcher(texts).results().map(found -> found.group(1));
        Stream.concat(grouped, written)
                .filter(label -> !common.contains(label))
                .forEach(label -> faults.add("no label " + label));
        return faults;
    }

    @Test
    void everyRuleUsesMetricsAndLabelsThatExist() throws IOException {
        Set<String> recorded =
                names(rules().stream().filter(rule -> !rule.alerts()).toList());
        for (PrometheusRule rule : rules()) {
            String texts = rule.annotations().values().toString();
            assertEquals(List.of(), faults(rule.expr(), texts, recorded), rule.name());
        }
    }

    @Test
    void everySeriesOfTheTestsExists() throws IOException {
        for (Map<String, Object> test : list(load(TESTS), "tests")) {
            for (Map<String, Object> input : list(test, "input_series")) {
                String series = String.valueOf(input.get("series"));
                assertEquals(List.of(), faults(series, "", Set.of()), String.valueOf(test.get("name")));
            }
        }
    }

    @Test
    void metricsAndLabelsThatDoNotExistAreFound() {
        Set<String> recorded = Set.of("a:portcullis_x:rate5m");
        assertEquals(List.of(), faults("a:portcullis_x:rate5m > 1", "", recorded));
        assertEquals(List.of("no metric b:portcullis_x:rate5m"), faults("b:portcullis_x:rate5m > 1", "", recorded));
        assertEquals(List.of("no metric portcullis_drops"), faults("rate(portcullis_drops[5m]) > 0", "", recorded));
        assertEquals(
                List.of("portcullis_drops_total has no label verdict"),
                faults("portcullis_drops_total{reason=\"no-rule\",verdict=\"drop\"}", "", recorded));
        assertEquals(
                List.of("no label verdict"), faults("sum by (interface, verdict) (portcullis_flows)", "", recorded));
        assertEquals(List.of("no label port"), faults("portcullis_flows", "{{ $labels.port }}", recorded));
        assertEquals(List.of(), faults("portcullis_loop_stall_seconds_bucket{le=\"1\"}", "", recorded));
        assertEquals(
                List.of("no metric portcullis_loop_stall_seconds"),
                faults("portcullis_loop_stall_seconds", "", recorded));
    }

    @Test
    void everyAlertSaysWhatHappenedAndWhatToDo() throws IOException {
        for (PrometheusRule alert : alerts()) {
            assertEquals(Set.of("summary", "description"), alert.annotations().keySet(), alert.name());
            alert.annotations().values().forEach(text -> assertFalse(text.isBlank(), alert.name()));
            String severity = alert.labels().getOrDefault("severity", "");
            assertTrue(Set.of("critical", "warning", "info").contains(severity), alert.name());
        }
    }

    @Test
    void theDocumentsListTheAlertsInTheirOrder() throws IOException {
        List<String> documented = Files.readAllLines(Path.of("OPERATIONS.md")).stream()
                .map(DOCUMENTED::matcher)
                .filter(row -> row.matches())
                .map(row -> row.group(1) + " " + row.group(2))
                .toList();
        List<String> alerts = alerts().stream()
                .map(alert -> alert.name() + " " + alert.labels().get("severity"))
                .toList();
        assertEquals(alerts, documented);
    }

    @Test
    void everyAlertFiresInATest() throws IOException {
        Set<String> fired = ALERT_NAME
                .matcher(Files.readString(FOLDER.resolve(TESTS)))
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(names(alerts()), fired);
    }

    @Test
    void promtoolPassesTheTests(@TempDir Path folder) throws Exception {
        boolean isThere = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(each -> Files.isExecutable(Path.of(each, "promtool")));
        assumeTrue(isThere, "promtool is not installed: it is in Debian's package prometheus");
        Path output = folder.resolve("output.txt");
        Process promtool = new ProcessBuilder("promtool", "test", "rules", TESTS)
                .directory(FOLDER.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertTrue(promtool.waitFor(TIMEOUT_S, TimeUnit.SECONDS), "promtool does not end");
            assertEquals(0, promtool.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } finally {
            promtool.destroyForcibly();
        }
    }
}
