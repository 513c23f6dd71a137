package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Machine;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Settings;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The state that the scenarios share: the machine, the current placement, samples and failures. */
public final class Measurement {
    private final Machine machine;
    private final Settings settings;
    private final Samples samples = new Samples();
    private Placement placement = Placement.SPLIT;
    private int faults;

    Measurement(Machine machine, Settings settings) {
        this.machine = machine;
        this.settings = settings;
    }

    Machine machine() {
        return machine;
    }

    Settings settings() {
        return settings;
    }

    Samples samples() {
        return samples;
    }

    Placement placement() {
        return placement;
    }

    void place(Placement next) {
        placement = next;
    }

    /** How many measures failed. */
    int faults() {
        return faults;
    }

    /** The core of the device, or {@link Machine#ALL}. */
    String device() {
        return placement == Placement.SPLIT ? Integer.toString(machine.deviceCore()) : Machine.ALL;
    }

    int deviceCores() {
        return placement == Placement.SPLIT ? 1 : machine.count();
    }

    void note(Row row, String measure, double value) {
        samples.note(new Samples.Key(placement, row, measure), value);
    }

    /** Notes that a measure failed; the last line of the program's standard error says why. */
    void missed(Row row, String what) {
        if (Processes.isCleaning()) {
            throw new Failure("the run was ended by a signal");
        }
        faults++;
        String why = Texts.tail(complaint(), 1);
        Console.complain("   " + placement.label() + ", " + row.label() + ", " + what + ": not measured: "
                + why.substring(0, Math.min(why.length(), 200)));
    }

    Path complaint() {
        return Folders.work("complaint");
    }

    /** Runs a program to its end, at most so many seconds; true if it succeeded. */
    boolean bounded(double seconds, Path output, List<String> words) {
        return Processes.exit(Processes.start(output, complaint(), Processes.limited(seconds, words))) == 0;
    }

    /** As {@link #bounded}, for a program in the client's namespace. */
    boolean fromClient(double seconds, Path output, String... words) {
        return bounded(seconds, output, Namespaces.inside(Namespaces.CLIENT, words));
    }

    /** The words of the UDP generator for a row. */
    List<String> udpWords(Row row, Object... arguments) {
        List<String> words = Processes.concat(List.of(Folders.work("udp").toString()), row.ends());
        words.add(device());
        Arrays.stream(arguments)
                .map(each -> each instanceof Double value ? Numbers.general(value, 17) : each.toString())
                .forEach(words::add);
        return words;
    }

    boolean udp(Row row, double seconds, Path output, Object... arguments) {
        return bounded(seconds, output, udpWords(row, arguments));
    }
}
