package io.portcullis.cli.text;

import io.portcullis.net.Visible;
import io.portcullis.operations.traffic.RulesReport;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Rules and their hits as a table. */
public final class RulesText {
    private static final String UNKNOWN = "unknown";
    private static final String NOT_PROVED = "not-proved";

    private RulesText() {}

    /**
     * A table, with what it leaves out below.
     *
     * @param width of a line at the most, in characters
     */
    public static List<String> table(RulesReport report, int width) {
        boolean unused = report.unusedMs() > 0;
        List<String> titles = new ArrayList<>(List.of("NAME", "HITS", "LAST HIT", "COUNTED SINCE"));
        if (unused) {
            titles.add("UNUSED");
        }
        titles.add("RULE");
        Table table = new Table(titles.toArray(String[]::new)).numbers(1);
        for (RulesReport.RuleView rule : report.rules()) {
            List<String> cells = new ArrayList<>(List.of(rule.id(), hits(rule), last(rule), since(rule.since())));
            if (unused) {
                cells.add(rule.unused().replace('-', ' '));
            }
            cells.add(text(rule));
            table.row(cells.toArray(String[]::new));
        }
        List<String> lines = new ArrayList<>(
                report.rules().isEmpty()
                        ? List.of(
                                unused
                                        ? "every rule had a hit in the last " + Quantity.time(report.unusedMs())
                                        : "no rule is in force")
                        : table.lines(width));
        lines.addAll(notes(report));
        return lines;
    }

    private static List<String> notes(RulesReport report) {
        List<String> notes = new ArrayList<>();
        if (report.total() > report.rules().size()) {
            notes.add(String.format(
                    "%,d of %,d rules; --limit shows more", report.rules().size(), report.total()));
        }
        if (report.rules().stream().anyMatch(rule -> rule.unused().equals(NOT_PROVED))) {
            notes.add("not proved: counted for less than " + Quantity.time(report.unusedMs())
                    + ", so a hit before COUNTED SINCE is possible");
        }
        if (report.rules().stream().anyMatch(rule -> rule.hits() == null)) {
            notes.add("unknown: an interface with the rule is not guarded now (portcullis status)");
        }
        return notes;
    }

    private static String hits(RulesReport.RuleView rule) {
        Long hits = rule.hits();
        return hits == null ? UNKNOWN : String.format("%,d", hits);
    }

    private static String last(RulesReport.RuleView rule) {
        Long ago = rule.lastHitAgoMs();
        return rule.hits() == null ? UNKNOWN : ago == null ? "never" : Quantity.time(ago) + " ago";
    }

    /** {@code 2026-11-30 08:12Z}. */
    private static String since(String time) {
        return time.isEmpty() ? UNKNOWN : time.replace('T', ' ').replaceFirst(":[0-9]{2}Z$", "Z");
    }

    private static String text(RulesReport.RuleView rule) {
        return Stream.of(
                        rule.text(),
                        rule.description().isEmpty() ? "" : "\"" + Visible.text(rule.description()) + "\"",
                        rule.place())
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("  "));
    }
}
