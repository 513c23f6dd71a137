package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Failure;
import java.nio.file.Path;
import java.util.List;

/** A daemon in a namespace, from one file of rules that is replaced. */
public final class Firewall {
    /** For what the kernel keeps of the programs of {@code offload: auto}. */
    private static final String OWN_BPFFS = "mount -t bpf -o mode=700 portcullis-bench /sys/fs/bpf"
            + " && mkdir -m 700 /sys/fs/bpf/portcullis; exec \"$@\"";

    private final String namespace;
    private final Path config;
    private final Path log;
    private Process process;
    private long startNs;

    /** Starts it; it has started when this returns. */
    public Firewall(String namespace, Path config, Path log) {
        this.namespace = namespace;
        this.config = config;
        this.log = log;
        process = launch();
        awaitStart(0.1);
    }

    private Process launch() {
        startNs = System.nanoTime();
        return Processes.start(
                log,
                Namespaces.inside(
                        namespace,
                        "sh",
                        "-c",
                        OWN_BPFFS,
                        "sh",
                        Folders.launcher(),
                        "run",
                        "--config",
                        config.toString()));
    }

    private void awaitStart(double pause) {
        if (!Processes.eventually(60, pause, () -> !process.isAlive() || Texts.count(log, " started: ") > 0)) {
            throw new Failure("the daemon did not start within 60 s: " + Texts.tail(log, 3));
        }
        if (!process.isAlive()) {
            throw new Failure("the daemon ended: " + Texts.tail(log, 3));
        }
    }

    public long pid() {
        return process.pid();
    }

    /** How many reloads there have been. */
    public int reloads() {
        return Texts.count(log, " reloaded ");
    }

    public String log() {
        return Texts.read(log);
    }

    /**
     * Replaces the rules by those of another file. The daemon sees the edit by itself: if it were asked to reload too, it would
     * read the file twice, and reading 100,000 rules keeps a core busy for seconds.
     *
     * @param pause seconds between two looks at its log
     */
    public void use(Path rules, double pause) {
        int before = reloads();
        Texts.replace(config, rules);
        if (!Processes.eventually(60, pause, () -> reloads() > before)) {
            throw new Failure("the daemon did not reload: " + Texts.tail(log, 3));
        }
    }

    public String metrics() {
        Processes.Outcome metrics = Namespaces.page(namespace, "/metrics", 5);
        if (!metrics.isOk()) {
            throw new Failure("the daemon gives no metrics");
        }
        return metrics.output();
    }

    public void kill() {
        process.destroyForcibly();
        Processes.exit(process);
    }

    /** Starts another one after {@link #kill}. */
    public void again() {
        process = launch();
        awaitStart(0.1);
    }

    /** Starts another one after the last was ended; milliseconds until it has started, to 5. */
    public double startAgain() {
        process = launch();
        awaitStart(0.005);
        return Math.rint((System.nanoTime() - startNs) / 1e6);
    }

    /** Stops it for good, as systemd does. */
    public void detach(Path socket) {
        Processes.end(process);
        Processes.run(
                        30,
                        Namespaces.inside(
                                namespace, List.of(Folders.launcher(), "detach", "--socket", socket.toString())))
                .ok();
    }
}
