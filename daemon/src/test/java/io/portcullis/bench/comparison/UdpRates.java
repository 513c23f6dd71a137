package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;

/**
 * UDP packets of 64 bytes, of one flow or of many: a flood, the highest rate without loss, and floods of multiples of that.
 *
 * @param summed false: the packets have no checksum, so nothing on the way can merge them
 */
record UdpRates(Measurement measurement, int flows, boolean summed) implements Scenario {
    @Override
    public String name() {
        return "udp" + suffix();
    }

    /** The suffix of the names of its measures. */
    private String suffix() {
        return (flows == 1 ? "" : "_flows") + (summed ? "" : "_single");
    }

    /** The generator's word for the flows. */
    private String word() {
        return flows + (summed ? "" : "z");
    }

    private String what() {
        return (flows == 1 ? "UDP" : "UDP, " + flows + " flows") + (summed ? "" : ", without checksums");
    }

    @Override
    public void measure(Row row) {
        double flood = measurement.settings().flood();
        Path output = Folders.work("flood");
        if (!measurement.udp(row, 20, output, "rate", word(), 0, flood)) {
            measurement.missed(row, what() + ", flood");
            return;
        }
        double offered = Texts.value(output, "offered_pps");
        double goodput = Texts.value(output, "goodput_pps");
        measurement.note(row, "flood" + suffix() + "_offered", offered);
        measurement.note(row, "flood" + suffix(), goodput);

        double noLoss = search(row, goodput, offered);
        if (noLoss > 0) {
            measureCost(row, noLoss, offered);
        }
    }

    /** The highest rate that loses less than 0.5 %; 0 if there is none, or if it was not measured. */
    private double search(Row row, double goodput, double offered) {
        Settings settings = measurement.settings();
        Path output = Folders.work("search");
        double first = goodput < 8000 ? 2000 : Math.floor(goodput / 4);
        if (!measurement.udp(row, 120, output, "search", word(), first, offered, settings.probe(), settings.steps())) {
            measurement.missed(row, what() + ", without loss");
            return 0;
        }
        double noLoss = Texts.value(output, "noloss_pps");
        measurement.note(row, "noloss" + suffix(), noLoss);
        measurement.note(
                row, "noloss" + suffix() + "_is_generators_highest", Texts.value(output, "is_generators_highest"));
        return noLoss;
    }

    private void measureCost(Row row, double noLoss, double offered) {
        double flood = measurement.settings().flood();
        Path output = Folders.work("rate");
        if (!measurement.udp(row, 20, output, "rate", word(), noLoss, flood)) {
            measurement.missed(row, what() + ", CPU per packet");
            return;
        }
        measurement.note(
                row,
                "noloss" + suffix() + "_cpu",
                1e6 * Texts.value(output, "busy_cores") / Texts.value(output, "goodput_pps"));
        if (measurement.placement() == Placement.SPLIT) {
            measurement.note(row, "wakeups" + suffix(), Texts.value(output, "rps_wakeups_per_packet"));
        }
        // Offers more than the device can carry, in steps: a device that collapses delivers the less the more it is
        // offered.
        for (double times : new double[] {1.5, 2, 4}) {
            if (noLoss * times <= offered) {
                measureFlood(row, noLoss, times, output);
            }
        }
    }

    private void measureFlood(Row row, double noLoss, double times, Path output) {
        String multiple = Numbers.general(times);
        if (measurement.udp(
                row,
                20,
                output,
                "rate",
                word(),
                Math.floor(noLoss * times),
                measurement.settings().flood())) {
            measurement.note(row, "flood" + suffix() + "_" + multiple, Texts.value(output, "goodput_pps"));
        } else {
            measurement.missed(row, what() + ", flood of " + multiple);
        }
    }
}
