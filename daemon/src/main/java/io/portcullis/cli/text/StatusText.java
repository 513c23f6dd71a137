package io.portcullis.cli.text;

import io.portcullis.operations.EmergencyStatus;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.StatusReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A status as text: panic, bypasses and degraded parts first, then the interfaces, then their traffic, then problems and warnings. */
public final class StatusText {
    private static final String GAP = "  ";

    private StatusText() {}

    /** The lines; the last one without a line feed. */
    public static String of(StatusReport status) {
        List<String> lines = new ArrayList<>();
        EmergencyStatus.Panic panic = status.emergency().panic();
        if (panic != null) {
            lines.add(panic.toString());
        }
        status.emergency().bypasses().forEach(bypass -> lines.add(bypass.toString()));
        status.degraded().forEach(sentence -> lines.add("DEGRADED: " + sentence));
        if (!status.pending().isEmpty()) {
            lines.add("WAITING: " + status.pending());
        }
        lines.add("portcullis " + status.version() + ", pid " + status.pid() + ", since " + status.startedAt());
        lines.add(status.config() + ", generation " + status.generation()
                + (status.change() == 0 ? "" : ", change @" + status.change()));
        lines.add("");
        lines.addAll(interfaces(status.interfaces()));
        List<String> traffic = traffic(status.interfaces());
        if (traffic.size() > 1) {
            lines.add("");
            lines.addAll(traffic);
        }
        List<String> wrong = wrong(status);
        if (!wrong.isEmpty()) {
            lines.add("");
            lines.addAll(wrong);
        }
        return String.join("\n", lines);
    }

    private static List<String> interfaces(List<InterfaceStatus> interfaces) {
        Table table =
                new Table("INTERFACE", "STATE", "MODE", "DATAPATH", "WORKERS", "OUTSIDE", "INSIDE", "FLOWS", "GROUPS");
        for (InterfaceStatus iface : interfaces) {
            boolean hasWorkers = iface.workers() > 0;
            table.row(
                    iface.name(),
                    state(iface),
                    iface.mode(),
                    iface.datapath() + (iface.offload().equals(InterfaceStatus.OFFLOAD_ON) ? ", offload" : ""),
                    hasWorkers ? Integer.toString(iface.workers()) : "",
                    iface.outside(),
                    iface.inside(),
                    hasWorkers ? iface.flows() + " of " + iface.maxFlows() : "",
                    String.join(" ", iface.securityGroups()));
        }
        return table.lines();
    }

    private static String state(InterfaceStatus iface) {
        if (iface.forwarding()) {
            return iface.enforcing() ? iface.state() : "NOT GUARDED";
        }
        return iface.state().toUpperCase(Locale.ROOT);
    }

    private static List<String> traffic(List<InterfaceStatus> interfaces) {
        Table table = new Table("INTERFACE", "DIRECTION", "PASSED", "DROPPED", "REASONS").numbers(2, 3);
        for (InterfaceStatus iface : interfaces) {
            // "ingress" before "egress".
            for (String direction : new TreeSet<>(iface.passedPackets().keySet()).descendingSet()) {
                table.row(
                        iface.name(),
                        direction,
                        Long.toString(iface.passedPackets().getOrDefault(direction, 0L)),
                        Long.toString(iface.droppedPackets().getOrDefault(direction, 0L)),
                        (reasons(iface.dropsByReason().getOrDefault(direction, Map.of()))
                                        + wouldDrops(iface, direction))
                                .strip());
            }
        }
        return table.lines();
    }

    /** Flows, counted by their first packets, then packets, later ones of those flows included. */
    private static String wouldDrops(InterfaceStatus iface, String direction) {
        Map<String, Long> packets = iface.wouldDropsByReason().getOrDefault(direction, Map.of());
        Map<String, Long> flows = iface.wouldDropFlowsByReason().getOrDefault(direction, Map.of());
        return packets.isEmpty()
                ? ""
                : (flows.isEmpty() ? "" : " would-drop flows: " + reasons(flows) + ";") + " would-drop packets: "
                        + reasons(packets);
    }

    /** The most frequent first: {@code no-rule 12, tcp-no-syn 3}. */
    private static String reasons(Map<String, Long> drops) {
        return drops.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .map(drop -> drop.getKey() + " " + drop.getValue())
                .collect(Collectors.joining(", "));
    }

    private static List<String> wrong(StatusReport status) {
        List<String> lines = new ArrayList<>();
        for (InterfaceStatus iface : status.interfaces()) {
            if (!iface.enforcing()) {
                lines.add(iface.name() + " IS NOT GUARDED: enforce: audit drops nothing"
                        + (iface.wouldDropFlowsByReason().isEmpty()
                                ? ""
                                : " (would-drop packets are all of a flow's, by the reason of its first)"));
            }
            if (iface.offload().startsWith("off: ")) {
                lines.add(iface.name() + " has no offload: " + iface.offload().substring("off: ".length()));
            }
            if (!iface.forwarding()) {
                lines.add(iface.name() + " " + meaning(iface.state()) + ": " + iface.detail());
            }
        }
        ReloadReport last = status.lastReload();
        if (!last.ok()) {
            lines.add("the reload of " + last.at() + " was refused, generation " + status.generation()
                    + " stays in force:");
            last.errors().forEach(error -> lines.add(GAP + error));
        }
        status.warnings().forEach(warning -> lines.add("warning: " + warning));
        return lines;
    }

    private static String meaning(String state) {
        return switch (state) {
            case "waiting" -> "waits for its NIC";
            case "shut" -> "IS SHUT, nothing passes until it can be guarded";
            case "open" -> "IS OPEN, everything passes until it can be guarded";
            default -> "does not forward";
        };
    }
}
