package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Row;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The samples of the comparison as a table for people, and as JSON.
 *
 * @param rounds the number of rounds: a value that is missing in some has the number of its rounds beside it
 * @param starred rows that get an asterisk
 */
record Report(Samples samples, List<Row> rows, int rounds, Collection<Row> starred) {
    /** No wider than a wide window. */
    private static final int ROWS_OF_A_TABLE = 4;

    private static final List<Row> BASES = List.of(Row.NFT, Row.WIRE);

    /** The lines of one placement: absolute values, then ratios. */
    List<String> table(Placement placement) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows.size(); i += ROWS_OF_A_TABLE) {
            addAbsolute(lines, placement, rows.subList(i, Math.min(i + ROWS_OF_A_TABLE, rows.size())));
        }
        for (Row base : rows.size() > 1 ? rows.reversed() : List.<Row>of()) {
            if (BASES.contains(base)) {
                addRatios(lines, placement, base);
            }
        }
        return lines;
    }

    private void addAbsolute(List<String> lines, Placement placement, List<Row> some) {
        lines.add(Numbers.format("   %-38s%10s", "", "") + heads(some, 28));
        for (Measure measure : Measure.ALL) {
            List<String> cells = some.stream()
                    .map(row -> absolute(new Samples.Key(placement, row, measure.name()), measure.format()))
                    .toList();
            addLine(lines, measure.label(), measure.unit(), cells, 28);
        }
        lines.add("");
    }

    private void addRatios(List<String> lines, Placement placement, Row base) {
        List<Row> others = rows.stream().filter(row -> row != base).toList();
        lines.add(Numbers.format("   %-38s%10s", "ratio to " + base.label(), "") + heads(others, 10));
        for (Measure measure : Measure.ALL) {
            if (measure.hasRatio()) {
                List<String> cells = others.stream()
                        .map(row -> ratio(new Samples.Key(placement, row, measure.name()), base))
                        .map(ratio -> Double.isNaN(ratio) ? "-" : Numbers.format("%.2f", ratio))
                        .toList();
                addLine(lines, measure.label(), "", cells, 10);
            }
        }
        lines.add("");
    }

    private String heads(List<Row> some, int width) {
        StringBuilder heads = new StringBuilder();
        for (Row row : some) {
            heads.append(Numbers.format("%" + width + "s", row.label() + (starred.contains(row) ? "*" : "")));
        }
        return heads.toString();
    }

    private static void addLine(List<String> lines, String label, String unit, List<String> cells, int width) {
        if (cells.stream().allMatch("-"::equals)) {
            return;
        }
        StringBuilder line = new StringBuilder(Numbers.format("   %-38s%10s", label, unit));
        for (String cell : cells) {
            line.append(Numbers.format("%" + width + "s", cell));
        }
        lines.add(line.toString());
    }

    private String absolute(Samples.Key key, String format) {
        List<Double> values = samples.of(key);
        if (values.isEmpty()) {
            return "-";
        }
        String text = Numbers.format(format, Numbers.median(values));
        if (values.size() > 1) {
            text += " (" + Numbers.format(format, Numbers.lowest(values)) + "-"
                    + Numbers.format(format, Numbers.highest(values)) + ")";
        }
        return values.size() < rounds ? text + " n=" + values.size() : text;
    }

    /** The ratio of two medians; NaN if one is missing. */
    private double ratio(Samples.Key key, Row base) {
        List<Double> values = samples.of(key);
        List<Double> others = samples.of(new Samples.Key(key.placement(), base, key.measure()));
        if (values.isEmpty() || others.isEmpty() || Numbers.median(others) <= 0) {
            return Double.NaN;
        }
        return Numbers.median(values) / Numbers.median(others);
    }

    /** All samples of all placements, behind the fields of the header. */
    String json(String header, List<Placement> placements) {
        StringBuilder json = new StringBuilder("{").append(header).append(",\n  \"placements\": {");
        String comma = "";
        for (Placement placement : placements) {
            json.append(comma).append("\n    \"").append(placement.label()).append("\": {");
            comma = ",";
            appendRows(json, placement);
            json.append("}");
        }
        return json.append("}}\n").toString();
    }

    private void appendRows(StringBuilder json, Placement placement) {
        String comma = "";
        for (Row row : rows) {
            List<String> measures = samples.keys().stream()
                    .filter(key -> key.placement() == placement && key.row() == row)
                    .map(key -> "\n        " + json(key))
                    .toList();
            json.append(comma).append("\n      \"").append(row.label()).append("\": {");
            json.append(String.join(",", measures)).append("}");
            comma = ",";
        }
    }

    private String json(Samples.Key key) {
        List<Double> values = samples.of(key);
        StringBuilder text = new StringBuilder(Numbers.format(
                "\"%s\": {\"median\": %s, \"min\": %s, \"max\": %s, \"samples\": %s",
                key.measure(),
                Numbers.general(Numbers.median(values)),
                Numbers.general(Numbers.lowest(values)),
                Numbers.general(Numbers.highest(values)),
                values.stream().map(Numbers::general).toList()));
        for (Row base : BASES) {
            double ratio = ratio(key, base);
            if (!Double.isNaN(ratio)) {
                text.append(Numbers.format(", \"to_%s\": %s", base.label(), Numbers.general(ratio, 4)));
            }
        }
        return text.append("}").toString();
    }
}
