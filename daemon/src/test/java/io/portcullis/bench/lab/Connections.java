package io.portcullis.bench.lab;

import java.nio.file.Path;

/** New TCP connections per second, 32 at a time, each of which gets a page. */
record Connections(Measurement measurement) implements Scenario {
    static final String AT_A_TIME = "32";

    @Override
    public String name() {
        return "connections";
    }

    @Override
    public void measure(Row row) {
        Path output = Bench.work("connections");
        if (measurement.fromClient(
                90,
                output,
                Bench.work("connect").toString(),
                row.server(),
                "80",
                AT_A_TIME,
                Numbers.general(measurement.settings().connecting()))) {
            measurement.note(row, "connections", Texts.value(output, "connections_per_second"));
            measurement.note(row, "connections_failed", Texts.value(output, "failed"));
        } else {
            measurement.missed(row, "connections");
        }
    }
}
