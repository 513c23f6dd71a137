package io.portcullis.cli.replay;

import io.portcullis.cli.text.Table;
import io.portcullis.engine.Reason;
import io.portcullis.policy.CompiledRule;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.Locale;

/** A replay for people. */
final class TextReport implements ReplayRun.Report {
    private static final int MOST_DIFFERENCES = 40;
    private static final long NS_PER_SECOND = 1_000_000_000L;
    private static final String LINE = "%8s  %-30s  %-9s  %-10s  %-16s  %s%n";

    private final PrintWriter out;
    private final Causes causes;
    private final boolean lists;
    private boolean started;

    TextReport(PrintWriter out, Causes causes, boolean lists) {
        this.out = out;
        this.causes = causes;
        this.lists = lists;
    }

    @Override
    public void take(JudgedFrame judged) {
        if (!lists) {
            return;
        }
        if (!started) {
            started = true;
            out.printf(Locale.ROOT, LINE, "FRAME", "TIME", "DIRECTION", "VERDICT", "REASON", "PACKET");
        }
        String rule = causes.rule(judged);
        String nearest = causes.nearest(judged);
        out.printf(
                Locale.ROOT,
                LINE,
                judged.number(),
                time(judged.epochNs()),
                judged.direction() == null ? "" : judged.direction().label(),
                judged.verdict().label(),
                reason(judged.reason()),
                judged.subject().get().text()
                        + (rule.isEmpty() ? "" : "  " + rule)
                        + (nearest.isEmpty() ? "" : "  nearest: " + nearest));
    }

    /** {@code 2026-01-31T09:30:00.000000001Z}. */
    static String time(long epochNs) {
        Instant second = Instant.ofEpochSecond(epochNs / NS_PER_SECOND);
        return String.format(Locale.ROOT, "%s.%09dZ", second.toString().replace("Z", ""), epochNs % NS_PER_SECOND);
    }

    private static String reason(Reason reason) {
        return reason == Reason.NONE ? "" : reason.label();
    }

    @Override
    public void end(Outcome outcome) {
        Counts counts = outcome.counts();
        if (started) {
            out.println();
        }
        out.printf(
                Locale.ROOT,
                "%s: %s%s%n",
                outcome.capture(),
                frames(counts.total()),
                counts.total() == 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                " in %,.3f s from %s",
                                (double) counts.durationNs() / NS_PER_SECOND,
                                time(counts.firstNs())));
        out.println(outcome.interfaceName() + ": " + outcome.local());
        printCounts(counts);
        printRules(outcome);
        if (outcome.written() != null) {
            long dropped = counts.frames(Verdict.DROP) + counts.frames(Verdict.WOULD_DROP);
            out.printf(Locale.ROOT, "%n%s in %s%n", frames(dropped), outcome.written());
        }
        if (!outcome.notes().isEmpty()) {
            out.println();
            outcome.notes().forEach(note -> out.println("note: " + note));
        }
        if (outcome.expected() != null) {
            printDifferences(outcome.expected(), counts);
        }
        out.flush();
    }

    private void printCounts(Counts counts) {
        Table table = new Table("DIRECTION", "VERDICT", "REASON", "FRAMES", "BYTES").numbers(3, 4);
        for (Counts.Count count : counts.all()) {
            table.row(
                    count.direction() == null ? "" : count.direction().label(),
                    count.verdict().label(),
                    reason(count.reason()),
                    number(count.frames()),
                    number(count.bytes()));
        }
        if (counts.total() > 0) {
            out.println();
            table.lines().forEach(out::println);
        }
    }

    private void printRules(Outcome outcome) {
        Table table = new Table("RULE", "ADMITTED", "PLACE", "DESCRIPTION").numbers(1);
        boolean any = false;
        for (int i = 0; i < outcome.policy().ruleCount(); i++) {
            long admitted = outcome.counts().admitted(i);
            if (admitted > 0) {
                CompiledRule rule = outcome.policy().rule(i);
                table.row(
                        rule.id(),
                        number(admitted),
                        rule.location() == null ? "" : rule.location().toString(),
                        rule.description());
                any = true;
            }
        }
        if (any) {
            out.println();
            table.lines().forEach(out::println);
        }
    }

    private void printDifferences(ExpectedVerdicts expected, Counts counts) {
        out.println();
        if (expected.different() == 0) {
            out.printf(Locale.ROOT, "%s: all %,d verdicts are as expected%n", expected.file(), expected.named());
        } else {
            out.printf(
                    Locale.ROOT,
                    "%s: %,d of %,d verdicts differ:%n",
                    expected.file(),
                    expected.different(),
                    expected.named());
        }
        expected.differences().stream()
                .limit(MOST_DIFFERENCES)
                .forEach(each -> out.println("  frame " + each.number() + ": expected " + each.expected() + ", "
                        + (each.actual().isEmpty()
                                ? "but the capture has no such frame"
                                : "got " + each.actual() + ": " + each.packet())));
        if (expected.different() > MOST_DIFFERENCES) {
            out.printf(Locale.ROOT, "  and %,d more%n", expected.different() - MOST_DIFFERENCES);
        }
        if (expected.seen() < counts.total()) {
            out.printf(Locale.ROOT, "  %,d frames of the capture are not in it%n", counts.total() - expected.seen());
        }
    }

    private static String frames(long count) {
        return number(count) + (count == 1 ? " frame" : " frames");
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
