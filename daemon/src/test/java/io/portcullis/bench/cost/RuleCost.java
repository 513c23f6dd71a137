package io.portcullis.bench.cost;

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
import io.portcullis.bench.lab.RuleFiles;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import io.portcullis.bench.lab.ThreeEnds;
import io.portcullis.bench.lab.WebServer;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The cost of the number of rules. First one verdict about a new flow (JMH, one thread): compiled rules beside the naive
 * evaluator of the same run, which asks one rule after the other; its allocations; and the time to compile 100,000 rules. Then
 * the firewall itself, between {@link ThreeEnds}: one daemon that gets 10, 1,000 and 100,000 rules in turn, by reload; the last
 * rules admit the traffic.
 */
public final class RuleCost {
    private static final List<Integer> COUNTS = List.of(10, 1000, 100_000);
    private static final Pattern TIMES = Pattern.compile("read ([0-9]+) ms, compiled [0-9]+ ms, published [0-9]+ ms");

    private final Options options;
    private final int seconds;
    private final int rounds;
    private final Series series = new Series();
    private final Iperf3 iperf3;

    public RuleCost(Options options) {
        this.options = options;
        seconds = options.quick() ? 1 : 2;
        rounds = options.quick() ? 3 : 13;
        iperf3 = new Iperf3(ThreeEnds.SERVER_IP, seconds);
    }

    public void run() {
        Processes.environment("RUNTIME_DIRECTORY", Folders.work("run").toString());
        Console.say(Console.bold("portcullis bench --rules") + ": " + Machine.kernel() + ", " + Machine.online()
                + " cores");
        if (!options.forwardingOnly()) {
            Verdicts.run(options.quick());
        }
        ThreeEnds.build();
        Namespaces.sysctl(Namespaces.CLIENT, "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=1024 65535");
        for (int count : COUNTS) {
            Texts.write(file(count), rules(count));
        }
        Namespaces.start(Namespaces.SERVER, Folders.work("iperf3-server.log"), "iperf3", "--server");
        WebServer.start("listen 80 backlog=4096;", "keepalive_timeout 0;");
        // A folder of its own: the daemon looks at the rules again whenever something changes beside them.
        Path config = Texts.folder(Folders.work("rules")).resolve("rules.yaml");
        Texts.replace(config, file(10));
        Firewall firewall = new Firewall(Namespaces.FIREWALL, config, Folders.work("log"));
        measure(firewall);
        print(firewall);
        Json.keep(options.json(), json(), "JSON: ");
    }

    private static Path file(int count) {
        return Folders.work("rules-" + count + ".yaml");
    }

    /** The rules that admit the traffic come last. */
    private static String rules(int count) {
        return Numbers.format("""
                version: 1
                interfaces:
                  bench: {mode: bridge, outside: out0, inside: in0, security-groups: [many, bench]}
                security-groups:
                  many:
                    ingress:
                %s  bench:
                    ingress:
                      - {protocol: tcp, ports: [80, 5201], from: 198.18.0.1}
                      - {protocol: icmp, type: echo-request, from: any}
                control: {socket: %s}
                metrics: {rule-hits: false}
                log: {drops: off}
                """, RuleFiles.rules(count - 2), Folders.work("run/control.sock"));
    }

    private void measure(Firewall firewall) {
        use(firewall, 100_000);
        iperf3.run();
        connections();
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < COUNTS.size(); i++) {
                // Each round begins with another count: other work of the machine then affects all counts alike.
                int count = COUNTS.get((i + round) % COUNTS.size());
                use(firewall, count);
                series.note("bulk-" + count, iperf3.run());
                series.note("connections-" + count, connections());
            }
        }
    }

    private static void use(Firewall firewall, int count) {
        firewall.use(file(count), 0.1);
        Processes.pause(1);
    }

    private double connections() {
        Path output = Folders.work("connections");
        List<String> words = Namespaces.inside(
                Namespaces.CLIENT,
                Folders.work("connect").toString(),
                ThreeEnds.SERVER_IP,
                "80",
                Settings.CONNECTIONS_AT_A_TIME,
                Integer.toString(seconds));
        if (Processes.exit(Processes.start(output, Processes.limited(seconds + 20.0, words))) != 0) {
            throw new Failure("connect: " + Texts.tail(output, 3));
        }
        return Texts.value(output, "connections_per_second");
    }

    private void print(Firewall firewall) {
        Console.say("100,000 rules: " + slowest(firewall.log()) + " in the daemon, the slowest of " + firewall.reloads()
                + " reloads");
        Console.say(
                "%8s %20s %10s %22s %10s",
                "rules", "bulk TCP, Gbit/s", "/10 rules", "new connections, 1/s", "/10 rules");
        for (int count : COUNTS) {
            Console.say(
                    "%8d %20s %10.3f %22s %10.3f",
                    count,
                    Numbers.general(series.median("bulk-" + count)),
                    series.ratio("bulk-" + count, "bulk-10"),
                    Numbers.general(series.median("connections-" + count)),
                    series.ratio("connections-" + count, "connections-10"));
        }
    }

    /** The times of the slowest reload. */
    static String slowest(String log) {
        Matcher times = TIMES.matcher(log);
        String slowest = "";
        int longest = -1;
        while (times.find()) {
            int read = Integer.parseInt(times.group(1));
            if (read >= longest) {
                longest = read;
                slowest = times.group();
            }
        }
        return slowest;
    }

    private String json() {
        StringBuilder json = new StringBuilder(Numbers.format(
                "{\"kernel\": \"%s\", \"cores\": %d, \"rounds\": %d, \"seconds\": %d",
                Machine.kernel(), Machine.online(), rounds, seconds));
        for (int count : COUNTS) {
            for (String what : List.of("bulk-", "connections-")) {
                json.append(Numbers.format(",%n  \"%s%d\": %s", what, count, Json.numbers(series.of(what + count))));
            }
        }
        return json.append("}\n").toString();
    }
}
