package io.portcullis.cli.top;

import io.portcullis.cli.terminal.Key;
import io.portcullis.cli.terminal.Line;
import io.portcullis.cli.terminal.TextWidth;
import io.portcullis.cli.text.Quantity;
import io.portcullis.net.Visible;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.StatusReport;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The state of the screen: which panel, which rows, what the daemon has said. Used by one thread. */
final class Top {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final int NARROWEST = 40;
    private static final int LOWEST = 8;
    private static final int LONGEST_FILTER = 60;

    /** Lines above and below the table. */
    private static final int FRAME = 5;

    private static final List<String> HELP = List.of(
            "1 2 3 4, Tab, left, right   rates, talkers, drops, flows",
            "up, down, PgUp, PgDn        scroll; Home, End: first, last row",
            "/ TEXT Enter                only rows with this text: an address, a port, a reason",
            "Esc                         all rows again",
            "s                           another order",
            "p, blank                    pause, and go on",
            "h, ?                        this help; any key leaves it",
            "q, ^C                       quit",
            "",
            "Rates are the difference between two refreshes. IN and OUT are as seen from the",
            "guarded side. Drops in parentheses passed, as enforce: audit drops nothing.");

    private final Map<Panel, Integer> offsets = new EnumMap<>(Panel.class);
    private final Map<Panel, Integer> orders = new EnumMap<>(Panel.class);
    private Panel panel = Panel.RATES;
    private String filter = "";
    private boolean typing;
    private boolean paused;
    private boolean helping;
    private String trouble = "";
    private @Nullable Snapshot now;
    private Optional<Rates> rates = Optional.empty();

    /** Rows of the table that the last picture had space for. */
    private int page = 1;

    /** The daemon has answered. */
    void accept(Snapshot snapshot) {
        trouble = "";
        if (!paused) {
            Snapshot before = now;
            rates = before == null ? Optional.empty() : Rates.between(before, snapshot);
            now = snapshot;
        }
    }

    /** The daemon did not answer; what it said before stays on the screen. */
    void trouble(String sentence) {
        trouble = sentence;
    }

    /** The one that is seen. */
    Panel panel() {
        return panel;
    }

    /** A key was pressed; false: the program ends. */
    boolean press(Key key) {
        if (key.kind() == Key.Kind.END) {
            return false;
        }
        if (key.kind() == Key.Kind.NONE || key.kind() == Key.Kind.RESIZED) {
            return true;
        }
        if (typing) {
            type(key);
            return true;
        }
        if (key.is('q')) {
            return false;
        }
        if (helping) {
            helping = false;
            return true;
        }
        switch (key.kind()) {
            case TAB, RIGHT -> panel = panel.next(1);
            case BACK_TAB, LEFT -> panel = panel.next(-1);
            case UP -> scroll(-1);
            case DOWN -> scroll(1);
            case PAGE_UP -> scroll(-page);
            case PAGE_DOWN -> scroll(page);
            case HOME -> offsets.put(panel, 0);
            case LAST -> offsets.put(panel, Integer.MAX_VALUE / 2);
            case ESCAPE -> filter = "";
            case CHARACTER -> character(key.codePoint());
            case NONE, RESIZED, END, ENTER, BACKSPACE, OTHER -> {}
        }
        return true;
    }

    private void character(int c) {
        switch (c) {
            case '1', '2', '3', '4' -> panel = Panel.values()[c - '1'];
            case '/' -> typing = true;
            case 's' -> orders.merge(panel, 1, Integer::sum);
            case 'p', ' ' -> paused = !paused;
            case 'h', '?' -> helping = true;
            case 'k' -> scroll(-1);
            case 'j' -> scroll(1);
            default -> {}
        }
    }

    private void type(Key key) {
        switch (key.kind()) {
            case ENTER -> typing = false;
            case ESCAPE -> {
                typing = false;
                filter = "";
            }
            case BACKSPACE ->
                filter = filter.isEmpty() ? "" : filter.substring(0, filter.offsetByCodePoints(filter.length(), -1));
            case CHARACTER -> {
                if (filter.length() < LONGEST_FILTER && !Visible.isInvisible(key.codePoint())) {
                    filter += Character.toString(key.codePoint());
                    offsets.clear();
                }
            }
            default -> {}
        }
    }

    private void scroll(int rows) {
        offsets.put(panel, Math.max(0, offsets.getOrDefault(panel, 0) + rows));
    }

    /** The picture: as many lines as the terminal has rows, none wider than it is. */
    List<Line> lines(int columns, int rows) {
        if (columns < NARROWEST || rows < LOWEST) {
            return small(columns, rows);
        }
        List<Line> lines = new ArrayList<>();
        Snapshot shown = now;
        lines.add(Line.bar(title(shown, columns)));
        if (trouble.isEmpty()) {
            lines.add(state(shown, columns));
            lines.add(Line.plain(TextWidth.cut(sums(shown), columns)));
        } else {
            // What it said before is out of date.
            List<String> sentence = TextWidth.wrap(Visible.text(trouble), columns);
            lines.add(Line.alert(TextWidth.cut(sentence.getFirst(), columns)));
            lines.add(Line.alert(TextWidth.cut(String.join(" ", sentence.subList(1, sentence.size())), columns)));
        }
        String order = panel.order(orders.getOrDefault(panel, 0));
        lines.add(Line.bold(TextWidth.edges(tabs(), (paused ? "PAUSED  " : "") + "by " + order, columns)));
        int space = rows - FRAME;
        String position = "";
        if (helping) {
            HELP.stream().limit(space).forEach(line -> lines.add(Line.plain(TextWidth.cut(line, columns))));
        } else if (shown != null) {
            position = table(lines, new Tables(shown, rates, filter.toLowerCase(Locale.ROOT), columns), order, space);
        }
        while (lines.size() < rows - 1) {
            lines.add(Line.plain(""));
        }
        lines.add(Line.bar(TextWidth.edges(foot(), position, columns)));
        return lines;
    }

    private static List<Line> small(int columns, int rows) {
        List<String> text = TextWidth.wrap(
                "too small: " + columns + "×" + rows + ", and top needs " + NARROWEST + "×" + LOWEST + "; q quits",
                Math.max(1, columns));
        return text.stream()
                .limit(Math.max(0, rows))
                .map(line -> Line.plain(TextWidth.cut(line, columns)))
                .toList();
    }

    /** Adds the rows that are to be seen; which ones they are. */
    private String table(List<Line> lines, Tables tables, String order, int space) {
        List<String> table = tables.of(panel, order);
        lines.add(Line.bold(table.getFirst()));
        List<String> rows = table.subList(1, table.size());
        page = Math.max(1, space - 1);
        int offset = Math.clamp(offsets.getOrDefault(panel, 0), 0, Math.max(0, rows.size() - page));
        offsets.put(panel, offset);
        List<String> seen = rows.subList(offset, Math.min(rows.size(), offset + page));
        seen.forEach(row -> lines.add(Line.plain(row)));
        if (rows.isEmpty()) {
            lines.add(Line.faint(
                    TextWidth.cut(filter.isEmpty() ? "nothing" : "nothing with " + filter, tables.columns())));
        }
        if (panel == Panel.RATES) {
            overview(lines, tables, space - 1 - Math.max(1, seen.size()));
        }
        return rows.size() <= page
                ? rows.size() + (rows.size() == 1 ? " row" : " rows")
                : (offset + 1) + "–" + (offset + seen.size()) + " of " + rows.size();
    }

    /** The beginning of the other tables below the rates, where there is space. */
    private void overview(List<Line> lines, Tables tables, int space) {
        int left = space;
        int others = Panel.values().length - 1;
        for (Panel other : List.of(Panel.TALKERS, Panel.DROPS, Panel.FLOWS)) {
            int share = left / others;
            others--;
            List<String> table = tables.of(other, other.order(orders.getOrDefault(other, 0)));
            // An empty line, the titles, and a row at least.
            if (share >= 3 && table.size() > 1) {
                lines.add(Line.plain(""));
                lines.add(Line.bold(table.getFirst()));
                List<String> rows = table.subList(1, Math.min(table.size(), share - 1));
                rows.forEach(row -> lines.add(Line.plain(row)));
                left -= 2 + rows.size();
            }
        }
    }

    private static String title(@Nullable Snapshot shown, int columns) {
        if (shown == null) {
            return TextWidth.fit("portcullis", columns);
        }
        StatusReport status = shown.status();
        long upMs = Math.max(
                0,
                Duration.between(Instant.parse(status.startedAt()), shown.at()).toMillis());
        return TextWidth.edges(
                "portcullis " + Visible.text(status.version()) + "  up " + Quantity.time(upMs) + "  generation "
                        + status.generation() + (status.change() == 0 ? "" : "  change @" + status.change())
                        + "  pid " + status.pid(),
                TIME.format(shown.at()),
                columns);
    }

    private static Line state(@Nullable Snapshot shown, int columns) {
        if (shown == null) {
            return Line.plain("asking the daemon");
        }
        StatusReport status = shown.status();
        List<String> bad = new ArrayList<>();
        if (status.emergency().panic() != null) {
            bad.add("PANIC: nothing passes");
        }
        status.emergency().bypasses().forEach(bypass -> bad.add(bypass.toString()));
        status.degraded().forEach(sentence -> bad.add("DEGRADED: " + sentence));
        boolean fine = status.interfaces().stream().allMatch(each -> each.forwarding() && each.enforcing());
        String states = status.interfaces().stream()
                .map(each -> each.name() + " " + Tables.state(each)
                        + (each.forwarding() || each.detail().isEmpty() ? "" : " (" + each.detail() + ")"))
                .collect(Collectors.joining(", "));
        bad.add(states.isEmpty() ? "no interface is guarded" : states);
        String text = TextWidth.cut(Visible.text(String.join("; ", bad)), columns);
        return fine && bad.size() == 1 ? Line.plain(text) : Line.alert(text);
    }

    private String sums(@Nullable Snapshot shown) {
        if (shown == null) {
            return "";
        }
        List<InterfaceStatus> all = shown.status().interfaces();
        long flows = all.stream().mapToLong(InterfaceStatus::flows).sum();
        long most = all.stream().mapToLong(InterfaceStatus::maxFlows).sum();
        String table = String.format(Locale.ROOT, "flows %,d of %,d", flows, most);
        return rates.map(known -> {
                    Rates.Rate in = known.sum("ingress");
                    Rates.Rate out = known.sum("egress");
                    return String.format(
                            Locale.ROOT,
                            "in %s  out %s  drops %,d/s  %s  +%,d -%,d/s",
                            Quantity.bits(in.passedBytes()),
                            Quantity.bits(out.passedBytes()),
                            in.dropped() + out.dropped(),
                            table,
                            known.flowsCreated(),
                            known.flowsGone());
                })
                .orElse(table);
    }

    private String tabs() {
        StringBuilder tabs = new StringBuilder();
        for (Panel each : Panel.values()) {
            String name = (each.ordinal() + 1) + " " + each.title();
            tabs.append(each == panel ? "[" + name + "]" : " " + name + " ");
        }
        return tabs.toString();
    }

    private String foot() {
        if (typing) {
            return "/" + filter + "_";
        }
        return (filter.isEmpty() ? "" : "only " + filter + " (Esc: all)  ")
                + "q quit  Tab panel  / filter  s order  p pause  h help";
    }
}
