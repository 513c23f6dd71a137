package io.portcullis.cli.traffic;

import io.portcullis.cli.text.Quantity;
import io.portcullis.cli.text.Table;
import io.portcullis.operations.traffic.FlowsReport;
import io.portcullis.operations.traffic.FlowsReport.FlowView;
import io.portcullis.operations.traffic.FlowsReport.RuleView;
import io.portcullis.operations.traffic.FlowsReport.Traffic;
import io.portcullis.operations.traffic.TalkersReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Flows and talkers as tables that are as wide as the terminal at the most: the columns that are needed least are left out first. */
public final class FlowsText {
    private static final String TCP_PREFIX = "tcp-";

    /**
     * A column.
     *
     * @param need the smaller, the earlier it is left out
     */
    private record Column<T>(String title, boolean isNumber, int need, Function<T, String> cell) {}

    private static final int ALWAYS = 9;

    private static final List<Column<FlowView>> FLOW = List.of(
            new Column<>("IF", false, ALWAYS, FlowView::interfaceName),
            new Column<>("DIR", false, 5, flow -> flow.direction().equals("ingress") ? "in" : "out"),
            new Column<>("CONNECTION", false, ALWAYS, FlowsText::connection),
            new Column<>("STATE", false, ALWAYS, FlowsText::state),
            new Column<>("IN", true, 8, flow -> Quantity.bytes(flow.total().ingressBytes())),
            new Column<>("OUT", true, 8, flow -> Quantity.bytes(flow.total().egressBytes())),
            new Column<>("PACKETS", true, 2, flow -> packets(flow.total())),
            new Column<>("AGE", true, 7, FlowsText::age),
            new Column<>("IDLE", true, 6, flow -> Quantity.time(flow.idleMs())),
            new Column<>("LEFT", true, 1, flow -> Quantity.time(flow.leftMs())),
            new Column<>("RULE", false, ALWAYS, flow -> rule(flow.rule())));

    private final int width;

    /** With lines of so many characters at the most. */
    public FlowsText(int width) {
        this.width = width;
    }

    /** The table, then what it leaves out. */
    List<String> of(FlowsReport report) {
        List<String> lines = new ArrayList<>();
        if (report.flows().isEmpty()) {
            lines.add(
                    report.tracked() == 0
                            ? "no flow is tracked"
                            : String.format(Locale.ROOT, "none of %,d tracked flows matches", report.tracked()));
            return lines;
        }
        lines.addAll(rows(report.flows()));
        lines.addAll(hidden(report.matching() - report.flows().size()));
        return lines;
    }

    /** What a limit has left out; nothing: no line. */
    static List<String> hidden(long flows) {
        return flows <= 0 ? List.of() : List.of(flows(flows) + " more: --limit shows more");
    }

    /** {@code 1 flow}, {@code 2,000 flows}. */
    static String flows(long number) {
        return number == 1 ? "1 flow" : String.format(Locale.ROOT, "%,d flows", number);
    }

    /** A table of flows. */
    List<String> rows(List<FlowView> flows) {
        return table(FLOW, flows);
    }

    /** A table of these talkers. */
    public List<String> rows(String by, List<TalkersReport.Talker> talkers) {
        return table(columns(by), talkers);
    }

    /** The table, with the sum of all above it. */
    List<String> of(TalkersReport report) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%.1f s: %s in, %s out; %,d of %,d flows had packets",
                report.overMs() / 1_000.0,
                Quantity.bits(report.perSecond().ingressBytes()),
                Quantity.bits(report.perSecond().egressBytes()),
                report.active(),
                report.tracked()));
        if (!report.talkers().isEmpty()) {
            lines.addAll(rows(report.by(), report.talkers()));
        }
        if (report.notMeasured() > 0) {
            lines.add(String.format(
                    Locale.ROOT, "%,d flows have no rate: too many to remember all", report.notMeasured()));
        }
        return lines;
    }

    private static List<Column<TalkersReport.Talker>> columns(String by) {
        boolean isFlow = by.equals("flow");
        List<Column<TalkersReport.Talker>> columns = new ArrayList<>(List.of(
                new Column<>(by.toUpperCase(Locale.ROOT), false, ALWAYS, FlowsText::name),
                new Column<>(
                        "IN",
                        true,
                        ALWAYS,
                        talker -> Quantity.bits(talker.perSecond().ingressBytes())),
                new Column<>(
                        "OUT",
                        true,
                        ALWAYS,
                        talker -> Quantity.bits(talker.perSecond().egressBytes())),
                new Column<>("PACKETS/S", true, 7, talker -> packets(talker.perSecond()))));
        if (isFlow) {
            columns.addFirst(new Column<>("IF", false, 5, TalkersReport.Talker::interfaceName));
        } else {
            columns.add(new Column<>("FLOWS", true, 8, talker -> String.format("%,d", talker.flows())));
        }
        columns.add(new Column<>(
                "TOTAL IN", true, 3, talker -> Quantity.bytes(talker.total().ingressBytes())));
        columns.add(new Column<>(
                "TOTAL OUT", true, 3, talker -> Quantity.bytes(talker.total().egressBytes())));
        return columns;
    }

    private <T> List<String> table(List<Column<T>> columns, List<T> rows) {
        List<Column<T>> shown = columns;
        for (int need = 1; need < ALWAYS; need++) {
            List<String> lines = lines(shown, rows).lines();
            if (lines.stream().allMatch(line -> line.length() <= width)) {
                return lines;
            }
            int least = need;
            shown = shown.stream().filter(column -> column.need > least).toList();
        }
        return lines(shown, rows).lines(width);
    }

    private static <T> Table lines(List<Column<T>> columns, List<T> rows) {
        Table table = new Table(columns.stream().map(Column::title).toArray(String[]::new));
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).isNumber) {
                table.numbers(i);
            }
        }
        rows.forEach(row ->
                table.row(columns.stream().map(column -> column.cell.apply(row)).toArray(String[]::new)));
        return table;
    }

    /** {@code tcp 203.0.113.9:51544 → 10.0.5.10:443}. */
    static String connection(FlowView flow) {
        String text = flow.protocol() + " " + end(flow.source(), flow.sourcePort()) + " → "
                + end(flow.destination(), flow.destinationPort());
        return (flow.icmp().isEmpty() ? text : text + " " + flow.icmp())
                + (flow.vlans().isEmpty() ? "" : " vlan " + flow.vlans());
    }

    /** {@code 203.0.113.9:443}; port 0: the address alone. */
    public static String end(String address, int port) {
        return port == 0 ? address : address.contains(":") ? "[" + address + "]:" + port : address + ":" + port;
    }

    private static String state(FlowView flow) {
        String state = flow.state();
        return state.startsWith(TCP_PREFIX) ? state.substring(TCP_PREFIX.length()) : state;
    }

    private static String packets(Traffic traffic) {
        return String.format(Locale.ROOT, "%,d/%,d", traffic.ingressPackets(), traffic.egressPackets());
    }

    private static String age(FlowView flow) {
        Long age = flow.ageMs();
        return age == null ? "unknown" : Quantity.time(age);
    }

    private static String rule(RuleView rule) {
        return switch (rule.kind()) {
            case "none" -> "none";
            case "gone" -> "not in force any longer";
            default -> named(rule.id(), rule.description());
        };
    }

    private static String name(TalkersReport.Talker talker) {
        return talker.name().equals("gone")
                ? "rules not in force any longer"
                : named(talker.name(), talker.description());
    }

    private static String named(String id, String description) {
        return description.isEmpty() ? id : id + " " + description;
    }
}
