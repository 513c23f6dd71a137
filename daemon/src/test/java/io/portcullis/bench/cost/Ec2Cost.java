package io.portcullis.bench.cost;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.figures.Series;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Firewall;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Json;
import io.portcullis.bench.lab.Machine;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Options;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The calls a second that the EC2 endpoint of a guarded host answers, with 50 groups of 5 rules, and the time on a core that a call takes
 * of the daemon. The daemon has one core, the clients another; with a single core they share it.
 */
public final class Ec2Cost {
    private static final int GROUPS = 50;
    private static final int RULES = 5;
    private static final int CLIENTS = 8;

    private static final Map<String, List<String>> CALLS = new LinkedHashMap<>();

    static {
        String id = "sg-000000000000000";
        CALLS.put("one group", List.of(call("DescribeSecurityGroups", "GroupId.1=" + id + "07")));
        CALLS.put(
                "rules of one group",
                List.of(call("DescribeSecurityGroupRules", "Filter.1.Name=group-id", "Filter.1.Value.1=" + id + "07")));
        CALLS.put("all groups", List.of(call("DescribeSecurityGroups")));
        CALLS.put("all rules", List.of(call("DescribeSecurityGroupRules")));
        String rule = "GroupId=" + id + "07&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=900@"
                + "&IpPermissions.1.ToPort=900@&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8";
        CALLS.put(
                "changes",
                List.of(call("AuthorizeSecurityGroupIngress", rule), call("RevokeSecurityGroupIngress", rule)));
    }

    private final Options options;
    private final int seconds;
    private final int rounds;
    private final Series series = new Series();
    private final Path socket = Folders.work("run/control.sock");

    public Ec2Cost(Options options) {
        this.options = options;
        seconds = options.quick() ? 3 : 10;
        rounds = options.quick() ? 3 : 5;
    }

    private static String call(String action, String... parameters) {
        return "Action=" + action + "&Version=2016-11-15" + (parameters.length == 0 ? "" : "&")
                + String.join("&", parameters);
    }

    public void run() {
        Processes.environment("RUNTIME_DIRECTORY", Folders.work("run").toString());
        HostCost.buildEnds();
        Path keys = Folders.work("ec2-credentials");
        Texts.write(
                keys,
                "[default]\naws_access_key_id = " + Ec2Calls.KEY + "\naws_secret_access_key = " + Ec2Calls.SECRET
                        + "\n");
        Processes.run(10, "chmod", "600", keys.toString()).ok();
        // A folder of its own: calls write the file.
        Path config = Texts.folder(Folders.work("rules")).resolve("rules.yaml");
        Texts.write(config, rules(keys));
        Console.say(Console.bold("portcullis bench --ec2") + ": " + Machine.kernel() + ", " + Machine.online()
                + " cores; medians of " + rounds + " rounds of " + seconds + " s (least-most), " + CLIENTS
                + " clients");
        Firewall firewall = new Firewall(Namespaces.HOST, config, Folders.work("log"));
        boolean apart = Machine.online() > 1;
        if (apart) {
            Processes.run(10, "taskset", "-acp", "0", Long.toString(firewall.pid()))
                    .ok();
        }
        // The compilers have their work behind them when the rounds begin.
        CALLS.forEach((_, calls) -> calls(calls, apart, 2.0 * seconds));
        for (int round = 0; round < rounds; round++) {
            CALLS.forEach((name, calls) -> {
                double before = HostCost.nanosecondsOnCore(firewall.pid());
                Path output = calls(calls, apart, seconds);
                double spent = HostCost.nanosecondsOnCore(firewall.pid()) - before;
                series.note(name, Texts.value(output, "per_second"));
                series.note(name + ", us", spent / 1000 / Texts.value(output, "calls"));
            });
        }
        print();
        firewall.detach(socket);
        Json.keep(options.json(), json(), "JSON: ");
    }

    private static Path calls(List<String> calls, boolean apart, double time) {
        Path output = Folders.work("calls");
        List<String> words = new ArrayList<>(apart ? List.of("taskset", "-c", "1") : List.of());
        words.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                Jmh.classPath(),
                Ec2Calls.class.getName(),
                Integer.toString(CLIENTS),
                Double.toString(time)));
        words.addAll(calls);
        Process clients =
                Processes.start(output, Processes.limited(time + 60, Namespaces.inside(Namespaces.HOST, words)));
        if (Processes.exit(clients) != 0) {
            throw new Failure("clients: " + Texts.tail(output, 3));
        }
        return output;
    }

    private String rules(Path keys) {
        StringBuilder groups = new StringBuilder();
        for (int group = 0; group < GROUPS; group++) {
            groups.append(Numbers.format("  group-%d:%n    id: sg-%017d%n    ingress:%n", group, group));
            for (int rule = 0; rule < RULES; rule++) {
                groups.append(Numbers.format(
                        "      - {protocol: tcp, ports: %d, from: 10.%d.%d.0/24, description: rule %d}%n",
                        8000 + rule, group, rule, rule));
            }
        }
        return Numbers.format("""
                version: 1
                interfaces:
                  host: {mode: host, nic: eth0, security-groups: [group-0]}
                control: {socket: %s}
                log: {drops: off}
                ec2-api: {credentials: %s, rate: 100000}
                security-groups:
                %s""", socket, keys, groups);
    }

    private void print() {
        Console.say("%-20s %26s %30s", "calls", "a second", "microseconds of the daemon's");
        for (String name : CALLS.keySet()) {
            Console.say("%-20s %26s %30s", name, series.spread(name), series.spread(name + ", us"));
        }
    }

    private String json() {
        StringBuilder json = new StringBuilder(Numbers.format(
                "{\"kernel\": \"%s\", \"cores\": %d, \"rounds\": %d, \"seconds\": %d",
                Machine.kernel(), Machine.online(), rounds, seconds));
        for (String name : CALLS.keySet()) {
            for (String each : List.of(name, name + ", us")) {
                json.append(Numbers.format(",%n  \"%s\": %s", each, Json.numbers(series.of(each))));
            }
        }
        return json.append("}\n").toString();
    }
}
