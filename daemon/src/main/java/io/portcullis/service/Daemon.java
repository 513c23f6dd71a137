package io.portcullis.service;

import io.portcullis.config.Cidr;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Datapath;
import io.portcullis.config.Drops;
import io.portcullis.config.Fault;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.control.ControlServer;
import io.portcullis.control.ExplainReport;
import io.portcullis.control.Health;
import io.portcullis.control.InterfaceStatus;
import io.portcullis.control.MetricsServer;
import io.portcullis.control.Operations;
import io.portcullis.control.Question;
import io.portcullis.control.ReloadReport;
import io.portcullis.control.ServerException;
import io.portcullis.control.StatusReport;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Reason;
import io.portcullis.intercept.Interception;
import io.portcullis.intercept.Restoration;
import io.portcullis.intercept.Restored;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Logins;
import io.portcullis.linux.Nics;
import io.portcullis.linux.TcpSockets;
import io.portcullis.metrics.Meters;
import io.portcullis.packet.Direction;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortCounter;
import io.portcullis.worker.Workers;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running firewall. Starts whole or not at all; a reload compiles everything before it publishes anything, and what
 * fails leaves the old configuration in force; a stop gives back what was taken.
 *
 * <p>Starts, reloads and stops happen one at a time (on the caller's, the reload and the shutdown thread); {@link #status}
 * and {@link #health} may be asked from any thread.
 */
public final class Daemon implements Operations, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private static final long INSTALL_TIMEOUT_MS = 5_000;
    private static final int MOST_WARNINGS = 100;

    /** Who asked for a reload. */
    private enum Trigger {
        /** The files changed; silent where that makes no difference. */
        WATCH,
        /** Somebody said so. */
        REQUEST
    }

    private final Path file;
    private final Systemd systemd;
    private final Instant startedAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private final Meters meters = new Meters(Version.text());
    private final Claims claims = new Claims(meters);
    private final DropLog drops = new DropLog();
    private final Cores cores = Cores.ofThisProcess();
    private final ExecutorService reloads = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("portcullis-reload").factory());
    private final List<AutoCloseable> servers = new ArrayList<>();

    private volatile Config config;
    private volatile Set<Path> folders = Set.of();
    private volatile @Nullable ConfigWatch configWatch;
    private volatile Map<String, GuardedInterface> guarded = Map.of();
    private volatile Map<String, List<Cidr>> nicAddresses = Map.of();
    private volatile List<String> unguarded = List.of();
    private volatile long generation;
    private volatile ReloadReport lastReload = new ReloadReport(true, "", 0, List.of(), List.of());
    private volatile boolean running;

    private Daemon(Path file, Systemd systemd, Config config) {
        this.file = file;
        this.systemd = systemd;
        this.config = config;
    }

    /**
     * Reads the configuration and starts to guard what it names.
     *
     * @param file the configuration
     * @param notifySocket what {@code NOTIFY_SOCKET} says; null where nobody waits for news
     * @param allowLockout true: also where that cuts an ssh connection to this host
     * @throws StartException if anything is in the way, with all that was found; nothing is left behind
     */
    public static Daemon start(Path file, @Nullable String notifySocket, boolean allowLockout) throws StartException {
        Set<Path> folders = new HashSet<>();
        Daemon daemon = new Daemon(file, new Systemd(notifySocket), load(file, folders));
        daemon.folders = folders;
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

    private static Config load(Path file, Set<Path> folders) throws StartException {
        try {
            return Config.load(file, folders);
        } catch (ConfigException e) {
            throw new StartException(lines(e));
        }
    }

    private void start(boolean allowLockout) throws StartException {
        long startNs = System.nanoTime();
        Logs.level(config.log().level());
        checkInterfaces(config.interfaces().values());
        nicAddresses = nicAddresses(config);
        claims.admitStart(config, config.withNicAddresses(nicAddresses));
        if (!allowLockout) {
            refuseLockout();
        }
        openServers();
        // Where an earlier run has left NICs shut, their traffic waits: it warms up as well.
        if (config.interfaces().values().stream().anyMatch(each -> each.datapath() != Datapath.PCAP)
                && !Restoration.keepsSomethingShut(stateFolder())) {
            WarmUp.run();
            Cores.putCompilersLast();
        }
        noteFlows();
        generation = 1;
        Map<String, GuardedInterface> opened = new LinkedHashMap<>();
        guarded = opened;
        for (Interface attachment : config.interfaces().values()) {
            if (isThere(attachment)) {
                GuardedInterface each =
                        GuardedInterface.open(attachment, compile(config, attachment.name(), 1), household(config));
                opened.put(attachment.name(), each);
                each.engage();
                begin(each, config);
            } else {
                LOG.warn("{}", waitingFor(attachment));
            }
        }
        guarded = Map.copyOf(opened);
        Restored left =
                Restoration.detachOthers(stateFolder(), config.interfaces().keySet());
        left.lines().forEach(line -> LOG.info("left behind by an earlier run: {}", line));
        left.faults().forEach(fault -> LOG.error("left behind by an earlier run: {}", fault));
        report(new ReloadReport(true, now(), millisSince(startNs), List.of(), warnings(config)));
        warnings(config).forEach(warning -> LOG.warn("{}", warning));
        running = true;
        watch();
        Signals.onHangup(() -> request(Trigger.REQUEST));
        String standing = standing();
        LOG.info("portcullis {} stands: {} (started in {} ms)", Version.text(), standing, millisSince(startNs));
        systemd.ready(standing);
    }

    private void noteFlows() throws StartException {
        try {
            FlowFiles.note(stateFolder(), config.conntrack().directory());
        } catch (IOException e) {
            throw new StartException(List.of(stateFolder() + ": " + e.getMessage()));
        }
    }

    private static void checkInterfaces(Iterable<Interface> attachments) throws StartException {
        List<String> faults = new ArrayList<>();
        for (Interface attachment : attachments) {
            faults.addAll(Interception.faults(attachment));
        }
        if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
    }

    private void refuseLockout() throws StartException {
        List<String> faults;
        try {
            String ssh = System.getenv("SSH_CONNECTION");
            faults = Lockout.faults(
                    config.withNicAddresses(nicAddresses),
                    name -> compile(config, name, 1),
                    ssh == null ? "" : ssh,
                    Logins.remoteAddresses(),
                    TcpSockets.established(),
                    TcpSockets.listeningPorts());
        } catch (IOException unknown) {
            LOG.warn("nobody can tell whether an ssh connection would be cut: {}", unknown.getMessage());
            return;
        }
        if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
    }

    /** A bridge without one of its NICs is no bridge, and that is a fault; the NIC of a host may come later. */
    private static boolean isThere(Interface attachment) {
        try {
            return !(attachment.mode() instanceof Mode.Host host)
                    || Nics.find(host.nic()).isPresent();
        } catch (ErrnoException unknown) {
            LOG.debug("{}: NICs can't be listed", attachment.name(), unknown);
            return true;
        }
    }

    private static String waitingFor(Interface attachment) {
        return attachment.name() + ": there is no NIC "
                + attachment.mode().nics().getFirst() + " yet; it is guarded when it comes";
    }

    private GuardedInterface.Household household(Config of) {
        String owner = "pid " + ProcessHandle.current().pid() + ", " + file;
        return new GuardedInterface.Household(
                stateFolder(), of.conntrack().directory(), of.mark(), owner, drops, cores);
    }

    /** News of NICs or addresses: what came is guarded, and the names of groups stand for what addresses there are now. */
    private synchronized void nicsChanged() {
        if (!running) {
            return;
        }
        takeUpWhatCame();
        lookForUnguarded();
        Map<String, List<Cidr>> now = nicAddresses(config);
        if (now.equals(nicAddresses)) {
            return;
        }
        nicAddresses = now;
        guarded.forEach((name, each) -> each.workers().install(compile(config, name, generation), INSTALL_TIMEOUT_MS));
        LOG.info("addresses of this host's NICs: {}", now);
        claims.lookAt(config.withNicAddresses(now));
    }

    private void lookForUnguarded() {
        Set<String> names = new TreeSet<>();
        config.interfaces().values().forEach(each -> names.addAll(each.mode().nics()));
        guarded.values().forEach(each -> names.addAll(each.nics()));
        try {
            List<String> now = Unguarded.nics(names);
            now.stream().filter(nic -> !unguarded.contains(nic)).forEach(nic -> LOG.warn("{}", unguardedWarning(nic)));
            unguarded = now;
        } catch (ErrnoException refused) {
            LOG.warn("NICs that nothing guards can't be looked for: {}", refused.getMessage());
        }
        meters.unguarded(unguarded.size());
    }

    private static String unguardedWarning(String nic) {
        return nic + " is up, has an address that others can reach, and no interface guards it";
    }

    private Map<String, List<Cidr>> nicAddresses(Config of) {
        Map<String, List<Cidr>> addresses = new TreeMap<>();
        for (Interface attachment : of.interfaces().values()) {
            if (!(attachment.mode() instanceof Mode.Host host)) {
                continue;
            }
            try {
                GuardedInterface each = guarded.get(attachment.name());
                addresses.put(attachment.name(), each == null ? NicAddresses.of(host.nic()) : each.nicAddresses());
            } catch (ErrnoException refused) {
                LOG.warn("{}: its addresses can't be read: {}", attachment.name(), refused.getMessage());
                addresses.put(attachment.name(), nicAddresses.getOrDefault(attachment.name(), List.of()));
            }
        }
        return addresses;
    }

    /** Guards NICs that were not there until now. */
    private synchronized void takeUpWhatCame() {
        if (!running) {
            return;
        }
        long startNs = System.nanoTime();
        for (Interface attachment : config.interfaces().values()) {
            if (guarded.containsKey(attachment.name()) || !isThere(attachment)) {
                continue;
            }
            GuardedInterface opened = null;
            try {
                opened = GuardedInterface.open(
                        attachment, compile(config, attachment.name(), generation), household(config));
                opened.engage();
            } catch (StartException e) {
                if (opened != null) {
                    opened.abandon();
                }
                LOG.error("{}", String.join("\n", e.faults()));
                continue;
            }
            Map<String, GuardedInterface> all = new LinkedHashMap<>(guarded);
            all.put(attachment.name(), opened);
            guarded = Map.copyOf(all);
            begin(opened, config);
            LOG.warn(
                    "{}: {} is there, and guarded {} ms after the news of it",
                    attachment.name(),
                    String.join(" and ", attachment.mode().nics()),
                    millisSince(startNs));
            systemd.ready(standing());
        }
    }

    private void openServers() throws StartException {
        List<String> faults = new ArrayList<>();
        try {
            servers.add(ControlServer.open(config.control().socket(), this, reloads));
        } catch (ServerException e) {
            faults.add(e.getMessage());
        }
        try {
            servers.add(
                    MetricsServer.open(config.metrics().host(), config.metrics().port(), meters::scrape, this));
        } catch (ServerException e) {
            faults.add(e.getMessage());
        }
        if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
    }

    private void watch() {
        try {
            ConfigWatch watch = new ConfigWatch(file, folders, () -> request(Trigger.WATCH));
            servers.add(watch);
            configWatch = watch;
        } catch (IOException e) {
            LOG.warn("edits of {} are not seen by themselves, use portcullis reload: {}", file, e.getMessage());
        }
        try {
            servers.add(NicFollower.start(this::nicsChanged));
            // What has happened since they were read.
            nicsChanged();
        } catch (ErrnoException e) {
            LOG.error("NICs that come and their addresses are not seen: {}", e.getMessage());
        }
    }

    private void begin(GuardedInterface each, Config with) {
        String name = each.attachment().name();
        Workers workers = each.workers();
        meters.watch(name, workers::counters, workers::ruleHits, workers.stalls());
        for (PortCounter counter : PortCounter.values()) {
            meters.portCounter(name, "outside", counter, () -> workers.portCount(true, counter));
            meters.portCounter(name, "inside", counter, () -> workers.portCount(false, counter));
        }
        meters.intact(name, each::isIntact);
        meters.ruleHits(with.metrics().ruleHits());
        each.start();
        workers.logDrops(with.log().drops() != Drops.OFF, with.log().drops() == Drops.ALL);
    }

    private void request(Trigger trigger) {
        try {
            reloads.execute(() -> reload(trigger));
        } catch (RejectedExecutionException stopping) {
            LOG.debug("no reload: portcullis is stopping", stopping);
        }
    }

    @Override
    public ReloadReport reload() {
        return reload(Trigger.REQUEST);
    }

    private synchronized ReloadReport reload(Trigger trigger) {
        if (!running) {
            return new ReloadReport(false, now(), 0, List.of("portcullis is starting or stopping"), List.of());
        }
        long startNs = System.nanoTime();
        Config next;
        Set<Path> read = new HashSet<>();
        try {
            next = Config.load(file, read);
        } catch (ConfigException e) {
            return refuse(trigger, startNs, lines(e));
        } finally {
            watchFolders(read);
        }
        if (trigger == Trigger.WATCH && lastReload.ok() && next.equals(config)) {
            return lastReload;
        }
        systemd.reloading();
        long readNs = System.nanoTime();
        Map<String, Policy> policies = new LinkedHashMap<>();
        Map<String, GuardedInterface> added = new LinkedHashMap<>();
        boolean prepared = false;
        try {
            long number = generation + 1;
            nicAddresses = nicAddresses(next);
            Claims.admitReload(next.withNicAddresses(nicAddresses));
            for (String name : next.interfaces().keySet()) {
                policies.put(name, compile(next, name, number));
            }
            refuseWhatNeedsARestart(next, policies);
            checkInterfaces(next.interfaces().values().stream()
                    .filter(each -> !guarded.containsKey(each.name()))
                    .toList());
            for (Interface attachment : next.interfaces().values()) {
                if (!guarded.containsKey(attachment.name()) && isThere(attachment)) {
                    GuardedInterface each =
                            GuardedInterface.open(attachment, policy(policies, attachment.name()), household(next));
                    added.put(attachment.name(), each);
                    each.engage();
                }
            }
            prepared = true;
        } catch (StartException e) {
            return refuse(trigger, startNs, e.faults());
        } finally {
            if (!prepared) {
                added.values().forEach(GuardedInterface::abandon);
            }
        }
        long compiledNs = System.nanoTime();
        publish(next, generation + 1, policies, added);
        long doneNs = System.nanoTime();
        ReloadReport report = new ReloadReport(true, now(), (doneNs - startNs) / 1_000_000, List.of(), warnings(next));
        report(report);
        warnings(next).forEach(warning -> LOG.warn("{}", warning));
        LOG.info(
                "reloaded {}: {}; generation {}, read {} ms, compiled {} ms, published {} ms",
                file,
                standing(),
                generation,
                (readNs - startNs) / 1_000_000,
                (compiledNs - readNs) / 1_000_000,
                (doneNs - compiledNs) / 1_000_000);
        systemd.ready(standing());
        return report;
    }

    /** From here on nothing can fail. */
    private void publish(Config next, long number, Map<String, Policy> policies, Map<String, GuardedInterface> added) {
        Logs.level(next.log().level());
        Map<String, GuardedInterface> kept = new LinkedHashMap<>();
        List<GuardedInterface> removed = new ArrayList<>();
        guarded.forEach((name, each) -> {
            if (next.interfaces().containsKey(name)) {
                kept.put(name, each);
            } else {
                removed.add(each);
            }
        });
        kept.forEach((name, each) -> {
            each.workers().logDrops(next.log().drops() != Drops.OFF, next.log().drops() == Drops.ALL);
            each.describe(attachment(next, name));
            each.workers().install(policy(policies, name), INSTALL_TIMEOUT_MS);
        });
        config = next;
        Map<String, GuardedInterface> all = new LinkedHashMap<>(kept);
        all.putAll(added);
        guarded = Map.copyOf(all);
        meters.ruleHits(next.metrics().ruleHits());
        added.values().forEach(each -> begin(each, next));
        for (GuardedInterface each : removed) {
            meters.unwatch(each.attachment().name());
            each.remove();
        }
        generation = number;
        claims.allHold();
        lookForUnguarded();
    }

    private ReloadReport refuse(Trigger trigger, long startNs, List<String> faults) {
        ReloadReport report = new ReloadReport(false, now(), millisSince(startNs), faults, List.of());
        boolean known = trigger == Trigger.WATCH
                && !lastReload.ok()
                && lastReload.errors().equals(faults);
        report(report);
        if (!known) {
            LOG.error(
                    "reload of {} refused, generation {} stays in force:\n{}",
                    file,
                    generation,
                    String.join("\n", faults));
            systemd.ready("reload refused, generation " + generation + " stays in force: " + faults.getFirst());
        }
        return report;
    }

    private void report(ReloadReport report) {
        lastReload = report;
        meters.reloaded(report.ok(), Instant.now().getEpochSecond(), report.millis() / 1e3);
    }

    private void watchFolders(Set<Path> read) {
        ConfigWatch watch = configWatch;
        try {
            if (watch != null && watch.follow(read)) {
                request(Trigger.WATCH);
            }
        } catch (IOException e) {
            LOG.error("edits in the folders of {} are not all seen, use portcullis reload: {}", file, e.getMessage());
        } catch (ClosedWatchServiceException stopping) {
            LOG.debug("no watch: portcullis is stopping", stopping);
        }
    }

    private void refuseWhatNeedsARestart(Config next, Map<String, Policy> policies) throws StartException {
        List<String> faults = new ArrayList<>();
        next.interfaces().forEach((name, after) -> {
            GuardedInterface before = guarded.get(name);
            if (before != null) {
                faults.addAll(before.needsRestart(after, policy(policies, name).maxFlows(), cores));
            }
        });
        if (!next.conntrack().directory().equals(config.conntrack().directory())) {
            faults.add(file + ": conntrack.directory: another directory needs a restart (now "
                    + config.conntrack().directory() + ")");
        }
        if (!next.mark().equals(config.mark())) {
            faults.add(file + ": mark: another mark needs a restart");
        }
        if (!next.control().socket().equals(config.control().socket())) {
            faults.add(file + ": control.socket: another socket needs a restart (now "
                    + config.control().socket() + ")");
        }
        if (!next.metrics().host().equals(config.metrics().host())
                || next.metrics().port() != config.metrics().port()) {
            faults.add(file + ": metrics.listen: another address needs a restart (now "
                    + config.metrics().host() + ":" + config.metrics().port() + ")");
        }
        if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
    }

    private static Policy policy(Map<String, Policy> policies, String name) {
        Policy policy = policies.get(name);
        if (policy == null) {
            throw new IllegalStateException("no policy for " + name);
        }
        return policy;
    }

    private static Interface attachment(Config of, String name) {
        Interface attachment = of.interfaces().get(name);
        if (attachment == null) {
            throw new IllegalStateException("no interface " + name);
        }
        return attachment;
    }

    private Policy compile(Config written, String name, long number) {
        Config config = written.withNicAddresses(nicAddresses);
        GuardedInterface each = guarded.get(name);
        long limit = each == null ? AutoFlows.of(config, name, guarded.keySet()) : each.room();
        return Policy.compile(config, name, number, limit);
    }

    private Path stateFolder() {
        Path folder = config.control().socket().getParent();
        return folder == null ? Path.of("/") : folder;
    }

    @Override
    public StatusReport status() {
        Config current = config;
        List<InterfaceStatus> interfaces = new ArrayList<>();
        for (GuardedInterface each : inOrder(current)) {
            interfaces.add(status(each));
        }
        return new StatusReport(
                Version.text(),
                ProcessHandle.current().pid(),
                startedAt.toString(),
                file.toString(),
                generation,
                lastReload,
                interfaces,
                Stream.of(
                                claims.broken().stream(),
                                warnings(current).stream(),
                                unguarded.stream().map(Daemon::unguardedWarning))
                        .flatMap(each -> each)
                        .toList());
    }

    private List<GuardedInterface> inOrder(Config current) {
        Map<String, GuardedInterface> now = guarded;
        List<GuardedInterface> ordered = new ArrayList<>();
        for (String name : current.interfaces().keySet()) {
            GuardedInterface each = now.get(name);
            if (each != null) {
                ordered.add(each);
            }
        }
        return ordered;
    }

    private static InterfaceStatus status(GuardedInterface each) {
        Interface attachment = each.attachment();
        Counters counters = each.workers().counters();
        Map<String, Long> passed = new TreeMap<>();
        Map<String, Long> dropped = new TreeMap<>();
        Map<String, Map<String, Long>> reasons = new TreeMap<>();
        Map<String, Long> audited = new TreeMap<>();
        Map<String, Map<String, Long>> auditedReasons = new TreeMap<>();
        for (Direction direction : Direction.values()) {
            long drops = 0;
            Map<String, Long> byReason = new TreeMap<>();
            for (Reason reason : Reason.values()) {
                long packets = counters.packets(direction, reason);
                if (reason == Reason.NONE) {
                    passed.put(direction.label(), packets);
                } else if (packets > 0) {
                    drops += packets;
                    byReason.put(reason.label(), packets);
                }
            }
            dropped.put(direction.label(), drops);
            reasons.put(direction.label(), byReason);
            Map<String, Long> would = wouldDrops(counters, direction);
            audited.put(
                    direction.label(),
                    would.values().stream().mapToLong(Long::longValue).sum());
            auditedReasons.put(direction.label(), would);
        }
        List<String> problems = each.problems();
        return new InterfaceStatus(
                attachment.name(),
                attachment.mode().key(),
                each.datapath().key(),
                each.workers().count(),
                attachment.mode().nics().getFirst(),
                attachment.mode() instanceof Mode.Host ? "this host (" + each.insideNic() + ")" : each.insideNic(),
                problems.isEmpty(),
                String.join("; ", problems),
                !attachment.audit(),
                attachment.securityGroups(),
                Objects.requireNonNullElse(attachment.networkAcl(), ""),
                counters.total(Counters.Total.FLOWS),
                each.workers().ruleHits().policy().maxFlows(),
                passed,
                dropped,
                reasons,
                audited,
                auditedReasons);
    }

    private static Map<String, Long> wouldDrops(Counters counters, Direction direction) {
        Map<String, Long> byReason = new TreeMap<>();
        for (Reason reason : Reason.values()) {
            long packets = counters.auditedPackets(direction, reason);
            if (packets > 0) {
                byReason.put(reason.label(), packets);
            }
        }
        return byReason;
    }

    @Override
    public ExplainReport explain(Question question) {
        Config current = config.withNicAddresses(nicAddresses);
        GuardedInterface asked = guarded.get(question.interfaceName());
        if (asked == null) {
            throw new IllegalArgumentException("no interface " + question.interfaceName() + " is guarded: there is "
                    + String.join(", ", new TreeSet<>(guarded.keySet())));
        }
        Workers workers = asked.workers();
        return Explain.live(
                current,
                workers.ruleHits().policy(),
                question,
                (frame, way) -> workers.explain(frame, way, INSTALL_TIMEOUT_MS));
    }

    @Override
    public Health health() {
        if (!running) {
            return new Health(false, List.of("portcullis is starting or stopping"));
        }
        List<String> problems = new ArrayList<>();
        Config current = config;
        inOrder(current).forEach(each -> problems.addAll(each.problems()));
        current.interfaces().values().stream()
                .filter(each -> !guarded.containsKey(each.name()))
                .forEach(each -> problems.add(waitingFor(each)));
        return new Health(problems.isEmpty(), problems);
    }

    /** {@code web0: bridge, out0 outside, in0 inside, pcap, groups web (3 rules)}. */
    private String standing() {
        List<String> parts = new ArrayList<>();
        for (GuardedInterface each : inOrder(config)) {
            Interface attachment = each.attachment();
            parts.add(attachment.name() + ": " + attachment.mode().key() + ", "
                    + String.join(" and ", attachment.mode().nics()) + ", "
                    + each.datapath().key()
                    + (each.workers().count() == 1 ? "" : ", " + each.workers().count() + " workers")
                    + (attachment.audit() ? ", NOT GUARDED (enforce: audit)" : "")
                    + (attachment.networkAcl() == null ? "" : ", network ACL " + attachment.networkAcl())
                    + ", groups "
                    + String.join(" ", attachment.securityGroups())
                    + " ("
                    + each.workers().ruleHits().policy().ruleCount() + " rules)");
        }
        return String.join("; ", parts);
    }

    private static List<String> lines(ConfigException e) {
        return e.faults().stream().map(Fault::toString).toList();
    }

    /** The first ones: of 100,000 rules there may be as many, and {@code check} tells all. */
    private List<String> warnings(Config of) {
        int all = of.warnings().size();
        List<String> first = of.warnings().stream()
                .limit(MOST_WARNINGS)
                .map(Object::toString)
                .collect(Collectors.toCollection(ArrayList::new));
        if (all > MOST_WARNINGS) {
            first.add(String.format("%s: %,d warnings more: portcullis check tells all", file, all - MOST_WARNINGS));
        }
        return first;
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
            stood = running;
            running = false;
            if (stood) {
                systemd.stopping();
            }
            guarded.values().forEach(stood ? GuardedInterface::stop : GuardedInterface::abandon);
            guarded = Map.of();
            open = List.copyOf(servers);
            servers.clear();
        }
        // Their threads may be waiting for the lock: what has just been done to the NICs is news.
        for (AutoCloseable server : open.reversed()) {
            try {
                server.close();
            } catch (Exception e) {
                LOG.warn("{} did not end cleanly: {}", server, e.getMessage());
            }
        }
        reloads.shutdown();
        drops.close();
        meters.close();
        if (stood) {
            LOG.info("portcullis stopped");
        }
    }
}
