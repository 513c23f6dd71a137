package io.portcullis.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Histogram;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.hits.WallTime;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortCounter;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The metrics in a scrape, of engines that have decided about real frames. */
@Tag("slow")
final class MetersTest {
    private static final String TWO_RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web], checksums: trust}
            security-groups:
              web:
                ingress:
                  - {protocol: udp, ports: 53, from: any}
                  - {protocol: udp, ports: 54, from: any}
                egress: []
            """;

    /** Ethernet, IPv4 and UDP with an empty payload: 42 bytes. */
    private static final int LENGTH = 42;

    private static final int MANY_RULES = 5_000;

    private final AtomicLong defects = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final Meters meters = new Meters("1.2.3", defects::get, lost::get);

    @AfterEach
    void close() {
        meters.close();
    }

    private static Config config(String yaml) throws ConfigException {
        return ConfigReader.parse(yaml, "test.yaml");
    }

    private static Engine engine(Config config) {
        return new Engine(Policy.compile(config, "web0", 1, 1_000), Shard.ALL, 1, 2);
    }

    private void watch(Engine engine) {
        meters.watch("web0", engine::counters, engine::ruleHits, List.of());
    }

    /** Has an engine decide about one UDP datagram. */
    private static void decide(Engine engine, Direction direction, int sourcePort, int port) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(LENGTH);
            byte[] frame = HexFormat.of()
                    .parseHex("020000000002020000000001" + "0800" // Ethernet
                            + "4500001c00000000" + "40114696" + "c6336407" + "0a000001" // 198.51.100.7 > 10.0.0.1, UDP
                            + String.format(Locale.ROOT, "%04x%04x", sourcePort, port) + "0008" + "0000");
            MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, 0, LENGTH);
            Batch batch = new Batch(memory, false);
            batch.add(0, LENGTH);
            engine.decide(batch, direction, 1_000_000_000L);
        }
    }

    private String text(@Nullable String accept) {
        return new String(meters.scrape(Scrape.Format.of(accept)).body(), StandardCharsets.UTF_8);
    }

    /** Sample by series, of the lines that begin so. */
    private Map<String, Double> samples(String prefix) {
        Map<String, Double> samples = new TreeMap<>();
        text(null).lines().filter(line -> line.startsWith(prefix)).forEach(line -> {
            int space = line.lastIndexOf(' ');
            samples.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
        });
        return samples;
    }

    private double sample(String series) {
        return Objects.requireNonNull(samples(series).get(series), () -> series + " is not in\n" + text(null));
    }

    @Test
    void stallsAreAHistogramOfEachWorker() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        Histogram first = new Histogram(8_192, 1 << 28, 4);
        Histogram second = new Histogram(8_192, 1 << 28, 4);
        first.record(20_000);
        first.record(1_000_000_000);
        meters.watch("web0", engine::counters, engine::ruleHits, List.of(first, second));
        String labels = "interface=\"web0\",worker=\"0\"";
        assertEquals(0.0, sample("portcullis_loop_stall_seconds_bucket{" + labels + ",le=\"1.6384E-5\"}"));
        assertEquals(1.0, sample("portcullis_loop_stall_seconds_bucket{" + labels + ",le=\"2.048E-5\"}"));
        assertEquals(1.0, sample("portcullis_loop_stall_seconds_bucket{" + labels + ",le=\"0.268435456\"}"));
        assertEquals(2.0, sample("portcullis_loop_stall_seconds_bucket{" + labels + ",le=\"+Inf\"}"));
        assertEquals(2.0, sample("portcullis_loop_stall_seconds_count{" + labels + "}"));
        assertEquals(1.00002, sample("portcullis_loop_stall_seconds_sum{" + labels + "}"), 1e-9);
        assertEquals(0.0, sample("portcullis_loop_stall_seconds_count{interface=\"web0\",worker=\"1\"}"));
    }

    @Test
    void batchesOfAllWorkersAreOneHistogram() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        Histogram first = new Histogram(1, 64, 1);
        Histogram second = new Histogram(1, 64, 1);
        first.record(1);
        first.record(64);
        second.record(3);
        Histogram decisions = new Histogram(32, 1 << 20, 2);
        decisions.record(90);
        watch(engine);
        assertEquals(Map.of(), samples("portcullis_batch_frames"), "none before the workers are known");
        meters.batches("web0", List.of(first, second), List.of(decisions));
        assertEquals(1.0, sample("portcullis_batch_frames_bucket{interface=\"web0\",le=\"2.0\"}"));
        assertEquals(2.0, sample("portcullis_batch_frames_bucket{interface=\"web0\",le=\"4.0\"}"));
        assertEquals(3.0, sample("portcullis_batch_frames_bucket{interface=\"web0\",le=\"64.0\"}"));
        assertEquals(3.0, sample("portcullis_batch_frames_count{interface=\"web0\"}"));
        assertEquals(68.0, sample("portcullis_batch_frames_sum{interface=\"web0\"}"));
        assertEquals(0.0, sample("portcullis_decision_seconds_bucket{interface=\"web0\",le=\"6.4E-8\"}"));
        assertEquals(1.0, sample("portcullis_decision_seconds_bucket{interface=\"web0\",le=\"9.6E-8\"}"));
        assertEquals(9e-8, sample("portcullis_decision_seconds_sum{interface=\"web0\"}"), 1e-12);
    }

    @Test
    void aScrapeOfManyRulesIsBounded() throws ConfigException {
        String rules = IntStream.rangeClosed(1, MANY_RULES)
                .mapToObj(port -> "      - {protocol: tcp, ports: " + port + ", from: any}\n")
                .collect(Collectors.joining());
        watch(engine(config(TWO_RULES.replace("    egress: []\n", rules + "    egress: []\n"))));
        int all = text(null).length();
        assertEquals(MANY_RULES + 2, samples("portcullis_rule_hits_total{").size());
        meters.ruleHits(1_000);
        int shown = text(null).length();
        assertEquals(1_000, samples("portcullis_rule_hits_total{").size());
        assertEquals(
                1_000, samples("portcullis_rule_last_hit_timestamp_seconds{").size());
        meters.ruleHits(0);
        int none = text(null).length();
        // Two series of about 80 bytes each.
        int most = none + 1_000 * 200;
        assertTrue(
                shown < most && most < all,
                () -> none + " bytes without rules, " + shown + " with 1,000, " + all + " with all");
    }

    @Test
    void handedOverFramesAreShown() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        watch(engine);
        engine.countTakenOver(3, 1);
        assertEquals(3.0, sample("portcullis_frames_handed_over_total{interface=\"web0\"}"));
        assertEquals(1.0, sample("portcullis_frames_not_handed_over_total{interface=\"web0\"}"));
    }

    @Test
    void framesAreShownByDirectionAndVerdict() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        watch(engine);
        decide(engine, Direction.INGRESS, 1000, 53);
        decide(engine, Direction.INGRESS, 1001, 53);
        decide(engine, Direction.INGRESS, 1000, 99);
        decide(engine, Direction.EGRESS, 1000, 99);

        assertEquals(
                Map.of(
                        "portcullis_packets_total{direction=\"ingress\",interface=\"web0\",verdict=\"pass\"}", 2.0,
                        "portcullis_packets_total{direction=\"ingress\",interface=\"web0\",verdict=\"drop\"}", 1.0,
                        "portcullis_packets_total{direction=\"ingress\",interface=\"web0\",verdict=\"would-drop\"}",
                                0.0,
                        "portcullis_packets_total{direction=\"egress\",interface=\"web0\",verdict=\"would-drop\"}", 0.0,
                        "portcullis_packets_total{direction=\"egress\",interface=\"web0\",verdict=\"pass\"}", 0.0,
                        "portcullis_packets_total{direction=\"egress\",interface=\"web0\",verdict=\"drop\"}", 1.0),
                samples("portcullis_packets_total{"));
        assertEquals(
                2.0 * LENGTH,
                sample("portcullis_bytes_total{direction=\"ingress\",interface=\"web0\",verdict=\"pass\"}"));
        assertEquals(
                1.0, sample("portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"no-rule\"}"));
        long[] states = new long[Timeout.values().length];
        states[Timeout.TCP_SYN_SENT.ordinal()] = 3;
        states[Timeout.UDP_STREAM.ordinal()] = 4;
        meters.flowStates("web0", () -> states);
        String byState = "portcullis_flows_by_state{interface=\"web0\",protocol=";
        assertEquals(3.0, sample(byState + "\"tcp\",state=\"tcp-syn-sent\"}"));
        assertEquals(4.0, sample(byState + "\"udp\",state=\"udp-stream\"}"));
        assertEquals(0.0, sample(byState + "\"other\",state=\"other\"}"));
        assertEquals(states.length, samples(byState).size());
        assertEquals(2.0, sample("portcullis_flows{interface=\"web0\"}"));
        assertEquals(2.0, sample("portcullis_flows_created_total{interface=\"web0\"}"));
        assertEquals(
                0.0, sample("portcullis_flows_evicted_total{class=\"unreplied\",interface=\"web0\",state=\"udp\"}"));
        assertEquals(0.0, sample("portcullis_flows_expired_total{interface=\"web0\"}"));
        assertEquals(0.0, sample("portcullis_checksums_finished_total{interface=\"web0\"}"));
    }

    @Test
    void fragmentsAreShownWhileTheyWait() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        watch(engine);
        byte[] frame = Frame.udp("198.51.100.7", 1, "10.0.0.1", 80)
                .payload(100)
                .fragment(80, false)
                .bytes();
        Batch batch = new Batch(MemorySegment.ofArray(frame), true);
        batch.add(0, frame.length);
        engine.decide(batch, Direction.INGRESS, 1);
        assertEquals(1.0, sample("portcullis_fragmented_datagrams{interface=\"web0\"}"));
        assertEquals(1.0, sample("portcullis_fragments_held{interface=\"web0\"}"));
        assertEquals(frame.length, sample("portcullis_fragments_held_bytes{interface=\"web0\"}"));
        engine.expire(TimeUnit.SECONDS.toNanos(31), 8);
        assertNotNull(engine.released(Direction.INGRESS));
        assertEquals(0.0, sample("portcullis_fragmented_datagrams{interface=\"web0\"}"));
        assertEquals(0.0, sample("portcullis_fragments_held{interface=\"web0\"}"));
        assertEquals(0.0, sample("portcullis_fragments_held_bytes{interface=\"web0\"}"));
    }

    @Test
    void everyReasonIsShownFromTheStart() throws ConfigException {
        watch(engine(config(TWO_RULES)));
        Map<String, Double> expected = new TreeMap<>();
        for (Direction direction : Direction.values()) {
            Stream.of(Reason.values())
                    .filter(reason -> reason != Reason.NONE)
                    .forEach(reason -> expected.put(
                            "portcullis_drops_total{direction=\"" + direction.label()
                                    + "\",interface=\"web0\",reason=\"" + reason.label() + "\"}",
                            0.0));
        }
        assertEquals(expected, samples("portcullis_drops_total{"));
    }

    @Test
    void rulesAppearAndVanishWithTheirPolicy() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        watch(engine);
        decide(engine, Direction.INGRESS, 1000, 53);
        assertEquals(
                Map.of(
                        "portcullis_rule_hits_total{interface=\"web0\",rule=\"web/ingress[1]\"}", 1.0,
                        "portcullis_rule_hits_total{interface=\"web0\",rule=\"web/ingress[2]\"}", 0.0),
                samples("portcullis_rule_hits_total"));

        Config other = config(TWO_RULES
                .replace("web:\n", "dns:\n")
                .replace("[web]", "[dns]")
                .replace("      - {protocol: udp, ports: 54, from: any}\n", ""));
        engine.install(Policy.compile(other, "web0", 2, 1_000), 1);
        assertEquals(
                Map.of("portcullis_rule_hits_total{interface=\"web0\",rule=\"dns/ingress[1]\"}", 0.0),
                samples("portcullis_rule_hits_total"));

        meters.ruleHits(0);
        assertEquals(Map.of(), samples("portcullis_rule_hits_total"));
    }

    @Test
    void theRulesWithTheMostHitsAreShown() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        watch(engine);
        decide(engine, Direction.INGRESS, 1000, 54);
        String second = "{interface=\"web0\",rule=\"web/ingress[2]\"}";
        assertEquals(2, samples("portcullis_rule_last_hit_timestamp_seconds{").size());
        assertEquals(
                0.0, sample("portcullis_rule_last_hit_timestamp_seconds{interface=\"web0\",rule=\"web/ingress[1]\"}"));
        // The packet came one second after the boot.
        meters.time(() -> new WallTime(1_700_000_000_000L, 61_000_000_000L));
        assertEquals(1_699_999_940.0, sample("portcullis_rule_last_hit_timestamp_seconds" + second));
        meters.ruleHits(1);
        assertEquals(Map.of("portcullis_rule_hits_total" + second, 1.0), samples("portcullis_rule_hits_total"));
        assertEquals(1, samples("portcullis_rule_last_hit_timestamp_seconds{").size());
        meters.ruleHits(0);
        assertEquals(Map.of(), samples("portcullis_rule_last_hit_timestamp_seconds"));
    }

    @Test
    void entriesOfANetworkAclHaveHits() throws ConfigException {
        String acl =
                "network-acls: {edge: {ingress: [{rule: 110, action: deny, protocol: udp, from: 198.51.100.0/24}]}}\n";
        Engine engine = engine(
                config(acl + TWO_RULES.replace("security-groups: [web]", "network-acl: edge, security-groups: [web]")));
        watch(engine);
        decide(engine, Direction.INGRESS, 1000, 53);
        assertEquals(
                Map.of(
                        "portcullis_acl_hits_total{entry=\"edge/ingress[110]\",interface=\"web0\"}", 1.0,
                        "portcullis_acl_hits_total{entry=\"edge/ingress[*]\",interface=\"web0\"}", 0.0,
                        "portcullis_acl_hits_total{entry=\"edge/egress[*]\",interface=\"web0\"}", 0.0),
                samples("portcullis_acl_hits_total"));
        meters.ruleHits(0);
        assertEquals(Map.of(), samples("portcullis_acl_hits_total"));
    }

    @Test
    void refusedFlowsOfAnAuditAreShown() throws ConfigException {
        Engine engine =
                engine(config(TWO_RULES.replace("security-groups: [web]", "enforce: audit, security-groups: [web]")));
        watch(engine);
        decide(engine, Direction.INGRESS, 1000, 99);
        decide(engine, Direction.INGRESS, 1000, 99);
        String series = "{direction=\"ingress\",interface=\"web0\",reason=\"no-rule\"}";
        assertEquals(1.0, sample("portcullis_would_drop_flows_total" + series));
        assertEquals(2.0, sample("portcullis_would_drops_total" + series));
    }

    @Test
    void interfacesComeAndGo() throws ConfigException {
        Engine engine = engine(config(TWO_RULES));
        watch(engine);
        meters.watch("edge", engine::counters, engine::ruleHits, List.of());
        meters.portCounter("edge", "inside", PortCounter.RING_FULL, () -> 1);
        assertEquals(2, samples("portcullis_flows{").size());
        meters.unwatch("edge");
        assertEquals(Map.of("portcullis_flows{interface=\"web0\"}", 0.0), samples("portcullis_flows{"));
        assertFalse(text(null).contains("\"edge\""));
        meters.unwatch("edge");
        assertEquals(1, samples("portcullis_flows{").size());
    }

    @Test
    void portsAreShownWithTheirLosses() throws ConfigException {
        watch(engine(config(TWO_RULES)));
        long[] count = {0};
        for (PortCounter counter : PortCounter.values()) {
            meters.portCounter("web0", "outside", counter, () -> 100 * count[0] + counter.ordinal());
            meters.portCounter("web0", "inside", counter, () -> 0);
        }
        count[0] = 7;
        String outside = "interface=\"web0\",port=\"outside\"";
        assertEquals(
                700.0 + PortCounter.RECEIVED_FRAMES.ordinal(),
                sample("portcullis_port_frames_total{" + outside + ",way=\"received\"}"));
        assertEquals(
                700.0 + PortCounter.SENT_BYTES.ordinal(),
                sample("portcullis_port_bytes_total{" + outside + ",way=\"sent\"}"));
        assertEquals(
                700.0 + PortCounter.SEND_ERROR_ENOBUFS.ordinal(),
                sample("portcullis_port_lost_frames_total{errno=\"ENOBUFS\"," + outside + ",reason=\"send-error\"}"));
        assertEquals(
                2 * PortCounter.values().length,
                samples("portcullis_port_").size(),
                "every counter of both ports is there once");
        assertThrows(
                IllegalArgumentException.class,
                () -> meters.portCounter("nobody", "outside", PortCounter.RING_FULL, () -> 0));
    }

    @Test
    void theLastReloadIsShown() {
        assertEquals(0.0, sample("portcullis_config_last_reload_successful"));
        meters.reloaded(true, 1_700_000_000L, 0.25);
        assertEquals(1.0, sample("portcullis_config_last_reload_successful"));
        assertEquals(1_700_000_000.0, sample("portcullis_config_last_reload_success_timestamp_seconds"));
        meters.reloaded(false, 1_700_000_060L, 0.5);
        assertEquals(0.0, sample("portcullis_config_last_reload_successful"));
        assertEquals(1_700_000_000.0, sample("portcullis_config_last_reload_success_timestamp_seconds"));
        assertEquals(1.0, sample("portcullis_config_reload_duration_seconds_count{outcome=\"success\"}"));
        assertEquals(0.25, sample("portcullis_config_reload_duration_seconds_sum{outcome=\"success\"}"));
        assertEquals(1.0, sample("portcullis_config_reload_duration_seconds_count{outcome=\"failure\"}"));
    }

    @Test
    void theFilesInForceHaveAHashWhileItIsKnown() {
        assertEquals(Map.of(), samples("portcullis_config_info"));
        meters.change(7, "0123456789abcdef", 0);
        assertEquals(Map.of("portcullis_config_info{hash=\"0123456789ab\"}", 1.0), samples("portcullis_config_info"));
        meters.change(8, "fedcba9876543210", 0);
        assertEquals(Map.of("portcullis_config_info{hash=\"fedcba987654\"}", 1.0), samples("portcullis_config_info"));
        meters.change(0, "", 0);
        assertEquals(Map.of(), samples("portcullis_config_info"));
    }

    @Test
    void groupsWithoutMembersAreCounted() throws ConfigException {
        String groups = TWO_RULES
                        .replace("53, from: any}", "53, from: {group: empty}}")
                        .replace("54, from: any}", "54, from: [{group: office}, {group: empty}]}")
                + "  empty: {}\n  unused: {}\n  office: {members: [198.51.100.0/24]}\n";
        assertEquals(Set.of("empty"), config(groups).groupsWithoutMembers());
        assertEquals(0.0, sample("portcullis_groups_without_members"));
        meters.groupsWithoutMembers(3);
        assertEquals(3.0, sample("portcullis_groups_without_members"));
    }

    @Test
    void theProgramAndItsJvmAreShown() {
        assertEquals(1.0, sample("portcullis_build_info{version=\"1.2.3\"}"));
        assertTrue(sample("process_start_time_seconds") > 1_700_000_000.0);
        String all = text(null);
        for (String name :
                List.of("jvm_memory_used_bytes{", "jvm_threads_live_threads ", "jvm_gc_live_data_size_bytes ")) {
            assertTrue(all.contains("\n" + name), () -> name + " is not in\n" + all);
        }
    }

    @Test
    void aDegradedPartHasACause() {
        for (String cause : List.of("config", "edits", "flows", "notes", "history", "metrics", "control")) {
            String sample = "\nportcullis_degraded{cause=\"" + cause + "\"} ";
            assertTrue(text(null).contains(sample + "0"), text(null));
            meters.degraded(cause, true);
            assertTrue(text(null).contains(sample + "1"), text(null));
            meters.degraded(cause, false);
            assertTrue(text(null).contains(sample + "0"), text(null));
        }
        assertThrows(IllegalArgumentException.class, () -> meters.degraded("weather", true));
    }

    @Test
    void defectsAndLostLinesAreCounted() {
        assertTrue(text(null).contains("\nportcullis_defects_total 0.0\n"), text(null));
        assertTrue(text(null).contains("\nportcullis_log_lines_lost_total 0.0\n"), text(null));
        defects.set(3);
        lost.set(70);
        assertTrue(text(null).contains("\nportcullis_defects_total 3.0\n"), text(null));
        assertTrue(text(null).contains("\nportcullis_log_lines_lost_total 70.0\n"), text(null));
    }

    @Test
    void theFormatIsTheOneAskedFor() throws ConfigException {
        watch(engine(config(TWO_RULES)));
        for (String accept : new String[] {"", "*/*", "text/html,application/xhtml+xml", "text/plain;version=0.0.4"}) {
            assertEquals(
                    "text/plain; version=0.0.4; charset=utf-8",
                    meters.scrape(Scrape.Format.of(accept)).contentType());
        }
        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8",
                meters.scrape(Scrape.Format.of(null)).contentType());
        assertFalse(text(null).contains("# EOF"));
        assertTrue(text(null).contains("# TYPE portcullis_packets_total counter\n"));

        // The header of Prometheus 3.
        String prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,/;q=0.1";
        assertEquals(
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                meters.scrape(Scrape.Format.of(prometheus)).contentType());
        assertTrue(text(prometheus).endsWith("# EOF\n"));
        assertTrue(text(prometheus).contains("# TYPE portcullis_packets counter\n"));
    }

    @Test
    void aHundredThousandRulesAreScrapedWhole() throws ConfigException {
        int rules = 100_000;
        Config small = config(TWO_RULES);
        SecurityGroup web = Objects.requireNonNull(small.securityGroups().get("web"));
        List<Rule> many = new ArrayList<>(rules);
        for (int i = 0; i < rules; i++) {
            many.add(new Rule(
                    17,
                    List.of(new PortRange(i % 65_536, i % 65_536)),
                    Rule.ALL,
                    Rule.ALL,
                    List.of(new Peer.Net(Cidr.ALL_V4)),
                    "",
                    web.location()));
        }
        Map<String, SecurityGroup> groups = new LinkedHashMap<>(small.securityGroups());
        groups.put(
                "web",
                new SecurityGroup("web", "", many, web.egress(), web.members(), null, web.log(), web.location()));
        Engine engine = engine(new Config(
                small.interfaces(),
                groups,
                small.prefixLists(),
                small.networkAcls(),
                small.failsafe(),
                small.expectations(),
                small.conntrack(),
                small.metrics(),
                small.control(),
                small.history(),
                small.ec2Api(),
                small.log(),
                small.mark(),
                small.warnings()));
        watch(engine);
        assertEquals(rules, samples("portcullis_rule_hits_total").size());
    }
}
