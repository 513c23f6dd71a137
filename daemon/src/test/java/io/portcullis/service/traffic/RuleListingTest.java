package io.portcullis.service.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.hits.HitPart;
import io.portcullis.hits.HitTable;
import io.portcullis.hits.RuleHits;
import io.portcullis.hits.WallTime;
import io.portcullis.operations.traffic.RulesReport;
import io.portcullis.operations.traffic.RulesRequest;
import io.portcullis.policy.Policy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules of two interfaces that share a group, at one day of 2026. */
final class RuleListingTest {
    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
    private static final long NOW_NS = Duration.ofDays(1_000).toNanos();
    private static final WallTime TIME = new WallTime(NOW.toEpochMilli(), NOW_NS);
    private static final String CONFIG = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web, admin], network-acl: edge}
              web1: {mode: bridge, outside: out1, inside: in1, security-groups: [web]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: [80, 443], from: any, description: https}
                  - {protocol: udp, ports: 53, from: 10.0.0.0/8}
                egress: []
              admin:
                ingress: [{protocol: tcp, ports: 22, from: 10.0.0.0/8}]
            network-acls:
              edge:
                ingress: [{rule: 110, action: deny, protocol: udp, from: 198.51.100.0/24, description: noise}]
            """;

    private Config config;
    private RuleHits first;
    private RuleHits second;

    @BeforeEach
    void count() throws ConfigException {
        config = ConfigReader.parse(CONFIG, "main.yaml");
        first = hits("web0", Duration.ofDays(100));
        second = hits("web1", Duration.ofDays(95));
    }

    private Policy policy(String name) {
        return Policy.compile(config, name, 1, 1_000);
    }

    private RuleHits hits(String name, Duration counted) {
        HitTable table = new HitTable(
                new HitPart.Owner(name, new UUID(1, 2)),
                1,
                List.of(),
                (_, bytes) -> HitTable.memory(bytes),
                () -> NOW_NS - counted.toNanos());
        return new RuleHits(table.prepare(policy(name)), 0);
    }

    private static void hit(RuleHits hits, int rule, int times, Duration ago) {
        for (int i = 0; i < times; i++) {
            hits.count(rule, NOW_NS - ago.toNanos());
        }
    }

    private RulesReport report(String group, String interfaceName, Duration unused, String sort, int limit) {
        return RuleListing.report(
                List.of(InterfaceRules.guarded("web0", first.slots()), InterfaceRules.guarded("web1", second.slots())),
                new RulesRequest(group, interfaceName, unused.toMillis(), RulesRequest.Order.of(sort), limit),
                TIME);
    }

    private static List<String> ids(RulesReport report) {
        return report.rules().stream().map(RulesReport.RuleView::id).toList();
    }

    private static RulesReport.RuleView rule(RulesReport report, String id) {
        return report.rules().stream()
                .filter(rule -> rule.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aRuleOnTwoInterfacesHasTheSum() {
        hit(first, 0, 3, Duration.ofDays(2));
        hit(second, 0, 4, Duration.ofHours(1));
        RulesReport.RuleView rule = rule(report("", "", Duration.ZERO, "file", 100), "web/ingress[1]");
        assertEquals(7, rule.hits());
        assertEquals("2026-11-30T11:00:00Z", rule.lastHit());
        assertEquals(Duration.ofHours(1).toMillis(), rule.lastHitAgoMs());
        assertEquals("2026-08-27T12:00:00Z", rule.since(), "from when on both are counted");
        assertEquals("tcp 80, 443 from any", rule.text());
        assertEquals("https", rule.description());
        assertTrue(rule.place().startsWith("main.yaml:8:"), rule.place());
        assertEquals("ingress", rule.direction());
        assertEquals("web", rule.group());
        assertEquals(
                List.of(
                        new RulesReport.InterfaceHits("web0", 3L, "2026-11-28T12:00:00Z", "2026-08-22T12:00:00Z"),
                        new RulesReport.InterfaceHits("web1", 4L, "2026-11-30T11:00:00Z", "2026-08-27T12:00:00Z")),
                rule.interfaces());
        assertEquals(
                3,
                rule(report("", "web0", Duration.ZERO, "file", 100), "web/ingress[1]")
                        .hits());
    }

    @Test
    void allRulesAndEntriesAreListedInTheOrderOfTheFile() {
        RulesReport report = report("", "", Duration.ZERO, "file", 100);
        assertEquals(
                List.of(
                        "web/ingress[1]",
                        "web/ingress[2]",
                        "admin/ingress[1]",
                        "admin/egress[implied]",
                        "edge/ingress[110]",
                        "edge/ingress[*]",
                        "edge/egress[*]"),
                ids(report));
        RulesReport.RuleView entry = rule(report, "edge/ingress[110]");
        assertEquals("acl", entry.kind());
        assertEquals("deny udp from 198.51.100.0/24", entry.text());
        assertEquals("noise", entry.description());
        assertEquals("deny everything else", rule(report, "edge/ingress[*]").text());
        assertEquals("all to any", rule(report, "admin/egress[implied]").text());
        assertEquals(0, entry.hits());
        assertEquals("", entry.lastHit());
        assertNull(entry.lastHitAgoMs());
    }

    @Test
    void rulesAreSorted() {
        hit(first, 0, 3, Duration.ofDays(2));
        hit(first, 1, 9, Duration.ofDays(3));
        hit(first, 2, 1, Duration.ofDays(1));
        assertEquals(
                List.of("web/ingress[2]", "web/ingress[1]", "admin/ingress[1]"),
                ids(report("", "", Duration.ZERO, "hits", 3)));
        assertEquals(
                List.of("admin/ingress[1]", "web/ingress[1]", "web/ingress[2]"),
                ids(report("", "", Duration.ZERO, "last", 3)));
        assertEquals(
                List.of("admin/egress[implied]", "admin/ingress[1]"),
                ids(report("admin", "", Duration.ZERO, "name", 100)));
    }

    @Test
    void aLimitLeavesTheTotal() {
        RulesReport report = report("", "", Duration.ZERO, "file", 2);
        assertEquals(2, report.rules().size());
        assertEquals(7, report.total());
    }

    @Test
    void unusedRulesAreProvedWhereTheyAreCountedForSoLong() {
        hit(first, 0, 3, Duration.ofDays(92));
        hit(second, 1, 1, Duration.ofDays(89));
        RulesReport report = report("web", "", Duration.ofDays(90), "file", 100);
        assertEquals(List.of("web/ingress[1]"), ids(report));
        assertEquals("yes", report.rules().getFirst().unused());
        RulesReport longer = report("web", "", Duration.ofDays(97), "file", 100);
        assertEquals(List.of(), ids(longer));
        RulesReport admin = report("admin", "", Duration.ofDays(101), "file", 100);
        assertEquals("not-proved", rule(admin, "admin/ingress[1]").unused(), "counted for 100 days only");
        assertEquals(
                "yes",
                rule(report("admin", "", Duration.ofDays(99), "file", 100), "admin/ingress[1]")
                        .unused());
    }

    @Test
    void hitsThatCannotBeReadAreUnknown() {
        hit(first, 0, 3, Duration.ofDays(2));
        hit(first, 2, 5, Duration.ofDays(2));
        List<InterfaceRules> interfaces = List.of(
                InterfaceRules.guarded("web0", first.slots()), new InterfaceRules("web1", policy("web1"), null));
        RulesReport report =
                RuleListing.report(interfaces, new RulesRequest("", "", 1, RulesRequest.Order.HITS, 100), TIME);
        RulesReport.RuleView rule = rule(report, "web/ingress[1]");
        assertNull(rule.hits());
        assertEquals("", rule.since());
        assertEquals("unknown", rule.unused());
        assertEquals(3L, rule.interfaces().getFirst().hits());
        assertNull(rule.interfaces().getLast().hits());
        assertEquals("admin/ingress[1]", ids(report).getFirst(), "unknown ones come last");
    }

    @Test
    void whatDoesNotExistIsRefusedWithWhatDoes() {
        String group = assertThrows(
                        IllegalArgumentException.class, () -> report("nobody", "", Duration.ZERO, "file", 1))
                .getMessage();
        assertEquals("no rule in force is of a group or network ACL nobody: there is admin, edge, web", group);
        String name = assertThrows(IllegalArgumentException.class, () -> report("", "eth9", Duration.ZERO, "file", 1))
                .getMessage();
        assertEquals("no interface eth9 is in the configuration: there is web0, web1", name);
    }

    @Test
    void aRequestIsReadAsItIsWritten() {
        RulesRequest request = new RulesRequest("web", "web0", 5_000, RulesRequest.Order.LAST, 7);
        assertEquals(request, RulesRequest.of(request.query()));
        assertThrows(IllegalArgumentException.class, () -> new RulesRequest("", "", 0, RulesRequest.Order.FILE, 0));
        assertThrows(
                IllegalArgumentException.class, () -> new RulesRequest("", "", 0, RulesRequest.Order.FILE, 10_001));
        assertThrows(IllegalArgumentException.class, () -> RulesRequest.Order.of("size"));
        assertThrows(
                IllegalArgumentException.class,
                () -> new RulesRequest("", "", Long.MAX_VALUE, RulesRequest.Order.FILE, 1));
    }
}
