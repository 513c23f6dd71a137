package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import io.portcullis.testing.Dashboard;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A real Prometheus scrapes the daemon: every query of the dashboard and of the alerts gets data. */
@Tag("system")
final class PrometheusTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String API = "http://127.0.0.1:9090/api/v1/";
    private static final String TARGET = "127.0.0.1:9750";
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final int SHOWN_S = 120;

    /** Long enough for scrapes that come late. */
    private static final String RATE_INTERVAL = "1m";

    /** The only alert whose metric has to be absent. */
    private static final String ABSENT = "PortcullisNotScraped";

    /** Of one interface with two rules; a server stores so many series for each host. */
    private static final int MOST_SAMPLES = 800;

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {%s, security-groups: [web], enforce: %s}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: 80, from: any}
                  - {protocol: tcp, ports: 8081, from: any, description: nobody uses it}
            """;

    @SuppressWarnings("NullAway.Init") // set before the tests
    private static DaemonProcess daemon;

    private static String rules(String enforce) {
        return RULES.formatted(Lab.bridge("ring"), enforce);
    }

    private static boolean isInstalled(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(each -> Files.isExecutable(Path.of(each, program)));
    }

    /** A daemon that is scraped each second, and has admitted, would have dropped, has dropped, and has been reloaded. */
    @BeforeAll
    static void start() throws IOException {
        assumeTrue(isInstalled("prometheus"), "prometheus is not installed: it is Debian's package of that name");
        LAB.nginx("server", 80, 8443);
        daemon = LAB.daemon(rules("audit"));
        Path alerts = Lab.root().resolve("config/prometheus/portcullis.rules.yaml");
        Path config = LAB.file("prometheus.yml", """
                global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
                rule_files: [%s]
                scrape_configs: [{job_name: portcullis, static_configs: [{targets: ["%s"]}]}]
                """.formatted(alerts, TARGET));
        Process prometheus = LAB.start(
                "fw",
                LAB.file("prometheus.log", ""),
                "prometheus",
                "--config.file=" + config,
                "--storage.tsdb.path=" + Files.createDirectory(LAB.folder().resolve("prometheus")),
                "--web.listen-address=127.0.0.1:9090");
        Lab.await("a scrape", () -> {
            assertTrue(prometheus.isAlive(), () -> Lab.read(LAB.folder().resolve("prometheus.log")));
            return value("up{job=\"portcullis\"}") == 1;
        });
        assertTrue(LAB.answers(8443), "it passes under enforce: audit");
        Lab.await("a scrape of it", () -> value("sum(rate(portcullis_would_drops_total[1m]))") > 0);
        daemon.edit(rules("true"));
        assertTrue(LAB.answers(80));
        assertTrue(!LAB.answers(8443), "no rule admits it");
        Lab.await("a scrape of that", () -> value("sum(rate(portcullis_drops_total[1m]))") > 0);
    }

    @AfterAll
    static void end() {
        LAB.endDaemons();
    }

    /** The data of an answer; {@code parameters}: NAME=VALUE, not encoded. */
    private static JsonNode api(String resource, String... parameters) {
        List<String> words = new ArrayList<>(List.of("curl", "-s", "-m", "30", "-G", API + resource));
        Stream.of(parameters).forEach(each -> words.addAll(List.of("--data-urlencode", each)));
        Command answer = LAB.firewall(words.toArray(String[]::new));
        try {
            JsonNode json = JSON.readTree(answer.output());
            if (!json.path("status").asText().equals("success") && answer.exit() == 0) {
                throw new AssertionError(Arrays.toString(parameters) + ": " + answer.output());
            }
            return json.path("data");
        } catch (JsonProcessingException e) {
            throw new AssertionError(answer.out(), e);
        }
    }

    /** The value of an expression that has one; NaN where it has none. */
    private static double value(String expr) {
        return api("query", "query=" + expr)
                .path("result")
                .path(0)
                .path("value")
                .path(1)
                .asDouble(Double.NaN);
    }

    /** How many numbers an expression has now. */
    private static long numbers(String expr) {
        return api("query", "query=" + expr)
                .path("result")
                .valueStream()
                .filter(series -> !series.path("value").path(1).asText().equals("NaN"))
                .count();
    }

    /** How many numbers a query of the dashboard has. */
    private static long numbers(Dashboard.Query query) {
        String expr = filled(query.expr());
        if (query.instant()) {
            return numbers(expr);
        }
        long end = Instant.now().getEpochSecond();
        return api("query_range", "query=" + expr, "start=" + (end - SHOWN_S), "end=" + end, "step=1")
                .path("result")
                .valueStream()
                .flatMap(series -> series.path("values").valueStream())
                .filter(point -> !point.path(1).asText().equals("NaN"))
                .count();
    }

    /** With the variables as Grafana fills them: one job, all instances, all interfaces. */
    private static String filled(String text) {
        return text.replace("$__rate_interval", RATE_INTERVAL)
                .replace("$__range", SHOWN_S + "s")
                .replace("$job", "portcullis")
                .replace("$instance", ".+")
                .replace("$interface", ".+");
    }

    private static List<JsonNode> loadedRules() {
        return api("rules")
                .path("groups")
                .valueStream()
                .flatMap(group -> group.path("rules").valueStream())
                .toList();
    }

    @Test
    void everyQueryOfTheDashboardHasData() throws IOException {
        for (Dashboard.Query query : Dashboard.read(Lab.root()).queries()) {
            Lab.await("data for " + query, () -> {
                // Traffic goes on: rates need it.
                assertTrue(LAB.answers(80));
                return numbers(query) > 0;
            });
        }
    }

    @Test
    void everyVariableOfTheDashboardHasItsValues() throws IOException {
        Map<String, String> values = new TreeMap<>();
        for (Dashboard.Variable variable : Dashboard.read(Lab.root()).variables()) {
            values.put(
                    variable.name(),
                    api("label/" + variable.label() + "/values", "match[]=" + filled(variable.selector()))
                            .toString());
        }
        assertEquals(
                Map.of("job", "[\"portcullis\"]", "instance", "[\"" + TARGET + "\"]", "interface", "[\"web0\"]"),
                values);
    }

    /** An expression that has a value where that of the alert or of the recorded series holds, and where it does not. */
    private static String always(JsonNode rule) {
        String name = rule.path("name").asText();
        String expr = rule.path("query").asText();
        if (!rule.path("type").asText().equals("alerting")) {
            return name;
        }
        String always = name.equals(ABSENT)
                ? expr.replaceFirst("^absent\\((.*)\\)$", "$1")
                // With bool, a comparison that does not hold has the value 0.
                : expr.replaceFirst(" (==|>) (?=[0-9.]+$)", " $1 bool ");
        assertTrue(!always.equals(expr), () -> name + " has another form: " + expr);
        return always;
    }

    @Test
    void everyRuleHasDataAndNoAlertFires() {
        Map<String, Long> counts = new TreeMap<>();
        Lab.await("data for the rules " + loadedRules(), () -> {
            counts.clear();
            List<JsonNode> rules = loadedRules();
            rules.forEach(rule -> counts.put(rule.path("name").asText(), numbers(always(rule))));
            return !counts.containsValue(0L)
                    && rules.stream()
                            .allMatch(rule -> rule.path("health").asText().equals("ok"));
        });
        assertTrue(counts.size() > 20, counts.toString());
        for (JsonNode rule : loadedRules()) {
            assertTrue(!rule.path("state").asText().equals("firing"), rule.toString());
        }
    }

    @Test
    void theChangeInForceIsThatOfTheHistory() throws JsonProcessingException {
        String history = daemon.cli("history", "--json").ok().output();
        long inForce = JSON.readTree(history).path("inForce").asLong();
        assertTrue(inForce > 0, history);
        Lab.await("the number of the change", () -> value("portcullis_config_change") == inForce);
    }

    @Test
    void batchesAndDecisionsAreMeasured() {
        Lab.await("a measured batch", () -> {
            assertTrue(LAB.answers(80));
            return value("portcullis_decision_seconds_count") > 0;
        });
        String all = "portcullis_batch_frames_bucket{le=\"64.0\"} == ignoring (le) portcullis_batch_frames_count > 0";
        Lab.await("batches, none of which is larger than the largest", () -> value(all) > 0);
    }

    @Test
    void theScrapeIsSmallAndPassesTheRulesOfPrometheus() {
        String target = "{instance=\"" + TARGET + "\"}[1m])";
        double samples = value("max_over_time(scrape_samples_scraped" + target);
        assertTrue(samples > 100 && samples < MOST_SAMPLES, samples + " samples");
        double seconds = value("min_over_time(scrape_duration_seconds" + target);
        assertTrue(seconds < 1, seconds + " s");
        assertEquals(
                "",
                LAB.sh("fw", "curl -s http://" + TARGET + "/metrics | promtool check metrics")
                        .ok()
                        .out());
    }
}
