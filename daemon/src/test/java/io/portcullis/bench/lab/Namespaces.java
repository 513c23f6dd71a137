package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The network namespaces of a run. {@link #removeAll} removes those that a killed run left behind. */
public final class Namespaces {
    public static final String CLIENT = "bench-client";
    public static final String SERVER = "bench-server";
    public static final String FIREWALL = "bench-firewall";
    public static final String HOST = "bench-host";

    /** Marks a namespace as ours: one that somebody else made with the same name is never removed. */
    private static final String MARK = "portcullis-bench";

    private static final Path FOLDER = Path.of("/run/netns");
    private static final int SECONDS = 10;

    private Namespaces() {}

    /** Refuses to begin beside another run. */
    public static void refuseLeftOvers() {
        existing().stream().findFirst().ifPresent(name -> {
            throw new Failure("namespace " + name + " exists: another run is under way, or was killed;"
                    + " 'sudo scripts/bench --down' removes what one left");
        });
    }

    private static List<String> existing() {
        return Stream.concat(
                        Stream.of(CLIENT, SERVER, FIREWALL, HOST),
                        Arrays.stream(Row.values()).map(Row::namespace))
                .filter(name -> Files.exists(FOLDER.resolve(name)))
                .toList();
    }

    public static void make(String name) {
        ip("netns", "add", name);
        ip("-n", name, "link", "set", "lo", "alias", MARK);
        ip("-n", name, "link", "set", "lo", "up");
    }

    /** Runs {@code ip}. */
    static void ip(String... words) {
        Processes.run(SECONDS, Processes.concat(List.of("ip"), Arrays.asList(words)))
                .ok();
    }

    /** Runs {@code ip} in a namespace, with the words of one line. */
    public static void ipIn(String name, String line) {
        ip(Stream.concat(Stream.of("-n", name), Arrays.stream(line.split(" ", -1)))
                .toArray(String[]::new));
    }

    /** The words of a command in a namespace. */
    public static List<String> inside(String name, String... words) {
        return inside(name, Arrays.asList(words));
    }

    public static List<String> inside(String name, List<String> words) {
        return Processes.concat(List.of("ip", "netns", "exec", name), words);
    }

    /** Runs a short command in a namespace. */
    public static Processes.Outcome run(String name, String... words) {
        return Processes.run(SECONDS, inside(name, words));
    }

    /** Sets values of sysctl(8) in a namespace, each of the form NAME=VALUE. */
    public static void sysctl(String namespace, String... settings) {
        Processes.run(10, inside(namespace, Processes.concat(List.of("sysctl", "-qw"), List.of(settings))))
                .ok();
    }

    /** The body of a page of the daemon in a namespace. */
    public static Processes.Outcome page(String name, String path, int seconds) {
        return run(
                name,
                "curl",
                "--silent",
                "--fail",
                "--noproxy",
                "*",
                "--max-time",
                Integer.toString(seconds),
                "http://127.0.0.1:9750" + path);
    }

    /** Starts a program that runs until its namespace is removed. */
    public static Process start(String name, Path log, String... words) {
        return Processes.start(log, Processes.concat(List.of("setsid"), inside(name, words)));
    }

    /** The kernel's processes in a namespace, whoever started them. */
    public static List<Long> pids(String name) {
        return Processes.run(SECONDS, "ip", "netns", "pids", name)
                .ok()
                .lines()
                .map(Long::valueOf)
                .toList();
    }

    public static void removeAll() {
        existing().forEach(Namespaces::remove);
    }

    private static void remove(String name) {
        if (!Processes.run(SECONDS, "ip", "-n", name, "-o", "link", "show", "lo")
                .output()
                .contains("alias " + MARK)) {
            throw new Failure(
                    "namespace " + name + " was not made by scripts/bench: 'ip netns delete " + name + "' removes it");
        }
        endProcesses(name);
        Processes.run(2 * SECONDS, "ip", "netns", "delete", name).ok();
    }

    /**
     * Ends the processes in a namespace: first with SIGTERM (the daemon then restores what it has changed), later with SIGKILL.
     */
    public static void endProcesses(String name) {
        // A stopped process would not receive SIGTERM.
        signal("CONT", pids(name));
        for (int attempt = 1; attempt <= 120; attempt++) {
            List<Long> pids = pids(name);
            if (pids.isEmpty()) {
                return;
            }
            if (attempt == 1 || attempt == 100) {
                signal(attempt == 1 ? "TERM" : "KILL", pids);
            }
            Processes.pause(0.1);
        }
        throw new Failure("processes " + pids(name) + " in " + name + " do not end");
    }

    private static void signal(String signal, List<Long> pids) {
        List<String> words = new ArrayList<>(List.of("kill", "-" + signal));
        pids.forEach(pid -> words.add(Long.toString(pid)));
        if (!pids.isEmpty()) {
            // A process that has ended by itself meanwhile is no error.
            Processes.run(SECONDS, words);
        }
    }
}
