package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Control;
import io.portcullis.config.Metrics;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.PartialConfig;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.state.StateFile;
import io.portcullis.ec2.store.ConfigStore;
import io.portcullis.guard.Cores;
import io.portcullis.guard.DropLog;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.StartException;
import io.portcullis.guard.WarmUpThread;
import io.portcullis.history.ChangeLog;
import io.portcullis.history.History;
import io.portcullis.history.LastGood;
import io.portcullis.history.Pending;
import io.portcullis.hits.file.HitClock;
import io.portcullis.hits.file.HitKeeper;
import io.portcullis.hits.file.HitStore;
import io.portcullis.linux.FileName;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.metrics.Meters;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.ChangeFiles;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.DaemonCommands;
import io.portcullis.operations.DaemonQueries;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.Health;
import io.portcullis.operations.HistoryReport;
import io.portcullis.operations.LogLevels;
import io.portcullis.operations.PanicRequest;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.operations.RollbackRequest;
import io.portcullis.operations.StatusReport;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.DropsRequest;
import io.portcullis.operations.traffic.FlowQueries;
import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;
import io.portcullis.operations.traffic.RulesReport;
import io.portcullis.operations.traffic.RulesRequest;
import io.portcullis.policy.Policy;
import io.portcullis.service.emergency.Emergency;
import io.portcullis.service.emergency.EmergencyFiles;
import io.portcullis.service.flows.Flows;
import io.portcullis.service.process.Defects;
import io.portcullis.service.process.HeapTrim;
import io.portcullis.service.process.Logs;
import io.portcullis.service.process.Signals;
import io.portcullis.service.process.Systemd;
import io.portcullis.service.process.Version;
import io.portcullis.service.traffic.RecordedDrops;
import io.portcullis.service.traffic.RuleListing;
import io.portcullis.service.watch.Edits;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life cycle of the firewall: start, reload, stop. A start guards each interface as soon as it can, and shuts the others. A
 * reload is prepared in full before it changes anything ({@link Reload}); a refused one leaves the configuration in force. A stop
 * leaves the NICs as {@code on-failure} says.
 *
 * <p>Starts, reloads, NIC events and stops happen one at a time, under the lock of this object. What runs is one immutable value
 * ({@link Running}); {@link #status} and {@link #health} read it from any thread and wait for nothing.
 */
public final class Daemon implements DaemonQueries, DaemonCommands, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private static final long ROUND_MS = 1_000;
    private static final Duration FIRST_TRY = Duration.ofSeconds(5);

    private final Path file;
    private final Systemd systemd;
    private final DaemonLock lock;
    private final AtomicReference<Running> running = new AtomicReference<>(Running.NOTHING);
    private final Meters meters = new Meters(Version.text(), this::defects, Logs::lost);
    private final DropLog drops = new DropLog(
            Logs::isQuiet, () -> Optional.ofNullable(running.get().traffic().config()));
    private final Cores cores = Cores.ofThisProcess();
    private final NicEvents nicEvents = NicEvents.start();
    private final HeapTrim heap = new HeapTrim();
    private final ExecutorService reloads = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("portcullis-reload").factory());
    private final Servers servers;
    private final Edits edits;
    private final Installer installer;
    private final ChangeLog log;
    private final Confirmation confirmation;
    private final Changes changes;
    private final FileReloads files;
    private final Interfaces interfaces;
    private final Hotplug hotplug;
    private final Reload reload;
    private final LastGood lastGood;
    private final StatusView view;
    private final Emergency emergency;
    private final Emergency.Guard guard = new Guard();
    private final Watchdog watchdog;
    private final HitKeeper keeper;
    // No traffic to warm up for until there is a configuration.
    private WarmUpThread warmUp = WarmUpThread.unstarted(true);
    private final RecordedDrops recorded = new RecordedDrops(() -> running.get().traffic());
    private final Flows flows = new Flows(() -> running.get().guarded());
    private final Thread rounds = LastingThread.unstarted("portcullis-retry", this::everySecond);

    private Daemon(Path file, Systemd systemd, Path state, DaemonLock lock) {
        this.file = file;
        this.systemd = systemd;
        this.lock = lock;
        servers = new Servers(this, this, meters, reloads, () -> running.get().admins(), this::cloud);
        meters.time(HitClock::now);
        meters.interfaces(() -> StatusView.states(status()));
        edits = new Edits(file, this::edited);
        emergency = Emergency.load(this, new EmergencyFiles(StateFolder.lasting(), file));
        meters.emergency(emergency::isPanic, emergency::bypassUntilEpochSeconds);
        HitStore hits = new HitStore(state, StateFolder.lasting(), file);
        keeper = new HitKeeper(
                hits,
                () -> running.get().guarded().values().stream()
                        .map(GuardedInterface::hits)
                        .toList());
        interfaces = new Interfaces(state, file, hits, drops, cores, meters, nicEvents, emergency);
        hotplug = new Hotplug(this, running, interfaces, meters, systemd, nicEvents);
        reload = new Reload(file, running, interfaces, hotplug, servers, meters, cores);
        log = new ChangeLog(file, new History(StateFolder.lasting(), file));
        view = new StatusView(
                file, Instant.now().truncatedTo(ChronoUnit.SECONDS), lock, edits, servers, log, emergency);
        lastGood = new LastGood(StateFolder.lasting(), file);
        installer = new Installer(running, reload, view, systemd, meters, emergency);
        confirmation = new Confirmation(this, file, log, lastGood, Reader.FILES, installer, new SessionWatch(running));
        view.shows(confirmation);
        Planner planner = new Planner(file, Reader.FILES, reload);
        changes = new Changes(this, file, running, reload, planner, log, confirmation, installer, lastGood);
        files = new FileReloads(
                this, file, running, reload, edits, heap, lastGood, installer, log, confirmation, systemd, reloads);
        watchdog = new Watchdog(() -> running.get().guarded().values(), systemd);
    }

    /**
     * Guards the interfaces of a configuration. Where its files are faulty, those of the last good one; where there is none, it shuts
     * the NICs that are legible in the files until these are valid.
     *
     * @param file the configuration
     * @param notifySocket value of {@code NOTIFY_SOCKET}; null: systemd does not wait for notifications
     * @param allowLockout true: also where the rules would refuse the operator's own ssh session anew
     * @throws StartException if another daemon runs here, this one has no privilege, or it would lock the operator out
     */
    public static Daemon start(Path file, @Nullable String notifySocket, boolean allowLockout) throws StartException {
        Cores.putOptimizerBehindStart();
        Defects.watchAllThreads();
        // The start reads the files after this, so a SIGHUP before that needs nothing else; unhandled, it would end the
        // JVM.
        Signals.onHangup(() -> LOG.debug("SIGHUP before the files are read"));
        Path state;
        try {
            state = StateFolder.ofThisBoot();
        } catch (IOException e) {
            throw new StartException(List.of("the network namespace is not known: " + e.getMessage()));
        }
        Startup.checkPrivilege();
        Daemon daemon = new Daemon(file, new Systemd(notifySocket), state, DaemonLock.take(state, file));
        boolean started = false;
        try {
            daemon.start(allowLockout);
            started = true;
            return daemon;
        } finally {
            if (!started) {
                daemon.close();
            }
        }
    }

    private synchronized void start(boolean allowLockout) throws StartException {
        long startNs = System.nanoTime();
        // A SIGHUP during the start waits for its end; without a handler it would end the JVM.
        Signals.onHangup(files::request);
        if (!lock.trouble().isEmpty()) {
            LOG.warn("this start leaves no lock: {}", lock.trouble());
        }
        showEmergency();
        Startup read = Startup.read(file, lastGood, log);
        Config config = read.config();
        List<String> faults = read.files().faults();
        if (config == null) {
            startWithoutConfiguration(faults);
        } else {
            start(config, read, allowLockout || lock.followsAnother());
        }
        installer.report(faults, startNs, view.warnings(running.get()));
        running.updateAndGet(now -> now.withStarted(true));
        watchdog.start();
        files.watch(read.files());
        hotplug.start();
        hotplug.findUnguarded();
        rounds.start();
        recorded.start();
        keeper.start(config == null ? Set.of() : config.interfaces().keySet());
        servers.awaitFirst(FIRST_TRY);
        view.showDegraded(running.get(), meters);
        String summary = StatusView.summary(running.get());
        LOG.info(
                "portcullis {} started: {} (in {} ms)",
                Version.text(),
                summary,
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs));
        systemd.ready(summary);
        warmUp.start();
        if (faults.isEmpty()) {
            begun(read.files().texts(), read.recovered());
        } else {
            log.followLastGood();
        }
    }

    /** Keeps what the start has read. A change that waits still is no good configuration yet. */
    private void begun(List<SourceText> texts, ChangeLog.Recovered recovered) {
        if (recovered instanceof ChangeLog.Recovered.Waits(Pending pending)) {
            ChangeView waits = log.history().find(pending.change()).orElseThrow();
            log.isInForce(waits);
            confirmation.begin(pending, waits.actor().toString(), pending.rest(Instant.now()));
        } else {
            files.keep(Running.NOTHING, texts);
        }
    }

    /** Shuts the legible NICs of files that are faulty, where no configuration is kept. */
    private void startWithoutConfiguration(List<String> faults) {
        PartialConfig legible = Startup.legible(file);
        for (PartialConfig.Named named : legible.interfaces()) {
            PendingInterface wanted = new PendingInterface(
                    named.name(),
                    "",
                    named.nics(),
                    named.onFailure(),
                    List.of(),
                    PendingInterface.State.OPEN,
                    List.of());
            PendingInterface shut = interfaces.shut(wanted, null);
            running.updateAndGet(now -> now.with(shut));
        }
        servers.open(
                legible.controlSocket().orElse(Control.STANDARD.socket()),
                legible.metricsListen().orElse(Metrics.STANDARD));
        servers.awaitFirst(FIRST_TRY);
        LOG.error(
                "{} is faulty, and there is no last good configuration: portcullis waits for a valid"
                        + " configuration:\n{}",
                file,
                String.join("\n", faults));
    }

    private void start(Config config, Startup read, boolean allowLockout) throws StartException {
        Logs.level(config.log().level());
        if (read.degraded()) {
            LOG.error(
                    "{} is faulty: portcullis runs from the last good configuration until it is valid:\n{}",
                    file,
                    String.join("\n", read.files().faults()));
        }
        boolean shut = interfaces.isSomethingShut(config) || emergency.isPanic();
        if (emergency.isPanic()) {
            interfaces.shutAll(config);
        }
        Change change = reload.prepareStart(config, read.degraded(), allowLockout || shut);
        servers.open(config.control().socket(), config.metrics());
        reload.commit(change);
        // Traffic of NICs that an earlier run left shut waits for this start.
        warmUp = WarmUpThread.unstarted(shut || !Startup.hasRing(config));
    }

    private CloudStore cloud() {
        Path kept = StateFolder.lasting().resolve("ec2").resolve(FileName.of(file.toString()) + ".json");
        return new ConfigStore(new Ec2Installation(running, files, changes), new StateFile(kept));
    }

    private void everySecond() {
        while (!reloads.isShutdown()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(ROUND_MS));
            hotplug.retry();
            if (emergency.everySecond(guard)) {
                showEmergency();
            }
            view.showDegraded(running.get(), meters);
            confirmation.tick(System.nanoTime());
            heap.collect();
        }
    }

    private void edited() {
        files.edited();
    }

    @Override
    public ReloadReport reload(ReloadRequest request, Actor actor) {
        if (request.dryRun()) {
            return files.dryRun(request.allowLockout());
        }
        return files.reload(request.allowLockout());
    }

    @Override
    public ChangeReport apply(ApplyRequest request, Actor actor) {
        return changes.apply(request, actor);
    }

    @Override
    public ChangeReport rollback(RollbackRequest request, Actor actor) {
        return changes.rollback(request, actor);
    }

    @Override
    public ChangeReport confirm(Actor actor) {
        return changes.confirm(actor);
    }

    @Override
    public HistoryReport history(int limit) {
        return changes.history(limit);
    }

    @Override
    public RulesReport rules(RulesRequest request) {
        return RuleListing.report(running.get().rules(), request, HitClock.now());
    }

    @Override
    public ChangeFiles change(long number) {
        return changes.files(number);
    }

    @Override
    public EmergencyReport panic(PanicRequest request, Actor actor) {
        EmergencyReport report = emergency.panic(request, actor, guard);
        showEmergency();
        installer.keepBootGate();
        return report;
    }

    @Override
    public EmergencyReport bypass(BypassRequest request, Actor actor) {
        EmergencyReport report = emergency.bypass(request, actor, guard);
        showEmergency();
        return report;
    }

    private void showEmergency() {
        systemd.alarm(String.join("; ", emergency.sentences()));
    }

    /** Carries out what an operator orders in place of the rules. */
    private final class Guard implements Emergency.Guard {
        @Override
        public boolean isStarted() {
            return running.get().started();
        }

        @Override
        public Set<String> interfaces() {
            Config config = running.get().config();
            return config == null ? Set.of() : config.interfaces().keySet();
        }

        @Override
        public boolean hasFailsafe() {
            return running.get().policiesInForce().values().stream().anyMatch(Policy::hasFailsafe);
        }

        @Override
        public List<String> enforce() {
            List<String> faults = interfaces.enforce(running.get());
            hotplug.guardPending();
            return faults;
        }
    }

    @Override
    public StatusReport status() {
        return view.report(running.get());
    }

    @Override
    public ExplainReport explain(ExplainRequest question) {
        return running.get().explain(question);
    }

    @Override
    public LogLevels logLevels() {
        return Logs.levels();
    }

    @Override
    public DropsReport drops(DropsRequest request) {
        return recorded.report(request);
    }

    @Override
    public FlowQueries flows() {
        return flows;
    }

    @Override
    public FlushReport flush(FlushRequest request, Actor actor) {
        return flows.flush(request, actor);
    }

    @Override
    public Health health() {
        Running now = running.get();
        if (!now.started()) {
            return new Health(false, List.of("portcullis is starting or stopping"));
        }
        List<String> problems = view.problems(now);
        problems.addAll(watchdog.problems());
        if (!nicEvents.isAlive()) {
            problems.add("the thread that reports changes of NICs has ended: only timers check them");
        }
        return new Health(problems.isEmpty(), problems);
    }

    /** Defects in all threads, including the workers. */
    private long defects() {
        return Defects.count()
                + running.get().guarded().values().stream()
                        .mapToLong(iface -> iface.workers().bugs())
                        .sum();
    }

    /** Decides the frames that have arrived, and stops filtering; with {@code on-failure: closed} the NICs stay shut. */
    @Override
    public void close() {
        boolean started;
        synchronized (this) {
            Running last = running.getAndUpdate(now -> now.withStarted(false));
            started = last.started();
            reloads.shutdown();
            if (started) {
                systemd.stopping();
            }
            watchdog.close();
            warmUp.close();
            last.guarded().values().forEach(started ? GuardedInterface::stop : GuardedInterface::abandon);
            running.set(Running.NOTHING);
        }
        LockSupport.unpark(rounds);
        keeper.close();
        // Not under the lock: the thread may be waiting for it, because the stop itself changes NICs.
        hotplug.close();
        nicEvents.close();
        recorded.close();
        flows.close();
        edits.close();
        servers.close();
        if (started) {
            lock.close();
        } else {
            lock.forget();
        }
        drops.close();
        meters.close();
        if (started) {
            LOG.info("portcullis stopped");
        }
    }
}
