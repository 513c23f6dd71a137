package io.portcullis.bench.cost;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Machine;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The cost of a flow among 10,000 flows and among a million. JMH, one thread: a packet of an established connection from the
 * frame to the verdict, in batches of 64 and one by one, connections visited at random; of that, parse, lookup and TCP update
 * alone ("hit"); a new flow and its end. Beside them, in the same run, a simple tracker: a HashMap of records, which parses
 * nothing. Then the time in which a start finds a million flows, and the longest call that expires them; a dropped
 * packet, recorded and not; and a list of a million flows.
 */
public final class FlowCost {
    private static final List<String> JVM = List.of("--enable-native-access=ALL-UNNAMED");
    private static final String FORMAT = "%-22s %10d %10.0f %14.1f %10.3f";

    private FlowCost() {}

    public static void run(boolean quick) {
        Console.say(Console.bold("portcullis bench --flows") + ": " + Machine.kernel() + ", " + Machine.online()
                + " cores");
        Path log = Folders.work("jmh.log");
        List<Jmh.Line> flows = Jmh.run(
                900, log, JVM, "FlowBenchmark", Jmh.options(quick ? "-wi 3 -i 5 -w 1 -r 1" : "-wi 3 -i 9 -w 2 -r 2"));
        rows(flows, new Iterations(Texts.read(log))).forEach(Console::say);
        recovery(Jmh.run(300, Folders.work("recovery.log"), JVM, "RecoveryBenchmark"))
                .forEach(Console::say);
        drops(Jmh.run(120, Folders.work("drops.log"), JVM, "DropBenchmark", Jmh.options("-wi 3 -i 5 -w 1 -r 1")))
                .forEach(Console::say);
        listing().forEach(Console::say);
    }

    /** What a list of a million flows costs. */
    private static List<String> listing() {
        Path log = Folders.work("listing.log");
        List<String> words = Stream.of(
                        List.of(Path.of(System.getProperty("java.home"), "bin/java")
                                .toString()),
                        JVM,
                        List.of("-Xmx256m", "-XX:+UseSerialGC", "-cp", Jmh.classPath()),
                        List.of("io.portcullis.bench.FlowListing"))
                .flatMap(List::stream)
                .toList();
        if (Processes.exit(Processes.start(log, Processes.limited(300, words))) != 0) {
            throw new Failure("FlowListing: " + Texts.tail(log, 5));
        }
        return Texts.read(log).lines().toList();
    }

    /** A dropped packet with the recorder, beside one without. */
    static List<String> drops(List<Jmh.Line> lines) {
        return Stream.of("scanner", "sources")
                .map(traffic -> {
                    double without = score(lines, traffic, "none");
                    double with = score(lines, traffic, "16");
                    return Numbers.format(
                            "a dropped packet (%s): %.1f ns, recorded %.1f ns (+%.1f)",
                            traffic, without, with, with - without);
                })
                .toList();
    }

    private static double score(List<Jmh.Line> lines, String traffic, String recorder) {
        return lines.stream()
                .filter(line -> line.name().equals("drop")
                        && line.parameter("traffic").equals(traffic)
                        && line.parameter("recorder").equals(recorder))
                .mapToDouble(Jmh.Line::score)
                .findFirst()
                .orElse(Double.NaN);
    }

    /** Medians of the iterations: other processes use this machine, too. */
    static List<String> rows(List<Jmh.Line> lines, Iterations iterations) {
        List<String> rows = lines.stream()
                .filter(line -> !line.name().contains(":"))
                .map(line -> {
                    String flows = line.parameter("flows");
                    double ns = Numbers.median(iterations.of(line.name(), flows));
                    return Numbers.format(
                            FORMAT,
                            line.name(),
                            Long.parseLong(flows),
                            ns,
                            ns / Numbers.median(iterations.of("yardstick", flows)),
                            allocated(lines, line.name(), flows));
                })
                .toList();
        return Processes.concat(
                List.of(Numbers.format("%-22s %10s %10s %14s %10s", "what", "flows", "ns", "÷ HashMap", "B/packet")),
                rows);
    }

    private static double allocated(List<Jmh.Line> lines, String name, String flows) {
        return lines.stream()
                .filter(line -> line.name().startsWith(name + ":")
                        && line.name().endsWith("gc.alloc.rate.norm")
                        && line.parameter("flows").equals(flows))
                .mapToDouble(Jmh.Line::score)
                .findFirst()
                .orElse(Double.NaN);
    }

    static List<String> recovery(List<Jmh.Line> lines) {
        return List.of(
                Numbers.format(
                        "a start finds 1,000,000 flows in %.0f ms (mean of 3, the first of a JVM included)",
                        score(lines, "recover")),
                Numbers.format(
                        "a turn of forgetting takes %.0f us (999 of 1,000); the longest, with what else the machine did: %.0f us",
                        score(lines, "p0.999"), score(lines, "p1.00")));
    }

    private static double score(List<Jmh.Line> lines, String end) {
        return lines.stream()
                .filter(line -> line.name().endsWith(end))
                .mapToDouble(Jmh.Line::score)
                .findFirst()
                .orElse(Double.NaN);
    }
}
