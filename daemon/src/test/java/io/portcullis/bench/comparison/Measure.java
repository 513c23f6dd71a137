package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Settings;
import java.util.ArrayList;
import java.util.List;

/**
 * A line of the table.
 *
 * @param name of its samples
 * @param format of one value
 * @param hasRatio whether a ratio to another row has a meaning
 */
record Measure(String name, String label, String unit, String format, boolean hasRatio) {
    /** The lines of the table, in order; the rest is in the JSON only. */
    static final List<Measure> ALL = all();

    private static List<Measure> all() {
        List<Measure> all = new ArrayList<>();
        all.add(new Measure("bulk1", "TCP bulk, 1 stream", "Gbit/s", "%.2f", true));
        all.add(new Measure("bulk4", "TCP bulk, 4 streams", "Gbit/s", "%.2f", true));
        all.add(new Measure("bulk1_cpu", "CPU per Gbit, 1 stream", "core-ms", "%.1f", true));
        all.add(new Measure("bulk4_cpu", "CPU per Gbit, 4 streams", "core-ms", "%.1f", true));
        addUdp(all, "", "UDP 64 B, 1 flow");
        addUdp(all, "_single", "UDP 64 B, 1 flow, no checksum");
        addUdp(all, "_flows", "UDP 64 B, " + Settings.MANY_FLOWS + " flows");
        all.add(new Measure("connections", "new TCP connections", "1/s", "%.0f", true));
        for (String quantile : List.of("p50", "p99")) {
            all.add(new Measure("rtt_idle_" + quantile, "round trip, idle, " + quantile, "us", "%.0f", true));
        }
        for (String quantile : List.of("p50", "p99")) {
            String label = "round trip, " + Settings.LOAD_PPS + "/s, " + quantile;
            all.add(new Measure("rtt_load_" + quantile, label, "us", "%.0f", true));
        }
        return List.copyOf(all);
    }

    private static void addUdp(List<Measure> all, String suffix, String what) {
        all.add(new Measure("noloss" + suffix, what + ", loss < 0.5 %", "packets/s", "%.0f", true));
        all.add(new Measure("noloss" + suffix + "_cpu", "CPU per Mpacket at that rate", "core-s", "%.2f", true));
        all.add(new Measure("wakeups" + suffix, "far-end interrupts a packet", "IPI", "%.3f", false));
        all.add(new Measure("flood" + suffix + "_1.5", "delivered of 1.5 x that rate", "packets/s", "%.0f", true));
        all.add(new Measure("flood" + suffix + "_2", "delivered of 2 x", "packets/s", "%.0f", true));
        all.add(new Measure("flood" + suffix + "_4", "delivered of 4 x", "packets/s", "%.0f", true));
        all.add(new Measure("flood" + suffix, "delivered of a flood", "packets/s", "%.0f", true));
        all.add(new Measure("flood" + suffix + "_offered", "the flood", "packets/s", "%.0f", false));
    }
}
