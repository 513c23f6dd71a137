package io.portcullis.bench.cost;

import io.portcullis.bench.figures.Drops;
import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.figures.Series;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Firewall;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Iperf3;
import io.portcullis.bench.lab.Json;
import io.portcullis.bench.lab.Machine;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Options;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What it costs a host to guard itself:
 *
 * <pre>
 * bench-client  eth0 198.18.0.1 ═══════ 198.18.0.2 eth0  bench-host
 * </pre>
 *
 * In turn, in one run: bare (nothing), nft (an inet table with connection tracking and the same rules), ring (portcullis, mode host).
 * TCP bulk to and from the host, one stream, offloads on; goodput behind a tbf of 100 Mbit/s; what the daemon takes of a core when
 * nothing happens; the time of a start; and that from kill -9 to the first packet that the next daemon forwards.
 */
public final class HostCost {
    private static final String HOST_IP = "198.18.0.2";
    private static final String NFT = """
            table inet bench {
              chain in {
                type filter hook input priority 0; policy drop;
                ct state established,related accept
                iifname "lo" accept
                ip protocol icmp icmp type echo-request accept
                tcp dport { 80, 5201 } ct state new accept
              }
              chain out { type filter hook output priority 0; policy accept; ct state new,established,related accept; }
            }
            """;
    private static final Pattern REPLY = Pattern.compile("^\\[([0-9.]+)].*time=");

    private enum Guard {
        BARE,
        NFT,
        RING;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Options options;
    private final int seconds;
    private final int rounds;
    private final int idleSeconds;
    private final int restarts;
    private final Series series = new Series();
    private final Path socket = Folders.work("run/control.sock");
    private final Path config = Folders.work("rules.yaml");
    private final Path nft = Folders.work("rules.nft");
    private final Iperf3 iperf3;

    public HostCost(Options options) {
        this.options = options;
        boolean quick = options.quick();
        seconds = quick ? 2 : 5;
        rounds = quick ? 3 : 5;
        idleSeconds = quick ? 10 : 60;
        restarts = quick ? 5 : 20;
        iperf3 = new Iperf3(HOST_IP, seconds);
    }

    public void run() {
        Processes.environment("RUNTIME_DIRECTORY", Folders.work("run").toString());
        build();
        Console.say(Console.bold("portcullis bench --host") + ": " + Machine.kernel() + ", " + Machine.online()
                + " cores; medians of " + rounds + " rounds of " + seconds + " s (least-most)");
        measureBulk();
        measureShaped();
        printBulk();
        Firewall ring = new Firewall(Namespaces.HOST, config, Folders.work("log"));
        proveShut(Guard.RING);
        double idle = idlePercent(ring.pid());
        Console.say("idle: %.2f %% of a core over %d s", idle, idleSeconds);
        for (int i = 0; i < restarts; i++) {
            restart(ring);
        }
        for (int i = 0; i < restarts; i++) {
            ring.detach(socket);
            series.note("start", ring.startAgain());
            Processes.pause(5);
        }
        end(Optional.of(ring), Guard.RING);
        Console.say("start: " + series.spread("start").replace(" (", " ms (") + " until it guards an open NIC, "
                + restarts + " times");
        Console.say("restart: " + series.spread("restart").replace(" (", " ms (")
                + " from kill -9 to the first packet forwarded, " + restarts + " times");
        Json.keep(options.json(), json(idle), "JSON: ");
    }

    /** A host and a client, connected by their NICs. */
    static void buildEnds() {
        Namespaces.make(Namespaces.CLIENT);
        Namespaces.make(Namespaces.HOST);
        Namespaces.ipIn(Namespaces.CLIENT, "link add eth0 type veth peer name eth0 netns " + Namespaces.HOST);
        Namespaces.ipIn(Namespaces.CLIENT, "address add 198.18.0.1/24 dev eth0");
        Namespaces.ipIn(Namespaces.HOST, "address add " + HOST_IP + "/24 dev eth0");
        Namespaces.ipIn(Namespaces.CLIENT, "link set eth0 up");
        Namespaces.ipIn(Namespaces.HOST, "link set eth0 up");
    }

    private void build() {
        buildEnds();
        Texts.write(nft, NFT);
        Texts.write(config, Numbers.format("""
                version: 1
                interfaces:
                  host: {mode: host, nic: eth0, security-groups: [web]}
                security-groups:
                  web: {ingress: [{protocol: tcp, ports: [80, 5201], from: any}, {protocol: icmp, type: echo-request, from: any}]}
                control: {socket: %s}
                log: {drops: off}
                """, socket));
        Namespaces.start(Namespaces.HOST, Folders.work("iperf3-server.log"), "iperf3", "--server");
    }

    private Optional<Firewall> begin(Guard guard) {
        Optional<Firewall> firewall = Optional.empty();
        switch (guard) {
            case BARE -> {
                return firewall;
            }
            case NFT ->
                Namespaces.run(Namespaces.HOST, "nft", "-f", nft.toString()).ok();
            case RING -> firewall = Optional.of(new Firewall(Namespaces.HOST, config, Folders.work("log")));
        }
        proveShut(guard);
        return firewall;
    }

    /** Checks, before anything is measured, that a forbidden port is closed. */
    private static void proveShut(Guard guard) {
        String connect = "echo > /dev/tcp/" + HOST_IP + "/5202";
        if (Namespaces.run(Namespaces.CLIENT, "timeout", "1", "bash", "-c", connect)
                .isOk()) {
            throw new Failure("row " + guard.label() + " lets a forbidden port through");
        }
    }

    private void end(Optional<Firewall> firewall, Guard guard) {
        if (guard == Guard.NFT) {
            Namespaces.run(Namespaces.HOST, "nft", "delete", "table", "inet", "bench")
                    .ok();
        }
        firewall.ifPresent(ring -> {
            sayDrops(ring);
            ring.detach(socket);
        });
    }

    /** The drops since the daemon's start; those of the forbidden port are among them. */
    private static void sayDrops(Firewall ring) {
        List<String> drops = Drops.of(ring.metrics()).entrySet().stream()
                .filter(drop -> drop.getValue() > 0)
                .map(drop -> drop.getValue() + " as " + drop.getKey())
                .toList();
        Console.say("ring: dropped " + (drops.isEmpty() ? "nothing" : String.join(", ", drops)));
    }

    private void measureBulk() {
        for (int round = 0; round < rounds; round++) {
            for (Guard guard : Guard.values()) {
                Optional<Firewall> firewall = begin(guard);
                iperf3.run();
                series.note(guard.label() + "-in", iperf3.run());
                series.note(guard.label() + "-out", iperf3.run("--reverse"));
                end(firewall, guard);
            }
        }
    }

    private void measureShaped() {
        String shaper = "qdisc %s dev eth0 root";
        String tbf = Numbers.format(shaper, "add") + " tbf rate 100mbit burst 64kb latency 50ms";
        Namespaces.run(Namespaces.HOST, ("tc " + tbf).split(" ", -1)).ok();
        for (int round = 0; round < 3; round++) {
            for (Guard guard : List.of(Guard.BARE, Guard.RING)) {
                Optional<Firewall> firewall = begin(guard);
                series.note(guard.label() + "-tbf", iperf3.run("--reverse"));
                end(firewall, guard);
            }
        }
        Namespaces.run(Namespaces.HOST, ("tc " + Numbers.format(shaper, "del")).split(" ", -1))
                .ok();
    }

    private void printBulk() {
        String format = "%-6s %22s %8s %8s %22s %8s %8s %22s %8s";
        Console.say(
                format,
                "row",
                "to the host, Gbit/s",
                "/bare",
                "/nft",
                "from the host",
                "/bare",
                "/nft",
                "from it, tbf 0.1",
                "/bare");
        for (Guard guard : Guard.values()) {
            String row = guard.label();
            boolean isShaped = guard != Guard.NFT;
            Console.say(
                    format,
                    row,
                    series.spread(row + "-in"),
                    ratio(row + "-in", "bare-in"),
                    ratio(row + "-in", "nft-in"),
                    series.spread(row + "-out"),
                    ratio(row + "-out", "bare-out"),
                    ratio(row + "-out", "nft-out"),
                    isShaped ? series.spread(row + "-tbf") : "",
                    isShaped ? ratio(row + "-tbf", "bare-tbf") : "");
        }
    }

    private String ratio(String name, String base) {
        return Numbers.format("%.2f", series.ratio(name, base));
    }

    /** The share of a core that all threads together use (schedstat). */
    private double idlePercent(long pid) {
        Processes.pause(5);
        double before = nanosecondsOnCore(pid);
        Processes.pause(idleSeconds);
        return (nanosecondsOnCore(pid) - before) / idleSeconds / 1e7;
    }

    static double nanosecondsOnCore(long pid) {
        return Processes.run(10, "sh", "-c", "cat /proc/" + pid + "/task/*/schedstat")
                .ok()
                .lines()
                .mapToDouble(line -> Double.parseDouble(line.substring(0, line.indexOf(' '))))
                .sum();
    }

    private void restart(Firewall ring) {
        Path output = Folders.work("ping");
        Process pinging = Processes.start(
                output,
                Processes.limited(90, Namespaces.inside(Namespaces.CLIENT, "ping", "-D", "-i", "0.005", HOST_IP)));
        Processes.pause(0.5);
        double killed = System.currentTimeMillis() / 1e3;
        ring.kill();
        ring.again();
        Processes.pause(0.7);
        Processes.end(pinging);
        series.note("restart", Math.rint((firstReplyAfter(Texts.read(output), killed) - killed) * 1000));
    }

    /** When the first reply came. One that was on its way when the daemon died is none of the next one's. */
    static double firstReplyAfter(String pings, double killed) {
        return pings.lines()
                .map(REPLY::matcher)
                .filter(Matcher::find)
                .mapToDouble(reply -> Double.parseDouble(reply.group(1)))
                .filter(at -> at > killed + 0.03)
                .findFirst()
                .orElseThrow(() -> new Failure("no ping was answered after the restart"));
    }

    private String json(double idle) {
        StringBuilder json = new StringBuilder(Numbers.format(
                "{\"kernel\": \"%s\", \"cores\": %d, \"rounds\": %d, \"seconds\": %d,%n",
                Machine.kernel(), Machine.online(), rounds, seconds));
        for (String name : List.of(
                "bare-in",
                "bare-out",
                "nft-in",
                "nft-out",
                "ring-in",
                "ring-out",
                "bare-tbf",
                "ring-tbf",
                "start",
                "restart")) {
            json.append(Numbers.format("  \"%s\": %s,%n", name, Json.numbers(series.of(name))));
        }
        return json.append(Numbers.format("  \"idle-percent\": %.2f}%n", idle)).toString();
    }
}
