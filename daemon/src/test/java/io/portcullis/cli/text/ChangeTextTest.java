package io.portcullis.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.HistoryReport;
import io.portcullis.operations.SessionView;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Plans and the table of changes, as an operator sees them. */
final class ChangeTextTest {
    private static ChangeView change(long number, String user, String note, String outcome, List<String> admits) {
        return new ChangeView(
                number,
                "2026-11-29T20:00:00.123Z",
                new ChangeView.By(0, 1000, user, "apply", 4711),
                note,
                "/etc/p/main.yaml",
                "",
                List.of(),
                number - 1,
                outcome,
                outcome.equals(ChangeView.REFUSED) ? "main.yaml:1:1: no" : "",
                admits,
                List.of(),
                List.of(),
                true);
    }

    private static ChangeReport report(
            ChangeView change,
            List<String> writes,
            ChangeReport.@Nullable Flows flows,
            @Nullable SessionView session,
            String until,
            List<String> errors) {
        return new ChangeReport(
                errors.isEmpty(),
                true,
                false,
                change,
                writes,
                writes.isEmpty() ? List.of() : List.of("/etc/p/old.yaml"),
                List.of(),
                flows,
                List.of("web0 ingress tcp 22 from any: deny"),
                session,
                until,
                12,
                errors,
                List.of());
    }

    private static SessionView session(boolean admitted, ExplainReport.@Nullable RuleView rule) {
        return new SessionView(
                "web0",
                "198.51.100.7",
                40_000,
                "10.0.0.1",
                22,
                admitted,
                rule,
                admitted ? "failsafe" : "no rule",
                admitted ? "" : "add a rule");
    }

    @Test
    void thePlanSaysAll() {
        ChangeReport plan = report(
                change(
                        42,
                        "alice",
                        "why\u001b[2J\nchange @43",
                        ChangeView.BEGUN,
                        List.of("web0: tcp 22\u0007 from any")),
                List.of("/etc/p/main.yaml"),
                new ChangeReport.Flows(5, 2, 1, List.of("tcp a > b")),
                session(true, new ExplainReport.RuleView("web/ingress[1]", "main.yaml:7:9", "")),
                "",
                List.of());
        assertEquals("""
                change @42 by alice (uid 0, login uid 1000) by apply, on @41: why\\x1b[2J\\nchange @43
                  writes /etc/p/main.yaml
                  removes /etc/p/old.yaml (it stays in the history)
                  + becomes allowed: web0: tcp 22\\x07 from any
                  tracked flows: 5; 1 end at their next packet, 2 would be refused if they were opened anew:
                    tcp a > b
                  holds: web0 ingress tcp 22 from any: deny
                  your ssh session from 198.51.100.7 to port 22 (web0) is admitted anew: web/ingress[1] at main.yaml:7:9""", String.join("\n", ChangeText.plan(plan)));
    }

    @Test
    void thePlanOfNothingSaysSo() {
        ChangeReport plan = report(
                change(1, "", "", ChangeView.BEGUN, List.of()),
                List.of(),
                new ChangeReport.Flows(5, 0, 0, List.of()),
                session(false, null),
                "",
                List.of());
        assertEquals("""
                change @1 by somebody (uid 0, login uid 1000) by apply
                  the files on the disk are these already
                  the same traffic passes
                  tracked flows: 5, all would be admitted anew
                  holds: web0 ingress tcp 22 from any: deny
                  your ssh session from 198.51.100.7 to port 22 (web0) would be REFUSED anew: no rule: add a rule""", String.join("\n", ChangeText.plan(plan)));
        assertEquals(
                "  your ssh session from 198.51.100.7 to port 22 (web0) is admitted anew: failsafe",
                ChangeText.plan(report(plan.change(), List.of(), null, session(true, null), "", List.of("no")))
                        .getLast());
    }

    @Test
    void manyLinesAreCut() {
        List<String> many = IntStream.range(0, 45).mapToObj(i -> "line " + i).toList();
        List<String> lines = ChangeText.difference(change(2, "", "", ChangeView.BEGUN, many), List.of());
        assertEquals(41, lines.size());
        assertEquals("  + becomes allowed: line 39", lines.get(39));
        assertEquals("  + becomes allowed: and 5 more lines (--json has all)", lines.getLast());
    }

    @Test
    void theOutcomeNamesItsDeadline() {
        ChangeView change = change(42, "", "", ChangeView.APPLIED, List.of());
        assertEquals(
                "@42 is in force (12 ms)", ChangeText.outcome(report(change, List.of(), null, null, "", List.of())));
        assertEquals(
                "@42 is in force (12 ms) until 2026-11-29T20:01:00Z: 'portcullis confirm' keeps it, else @41 comes back",
                ChangeText.outcome(report(change, List.of(), null, null, "2026-11-29T20:01:00Z", List.of())));
    }

    @Test
    void theTableHasOneLineForEachChange() {
        ChangeView odd = new ChangeView(
                7,
                "",
                new ChangeView.By(-1, -1, "", "edit", 0),
                "",
                "",
                "",
                List.of(),
                0,
                "postponed",
                "",
                List.of(),
                List.of(),
                List.of(),
                true);
        HistoryReport report = new HistoryReport(
                42,
                43,
                "20:01:00",
                List.of(
                        change(43, "bob", "two\nlines\u001b[31m", ChangeView.APPLIED, List.of("a", "b")),
                        change(42, "alice", "", ChangeView.CONFIRMED, List.of()),
                        change(8, "", "", ChangeView.REFUSED, List.of()),
                        odd));
        assertEquals("""
                   CHANGE  TIME                  USER   VIA    OUTCOME               +  -  NOTE
                   @43     2026-11-29T20:00:00Z  bob    apply  waits until 20:01:00  2  0  two lines\\x1b[31m
                *  @42     2026-11-29T20:00:00Z  alice  apply  confirmed             0  0
                   @8      2026-11-29T20:00:00Z  uid 0  apply  refused               0  0  main.yaml:1:1: no
                   @7                            ?      edit   postponed             0  0""", String.join("\n", ChangeText.history(report)));
        assertEquals(
                1, ChangeText.history(new HistoryReport(0, 0, "", List.of())).size());
    }

    @Test
    void aChangeThatWasNotComparedSaysSo() {
        ChangeView plain = change(7, "", "", ChangeView.APPLIED, List.of());
        ChangeView large = new ChangeView(
                plain.change(),
                plain.at(),
                plain.actor(),
                plain.note(),
                plain.configuration(),
                plain.sha256(),
                plain.files(),
                plain.base(),
                plain.outcome(),
                plain.reason(),
                List.of(),
                List.of(),
                List.of("too large to be compared"),
                false);
        assertEquals(List.of("  too large to be compared"), ChangeText.difference(large, large.notes()));
        String row =
                ChangeText.history(new HistoryReport(7, 0, "", List.of(large))).getLast();
        assertTrue(row.matches(".*applied +\\? +\\?.*"), row);
        ChangeView audited = new ChangeView(
                plain.change(),
                plain.at(),
                plain.actor(),
                plain.note(),
                plain.configuration(),
                plain.sha256(),
                plain.files(),
                plain.base(),
                plain.outcome(),
                plain.reason(),
                List.of(),
                List.of(),
                List.of("web0: enforce is audit now"),
                true);
        String other = ChangeText.history(new HistoryReport(7, 0, "", List.of(audited)))
                .getLast();
        assertTrue(other.matches(".*applied +0 +0.*"), other);
    }
}
