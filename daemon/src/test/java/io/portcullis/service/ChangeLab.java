package io.portcullis.service;

import io.portcullis.control.FakeDaemon;
import io.portcullis.guard.Cores;
import io.portcullis.guard.DropLog;
import io.portcullis.history.ChangeLog;
import io.portcullis.history.History;
import io.portcullis.history.LastGood;
import io.portcullis.hits.file.HitStore;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.metrics.Meters;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.ChangeOptions;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.RollbackRequest;
import io.portcullis.service.emergency.Emergency;
import io.portcullis.service.emergency.EmergencyFiles;
import io.portcullis.service.process.HeapTrim;
import io.portcullis.service.process.Systemd;
import io.portcullis.service.watch.Edits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The parts of a daemon that changes pass through, without a datapath: its NICs do not exist. It runs in a network namespace of
 * its own, as a change looks for foreign programs on NICs.
 */
final class ChangeLab implements AutoCloseable {
    static final String RULES = """
            version: 1
            include: [rules.d/*.yaml]
            interfaces:
              web0: {mode: bridge, outside: no-such0, inside: no-such1, security-groups: [web]}
            """;

    static final String GROUP = "security-groups:\n  web: {ingress: [{protocol: tcp, ports: %d, from: any}]}\n";

    final Path file;
    final AtomicReference<Running> running = new AtomicReference<>(Running.NOTHING);
    final ChangeLog log;
    final Confirmation confirmation;
    final Changes changes;
    final FileReloads reloads;
    private final Meters meters = new Meters("test", () -> 0, () -> 0);
    private final DropLog drops = new DropLog(() -> true, Optional::empty);
    private final NicEvents events = NicEvents.start();
    private final Edits edits;

    /** Starts from the files below {@code root}, as a daemon does. */
    ChangeLab(Path root) throws IOException {
        file = root.resolve("etc/main.yaml");
        Path lasting = Files.createDirectories(root.resolve("lib"));
        Path state = Files.createDirectories(root.resolve("run"));
        Cores cores = Cores.ofThisProcess();
        Systemd systemd = new Systemd(null);
        Emergency emergency = Emergency.load(this, new EmergencyFiles(state, file));
        Interfaces interfaces = new Interfaces(
                state, file, new HitStore(state, lasting, file), drops, cores, meters, events, emergency);
        Hotplug hotplug = new Hotplug(this, running, interfaces, meters, systemd, events);
        Servers servers = new Servers(new FakeDaemon(), new FakeDaemon(), meters, Runnable::run, () -> "", () -> {
            throw new AssertionError("no endpoint is configured");
        });
        Reload reload = new Reload(file, running, interfaces, hotplug, servers, meters, cores);
        log = new ChangeLog(file, new History(lasting, file));
        edits = new Edits(file, () -> {});
        DaemonLock lock = new DaemonLock(null, "", false);
        StatusView view = new StatusView(file, Instant.now(), lock, edits, servers, log, emergency);
        LastGood lastGood = new LastGood(lasting, file);
        Installer installer = new Installer(running, reload, view, systemd, meters, emergency);
        confirmation = new Confirmation(this, file, log, lastGood, Reader.FILES, installer, new SessionWatch(running));
        Planner planner = new Planner(file, Reader.FILES, reload);
        changes = new Changes(this, file, running, reload, planner, log, confirmation, installer, lastGood);
        reloads = new FileReloads(
                this,
                file,
                running,
                reload,
                edits,
                new HeapTrim(),
                lastGood,
                installer,
                log,
                confirmation,
                systemd,
                Runnable::run);
        start(Startup.read(file, lastGood, log));
    }

    private void start(Startup read) {
        running.set(Running.NOTHING
                .with(Generation.compile(Objects.requireNonNull(read.config()), read.degraded(), Running.NOTHING))
                .withStarted(true));
        if (!read.files().faults().isEmpty()) {
            log.followLastGood();
        } else if (read.recovered() instanceof ChangeLog.Recovered.Waits waits) {
            log.isInForce(log.history().find(waits.pending().change()).orElseThrow());
            confirmation.begin(
                    waits.pending(), "an earlier run", waits.pending().rest(Instant.now()));
        } else {
            reloads.keep(Running.NOTHING, read.files().texts());
        }
    }

    /** Writes a configuration of two files. */
    static void write(Path root, int port) throws IOException {
        Files.createDirectories(root.resolve("etc/rules.d"));
        Files.writeString(root.resolve("etc/main.yaml"), main(port));
        Files.writeString(root.resolve("etc/rules.d/web.yaml"), GROUP.formatted(port));
    }

    /** The port is in both files, so that a mixture shows. */
    static String main(int port) {
        return RULES + "# " + port + "\n";
    }

    ChangeReport apply(int port, ChangeOptions options) {
        return changes.apply(
                new ApplyRequest(
                        List.of(
                                new ApplyRequest.File("", main(port)),
                                new ApplyRequest.File("rules.d/web.yaml", GROUP.formatted(port))),
                        true,
                        options),
                Actor.UNKNOWN);
    }

    ChangeReport rollback(long to) {
        return changes.rollback(new RollbackRequest(to, ChangeOptions.PLAIN), Actor.UNKNOWN);
    }

    static ChangeOptions confirm(long ms) {
        return new ChangeOptions("", ms, false, false, 0, "");
    }

    /** The port that the rules in force admit. */
    int port() {
        return Objects.requireNonNull(running.get().config())
                .group("web")
                .ingress()
                .getFirst()
                .ports()
                .getFirst()
                .low();
    }

    @Override
    public void close() {
        edits.close();
        events.close();
        drops.close();
        meters.close();
    }

    /**
     * Makes one change, and ends: for a tracer that kills it on the way.
     *
     * @param arguments the folder; {@code apply PORT}, {@code confirm PORT} (to go back at once), or {@code rollback NUMBER}
     */
    public static void main(String[] arguments) throws IOException {
        ChangeLab lab = new ChangeLab(Path.of(arguments[0]));
        int number = Integer.parseInt(arguments[2]);
        ChangeReport report = switch (arguments[1]) {
            case "apply" -> lab.apply(number, ChangeOptions.PLAIN);
            case "rollback" -> lab.rollback(number);
            default -> {
                ChangeReport waits = lab.apply(number, confirm(60_000));
                lab.confirmation.goBack("a test");
                yield waits;
            }
        };
        System.out.println(report.ok() ? "made" : "refused " + report.errors());
        Runtime.getRuntime().halt(report.ok() ? 0 : 1);
    }
}
