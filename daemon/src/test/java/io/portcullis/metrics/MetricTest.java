package io.portcullis.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Histogram;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortCounter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@link Metric}, a scrape and the table of the documents say the same; names keep the rules of Prometheus. */
final class MetricTest {
    private static final String METRICS = "| metric | type | labels | meaning |";
    private static final String REASONS = "| reason of a drop | meaning | what to do |";
    private static final String LOSSES = "| reason of a lost frame | errno | one increment means |";

    private static final String CONFIG = """
            version: 1
            interfaces: {web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web], network-acl: edge}}
            security-groups: {web: {ingress: [{protocol: udp, ports: 53, from: any}]}}
            network-acls: {edge: {ingress: [{rule: 110, action: deny, protocol: udp, from: 198.51.100.0/24}]}}
            """;

    /** Components of a name that promlint's lintUnitAbbreviations and lintMetricUnits refuse. */
    private static final Set<String> NOT_BASE_UNITS = Set.of(
            "s",
            "ms",
            "us",
            "ns",
            "sec",
            "b",
            "kb",
            "mb",
            "gb",
            "tb",
            "pb",
            "m",
            "h",
            "d",
            "bits",
            "milliseconds",
            "microseconds",
            "nanoseconds",
            "minutes",
            "hours",
            "days",
            "weeks",
            "kilobytes",
            "megabytes",
            "gigabytes",
            "percent");

    private static final Set<String> TYPES = Set.of("counter", "gauge", "histogram", "summary", "untyped");

    private static final Pattern SAMPLE = Pattern.compile("([a-z0-9_]+)(?:\\{(.*)\\})? [^ ]+");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"[^\"]*\",?");

    private final Meters meters = new Meters("1.2.3", () -> 0, () -> 0);

    @BeforeEach
    void watch() throws ConfigException {
        Engine engine =
                new Engine(Policy.compile(ConfigReader.parse(CONFIG, "test.yaml"), "web0", 1, 1_000), Shard.ALL, 1, 2);
        meters.watch("web0", engine::counters, engine::ruleHits, List.of(new Histogram(8, 64, 1)));
        meters.batches("web0", List.of(new Histogram(1, 64, 1)), List.of(new Histogram(8, 64, 1)));
        meters.change(1, "0123456789abcdef", 0);
        meters.recorder("web0", () -> OptionalLong.of(1_700_000_000_000_000_000L));
        meters.flowStates("web0", () -> new long[Timeout.values().length]);
        for (PortCounter counter : PortCounter.values()) {
            meters.portCounter("web0", "outside", counter, () -> 0);
        }
        meters.interfaces(() -> List.of(
                new InterfaceState("web0", "bridge", "out0,in0", "ring", true),
                new InterfaceState("db0", "host", "eth1", "", false)));
    }

    @AfterEach
    void close() {
        meters.close();
    }

    private List<String> lines() {
        return new String(meters.scrape(Scrape.Format.TEXT).body(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    /** The comment lines of a scrape, by family. */
    private Map<String, String> comments(String kind) {
        Map<String, String> comments = new TreeMap<>();
        for (String line : lines()) {
            String[] words = line.split(" ", 4);
            if (words[0].equals("#") && words[1].equals(kind)) {
                comments.put(words[2], words.length < 4 ? "" : words[3]);
            }
        }
        return comments;
    }

    @Test
    void everyMetricOfAScrapeIsOneOfTheListAndHasItsHelp() {
        Map<String, String> expected = new TreeMap<>();
        for (Metric metric : Metric.values()) {
            expected.put(metric.exposed(), metric.help());
            if (metric.type() == Metric.Type.SUMMARY) {
                expected.put(metric.exposed() + "_max", metric.help());
            }
        }
        Map<String, String> scraped = comments("HELP");
        scraped.keySet().removeIf(name -> !name.startsWith("portcullis_"));
        assertEquals(expected, scraped);
    }

    @Test
    void everySampleHasTheLabelsOfItsMetric() {
        Map<String, Set<String>> scraped = new TreeMap<>();
        for (String line : lines()) {
            Matcher sample = SAMPLE.matcher(line);
            if (line.startsWith("portcullis_") && sample.matches()) {
                Set<String> labels = scraped.computeIfAbsent(sample.group(1), _ -> new TreeSet<>());
                Matcher label = LABEL.matcher(sample.group(2) == null ? "" : sample.group(2));
                while (label.find()) {
                    labels.add(label.group(1));
                }
            }
        }
        for (Metric metric : Metric.values()) {
            Set<String> labels =
                    metric.labels().stream().map(Label::key).collect(Collectors.toCollection(TreeSet::new));
            String suffix = switch (metric.type()) {
                case HISTOGRAM, SUMMARY -> "_sum";
                case COUNTER, GAUGE, INFO -> "";
            };
            assertEquals(labels, scraped.get(metric.exposed() + suffix), metric.exposed());
        }
    }

    @Test
    void theTableOfTheDocumentsIsTheListOfMetrics() throws IOException {
        List<String> rows = Stream.of(Metric.values()).map(MetricTest::row).toList();
        assertEquals(String.join("\n", rows), String.join("\n", documented(METRICS)));
    }

    @Test
    void theDocumentsExplainEveryReason() throws IOException {
        List<String> rows = Stream.of(Reason.values())
                .filter(reason -> reason != Reason.NONE)
                .map(reason -> "| `" + reason.label() + "` | " + reason.meaning())
                .toList();
        // The last column says what to do.
        List<String> documented = documented(REASONS).stream()
                .map(row -> row.substring(0, row.lastIndexOf(" | ")))
                .toList();
        assertEquals(String.join("\n", rows), String.join("\n", documented));
    }

    @Test
    void theDocumentsExplainEveryLoss() throws IOException {
        List<String> rows = Stream.of(PortCounter.values())
                .filter(counter -> counter.compareTo(PortCounter.SENT_BYTES) > 0)
                .map(counter -> "| `" + counter.label() + "` | " + counter.errno() + " | " + counter.meaning() + " |")
                .toList();
        assertEquals(String.join("\n", rows), String.join("\n", documented(LOSSES)));
    }

    private static String row(Metric metric) {
        return "| `" + metric.exposed() + "` | " + type(metric) + " | "
                + metric.labels().stream().map(MetricTest::label).collect(Collectors.joining(", ")) + " | "
                + metric.help() + " |";
    }

    private static String type(Metric metric) {
        String type = metric.type().name().toLowerCase(Locale.ROOT);
        if (metric.type() == Metric.Type.INFO) {
            return type;
        }
        return type + ", "
                + switch (metric.unit()) {
                    case BOOLEAN -> "0 or 1";
                    case NICS -> "NICs";
                    default -> metric.unit().name().toLowerCase(Locale.ROOT);
                };
    }

    private static String label(Label label) {
        return "`" + label.key() + "`"
                + (label.examples().isEmpty() ? "" : " = " + label.examples().replace("|", "\\|"));
    }

    /** The rows of the table, whichever document has it. */
    private static List<String> documented(String table) throws IOException {
        List<Path> documents = new ArrayList<>();
        for (String folder : List.of("..", ".", "../config")) {
            try (Stream<Path> files = Files.list(Path.of(folder))) {
                files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
            }
        }
        for (Path document : documents) {
            List<String> lines = Files.readAllLines(document);
            int title = lines.indexOf(table);
            if (title >= 0) {
                return lines.subList(title + 2, lines.size()).stream()
                        .takeWhile(line -> line.startsWith("|"))
                        .toList();
            }
        }
        throw new AssertionError("no document has the table " + table);
    }

    @Test
    void unitsAreInTheNames() {
        for (Metric metric : Metric.values()) {
            for (Metric.Unit unit : List.of(Metric.Unit.BYTES, Metric.Unit.SECONDS)) {
                assertEquals(
                        metric.unit() == unit,
                        metric.base().endsWith("_" + unit.name().toLowerCase(Locale.ROOT)),
                        metric.base());
            }
        }
    }

    /** The rules of {@code promtool check metrics} (github.com/prometheus/client_golang, prometheus/testutil/promlint). */
    @Test
    void namesPassTheRulesOfPrometheus() {
        meters.reloaded(true, 1_700_000_000L, 0.25);
        Map<String, String> types = comments("TYPE");
        Map<String, String> helps = comments("HELP");
        assertTrue(types.size() > Metric.values().length + 20, "the JVM's are among them");
        Map<String, String> faults = new HashMap<>();
        types.forEach((name, type) -> {
            List<String> words = List.of(name.split("_"));
            boolean spread = type.equals("histogram") || type.equals("summary");
            if (!name.matches("[a-z][a-z0-9_]*")) {
                faults.put(name, "neither camelCase nor colons");
            } else if (helps.getOrDefault(name, "").isEmpty()) {
                faults.put(name, "no help");
            } else if (name.endsWith("_total") != type.equals("counter")) {
                faults.put(name, "_total is the end of counters");
            } else if (!spread && name.matches(".*_(count|sum|bucket)")) {
                faults.put(name, "_count, _sum and _bucket are of histograms and summaries");
            } else if (words.stream().anyMatch(NOT_BASE_UNITS::contains)) {
                faults.put(name, "not a base unit");
            } else if (words.stream().skip(1).anyMatch(TYPES::contains)) {
                faults.put(name, "the type is no part of the name");
            }
        });
        assertEquals(Map.of(), faults);
        for (String line : lines()) {
            assertFalse(line.matches("[a-z_]+\\{(.*,)?[a-z_]*[A-Z].*=.*"), line);
        }
    }

    @Test
    void anInterfaceShowsWhetherItForwards() {
        List<String> lines = lines();
        for (String line : List.of(
                "portcullis_interface_forwarding{interface=\"web0\"} 1.0",
                "portcullis_interface_forwarding{interface=\"db0\"} 0.0",
                "portcullis_interface_info{datapath=\"ring\",interface=\"web0\",mode=\"bridge\",nic=\"out0,in0\"} 1",
                "portcullis_interface_info{datapath=\"\",interface=\"db0\",mode=\"host\",nic=\"eth1\"} 1")) {
            assertTrue(lines.contains(line), () -> line + " is not in\n" + String.join("\n", lines));
        }
    }
}
