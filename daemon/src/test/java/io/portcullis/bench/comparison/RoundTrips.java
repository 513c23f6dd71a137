package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;

/** Round trips of one packet after the other: with nothing else, or beside a load of UDP packets. */
record RoundTrips(Measurement measurement, boolean isLoaded) implements Scenario {
    private static final int LOAD_SECONDS = 50;

    @Override
    public String name() {
        return isLoaded ? "rtt_load" : "rtt_idle";
    }

    @Override
    public void measure(Row row) {
        if (!isLoaded) {
            ping(row);
            return;
        }
        Path output = Folders.work("load");
        Process load = Processes.start(
                output, Processes.limited(60, measurement.udpWords(row, "rate", 1, Settings.LOAD_PPS, LOAD_SECONDS)));
        Processes.pause(0.2);
        ping(row);
        if (!load.isAlive()) {
            Console.complain("the load beside the round trips ended early: " + Texts.read(output));
        }
        Processes.end(load);
    }

    private void ping(Row row) {
        Path output = Folders.work("ping");
        if (!measurement.udp(
                row,
                60,
                output,
                "ping",
                Settings.PING_INTERVAL_US,
                measurement.settings().pings())) {
            measurement.missed(row, isLoaded ? "round trips, load" : "round trips, idle");
            return;
        }
        measurement.note(row, name() + "_p50", Texts.value(output, "p50_us"));
        measurement.note(row, name() + "_p99", Texts.value(output, "p99_us"));
        measurement.note(row, name() + "_lost", Texts.value(output, "lost"));
    }
}
