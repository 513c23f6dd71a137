package io.portcullis.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/** A table with a header, cut to a terminal. */
public final class Page {
    private Page() {}

    /**
     * A header, an empty line and the table. Where the table has more lines than fit, the last line says how many are not shown.
     *
     * @param header the first line
     * @param table its lines, without control characters
     * @return {@code rows} lines at the most, none wider than {@code columns}
     */
    public static List<Line> of(String header, List<String> table, int columns, int rows) {
        List<Line> lines = new ArrayList<>();
        lines.add(Line.bold(TextWidth.cut(header, columns)));
        if (rows > 3) {
            lines.add(Line.plain(""));
        }
        int space = rows - lines.size();
        int shown = table.size() <= space ? table.size() : Math.max(0, space - 1);
        table.subList(0, shown).forEach(line -> lines.add(Line.plain(TextWidth.cut(line, columns))));
        if (shown < table.size() && space > 0) {
            int rest = table.size() - shown;
            lines.add(Line.faint(TextWidth.cut(
                    "… " + rest + (rest == 1 ? " more line is" : " more lines are") + " not shown", columns)));
        }
        return lines.subList(0, Math.min(rows, lines.size()));
    }
}
