package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Drops;
import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Json;
import io.portcullis.bench.lab.Machine;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Options;
import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All rows side by side, in turn, in one run; or the stalls of the ring row's event loop. */
public final class Comparison {
    private final Options options;
    private final Machine machine = Machine.look();
    private final Settings settings;
    private final Measurement measurement;
    private final FarEnds ends = new FarEnds();
    private final Devices devices;
    private final Skips skips = new Skips();
    private final long startNs = System.nanoTime();

    /** The drops of a row's engine so far, by reason. */
    private final Map<Row, Map<String, Long>> dropped = new HashMap<>();

    private List<Row> rows;
    private int roundsDone;

    /** Seconds that a row's turn takes, rounded up. */
    private long longestTurn;

    public Comparison(Options options) {
        this.options = options;
        settings = Settings.of(options.quick());
        measurement = new Measurement(machine, settings);
        devices = new Devices(measurement, ends);
        rows = options.rows();
    }

    public void run() {
        if (!machine.hasTwoCores() && options.placements().contains(Placement.SPLIT)) {
            throw new Failure("placement split needs two cores, and this machine has one: take --placement free");
        }
        double busy = busyBefore();
        Console.say(Console.bold("portcullis bench") + ": " + Machine.kernel() + ", " + machine.count() + " cores, "
                + Numbers.format("%.2f", busy) + " of them busy before the start");
        if (busy >= 0.1) {
            Console.say("   " + Console.yellow("somebody else is at work on this machine: don't quote these figures"));
        }
        rows = skips.keep(
                List.of(Row.values()).stream().filter(options.rows()::contains).toList());
        if (rows.isEmpty()) {
            throw new Failure("no row is left to measure");
        }
        ends.build(rows);
        Stalls stalls = new Stalls(measurement, devices);
        for (Placement placement : options.placements()) {
            begin(placement);
            if (options.mode() == Options.Mode.STALLS) {
                stalls.measure(Double.parseDouble(options.stallMinutes()));
            } else {
                measureRounds();
            }
            rows.forEach(devices::stop);
        }
        if (options.mode() == Options.Mode.STALLS) {
            stalls.report(options, busy);
        } else {
            printReport(busy);
        }
        if (measurement.faults() > 0) {
            throw new Failure(measurement.faults() + " measures failed: see above");
        }
    }

    /** Cores that other processes keep busy before the start: with them the figures are worth little. */
    private double busyBefore() {
        Machine.Idle before = machine.idle(Machine.ALL);
        Processes.pause(1);
        return Math.max(0, Machine.busy(machine.count(), before, machine.idle(Machine.ALL)));
    }

    private void begin(Placement placement) {
        measurement.place(placement);
        Cores.place(placement, machine, rows);
        // Every device is started anew.
        dropped.clear();
        Console.say("   " + placement.label() + ": " + labels(rows));
        for (Row row : rows) {
            devices.start(row);
            prove(row);
            warmUp(row);
            noteDrops(row, "warm_up");
            devices.sleep(row);
        }
    }

    private static String labels(List<Row> rows) {
        return String.join(" ", rows.stream().map(Row::label).toList());
    }

    /**
     * A filter that does not filter is fast. So before the measurement an open port must answer and a closed one must not; the
     * server listens on both.
     */
    private static void prove(Row row) {
        if (FarEnds.fetch(row, 80) != 0) {
            throw new Failure(row.label() + ": no page from port 80, which is open");
        }
        int code = FarEnds.fetch(row, 8081);
        if (row.isOpen() && code != 0) {
            throw new Failure(
                    row.label() + ": no page from port 8081 although nothing filters: curl ended with " + code);
        }
        // 28: nobody answered in time.
        if (!row.isOpen() && code != 28) {
            throw new Failure(row.label() + ": port 8081 should be shut, and curl ended with " + code
                    + " instead of 28: nothing measured");
        }
    }

    /**
     * Warms up: the JIT compiler has compiled the hot code before the measurement, and flows, routes and neighbours are known.
     */
    private void warmUp(Row row) {
        if (!row.isJava()) {
            return;
        }
        var output = Folders.work("warm");
        String seconds = Integer.toString(settings.warm());
        if (!measurement.fromClient(
                30, output, "iperf3", "--client", row.server(), "--time", seconds, "--connect-timeout", "3000")) {
            measurement.missed(row, "warming up, bulk");
        }
        if (!measurement.udp(row, 20, output, "rate", 1, 100_000, seconds)) {
            measurement.missed(row, "warming up, UDP");
        }
        if (!measurement.fromClient(
                20,
                output,
                Folders.work("connect").toString(),
                row.server(),
                "80",
                Settings.CONNECTIONS_AT_A_TIME,
                "1")) {
            measurement.missed(row, "warming up, TCP");
        }
    }

    /**
     * Notes the drops of the row's engine since the last call, by reason. Between two correct stacks there are none, except
     * resets (tcp-window) of a client that hangs up while the answer is on its way: they are below an ACK of the server that has
     * passed meanwhile, and the server would ignore them; the last of them passes.
     */
    private void noteDrops(Row row, String measure) {
        if (!row.isDaemon()) {
            return;
        }
        Processes.Outcome metrics = Namespaces.page(row.namespace(), "/metrics", 5);
        if (!metrics.isOk()) {
            Texts.write(measurement.complaint(), metrics.complaint());
            measurement.missed(row, measure + ", drops");
            return;
        }
        List<String> said = new ArrayList<>();
        Map<String, Long> before = dropped.computeIfAbsent(row, each -> new HashMap<>());
        Drops.of(metrics.output()).forEach((reason, count) -> {
            long more = count - before.getOrDefault(reason, 0L);
            before.put(reason, count);
            if (more > 0) {
                said.add(more + " as " + reason);
                measurement.note(row, "drops_" + measure + "_" + reason, (double) more);
            }
        });
        Console.say("   " + measurement.placement().label() + ", " + row.label() + ", " + measure + ": dropped "
                + (said.isEmpty() ? "nothing" : String.join(", ", said)));
    }

    private List<Scenario> scenarios() {
        List<Scenario> all = new ArrayList<>();
        all.add(new TcpBulk(measurement, 1));
        all.add(new TcpBulk(measurement, 4));
        all.add(new UdpRates(measurement, 1, true));
        if (!options.quick()) {
            all.add(new UdpRates(measurement, 1, false));
            all.add(new UdpRates(measurement, Settings.MANY_FLOWS, true));
        }
        all.add(new Connections(measurement));
        all.add(new RoundTrips(measurement, false));
        all.add(new RoundTrips(measurement, true));
        return all;
    }

    private void measure(Row row, List<Scenario> scenarios) {
        devices.wake(row);
        for (Scenario scenario : scenarios) {
            scenario.measure(row);
            noteDrops(row, scenario.name());
        }
        devices.sleep(row);
    }

    private long elapsed() {
        return (System.nanoTime() - startNs) / 1_000_000_000;
    }

    /** As many rounds as the options say, or as many as end within the limit. */
    private void measureRounds() {
        List<Row> turns = new ArrayList<>(rows);
        roundsDone = 0;
        longestTurn = 0;
        for (int round = 0; round < options.rounds(); round++) {
            if (round > 0 && elapsed() + longestTurn * turns.size() > settings.limit()) {
                Console.say("   "
                        + Console.yellow("only " + round + " rounds instead of " + options.rounds()
                                + ": another would end after " + settings.limit() + " s"));
                break;
            }
            long roundStart = elapsed();
            // Each round begins with another row, so that no row has the advantage of the first place.
            List<Row> order = new ArrayList<>(turns);
            Collections.rotate(order, -round);
            order.forEach(row -> measure(row, scenarios()));
            roundsDone = round + 1;
            long took = elapsed() - roundStart;
            Console.say("   " + measurement.placement().label() + ": round " + roundsDone + " of " + options.rounds()
                    + " took " + took + " s: " + labels(turns));
            longestTurn = Math.max(longestTurn, (took + turns.size()) / turns.size());
            turns = rows.stream().filter(settings.again()::contains).toList();
            if (turns.isEmpty()) {
                turns = rows;
            }
        }
        // The full run has it in each round.
        if (options.quick()) {
            measureManyFlowsInTime(turns);
        }
    }

    private void measureManyFlowsInTime(List<Row> turns) {
        for (Row row : turns) {
            if (elapsed() + longestTurn > settings.limit()) {
                Console.say("   " + measurement.placement().label() + ": no time left for " + Settings.MANY_FLOWS
                        + " UDP flows from row " + row.label() + " on");
                return;
            }
            measure(
                    row,
                    List.of(new UdpRates(measurement, 1, false), new UdpRates(measurement, Settings.MANY_FLOWS, true)));
        }
    }

    private void printReport(double busy) {
        Samples samples = measurement.samples();
        Set<Row> starred = ends.withoutOffloads();
        Report report = new Report(samples, rows, roundsDone, starred);
        if (samples.keys().isEmpty()) {
            throw new Failure("nothing was measured");
        }
        for (Placement placement : options.placements()) {
            if (samples.has(placement)) {
                Console.say("");
                Console.say(heading(placement));
                Console.say("   medians of " + roundsDone + " rounds (lowest-highest)");
                report.table(placement).forEach(Console::say);
            }
        }
        Console.say("   UDP: a packet is 64 bytes with its frame check sequence. n=1: measured in one round only;"
                + " in the others the generator can't send as much"
                + (options.quick() ? ", or the row had no turn" : ""));
        sayGeneratorLimits(samples);
        for (Row row : starred) {
            Console.say("   * " + row.label()
                    + ": TSO, GSO and tx checksums are off at both far ends; it can't carry them");
        }
        String header = Json.header(machine.count(), busy)
                + Numbers.format(
                        ", \"quick\": %s, \"rounds\": %d, \"not_measured\": %d, \"skipped\": %s",
                        options.quick(), roundsDone, measurement.faults(), Json.strings(skips.said()));
        Json.keep(options.json(), report.json(header, options.placements()), "   written to ");
    }

    private String heading(Placement placement) {
        return placement == Placement.SPLIT
                ? Console.bold("split") + ": client, server and generator on core " + machine.farCore()
                        + "; the device and what arrives at its NICs on core " + machine.deviceCore() + "; CPU is core "
                        + machine.deviceCore() + "'s"
                : Console.bold("free") + ": the scheduler decides; CPU is that of all " + machine.count()
                        + " cores, client and server included";
    }

    /** Names the rows for which the generator, not the device, was the limit in most rounds. */
    private static void sayGeneratorLimits(Samples samples) {
        for (Samples.Key key : samples.keys()) {
            if (key.measure().endsWith("_is_generators_highest")) {
                List<Double> rounds = samples.of(key);
                double limited =
                        rounds.stream().mapToDouble(Double::doubleValue).sum();
                if (2 * limited > rounds.size()) {
                    String flows = key.measure().contains("_flows_") ? Settings.MANY_FLOWS + " flows" : "1 flow";
                    Console.say(
                            "   " + key.placement().label() + ", " + key.row().label() + ", " + flows
                                    + ": lost less than 0.5 % of all that the generator can send; its own limit may be higher");
                }
            }
        }
    }
}
