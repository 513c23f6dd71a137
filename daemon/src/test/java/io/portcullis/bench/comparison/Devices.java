package io.portcullis.bench.comparison;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The devices that are processes. While another row is measured, such a device is stopped (SIGSTOP), so that its cost does not
 * count for that row.
 */
final class Devices {
    /** The folder of bpffs is for what the kernel keeps of the fast row's programs. */
    private static final String OWN_FOLDERS = "mount -t tmpfs -o mode=755 portcullis-bench /run"
            + " && mount -t bpf -o mode=700 portcullis-bench /sys/fs/bpf && mkdir -m 700 /sys/fs/bpf/portcullis"
            + " && exec \"$@\"";

    private final Measurement measurement;
    private final FarEnds ends;
    private final Map<Row, Process> processes = new EnumMap<>(Row.class);

    Devices(Measurement measurement, FarEnds ends) {
        this.measurement = measurement;
        this.ends = ends;
    }

    void start(Row row) {
        switch (row) {
            case WIRE, NFT -> {
                return;
            }
            // A /run of its own, in the mount namespace that ip netns exec makes. So flow tables, journals and control
            // socket
            // stay apart from those of an installed daemon and of the other row.
            case RING, PCAP, FAST ->
                launch(
                        row,
                        "sh",
                        "-c",
                        OWN_FOLDERS,
                        "sh",
                        Folders.launcher(),
                        "run",
                        "--config",
                        Folders.work(row.label() + ".yaml").toString());
            case NULL -> launch(row, nullForwarder().toArray(String[]::new));
            case NFQUEUE -> launch(row, Folders.work("nfqueue").toString(), row.server());
            case OVS -> launch(row, OpenVSwitch.prepare().toArray(String[]::new));
        }
        Process process = Objects.requireNonNull(processes.get(row));
        if (!Processes.eventually(30, 0.1, () -> !process.isAlive() || isReady(row))) {
            throw new Failure(row.label() + " is not ready after 30 s: " + Texts.tail(log(row), 3));
        }
        if (!process.isAlive()) {
            throw endedByItself(row);
        }
        if (row == Row.OVS) {
            OpenVSwitch.makeFast(process.pid());
            if (!OpenVSwitch.carriesSuperFrames(Texts.read(log(row)))) {
                ends.switchOffloadsOff(row);
            }
        }
    }

    private static Path log(Row row) {
        return Folders.work(row.label() + ".log");
    }

    /** Starts a program in the row's namespace; with placement split on the device's core. */
    private void launch(Row row, String... words) {
        List<String> all = new ArrayList<>(
                List.of("setsid", "env", "-u", "JOURNAL_STREAM", "-u", "NOTIFY_SOCKET", "ip", "netns", "exec"));
        all.add(row.namespace());
        if (measurement.placement() == Placement.SPLIT) {
            all.addAll(List.of("taskset", "-c", measurement.device()));
        }
        all.addAll(Arrays.asList(words));
        processes.put(row, Processes.start(log(row), all));
    }

    /** The daemon's command line with another main class. */
    private static List<String> nullForwarder() {
        String script = """
                . "$0/java-25.sh"
                home=${PORTCULLIS_JAVA:-$(java_25_home java)}
                printf '%s\\n' "${home%/bin/java}/bin/java"
                java_options run "$1"
                # Several options in one variable are split at blanks on purpose.
                printf '%s\\n' ${PORTCULLIS_JAVA_OPTS:-}
                """;
        Path target = Folders.root().resolve("daemon/target");
        String jar = target.resolve("portcullis.jar").toString();
        List<String> words = new ArrayList<>(Processes.run(
                        10,
                        "bash",
                        "-c",
                        script,
                        Folders.root().resolve("scripts").toString(),
                        jar)
                .ok()
                .lines()
                .filter(word -> !word.isEmpty())
                // The AOT cache belongs to other classes.
                .filter(word -> !word.startsWith("-XX:AOTCache="))
                .toList());
        words.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                target.resolve("test-classes") + ":" + jar,
                "io.portcullis.worker.NullForwarder",
                "out0",
                "in0"));
        return words;
    }

    private static boolean isReady(Row row) {
        return switch (row) {
            case RING, PCAP, FAST ->
                Namespaces.page(row.namespace(), "/healthz", 2).isOk();
            case OVS -> OpenVSwitch.isReady();
            case WIRE, NFT, NULL, NFQUEUE -> Texts.read(log(row)).lines().anyMatch("ready"::equals);
        };
    }

    private static Failure endedByItself(Row row) {
        return new Failure(row.label() + " ended by itself: " + Texts.tail(log(row), 3));
    }

    long pid(Row row) {
        return Objects.requireNonNull(processes.get(row)).pid();
    }

    void wake(Row row) {
        signal("CONT", row);
    }

    void sleep(Row row) {
        signal("STOP", row);
    }

    private void signal(String signal, Row row) {
        if (processes.containsKey(row)
                && !Processes.run(10, "kill", "-" + signal, Long.toString(pid(row)))
                        .isOk()) {
            throw endedByItself(row);
        }
    }

    void stop(Row row) {
        if (processes.remove(row) != null) {
            Namespaces.endProcesses(row.namespace());
        }
    }
}
