package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Machine;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** TCP throughput in one direction, from the client to the server behind the device. */
record TcpBulk(Measurement measurement, int streams) implements Scenario {
    private static final Pattern RATE = Pattern.compile("(\\S+) Mbits/sec.*receiver");

    @Override
    public String name() {
        return "bulk" + streams;
    }

    @Override
    public void measure(Row row) {
        Machine machine = measurement.machine();
        int seconds = measurement.settings().bulk();
        Path output = Folders.work("iperf3");
        Process iperf3 = Processes.start(
                output,
                measurement.complaint(),
                Processes.limited(
                        20,
                        Namespaces.inside(
                                Namespaces.CLIENT,
                                "iperf3",
                                "--client",
                                row.server(),
                                "--time",
                                Integer.toString(seconds),
                                "--omit",
                                "0",
                                "--parallel",
                                Integer.toString(streams),
                                "--format",
                                "m",
                                "--connect-timeout",
                                "3000")));
        // The middle of the transfer, without its beginning and its end.
        Processes.pause(0.3);
        Machine.Idle before = machine.idle(measurement.device());
        Processes.pause(seconds - 0.5);
        Machine.Idle after = machine.idle(measurement.device());
        if (Processes.exit(iperf3) != 0) {
            // iperf3 prints some of its errors on standard output.
            Texts.read(output)
                    .lines()
                    .filter(line -> line.contains("error"))
                    .reduce((first, second) -> second)
                    .ifPresent(line -> Texts.write(measurement.complaint(), line));
            measurement.missed(row, "bulk, " + streams + " streams");
            return;
        }
        double gbits = gbits(Texts.read(output));
        measurement.note(row, name(), gbits);
        double busy = Machine.busy(measurement.deviceCores(), before, after);
        measurement.note(row, name() + "_cpu", 1000 * busy / gbits);
    }

    /** The received rate of all streams together: the last one that iperf3 prints. */
    static double gbits(String output) {
        double mbits = 0;
        Matcher rates = RATE.matcher(output);
        while (rates.find()) {
            mbits = Double.parseDouble(rates.group(1));
        }
        return mbits / 1000;
    }
}
