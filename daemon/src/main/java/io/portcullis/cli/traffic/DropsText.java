package io.portcullis.cli.traffic;

import io.portcullis.cli.text.Table;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.policy.analysis.NearestRule;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Recorded drops as a table. */
public final class DropsText {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("MM-dd HH:mm:ss");

    private final ZoneId zone;
    private final int width;

    /** With times of a zone, and lines of so many characters at the most. */
    DropsText(ZoneId zone, int width) {
        this.zone = zone;
        this.width = width;
    }

    /** The table, then what it leaves out. */
    List<String> of(DropsReport report) {
        List<String> lines = new ArrayList<>();
        if (report.drops().isEmpty()) {
            lines.add("no drop is recorded" + since(report.oldest()));
        } else {
            lines.addAll(rows(report.drops(), true));
        }
        if (report.notShown() > 0) {
            lines.add(report.notShown() + " more records match: --limit shows more");
        }
        report.troubles().forEach(trouble -> lines.add("warning: " + trouble));
        return lines;
    }

    private String since(Map<String, String> oldest) {
        return oldest.values().stream()
                .map(Instant::parse)
                .min(Comparator.naturalOrder())
                .map(first -> " that matches; the records begin at " + time(first))
                .orElse("");
    }

    /** One line for each record. */
    List<String> rows(List<DropsReport.DropView> drops, boolean titled) {
        Table table = new Table("TIME", "IF", "DIR", "REASON", "PACKET", "COUNT", "NEAREST RULE").numbers(5);
        for (DropsReport.DropView drop : drops) {
            table.row(
                    time(Instant.parse(drop.at())),
                    drop.interfaceName(),
                    drop.direction().equals("ingress") ? "in" : "out",
                    drop.verdict().equals("drop") ? drop.reason() : "(" + drop.reason() + ")",
                    drop.packet(),
                    Long.toString(drop.packets()),
                    cause(drop));
        }
        List<String> lines = table.lines(width);
        return titled ? lines : lines.subList(1, lines.size());
    }

    private String time(Instant moment) {
        var local = moment.atZone(zone);
        return local.toLocalDate().equals(LocalDate.now(zone)) ? TIME.format(local) : DAY.format(local);
    }

    /** {@code web/ingress[1] https: port 8443 is outside 80, 443}, or a hint. */
    public static String cause(DropsReport.DropView drop) {
        DropsReport.NearestView nearest = drop.nearest();
        if (nearest == null) {
            return drop.hint();
        }
        return NearestRule.text(nearest.id(), nearest.description(), nearest.why());
    }
}
