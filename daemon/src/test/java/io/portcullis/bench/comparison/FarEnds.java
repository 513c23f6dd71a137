package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.RuleFiles;
import io.portcullis.bench.lab.Texts;
import io.portcullis.bench.lab.WebServer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The network of the comparison. Every row is a device with a network and NICs of its own, so that all are up at once, warm, and
 * each round visits one after the other:
 *
 * <pre>
 *                    ┌── 198.18.1.0/24 ── out0  bench-wire  in0 ──┐
 * bench-client  eth1 ├── 198.18.2.0/24 ── out0  bench-nft   in0 ──┤ eth1  bench-server
 *               eth2 └── …                                      ──┘ eth2
 * </pre>
 */
final class FarEnds {
    private static final List<String> BOTH = List.of(Namespaces.CLIENT, Namespaces.SERVER);

    /** Rows whose far ends send no super-frames and no unfinished checksums. */
    private final Set<Row> withoutOffloads = EnumSet.noneOf(Row.class);

    void build(List<Row> rows) {
        BOTH.forEach(FarEnds::make);
        // After a close by the client the port waits for a minute: allow more ports, and their reuse after a second.
        Namespaces.sysctl(Namespaces.CLIENT, "net.ipv4.ip_local_port_range=1024 65535", "net.ipv4.tcp_tw_reuse=1");
        Namespaces.sysctl(Namespaces.SERVER, "net.core.somaxconn=4096");
        rows.forEach(this::build);
        startServers();
    }

    private static void make(String namespace) {
        Namespaces.make(namespace);
        // No program uses IPv6 here: the kernel's own announcements would only disturb.
        Namespaces.sysctl(namespace, "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
    }

    private void build(Row row) {
        String device = row.namespace();
        String nic = row.nic();
        make(device);
        Namespaces.ipIn(device, "link add out0 type veth peer name " + nic + " netns " + Namespaces.CLIENT);
        Namespaces.ipIn(device, "link add in0 type veth peer name " + nic + " netns " + Namespaces.SERVER);
        Namespaces.ipIn(Namespaces.CLIENT, "address add " + row.client() + "/24 dev " + nic);
        Namespaces.ipIn(Namespaces.SERVER, "address add " + row.server() + "/24 dev " + nic);
        Namespaces.ipIn(Namespaces.CLIENT, "link set " + nic + " up");
        Namespaces.ipIn(Namespaces.SERVER, "link set " + nic + " up");
        // Permanent entries: under a flood, requests for a lost neighbour would be part of the figures.
        addNeighbour(Namespaces.CLIENT, nic, row.server(), Namespaces.SERVER);
        addNeighbour(Namespaces.SERVER, nic, row.client(), Namespaces.CLIENT);
        Namespaces.ipIn(device, "link set out0 up");
        Namespaces.ipIn(device, "link set in0 up");
        switch (row) {
            case WIRE -> {
                bridge(device);
                if (Skips.hasBridgeNetfilter()) {
                    Namespaces.sysctl(device, "net.bridge.bridge-nf-call-iptables=0");
                }
            }
            case NFT, NFQUEUE -> {
                bridge(device);
                Namespaces.sysctl(device, "net.bridge.bridge-nf-call-iptables=1");
                // The program of the nfqueue row has its own rule.
                if (row == Row.NFT) {
                    Path rules = Texts.write(Folders.work("rules.nft"), RuleFiles.NFT);
                    Namespaces.run(device, "nft", "-f", rules.toString()).ok();
                }
            }
            case PCAP -> switchOffloadsOff(row);
            case RING, NULL, OVS, FAST -> {}
        }
    }

    private static void addNeighbour(String namespace, String nic, String address, String owner) {
        String hardware = Namespaces.run(owner, "cat", "/sys/class/net/" + nic + "/address")
                .ok()
                .strip();
        Namespaces.ipIn(
                namespace, "neighbour add " + address + " lladdr " + hardware + " dev " + nic + " nud permanent");
    }

    private static void bridge(String device) {
        Namespaces.ipIn(device, "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
        Namespaces.ipIn(device, "link set out0 master br0");
        Namespaces.ipIn(device, "link set in0 master br0");
        Namespaces.ipIn(device, "link set br0 up");
    }

    /** Switches them off at both far ends, for a device that can't carry super-frames and unfinished checksums. */
    void switchOffloadsOff(Row row) {
        if (withoutOffloads.add(row)) {
            for (String end : BOTH) {
                Namespaces.run(end, "ethtool", "-K", row.nic(), "tso", "off", "gso", "off", "tx", "off")
                        .ok();
            }
        }
    }

    Set<Row> withoutOffloads() {
        return withoutOffloads;
    }

    private static void startServers() {
        // The server listens on 8081, and every firewall drops it.
        WebServer.start("listen 80 backlog=4096; listen 8081;", "");
        Namespaces.start(Namespaces.SERVER, Folders.work("iperf3-server.log"), "iperf3", "--server");
        for (int port : new int[] {80, 8081, 5201}) {
            String filter = "sport = :" + port;
            if (!Processes.eventually(
                    10,
                    0.1,
                    () -> Namespaces.run(Namespaces.SERVER, "ss", "-Hltn", filter)
                            .output()
                            .contains("LISTEN"))) {
                throw new Failure("nothing listens on port " + port + " of the server after 10 s: "
                        + Texts.read(Folders.work("web/output")));
            }
        }
    }

    /** Asks for a page from a port of the server behind a row: curl's exit code, 28 if there was no answer in time. */
    static int fetch(Row row, int port) {
        return Namespaces.run(
                        Namespaces.CLIENT,
                        "curl",
                        "--silent",
                        "--noproxy",
                        "*",
                        "--output",
                        "/dev/null",
                        "--connect-timeout",
                        "1",
                        "--max-time",
                        "2",
                        "http://" + row.server() + ":" + port + "/")
                .exit();
    }
}
