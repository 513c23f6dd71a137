package io.portcullis.cli.text;

import io.portcullis.net.Visible;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.HistoryReport;
import io.portcullis.operations.SessionView;
import java.util.ArrayList;
import java.util.List;

/** Changes as text: what one would do, what it did, and the list of all. */
public final class ChangeText {
    private static final int MOST_LINES = 40;

    /** Characters of a note in the table: {@code show} has all. */
    private static final int LONGEST_NOTE = 40;

    private ChangeText() {}

    /** What a change would do, before it is made. */
    public static List<String> plan(ChangeReport report) {
        List<String> lines = new ArrayList<>();
        ChangeView change = report.change();
        lines.add("change @" + change.change() + " by " + change.actor()
                + (change.base() == 0 ? "" : ", on @" + change.base())
                + (change.note().isEmpty() ? "" : ": " + Visible.text(change.note())));
        report.writes().forEach(file -> lines.add("  writes " + file));
        report.removes().forEach(file -> lines.add("  removes " + file + " (it stays in the history)"));
        if (report.writes().isEmpty()
                && report.removes().isEmpty()
                && report.errors().isEmpty()) {
            lines.add("  the files on the disk are these already");
        }
        lines.addAll(difference(change, report.notes()));
        ChangeReport.Flows flows = report.flows();
        if (flows != null) {
            lines.addAll(flows(flows));
        }
        limited(report.claims(), "  holds: ", lines);
        SessionView session = report.session();
        if (session != null) {
            lines.add("  " + text(session));
        }
        return lines;
    }

    /** The traffic that a change allows and denies. */
    public static List<String> difference(ChangeView change, List<String> notes) {
        List<String> lines = new ArrayList<>();
        limited(notes, "  ", lines);
        limited(change.admits(), "  + becomes allowed: ", lines);
        limited(change.denies(), "  - becomes denied:  ", lines);
        if (lines.isEmpty()) {
            lines.add("  the same traffic passes");
        }
        return lines;
    }

    private static List<String> flows(ChangeReport.Flows flows) {
        List<String> lines = new ArrayList<>();
        if (flows.refused() == 0 && flows.cut() == 0) {
            lines.add("  tracked flows: " + flows.tracked() + ", all would be admitted anew");
            return lines;
        }
        lines.add("  tracked flows: " + flows.tracked() + "; " + flows.cut() + " end at their next packet, "
                + flows.refused() + " would be refused if they were opened anew:");
        flows.examples().forEach(flow -> lines.add("    " + flow));
        return lines;
    }

    private static String text(SessionView session) {
        String name = "your ssh session from " + session.peer() + " to port " + session.localPort() + " ("
                + session.interfaceName() + ")";
        if (!session.admitted()) {
            return name + " would be REFUSED anew: " + session.why()
                    + (session.advice().isEmpty() ? "" : ": " + session.advice());
        }
        return name + " is admitted anew: "
                + (session.rule() == null
                        ? session.why()
                        : session.rule().id() + " at " + session.rule().place());
    }

    private static void limited(List<String> all, String prefix, List<String> into) {
        all.stream().limit(MOST_LINES).forEach(line -> into.add(prefix + Visible.text(line)));
        if (all.size() > MOST_LINES) {
            into.add(prefix + "and " + (all.size() - MOST_LINES) + " more lines (--json has all)");
        }
    }

    /** What a change did. */
    public static String outcome(ChangeReport report) {
        long number = report.change().change();
        return report.confirmUntil().isEmpty()
                ? "@" + number + " is in force (" + report.millis() + " ms)"
                : "@" + number + " is in force (" + report.millis() + " ms) until " + report.confirmUntil()
                        + ": 'portcullis confirm' keeps it, else @"
                        + report.change().base() + " comes back";
    }

    /** A table of the last changes. */
    public static List<String> history(HistoryReport report) {
        Table table = new Table("", "CHANGE", "TIME", "USER", "VIA", "OUTCOME", "+", "-", "NOTE").numbers(6, 7);
        for (ChangeView change : report.changes()) {
            boolean inForce = change.change() == report.inForce();
            boolean waits = change.change() == report.pending();
            table.row(
                    inForce ? "*" : "",
                    "@" + change.change(),
                    change.at().replaceFirst("\\.[0-9]+Z$", "Z"),
                    user(change.actor()),
                    change.actor().via(),
                    waits ? "waits until " + report.confirmUntil() : change.outcome(),
                    change.compared() ? Integer.toString(change.admits().size()) : "?",
                    change.compared() ? Integer.toString(change.denies().size()) : "?",
                    shortened(change.note().isEmpty() ? change.reason() : change.note()));
        }
        return table.lines();
    }

    private static String shortened(String note) {
        String line = note.replace('\n', ' ');
        return line.codePointCount(0, line.length()) <= LONGEST_NOTE
                ? line
                : line.substring(0, line.offsetByCodePoints(0, LONGEST_NOTE - 1)) + "\u2026";
    }

    private static String user(ChangeView.By actor) {
        return actor.user().isEmpty() ? (actor.uid() < 0 ? "?" : "uid " + actor.uid()) : actor.user();
    }
}
