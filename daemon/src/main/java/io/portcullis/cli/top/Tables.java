package io.portcullis.cli.top;

import io.portcullis.cli.text.Quantity;
import io.portcullis.cli.text.Table;
import io.portcullis.cli.traffic.DropsText;
import io.portcullis.cli.traffic.FlowsText;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.traffic.DropsReport.DropView;
import io.portcullis.operations.traffic.FlowsReport.Traffic;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersReport.Talker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The rows of each panel, titles first.
 *
 * @param filter in lower case; a row without it is left out; empty: none is
 * @param columns of a line at the most
 */
record Tables(Snapshot now, Optional<Rates> rates, String filter, int columns) {
    /** One direction of an interface. */
    private record Way(InterfaceStatus status, Rates.Rate rate) {}

    /** Drops that have all but time and source port in common. */
    private record Drops(DropView latest, long packets) {
        Drops with(DropView other) {
            return new Drops(other.epochNs() >= latest.epochNs() ? other : latest, packets + other.packets());
        }
    }

    List<String> of(Panel panel, String order) {
        return switch (panel) {
            case RATES -> rates(order);
            case TALKERS -> talkers(now.peers(), order);
            case DROPS -> drops(order);
            case FLOWS -> talkers(now.flows(), order);
        };
    }

    private boolean isWanted(String... texts) {
        if (filter.isEmpty()) {
            return true;
        }
        return String.join(" ", texts).toLowerCase(Locale.ROOT).contains(filter);
    }

    private List<String> rates(String order) {
        Table table = new Table("IF", "DIR", "STATE", "PASSED", "PACKETS/S", "DROPPED/S", "DROPS", "REASONS")
                .numbers(3, 4, 5, 6);
        List<Way> rows = new ArrayList<>();
        for (InterfaceStatus each : now.status().interfaces()) {
            for (String direction : List.of("ingress", "egress")) {
                rows.add(new Way(each, rate(each.name(), direction)));
            }
        }
        Comparator<Way> most = switch (order) {
            case "bits" -> Comparator.comparingLong(row -> -row.rate.passedBytes());
            case "dropped" -> Comparator.comparingLong(row -> -row.rate.dropped());
            default -> (_, _) -> 0;
        };
        rows.stream().sorted(most).forEach(row -> {
            InterfaceStatus status = row.status;
            Rates.Rate rate = row.rate;
            String reasons = reasons(status.dropsByReason().getOrDefault(rate.direction(), Map.of()));
            String way = way(rate.direction());
            if (isWanted(status.name(), way, status.state(), reasons)) {
                boolean known = rates.isPresent();
                table.row(
                        status.name(),
                        way,
                        state(status),
                        known ? Quantity.bits(rate.passedBytes()) : "",
                        known ? String.format(Locale.ROOT, "%,d", rate.passed()) : "",
                        known ? String.format(Locale.ROOT, "%,d", rate.dropped()) : "",
                        String.format(
                                Locale.ROOT, "%,d", status.droppedPackets().getOrDefault(rate.direction(), 0L)),
                        reasons);
            }
        });
        return table.lines(columns);
    }

    /** 0 where it is not known yet. */
    private Rates.Rate rate(String name, String direction) {
        return rates.stream()
                .flatMap(known -> known.rates().stream())
                .filter(rate ->
                        rate.interfaceName().equals(name) && rate.direction().equals(direction))
                .findFirst()
                .orElse(new Rates.Rate(name, direction, 0, 0, 0, 0));
    }

    private static String way(String direction) {
        return direction.equals("ingress") ? "in" : "out";
    }

    /** In capitals where an operator must see it. */
    static String state(InterfaceStatus status) {
        return !status.forwarding()
                ? status.state().toUpperCase(Locale.ROOT)
                : status.enforcing() ? "enforcing" : "AUDIT";
    }

    private static String reasons(Map<String, Long> drops) {
        return drops.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .map(drop -> drop.getKey() + " " + drop.getValue())
                .collect(Collectors.joining(", "));
    }

    private List<String> talkers(TalkersReport report, String order) {
        Comparator<Talker> most = switch (order) {
            case "packets" -> Comparator.comparingLong(talker -> -packets(talker.perSecond()));
            case "total" -> Comparator.comparingLong(talker -> -bytes(talker.total()));
            case "name" -> Comparator.comparing(Talker::name);
            default -> Comparator.comparingLong(talker -> -bytes(talker.perSecond()));
        };
        List<Talker> shown = report.talkers().stream()
                .filter(talker -> isWanted(talker.interfaceName(), talker.name(), talker.description()))
                .sorted(most.thenComparing(Talker::name))
                .toList();
        return new FlowsText(columns).rows(report.by(), shown);
    }

    private static long packets(Traffic traffic) {
        return traffic.ingressPackets() + traffic.egressPackets();
    }

    private static long bytes(Traffic traffic) {
        return traffic.ingressBytes() + traffic.egressBytes();
    }

    private List<String> drops(String order) {
        Table table = new Table("AGO", "IF", "DIR", "COUNT", "REASON", "PACKET", "NEAREST RULE").numbers(0, 3);
        Comparator<Drops> first = order.equals("count")
                ? Comparator.comparingLong(drops -> -drops.packets)
                : Comparator.comparingLong(drops -> -drops.latest.epochNs());
        together(now.drops().drops()).stream().sorted(first).forEach(drops -> {
            DropView drop = drops.latest;
            String cause = DropsText.cause(drop);
            String way = way(drop.direction());
            if (isWanted(drop.interfaceName(), way, drop.reason(), drop.packet(), cause)) {
                long agoMs =
                        Duration.between(Instant.parse(drop.lastAt()), now.at()).toMillis();
                table.row(
                        Quantity.time(Math.max(0, agoMs)),
                        drop.interfaceName(),
                        way,
                        String.format(Locale.ROOT, "%,d", drops.packets),
                        drop.verdict().equals("drop") ? drop.reason() : "(" + drop.reason() + ")",
                        packet(drop),
                        cause);
            }
        });
        return table.lines(columns);
    }

    /** Without the source port, which differs within a row. */
    private static String packet(DropView drop) {
        return drop.inCommon().equals("all") && !drop.source().isEmpty()
                ? drop.protocol() + " " + drop.source() + " → "
                        + FlowsText.end(drop.destination(), drop.destinationPort())
                : drop.packet();
    }

    private static Collection<Drops> together(List<DropView> all) {
        Map<List<Object>, Drops> drops = new LinkedHashMap<>();
        for (DropView drop : all) {
            List<Object> key = List.of(
                    drop.interfaceName(),
                    drop.direction(),
                    drop.verdict(),
                    drop.reason(),
                    drop.inCommon(),
                    drop.protocol(),
                    drop.source(),
                    drop.destination(),
                    drop.destinationPort());
            Drops known = drops.get(key);
            drops.put(key, known == null ? new Drops(drop, drop.packets()) : known.with(drop));
        }
        return drops.values();
    }
}
