package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.figures.Quantiles;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Json;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Options;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How long the ring row's event loop was away from its ports, beside the floor: how long any process that wants that core has to
 * wait for it. Both run on the same core, in turn, under the same load; while one is measured the other sleeps.
 */
final class Stalls {
    private static final String METRIC = "portcullis_loop_stall_seconds";
    private static final String LABELS = "interface=\"bench\"";
    private static final int ALLOWED_US = 200;
    private static final int CONNECTIONS_A_SECOND = 500;

    private final Measurement measurement;
    private final Devices devices;
    private final List<String> loopBefore = new ArrayList<>();
    private final List<String> loopAfter = new ArrayList<>();
    private final List<String> floors = new ArrayList<>();

    Stalls(Measurement measurement, Devices devices) {
        this.measurement = measurement;
        this.devices = devices;
    }

    /** Measures in turns of a minute, or in three turns if that gives fewer; a sixth of each turn is the floor's. */
    void measure(double minutes) {
        int turns = minutes < 3 ? 3 : (int) (minutes + 0.9);
        int turn = (int) (minutes * 60 / turns);
        int floorSeconds = Math.max(turn / 6, 1);
        int loopSeconds = Math.max(turn - floorSeconds, 1);
        for (int i = 1; i <= turns; i++) {
            devices.wake(Row.RING);
            compilersToFarCore();
            underLoad(Row.RING, loopSeconds, () -> recordLoop(loopSeconds));
            devices.sleep(Row.RING);
            underLoad(Row.WIRE, floorSeconds, () -> recordFloor(floorSeconds));
            Console.say("   turn %d of %d: %d s of the loop, %d s of the floor", i, turns, loopSeconds, floorSeconds);
        }
    }

    /**
     * The compiler's threads run now and then and are not part of the loop: a machine with more cores would have another core for
     * them.
     */
    private void compilersToFarCore() {
        Path tasks = Path.of("/proc", Long.toString(devices.pid(Row.RING)), "task");
        try (DirectoryStream<Path> all = Files.newDirectoryStream(tasks)) {
            for (Path task : all) {
                if (Texts.read(task.resolve("comm")).matches("(?s)C[12] CompilerThre.*")) {
                    String core = Integer.toString(measurement.machine().farCore());
                    Processes.run(10, "taskset", "-cp", core, task.getFileName().toString())
                            .ok();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The load lasts a little longer than what is recorded. */
    private void underLoad(Row row, int seconds, Runnable record) {
        String time = Integer.toString(seconds + 2);
        String connect = Folders.work("connect").toString();
        List<Process> load = new ArrayList<>();
        load.add(client(
                "load",
                "iperf3",
                "--client",
                row.server(),
                "--bitrate",
                "2G",
                "--time",
                time,
                "--connect-timeout",
                "3000"));
        load.add(Processes.start(
                Folders.work("load-udp"),
                Processes.limited(80, measurement.udpWords(row, "rate", 1, Settings.LOAD_PPS, time))));
        load.add(client(
                "load-connect",
                connect,
                row.server(),
                "80",
                Settings.CONNECTIONS_AT_A_TIME,
                time,
                Integer.toString(CONNECTIONS_A_SECOND)));
        Processes.pause(1);
        record.run();
        for (Process each : load) {
            if (Processes.exit(each) != 0) {
                throw new Failure("the load through " + row.label() + " ended early: "
                        + Texts.tail(Folders.work("load"), 1) + Texts.tail(Folders.work("load-udp"), 1)
                        + Texts.tail(Folders.work("load-connect"), 1));
            }
        }
    }

    private static Process client(String output, String... words) {
        return Processes.start(
                Folders.work(output), Processes.limited(80, Namespaces.inside(Namespaces.CLIENT, words)));
    }

    private void recordLoop(int seconds) {
        loopBefore.add(scrape());
        Processes.pause(seconds);
        loopAfter.add(scrape());
    }

    private static String scrape() {
        Processes.Outcome metrics = Namespaces.page(Row.RING.namespace(), "/metrics", 5);
        if (!metrics.isOk()) {
            throw new Failure("the daemon of the ring row gives no metrics");
        }
        if (metrics.output().lines().noneMatch(line -> line.startsWith(METRIC + "_bucket{") && line.contains(LABELS))) {
            throw new Failure("this portcullis has no histogram " + METRIC
                    + " of its event loop: nothing to compare with the floor");
        }
        return metrics.output();
    }

    private void recordFloor(int seconds) {
        Path output = Folders.work("floor");
        if (!measurement.bounded(
                seconds + 10.0,
                output,
                List.of(
                        "taskset",
                        "-c",
                        measurement.device(),
                        Folders.work("spin").toString(),
                        Integer.toString(seconds)))) {
            throw new Failure("no floor: " + Texts.tail(measurement.complaint(), 1));
        }
        floors.add(Texts.read(output));
    }

    void report(Options options, double busy) {
        Quantiles floor = Quantiles.of("spin_gap_seconds", "", List.of(), floors);
        Quantiles loop = Quantiles.of(METRIC, LABELS, loopBefore, loopAfter);
        Console.say("");
        Console.say("   %-16s%12s%12s%12s%12s%14s", "us", "p50", "p99", "p99.9", "max", "samples");
        Console.say(floor.row("floor"));
        Console.say(loop.row("loop"));
        Console.say("   each is the upper bound of its bucket; load: iperf3 at 2 Gbit/s, " + Settings.LOAD_PPS
                + " UDP packets and " + CONNECTIONS_A_SECOND + " connections a second");
        boolean holds = !Double.isInfinite(loop.p999()) && loop.p999() <= floor.p999() + ALLOWED_US;
        Console.say("   " + Console.bold("p99.9 <= floor + " + ALLOWED_US + " us: " + (holds ? "yes" : "no")));
        Json.keep(
                options.json(),
                Numbers.format(
                        "{%s, \"minutes\": %s, \"allowed_us\": %d, \"holds\": %s,%n  \"floor\": %s,%n  \"loop\": %s}%n",
                        Json.header(measurement.machine().count(), busy),
                        options.stallMinutes(),
                        ALLOWED_US,
                        holds,
                        floor.json(),
                        loop.json()),
                "   written to ");
    }
}
