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
import io.portcullis.bench.lab.RuleFiles;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import io.portcullis.bench.lab.ThreeEnds;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;

/**
 * What a reload of a large file costs those who send meanwhile, and what memory the daemon has, between {@link ThreeEnds}.
 *
 * <p>A daemon with the launcher's own options gets 10,000 flows. Then, in turn: round trips while nothing happens, and round trips
 * while a file with a list of 50,000 blocks is read again and again, without a pause in between, another version each time. Then its
 * memory: with that file, with 400,000 blocks, and back at the small file.
 */
public final class ReloadCost {
    private static final int FLOWS = 10_000;
    private static final int BLOCKS = 50_000;
    private static final int MANY_BLOCKS = 400_000;
    private static final String SMALL = "small";
    private static final String HUGE = "huge";
    private static final Pattern TIMES =
            Pattern.compile("read ([0-9]+) ms, compiled ([0-9]+) ms, published ([0-9]+) ms");
    private static final Pattern RESIDENT = Pattern.compile("(?m)^Rss: +([0-9]+) kB");

    /** MiB of the daemon's process, rings and flow table included. */
    private record Memory(long start, long flows, long large, long back, long huge, long backAgain) {}

    private final Options options;
    private final int pings;
    private final int rounds;
    private final Series series = new Series();

    public ReloadCost(Options options) {
        this.options = options;
        pings = options.quick() ? 2000 : 5000;
        rounds = options.quick() ? 3 : 7;
    }

    public void run() {
        Processes.environment("RUNTIME_DIRECTORY", Folders.work("run").toString());
        ThreeEnds.build();
        write(SMALL, 0, 443);
        write("large-0", BLOCKS, 443);
        write("large-1", BLOCKS, 444);
        write(HUGE, MANY_BLOCKS, 443);
        // A folder of its own: the daemon looks at the rules again whenever something changes beside them.
        Path config = Texts.folder(Folders.work("rules")).resolve("rules.yaml");
        Texts.replace(config, file(SMALL));
        Firewall firewall = new Firewall(Namespaces.FIREWALL, config, Folders.work("log"));
        Console.say(Console.bold("portcullis bench --reload") + ": " + Machine.kernel() + ", " + Machine.online()
                + " cores; medians of " + rounds + " rounds of " + pings + " round trips");
        Memory memory = measure(firewall);
        List<Integer> times = times(firewall.log());
        print(memory, times, firewall.reloads());
        firewall.detach(Folders.work("run/control.sock"));
        new ReloadsUnderLoad(options.quick()).run();
        Json.keep(options.json(), json(memory, times), "JSON: ");
    }

    private static Path file(String name) {
        return Folders.work(name + ".yaml");
    }

    /** A file with a list of so many blocks; the port makes two versions of it. */
    private void write(String name, int blocks, int port) {
        Texts.write(
                file(name),
                Numbers.format(
                        """
                version: 1
                interfaces:
                  bench: {mode: bridge, outside: out0, inside: in0, security-groups: [listed, bench]%s}
                security-groups:
                  listed: {ingress: [{protocol: tcp, ports: %d, from: {prefix-list: many}}]}
                  bench:
                    ingress:
                      - {protocol: udp, ports: [7, 9], from: any}
                control: {socket: %s}
                log: {drops: off}
                prefix-lists:
                  many:
                    - 192.0.2.0/24
                %s""",
                        options.offload() ? ", offload: auto" : "",
                        port,
                        Folders.work("run/control.sock"),
                        RuleFiles.blocks(blocks)));
    }

    private static void use(Firewall firewall, String name) {
        firewall.use(file(name), 0.02);
    }

    private Memory measure(Firewall firewall) {
        long start = resident(firewall);
        udp(Folders.work("rate"), 60, "rate", Integer.toString(FLOWS), "5000", "4");
        // The compilers' memory goes back within seconds.
        long withFlows = settled(firewall, 200);
        // The first reloads compile what reads and compiles.
        for (int i = 0; i < 2; i++) {
            use(firewall, "large-0");
            use(firewall, "large-1");
        }
        for (int round = 0; round < rounds; round++) {
            ping("quiet");
            pingWhileReloading(firewall);
        }
        long large = resident(firewall);
        use(firewall, SMALL);
        long back = settled(firewall, withFlows + 32);
        use(firewall, HUGE);
        long huge = resident(firewall);
        use(firewall, SMALL);
        return new Memory(start, withFlows, large, back, huge, settled(firewall, withFlows + 32));
    }

    private void pingWhileReloading(Firewall firewall) {
        AtomicBoolean enough = new AtomicBoolean();
        CompletableFuture<Void> reloading = CompletableFuture.runAsync(() -> {
            int i = 0;
            while (!enough.get()) {
                use(firewall, "large-" + i++ % 2);
            }
            // The next round begins with a change again.
            if (i % 2 != 0) {
                use(firewall, "large-1");
            }
        });
        try {
            ping("reload");
        } finally {
            enough.set(true);
        }
        reloading.join();
    }

    private static void udp(Path output, int seconds, String... arguments) {
        List<String> words = Processes.concat(
                List.of(
                        Folders.work("udp").toString(),
                        Namespaces.CLIENT,
                        "eth0",
                        ThreeEnds.CLIENT_IP,
                        Namespaces.SERVER,
                        "eth0",
                        ThreeEnds.SERVER_IP,
                        Machine.ALL),
                List.of(arguments));
        Path complaint = Folders.work("complaint");
        if (Processes.exit(Processes.start(output, complaint, Processes.limited(seconds, words))) != 0) {
            throw new Failure(arguments[0] + ": " + Texts.tail(complaint, 1));
        }
    }

    private void ping(String key) {
        Path output = Folders.work("ping");
        udp(output, 120, "ping", Integer.toString(Settings.PING_INTERVAL_US), Integer.toString(pings));
        for (String what : List.of("p50_us", "p99_us", "lost")) {
            series.note(key + "-" + what, Texts.value(output, what));
        }
    }

    static long resident(Firewall firewall) {
        String memory = Texts.read(Path.of("/proc", Long.toString(firewall.pid()), "smaps_rollup"));
        return RESIDENT.matcher(memory)
                .results()
                .mapToLong(match -> Math.round(Long.parseLong(match.group(1)) / 1024.0))
                .findFirst()
                .orElseThrow();
    }

    /** As resident, once it is no more than that, or after 30 s. */
    static long settled(Firewall firewall, long mib) {
        boolean _ = Processes.eventually(30, 0.1, () -> resident(firewall) <= mib);
        return resident(firewall);
    }

    /** Milliseconds of each reload, the shortest first. */
    static List<Integer> times(String log) {
        return TIMES.matcher(log)
                .results()
                .map(match -> Integer.parseInt(match.group(1))
                        + Integer.parseInt(match.group(2))
                        + Integer.parseInt(match.group(3)))
                .sorted()
                .toList();
    }

    private void print(Memory memory, List<Integer> times, int reloads) {
        Console.say("%-34s %12s %12s %12s", "round trip, us", "p50", "p99", "lost, all");
        sayRow("nothing happens", "quiet");
        sayRow("reload after reload, " + BLOCKS, "reload");
        Console.say(
                "%-34s %12.2f %12.2f",
                "ratio", series.ratio("reload-p50_us", "quiet-p50_us"), series.ratio("reload-p99_us", "quiet-p99_us"));
        Console.say("a reload: " + times.get((times.size() - 1) / 2) + " ms in the middle, " + times.getLast()
                + " the longest (" + reloads + " reloads)");
        Console.say("resident, MiB: " + memory.start + " at the start, " + memory.flows + " with " + FLOWS + " flows, "
                + memory.large + " after the reloads, " + memory.back + " back at the small file, " + memory.huge
                + " with " + MANY_BLOCKS + " blocks, " + memory.backAgain + " back at the small file");
    }

    private void sayRow(String label, String key) {
        double lost = series.of(key + "-lost").stream()
                .mapToDouble(Double::doubleValue)
                .sum();
        Console.say(
                "%-34s %12s %12s %12s",
                label,
                Numbers.general(series.median(key + "-p50_us")),
                Numbers.general(series.median(key + "-p99_us")),
                Numbers.general(lost));
    }

    private String json(Memory memory, List<Integer> times) {
        StringBuilder json = new StringBuilder(Numbers.format(
                "{\"kernel\": \"%s\", \"cores\": %d, \"rounds\": %d, \"pings\": %d",
                Machine.kernel(), Machine.online(), rounds, pings));
        for (String key : List.of("quiet", "reload")) {
            for (String what : List.of("p50_us", "p99_us", "lost")) {
                String name = key + "-" + what;
                json.append(Numbers.format(",%n  \"%s\": %s", name, Json.numbers(series.of(name))));
            }
        }
        json.append(Numbers.format(",%n  \"reload-ms\": %s", times));
        return json.append(Numbers.format(
                        ",%n  \"resident-mib\": {\"start\": %d, \"flows\": %d, \"large\": %d, \"back\": %d, \"huge\": %d,"
                                + " \"back-again\": %d}}%n",
                        memory.start, memory.flows, memory.large, memory.back, memory.huge, memory.backAgain))
                .toString();
    }
}
