package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Machine;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Row;
import java.util.ArrayList;
import java.util.List;

/** Applies a placement. */
final class Cores {
    private static final String STEER =
            "for queue in /sys/class/net/*/queues/rx-*/rps_cpus; do echo \"$1\" > \"$queue\" || exit; done";

    private Cores() {}

    static void place(Placement placement, Machine machine, List<Row> rows) {
        boolean isSplit = placement == Placement.SPLIT;
        String far = isSplit ? Machine.mask(machine.farCore()) : "0";
        steer(Namespaces.CLIENT, far);
        steer(Namespaces.SERVER, far);
        for (Row row : rows) {
            steer(row.namespace(), isSplit ? Machine.mask(machine.deviceCore()) : "0");
        }
        String cores = isSplit ? Integer.toString(machine.farCore()) : machine.allowed();
        // Its child processes inherit its own affinity.
        List<Long> pids = new ArrayList<>(List.of(ProcessHandle.current().pid()));
        pids.addAll(Namespaces.pids(Namespaces.SERVER));
        for (long pid : pids) {
            Processes.run(10, "taskset", "-acp", cores, Long.toString(pid)).ok();
        }
    }

    /** Sets the cores that process what arrives at a namespace's NICs: a mask; with 0, the core of the sender. */
    private static void steer(String namespace, String mask) {
        Namespaces.run(namespace, "sh", "-c", STEER, "sh", mask).ok();
    }
}
