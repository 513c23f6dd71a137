package io.portcullis.cli.text;

import io.portcullis.cli.terminal.TextWidth;
import io.portcullis.net.Visible;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Columns as wide as their widest cell. */
public final class Table {
    private final List<String[]> rows = new ArrayList<>();
    private final boolean[] isNumber;

    public Table(String... titles) {
        isNumber = new boolean[titles.length];
        rows.add(titles);
    }

    public Table numbers(int... columns) {
        for (int column : columns) {
            isNumber[column] = true;
        }
        return this;
    }

    public void row(String... cells) {
        rows.add(Stream.of(cells).map(Visible::text).toArray(String[]::new));
    }

    /** Lines of {@code width} columns at the most: a longer one ends with …. */
    public List<String> lines(int width) {
        return lines().stream().map(line -> TextWidth.cut(line, width)).toList();
    }

    public List<String> lines() {
        int[] widths = new int[isNumber.length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], TextWidth.of(row[i]));
            }
        }
        List<String> lines = new ArrayList<>();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                String fill = " ".repeat(widths[i] - TextWidth.of(row[i]));
                line.append(i == 0 ? "" : "  ").append(isNumber[i] ? fill + row[i] : row[i] + fill);
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
