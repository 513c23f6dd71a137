package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;

/** New TCP connections per second, 32 at a time, each of which gets a page. */
public record Connections(Measurement measurement) implements Scenario {
    @Override
    public String name() {
        return "connections";
    }

    @Override
    public void measure(Row row) {
        Path output = Folders.work("connections");
        if (measurement.fromClient(
                90,
                output,
                Folders.work("connect").toString(),
                row.server(),
                "80",
                Settings.CONNECTIONS_AT_A_TIME,
                Numbers.general(measurement.settings().connecting()))) {
            measurement.note(row, "connections", Texts.value(output, "connections_per_second"));
            measurement.note(row, "connections_failed", Texts.value(output, "failed"));
        } else {
            measurement.missed(row, "connections");
        }
    }
}
