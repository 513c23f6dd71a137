package io.portcullis.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.operations.traffic.RulesReport;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The table of {@code portcullis rules}. */
final class RulesTextTest {
    private static final int WIDE = 200;

    private static RulesReport.RuleView rule(
            String id, @Nullable Long hits, @Nullable Long agoMs, String unused, String description) {
        return new RulesReport.RuleView(
                "web",
                "ingress",
                id,
                "rule",
                hits,
                agoMs == null ? "" : "2026-11-30T11:00:00Z",
                agoMs,
                hits == null ? "" : "2026-11-01T08:15:30Z",
                unused,
                "tcp 443 from any",
                description,
                "main.yaml:8:9",
                List.of());
    }

    private static RulesReport report(int total, long unusedMs, RulesReport.RuleView... rules) {
        return new RulesReport("2026-11-30T12:00:00Z", total, unusedMs, List.of(rules));
    }

    @Test
    void aTableOfHits() {
        assertEquals(
                List.of(
                        "NAME                 HITS  LAST HIT  COUNTED SINCE      RULE",
                        "web/ingress[1]  1,234,567  59s ago   2026-11-01 08:15Z  tcp 443 from any  \"https\"  main.yaml:8:9",
                        "web/ingress[2]          0  never     2026-11-01 08:15Z  tcp 443 from any  main.yaml:8:9",
                        "web/ingress[3]          5  92d ago   2026-11-01 08:15Z  tcp 443 from any  main.yaml:8:9"),
                RulesText.table(
                        report(
                                3,
                                0,
                                rule("web/ingress[1]", 1_234_567L, 59_999L, "", "https"),
                                rule("web/ingress[2]", 0L, null, "", ""),
                                rule("web/ingress[3]", 5L, Duration.ofDays(92).toMillis(), "", "")),
                        WIDE));
    }

    @Test
    void whatIsNotKnownOrNotProvedIsSaid() {
        List<String> lines = RulesText.table(
                report(
                        9,
                        Duration.ofDays(90).toMillis(),
                        rule("web/ingress[1]", null, null, "unknown", ""),
                        rule("web/ingress[2]", 0L, null, "not-proved", "")),
                WIDE);
        assertEquals(
                List.of(
                        "NAME               HITS  LAST HIT  COUNTED SINCE      UNUSED      RULE",
                        "web/ingress[1]  unknown  unknown   unknown            unknown     tcp 443 from any  main.yaml:8:9",
                        "web/ingress[2]        0  never     2026-11-01 08:15Z  not proved  tcp 443 from any  main.yaml:8:9",
                        "2 of 9 rules; --limit shows more",
                        "not proved: counted for less than 90d, so a hit before COUNTED SINCE is possible",
                        "unknown: an interface with the rule is not guarded now (portcullis status)"),
                lines);
    }

    @Test
    void aLineFitsTheTerminal() {
        List<String> lines = RulesText.table(report(1, 0, rule("web/ingress[1]", 7L, 1L, "", "x".repeat(300))), 80);
        assertEquals(2, lines.size());
        assertTrue(lines.stream().allMatch(line -> line.length() <= 80), lines.toString());
        assertTrue(lines.getLast().endsWith("…"), lines.getLast());
    }

    @Test
    void aDescriptionCannotChangeTheTerminal() {
        String line = RulesText.table(report(1, 0, rule("web/ingress[1]", 7L, 1L, "", "a\u001b[31mb")), WIDE)
                .getLast();
        assertTrue(line.chars().noneMatch(Character::isISOControl), line);
    }

    @Test
    void noRuleIsASentence() {
        assertEquals(List.of("no rule is in force"), RulesText.table(report(0, 0), WIDE));
        assertEquals(
                List.of("every rule had a hit in the last 90d"),
                RulesText.table(report(0, Duration.ofDays(90).toMillis()), WIDE));
    }
}
