package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Control;
import io.portcullis.config.Datapath;
import io.portcullis.config.Interface;
import io.portcullis.config.Legible;
import io.portcullis.config.Metrics;
import io.portcullis.config.SourceText;
import io.portcullis.diagnose.Explain;
import io.portcullis.diagnose.Lockout;
import io.portcullis.diagnose.Sessions;
import io.portcullis.diagnose.Unguarded;
import io.portcullis.flowstore.TableSet;
import io.portcullis.guard.Cores;
import io.portcullis.guard.DropLog;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.NicAddresses;
import io.portcullis.guard.StartException;
import io.portcullis.guard.WarmUp;
import io.portcullis.history.LastGood;
import io.portcullis.intercept.Restoration;
import io.portcullis.intercept.Restored;
import io.portcullis.intercept.Shut;
import io.portcullis.linux.Capabilities;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.TrustedFolder;
import io.portcullis.metrics.Meters;
import io.portcullis.net.Cidr;
import io.portcullis.operations.DaemonApi;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.Health;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.StatusReport;
import io.portcullis.policy.Policy;
import io.portcullis.worker.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running firewall. A start guards each interface as soon as it can be guarded, and shuts the others; a reload is prepared in whole
 * before it changes anything, and one that is refused leaves the configuration in force; a stop leaves shut what {@code on-failure} says.
 *
 * <p>Starts, reloads, news of NICs and stops happen one at a time, under the lock of this object; {@link #status} and {@link #health}
 * may be asked from any thread, and wait for nothing.
 */
public final class Daemon implements DaemonApi, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private static final long RETRY_MS = 1_000;
    private static final Duration FIRST_TRY = Duration.ofSeconds(5);

    /** Who asked for a reload. */
    private enum Trigger {
        /** The files changed; silent where that makes no difference. */
        WATCH,
        /** Somebody said so. */
        REQUEST
    }

    private final Path file;
    private final Systemd systemd;
    private final Path state;
    private final Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private final Meters meters = new Meters(Version.text(), this::defects, Logs::lost);
    private final ExpectationGate claims = new ExpectationGate(meters);
    private final DropLog drops = new DropLog(Logs::hasRoom);
    private final Cores cores = Cores.ofThisProcess();
    private final Guarding guarding;
    private final LastGood lastGood;
    private final ExecutorService reloads = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("portcullis-reload").factory());
    private final Servers servers;
    private final Edits edits;
    private final Leftovers leftovers = new Leftovers();
    private final List<AutoCloseable> followers = new ArrayList<>();
    private final Thread retries = LastingThread.unstarted("portcullis-retry", this::retry);

    /** A reload that the watch wants has not begun. */
    private final AtomicBoolean asked = new AtomicBoolean();

    private volatile Running running = Running.NOTHING;
    private volatile boolean started;
    private volatile String notes = "";
    private volatile @Nullable DaemonLock lock;
    private volatile @Nullable Alive alive;

    private Daemon(Path file, Systemd systemd, Path state) {
        this.file = file;
        this.systemd = systemd;
        this.state = state;
        this.guarding = new Guarding(state, file, drops, cores, meters);
        this.lastGood = new LastGood(StateFolder.lasting(), file);
        this.servers = new Servers(this, meters, reloads);
        this.edits = new Edits(file, this::edited);
    }

    /**
     * Starts to guard what the configuration names. Where that is faulty, what the last good one names; where there is none, what is
     * legible is shut until it is right.
     *
     * @param file the configuration
     * @param notifySocket what {@code NOTIFY_SOCKET} says; null where nobody waits for news
     * @param allowLockout true: also where the rules would refuse the operator's own ssh session anew
     * @throws StartException if another daemon runs here, this one has no privilege, or it would lock the operator out
     */
    public static Daemon start(Path file, @Nullable String notifySocket, boolean allowLockout) throws StartException {
        Defects.watchAllThreads();
        Path state;
        try {
            state = StateFolder.ofThisBoot();
        } catch (IOException e) {
            throw new StartException(List.of("the network namespace is not known: " + e.getMessage()));
        }
        Daemon daemon = new Daemon(file, new Systemd(notifySocket), state);
        boolean stands = false;
        try {
            daemon.start(allowLockout);
            stands = true;
            return daemon;
        } finally {
            if (!stands) {
                daemon.close();
            }
        }
    }

    private synchronized void start(boolean allowLockout) throws StartException {
        long startNs = System.nanoTime();
        checkPrivilege();
        // Before the start is over it waits for that; the JVM would end.
        Signals.onHangup(() -> request(Trigger.REQUEST));
        DaemonLock taken = DaemonLock.take(state, file);
        lock = taken;
        if (!taken.trouble().isEmpty()) {
            LOG.warn("this start leaves no lock: {}", taken.trouble());
        }
        Startup read = Startup.read(file, lastGood);
        Config config = read.config();
        if (config == null) {
            startWithoutConfiguration(read);
        } else {
            Logs.level(config.log().level());
            start(config, read, allowLockout || taken.followsAnother());
        }
        running = running.reported(
                new ReloadReport(read.faults().isEmpty(), now(), millisSince(startNs), read.faults(), warnings()));
        meters.reloaded(read.faults().isEmpty(), Instant.now().getEpochSecond(), millisSince(startNs) / 1e3);
        warnings().forEach(warning -> LOG.warn("{}", warning));
        started = true;
        alive = Alive.start(() -> running.guarded().values(), systemd);
        watch(read);
        leftovers.note(read.texts());
        retries.start();
        servers.awaitFirst(FIRST_TRY);
        showDegraded();
        String standing = StatusView.standing(running);
        LOG.info("portcullis {} stands: {} (started in {} ms)", Version.text(), standing, millisSince(startNs));
        systemd.ready(standing);
        if (config != null && read.faults().isEmpty()) {
            keep(read.texts());
        }
    }

    private static void checkPrivilege() throws StartException {
        List<String> missing = new ArrayList<>();
        try {
            Capabilities have = Capabilities.ofThisThread();
            if (!have.has(Capabilities.CAP_NET_RAW)) {
                missing.add("CAP_NET_RAW");
            }
            if (!have.has(Capabilities.CAP_NET_ADMIN)) {
                missing.add("CAP_NET_ADMIN");
            }
        } catch (IOException unknown) {
            LOG.warn("whether there are the capabilities is not known: {}", unknown.getMessage());
        }
        if (!missing.isEmpty()) {
            String names = String.join(" ", missing);
            throw new StartException(List.of("no privilege: " + names
                    + " missing: run as root, or give the service AmbientCapabilities=" + names));
        }
    }

    /** The file is not right, and there was none before: what it says legibly is shut. */
    private void startWithoutConfiguration(Startup read) {
        Legible legible = Startup.legible(file);
        for (Legible.Named named : legible.interfaces()) {
            Waiting wanted = new Waiting(
                    named.name(), "", named.nics(), named.onFailure(), List.of(), Waiting.State.OPEN, List.of());
            running = running.waitingFor(guarding.shut(wanted, null));
        }
        servers.open(
                legible.controlSocket().orElse(Control.STANDARD.socket()),
                legible.metricsListen().orElse(Metrics.STANDARD));
        servers.awaitFirst(FIRST_TRY);
        LOG.error(
                "{} is faulty, and there is no last good configuration: portcullis waits for a valid configuration:\n{}",
                file,
                String.join("\n", read.faults()));
    }

    private void start(Config config, Startup read, boolean allowLockout) throws StartException {
        if (read.degraded()) {
            LOG.error(
                    "{} is faulty: portcullis runs from the last good configuration until it is right:\n{}",
                    file,
                    String.join("\n", read.faults()));
        }
        List<String> nics = nics(config);
        boolean shut = Shut.keepsSomethingShut(state, nics);
        running = prepared(config, 1, read.degraded());
        refuseLockout(config, allowLockout || shut);
        servers.open(config.control().socket(), config.metrics());
        // Where an earlier run has left NICs shut, their traffic waits: it warms up as well.
        if (!shut && config.interfaces().values().stream().anyMatch(each -> each.datapath() != Datapath.PCAP)) {
            if (WarmUp.isWanted()) {
                WarmUp.run();
            }
            Cores.putCompilersLast();
        }
        guardWhatWaits();
        noteFlows(config);
        removeOthers(config);
        claims.lookAt(config.withNicAddresses(running.nicAddresses()));
    }

    private static List<String> nics(Config config) {
        return config.interfaces().values().stream()
                .flatMap(each -> each.mode().nics().stream())
                .toList();
    }

    /** A configuration with what is compiled of it, and nothing guarded that was not before. */
    private Running prepared(Config config, long generation, boolean degraded) {
        Map<String, List<Cidr>> addresses = NicAddresses.of(config, running.guarded(), running.nicAddresses());
        Map<String, Policy> policies = Reload.compileAll(config, addresses, generation, running);
        return new Running(
                config,
                addresses,
                policies,
                running.guarded(),
                running.waiting(),
                generation,
                running.lastReload(),
                degraded,
                running.unguarded());
    }

    private void refuseLockout(Config config, boolean allowed) throws StartException {
        List<String> faults;
        try {
            faults = Lockout.faults(
                    config.withNicAddresses(running.nicAddresses()), running::policy, Sessions.ofThisHost());
        } catch (IOException unknown) {
            LOG.warn("whether an ssh connection would be refused anew is not known: {}", unknown.getMessage());
            return;
        }
        if (allowed) {
            faults.forEach(fault -> LOG.warn("{}", fault));
        } else if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
    }

    private void noteFlows(Config config) {
        Path directory = config.conntrack().directory();
        try {
            // Where others may write there are no tables of ours.
            if (Files.isDirectory(directory) && TrustedFolder.fault(directory).isEmpty()) {
                TableSet.note(state, directory);
            }
        } catch (IOException e) {
            LOG.warn("{}: {}: portcullis detach will leave the flow tables behind", state, e.toString());
        }
    }

    /** What an earlier configuration had, and this one does not name. */
    private void removeOthers(Config config) {
        Set<String> wanted = new TreeSet<>(nics(config));
        // A NIC that is called otherwise by now is wanted under that name.
        wanted.addAll(running.nics());
        Restored left = Restoration.detachOthers(state, config.interfaces().keySet(), wanted);
        left.lines().forEach(line -> LOG.info("left behind by an earlier run: {}", line));
        left.faults().forEach(fault -> LOG.error("left behind by an earlier run: {}", fault));
    }

    private void keep(List<SourceText> texts) {
        notes = lastGood.keep(texts).orElse("");
        if (!notes.isEmpty()) {
            LOG.warn("this configuration is not kept as the last good one: {}", notes);
        }
    }

    /** Tries to guard every interface of the configuration that is not; lines of what was done. */
    private List<String> guardWhatWaits() {
        List<String> guarded = new ArrayList<>();
        Config config = running.config();
        if (config == null) {
            running.waiting().values().forEach(each -> running = running.waitingFor(guarding.shut(each, each)));
            return guarded;
        }
        for (Interface attachment : config.interfaces().values()) {
            String name = attachment.name();
            if (running.guarded().containsKey(name)) {
                continue;
            }
            Waiting before = running.waiting().get(name);
            switch (guarding.attempt(attachment, running.policy(name), config, before)) {
                case Guarding.Outcome.Guarded(GuardedInterface opened) -> {
                    running = running.guarding(opened);
                    List<String> nics = opened.nics();
                    guarded.add(name + ": " + String.join(" and ", nics) + (nics.size() > 1 ? " are" : " is"));
                }
                case Guarding.Outcome.NotYet(Waiting waiting) -> running = running.waitingFor(waiting);
            }
        }
        return guarded;
    }

    /** What no news tells of is tried again every second. */
    private void retry() {
        while (!reloads.isShutdown()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(RETRY_MS));
            if (!running.waiting().isEmpty()) {
                guardLate();
            }
            showDegraded();
            leftovers.collect();
        }
    }

    private void showDegraded() {
        meters.degraded("config", running.config() == null || running.degraded());
        meters.degraded(
                "flows",
                running.guarded().values().stream()
                        .anyMatch(each -> !each.flowsTrouble().isEmpty()));
        meters.degraded("edits", !edits.trouble().isEmpty());
        meters.degraded("notes", !StatusView.notes(running, lock, notes).isEmpty());
        meters.degraded("metrics", servers.metricsTrouble().isPresent());
        meters.degraded("control", servers.controlTrouble().isPresent());
    }

    private synchronized void guardLate() {
        if (!started) {
            return;
        }
        long startNs = System.nanoTime();
        List<String> guarded = guardWhatWaits();
        guarded.forEach(
                each -> LOG.warn("{} there, and guarded {} ms after the news of it", each, millisSince(startNs)));
        if (!guarded.isEmpty()) {
            lookForUnguarded();
            systemd.ready(StatusView.standing(running));
        }
    }

    /** News of NICs or addresses: what came is guarded, and the names of groups stand for what addresses there are now. */
    private synchronized void nicsChanged() {
        if (!started) {
            return;
        }
        guardLate();
        lookForUnguarded();
        Config config = running.config();
        if (config == null) {
            return;
        }
        Map<String, List<Cidr>> now = NicAddresses.of(config, running.guarded(), running.nicAddresses());
        if (now.equals(running.nicAddresses())) {
            return;
        }
        Running next = running.addressed(now, Reload.compileAll(config, now, running.generation(), running));
        next.guarded().forEach((name, each) -> each.install(next.policy(name)));
        running = next;
        LOG.info("addresses of this host's NICs: {}", now);
        claims.lookAt(config.withNicAddresses(now));
    }

    private void lookForUnguarded() {
        List<String> before = running.unguarded();
        List<String> now;
        try {
            now = Unguarded.nics(running.nics(), running.openNics());
        } catch (ErrnoException refused) {
            LOG.warn("NICs that nothing guards can't be looked for: {}", refused.getMessage());
            return;
        }
        now.stream()
                .filter(nic -> !before.contains(nic))
                .forEach(nic -> LOG.warn("{}", StatusView.unguardedWarning(nic)));
        running = running.unguarded(now);
        meters.unguarded(now.size() + running.shutNics().size());
    }

    private void watch(Startup read) {
        followers.add(edits);
        edits.watch(read.files(), true);
        followers.add(NicFollower.start(this::nicsChanged));
        lookForUnguarded();
    }

    /** However many edits there are while one is read: the next reading has them all. */
    private void edited() {
        if (asked.compareAndSet(false, true)) {
            request(Trigger.WATCH);
        }
    }

    private void request(Trigger trigger) {
        try {
            reloads.execute(() -> reload(trigger, false));
        } catch (RejectedExecutionException stopping) {
            LOG.debug("no reload: portcullis is stopping", stopping);
        }
    }

    @Override
    public ReloadReport reload(boolean allowLockout) {
        return reload(Trigger.REQUEST, allowLockout);
    }

    private ReloadReport reload(Trigger trigger, boolean allowLockout) {
        return leftovers.areLikely(file)
                ? Cores.behindOthers(() -> reloadNow(trigger, allowLockout))
                : reloadNow(trigger, allowLockout);
    }

    /** Whatever it throws and should not is a refusal: nobody else would hear of it. */
    private synchronized ReloadReport reloadNow(Trigger trigger, boolean allowLockout) {
        if (trigger == Trigger.WATCH) {
            asked.set(false);
        }
        if (!started) {
            return new ReloadReport(false, now(), 0, List.of("portcullis is starting or stopping"), List.of());
        }
        long startNs = System.nanoTime();
        try {
            return reload(trigger, allowLockout, startNs);
        } catch (StartException e) {
            return refuse(trigger, startNs, e.faults());
        } catch (RuntimeException | Error defect) {
            Defects.note("a reload of " + file, defect);
            return refuse(trigger, startNs, List.of(file + ": can't be taken: " + defect));
        }
    }

    private ReloadReport reload(Trigger trigger, boolean allowLockout, long startNs) throws StartException {
        Reload reload = new Reload(file, running, guarding, cores);
        boolean changed;
        try {
            changed = reload.read();
        } catch (StartException | RuntimeException | Error refused) {
            if (edits.watch(reload.files(), trigger == Trigger.REQUEST)) {
                throw refused;
            }
            return running.lastReload();
        }
        if (!edits.watch(reload.files(), trigger == Trigger.REQUEST)
                || !changed && trigger == Trigger.WATCH && running.lastReload().ok()) {
            return running.lastReload();
        }
        leftovers.note(reload.texts());
        systemd.reloading();
        reload.prepare(allowLockout);
        long compiledNs = System.nanoTime();
        commit(reload);
        long doneNs = System.nanoTime();
        List<String> late = StatusView.notInstalled(running);
        ReloadReport report = new ReloadReport(
                true,
                now(),
                (doneNs - startNs) / 1_000_000,
                List.of(),
                Stream.concat(late.stream(), warnings().stream()).toList());
        report(report);
        report.warnings().forEach(warning -> LOG.warn("{}", warning));
        LOG.info(
                "reloaded {}: {}; generation {}, read {} ms, compiled {} ms, published {} ms",
                file,
                StatusView.standing(running),
                running.generation(),
                (reload.readNs() - startNs) / 1_000_000,
                (compiledNs - reload.readNs()) / 1_000_000,
                (doneNs - compiledNs) / 1_000_000);
        systemd.ready(StatusView.standing(running));
        keep(reload.texts());
        return report;
    }

    /** From here on nothing can fail. */
    private void commit(Reload reload) {
        Config next = reload.config();
        Running before = running;
        Logs.level(next.log().level());
        List<GuardedInterface> removed = new ArrayList<>();
        Map<String, GuardedInterface> guarded = new LinkedHashMap<>();
        before.guarded().forEach((name, each) -> {
            if (next.interfaces().containsKey(name)) {
                each.follow(
                        Reload.attachment(next, name),
                        reload.policy(name),
                        next.log().drops());
                guarded.put(name, each);
            } else {
                removed.add(each);
            }
        });
        meters.ruleHits(next.metrics().ruleHits());
        reload.opened().forEach((name, each) -> {
            guarding.begin(each, next);
            guarded.put(name, each);
        });
        Map<String, Waiting> waiting = new LinkedHashMap<>(before.waiting());
        waiting.keySet()
                .removeIf(
                        name -> guarded.containsKey(name) || !next.interfaces().containsKey(name));
        // From the first moment of its generation on, /healthz tells of an interface that is not guarded yet.
        next.interfaces().forEach((name, each) -> {
            if (!guarded.containsKey(name)) {
                waiting.putIfAbsent(name, Guarding.wanted(each, List.of("it is being guarded")));
            }
        });
        running = new Running(
                next,
                reload.nicAddresses(),
                reload.policies(),
                guarded,
                waiting,
                before.generation() + 1,
                before.lastReload(),
                false,
                before.unguarded());
        removed.forEach(each -> {
            meters.unwatch(each.attachment().name());
            each.remove();
        });
        if (before.config() == null) {
            servers.open(next.control().socket(), next.metrics());
        }
        guardWhatWaits();
        noteFlows(next);
        boolean others = !removed.isEmpty()
                || !reload.opened().isEmpty()
                || !before.waiting().isEmpty();
        if (before.config() == null || others) {
            removeOthers(next);
        }
        claims.allHold();
        lookForUnguarded();
        showDegraded();
    }

    private ReloadReport refuse(Trigger trigger, long startNs, List<String> faults) {
        ReloadReport report = new ReloadReport(false, now(), millisSince(startNs), faults, List.of());
        ReloadReport last = running.lastReload();
        boolean known = trigger == Trigger.WATCH && !last.ok() && last.errors().equals(faults);
        report(report);
        if (!known) {
            String stays = running.config() == null
                    ? "portcullis waits for a valid configuration"
                    : "generation " + running.generation() + " stays in force";
            LOG.error("reload of {} refused, {}:\n{}", file, stays, String.join("\n", faults));
            systemd.ready("reload refused, " + stays + ": " + faults.getFirst());
        }
        return report;
    }

    private void report(ReloadReport report) {
        running = running.reported(report);
        meters.reloaded(report.ok(), Instant.now().getEpochSecond(), report.millis() / 1e3);
    }

    private List<String> warnings() {
        return StatusView.warnings(running.config(), file);
    }

    @Override
    public StatusReport status() {
        Running now = running;
        return StatusView.report(
                now, file, startedAt, claims.broken(), StatusView.degraded(now, file, edits, servers, lock, notes));
    }

    @Override
    public ExplainReport explain(ExplainRequest question) {
        Running now = running;
        Config config = now.addressed();
        GuardedInterface asked = now.guarded().get(question.interfaceName());
        if (asked == null || config == null) {
            throw new IllegalArgumentException("no interface " + question.interfaceName() + " is guarded: there is "
                    + String.join(", ", new TreeSet<>(now.guarded().keySet())));
        }
        Workers workers = asked.workers();
        return Explain.live(
                config,
                workers.ruleHits().policy(),
                question,
                (frame, way) -> workers.explain(frame, way, GuardedInterface.INSTALL_TIMEOUT_MS));
    }

    @Override
    public Health health() {
        if (!started) {
            return new Health(false, List.of("portcullis is starting or stopping"));
        }
        List<String> problems = StatusView.problems(running, file);
        Alive asking = alive;
        if (asking != null) {
            problems.addAll(asking.problems());
        }
        return new Health(problems.isEmpty(), problems);
    }

    /** Of all threads, those of workers included. */
    private long defects() {
        return Defects.count()
                + running.guarded().values().stream()
                        .mapToLong(each -> each.workers().bugs())
                        .sum();
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private static long millisSince(long startNs) {
        return (System.nanoTime() - startNs) / 1_000_000;
    }

    /** Decides about what has arrived, and ends the traffic; with {@code on-failure: closed} the NICs stay shut. */
    @Override
    public void close() {
        boolean stood;
        List<AutoCloseable> open;
        synchronized (this) {
            stood = started;
            started = false;
            reloads.shutdown();
            if (stood) {
                systemd.stopping();
            }
            Alive asking = alive;
            if (asking != null) {
                asking.close();
            }
            running.guarded().values().forEach(stood ? GuardedInterface::stop : GuardedInterface::abandon);
            running = Running.NOTHING;
            open = List.copyOf(followers);
            followers.clear();
        }
        LockSupport.unpark(retries);
        // Their threads may be waiting for the lock: what has just been done to the NICs is news.
        for (AutoCloseable each : open.reversed()) {
            close(each);
        }
        close(servers);
        DaemonLock taken = lock;
        if (taken != null && !stood) {
            taken.forget();
        } else if (taken != null) {
            taken.close();
        }
        drops.close();
        meters.close();
        if (stood) {
            LOG.info("portcullis stopped");
        }
    }

    private static void close(AutoCloseable each) {
        try {
            each.close();
        } catch (Exception e) {
            LOG.warn("{} did not end cleanly: {}", each, e.getMessage());
        }
    }
}
