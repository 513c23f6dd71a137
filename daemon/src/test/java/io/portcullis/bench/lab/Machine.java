package io.portcullis.bench.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The cores that this run may use, and how long they are idle.
 *
 * @param allowed as taskset(1) writes them
 * @param ticksPerSecond the unit of /proc/stat
 */
public record Machine(String allowed, List<Integer> cores, int count, long ticksPerSecond) {
    /** All cores together, in place of one. */
    public static final String ALL = "all";

    /** Idle time since boot, and when it was read. */
    public record Idle(double seconds, long atNs) {}

    public static Machine look() {
        String line = Processes.run(
                        10,
                        "taskset",
                        "-cp",
                        Long.toString(ProcessHandle.current().pid()))
                .ok()
                .strip();
        String allowed = line.substring(line.lastIndexOf(' ') + 1);
        return new Machine(allowed, cores(allowed), online(), Long.parseLong(getconf("CLK_TCK")));
    }

    public static int online() {
        return Integer.parseInt(getconf("_NPROCESSORS_ONLN"));
    }

    public static String kernel() {
        return Processes.run(10, "uname", "-r").ok().strip();
    }

    private static String getconf(String name) {
        return Processes.run(10, "getconf", name).ok().strip();
    }

    /** Reads a list such as {@code 0-3,8}. */
    static List<Integer> cores(String list) {
        List<Integer> all = new ArrayList<>();
        for (String part : list.split(",", -1)) {
            int dash = part.indexOf('-');
            int first = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
            int last = Integer.parseInt(part.substring(dash + 1));
            for (int core = first; core <= last; core++) {
                all.add(core);
            }
        }
        return List.copyOf(all);
    }

    /** The kernel's way to write one core: hexadecimal, 32 bits in a group. */
    public static String mask(int core) {
        return Integer.toHexString(1 << (core % 32)) + ",00000000".repeat(core / 32);
    }

    public boolean hasTwoCores() {
        return cores.size() > 1;
    }

    /** The core of client, server and generator in placement split. */
    public int farCore() {
        return cores.getFirst();
    }

    /** The core of the device in placement split. */
    public int deviceCore() {
        return cores.get(1);
    }

    /** How long a core (a number), or {@link #ALL} together, has been idle. */
    public Idle idle(String core) {
        String name = core.equals(ALL) ? "cpu" : "cpu" + core;
        String[] words = Texts.read(Path.of("/proc/stat"))
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .findFirst()
                .orElseThrow()
                .split(" +", -1);
        long ticks = Long.parseLong(words[4]) + Long.parseLong(words[5]);
        return new Idle((double) ticks / ticksPerSecond, System.nanoTime());
    }

    /** How many of {@code count} cores were busy between two readings. */
    public static double busy(int cores, Idle before, Idle after) {
        return cores - (after.seconds - before.seconds) / ((after.atNs - before.atNs) * 1e-9);
    }
}
