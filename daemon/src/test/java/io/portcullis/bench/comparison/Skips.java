package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.RuleFiles;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rows that can't be measured on this machine: each is named and left out. */
final class Skips {
    private static final Path BRIDGE_NETFILTER = Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables");

    private final List<String> said = new ArrayList<>();

    /** Lines of the form {@code row: why}. */
    List<String> said() {
        return said;
    }

    /** The rows that can be measured here. */
    List<Row> keep(List<Row> rows) {
        return rows.stream()
                .filter(row -> {
                    Optional<String> obstacle = obstacle(row);
                    obstacle.ifPresent(why -> {
                        said.add(row.label() + ": " + why);
                        Console.say("   " + Console.yellow(row.label() + " is left out:") + " " + why);
                    });
                    return obstacle.isEmpty();
                })
                .toList();
    }

    static boolean hasBridgeNetfilter() {
        return Files.exists(BRIDGE_NETFILTER);
    }

    private static Optional<String> obstacle(Row row) {
        return switch (row) {
            case WIRE -> Optional.empty();
            case NFT, NFQUEUE -> bridgeObstacle(row);
            case RING, PCAP, NULL, FAST -> daemonObstacle(row);
            case OVS -> openVSwitchObstacle();
        };
    }

    private static Optional<String> openVSwitchObstacle() {
        boolean isThere = Files.exists(OpenVSwitch.SCHEMA)
                && Processes.run(10, "sh", "-c", "command -v ovs-vswitchd && command -v ovsdb-server")
                        .isOk();
        return isThere
                ? Optional.empty()
                : Optional.of("Open vSwitch (openvswitch-switch) is not installed;"
                        + " its package would start a service of this machine");
    }

    private static Optional<String> bridgeObstacle(Row row) {
        // Loading the module would change the machine's own bridges.
        if (!hasBridgeNetfilter()) {
            return Optional.of("br_netfilter is not in this kernel or not loaded: 'modprobe br_netfilter' loads it;"
                    + " it filters all bridges of this machine");
        }
        if (row == Row.NFT) {
            return Optional.empty();
        }
        Processes.Outcome attempt =
                Processes.run(10, "unshare", "--net", Folders.work("nfqueue").toString(), "try");
        return attempt.isOk()
                ? Optional.empty()
                : Optional.of((attempt.output() + attempt.complaint()).strip().replaceFirst("^nfqueue: ", ""));
    }

    private static String datapath(Row row) {
        return switch (row) {
            case PCAP -> "datapath: pcap";
            case FAST -> "datapath: ring, workers: 1, offload: auto";
            default -> "datapath: ring";
        };
    }

    /** Without the ring there is no null row either. */
    private static Optional<String> daemonObstacle(Row row) {
        Path file = Texts.write(Folders.work(row.label() + ".yaml"), RuleFiles.portcullis(datapath(row)));
        Processes.Outcome check = Processes.run(60, Folders.launcher(), "check", file.toString());
        if (check.isOk()) {
            return Optional.empty();
        }
        List<String> lines = (check.output() + check.complaint()).lines().toList();
        return Optional.of("portcullis check says: "
                + (lines.isEmpty() ? "nothing" : lines.getLast().replace(Folders.work() + "/", "")));
    }
}
