package io.portcullis.guard;

import io.portcullis.config.Datapath;
import io.portcullis.config.Datapath.Offload;
import io.portcullis.config.Interface;
import io.portcullis.config.Log.Drops;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.conntrack.read.StateCounts;
import io.portcullis.engine.Adopted;
import io.portcullis.flowstore.TableSet;
import io.portcullis.gate.GateFilters;
import io.portcullis.hits.file.KeptHits;
import io.portcullis.intercept.Bridge;
import io.portcullis.intercept.InterceptException;
import io.portcullis.intercept.Interception;
import io.portcullis.intercept.Restored;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.NicChecks;
import io.portcullis.net.Cidr;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortState;
import io.portcullis.recorder.Recordings;
import io.portcullis.worker.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One interface of the configuration while it is guarded: its NICs, programs, flow tables and workers. It is opened by {@link
 * InterfaceOpener}. Changed by one thread at a time; any thread may ask for its state.
 */
public final class GuardedInterface {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedInterface.class);

    /** A worker has as long to install a policy, in milliseconds. */
    public static final long INSTALL_TIMEOUT_MS = 5_000;

    private volatile Interface settings;
    private final Interception interception;
    private final Workers workers;
    private final TableSet flows;
    private final StateCounts states;
    private final Recordings recordings;
    private final KeptHits hits;
    private final NicChecks checks;
    private final Datapath datapath;
    private final FastPath fast;
    private volatile List<Integer> lateWorkers = List.of();
    private volatile @Nullable LinkFollower follower;
    private volatile @Nullable InterceptionMonitor monitor;
    private volatile boolean heldShut;
    private boolean started;

    /** Of NICs that are attached and ports that are open. */
    GuardedInterface(
            Interface settings,
            Datapath datapath,
            FastPath fast,
            Interception interception,
            TableSet flows,
            KeptHits hits,
            Workers workers,
            Recordings recordings,
            NicChecks checks) {
        this.settings = settings;
        this.datapath = datapath;
        this.fast = fast;
        this.interception = interception;
        this.flows = flows;
        this.states = new StateCounts(flows.readers());
        this.hits = hits;
        this.workers = workers;
        this.recordings = recordings;
        this.checks = checks;
    }

    /**
     * Attaches the programs: from now on no frame passes by the daemon.
     *
     * @throws StartException if the kernel refuses the programs; then everything is as before
     */
    public void engage() throws StartException {
        try {
            interception.notes().forEach(note -> LOG.info("{}: {}", name(), note));
            interception.engage(System.nanoTime()).forEach(line -> LOG.info("{}: {}", name(), line));
            if (settings.offload() == Offload.AUTO) {
                LOG.atLevel(fast.isOn() ? Level.INFO : Level.WARN).log("{}: offload: {}", name(), fast.state());
            }
        } catch (InterceptException e) {
            throw new StartException(e.faults());
        }
    }

    /**
     * Keeps the NICs shut when this process ends, however it ends and whatever {@code on-failure} says; or ends that.
     *
     * @return why the kernel refuses, for another attempt; empty: it is done
     */
    public List<String> holdShut(boolean held) {
        heldShut = held;
        try {
            interception.holdShut(held, System.nanoTime());
            return List.of();
        } catch (InterceptException e) {
            return e.faults();
        }
    }

    /** Filters frames from now on. */
    public void start() {
        adoptEstablished();
        workers.start(!flows.found());
        started = true;
        followLinks();
        monitor = new InterceptionMonitor(name(), interception, checks);
    }

    /** Called when the programs are attached: the workers see connections that are opened later. */
    private void adoptEstablished() {
        boolean unknown = !flows.found() || settings.onFailure().endsWithDaemon();
        if (!(settings.mode() instanceof Mode.Host host) || !host.adoptEstablished() || !unknown) {
            return;
        }
        try {
            List<Adopted> connections = Adoption.connections(nicAddresses());
            int adopted = workers.adopt(connections);
            LOG.info(
                    "{}: {} established connections of this host are adopted{}",
                    name(),
                    adopted,
                    adopted == connections.size() ? "" : ", of " + connections.size() + ": max-flows is reached");
        } catch (ErrnoException refused) {
            LOG.warn(
                    "{}: established connections can't be adopted, and have to be opened anew: {}",
                    name(),
                    refused.getMessage());
        }
    }

    /** The present addresses of a host's NIC; none of a bridge. */
    List<Cidr> nicAddresses() throws ErrnoException {
        Optional<String> nic = interception.hostNic();
        return nic.isPresent() ? NicAddresses.of(nic.get()) : List.of();
    }

    /** Puts another description of the same NICs in force, with its policy. */
    public void follow(Interface next, Policy policy, Drops drops) {
        workers.logDrops(drops != Drops.OFF, drops == Drops.ALL);
        settings = next;
        followLinks();
        install(policy);
    }

    /** Puts a policy in force; waits {@value #INSTALL_TIMEOUT_MS} ms at most, then {@link #notInstalled} names the late workers. */
    public void install(Policy policy) {
        lateWorkers = workers.install(policy, INSTALL_TIMEOUT_MS);
        try {
            interception
                    .replaceGate(mark -> GateFilters.of(policy, mark).filters())
                    .forEach(line -> LOG.info("{}: {}", name(), line));
        } catch (InterceptException refused) {
            LOG.error(
                    "{}: the failsafe rules of before stay in force while the daemon is dead: {}",
                    name(),
                    refused.getMessage());
        }
    }

    /** The workers that did not install the last policy in time, one sentence each. */
    public List<String> notInstalled() {
        return lateWorkers.stream()
                .map(worker -> name() + ": worker " + worker
                        + " has not installed these rules yet, and decides by the rules before")
                .toList();
    }

    /** Notes for the next start that can't be written, one sentence each; frames are filtered all the same. */
    public List<String> warnings() {
        return interception.warnings();
    }

    /** The hits of its rules. */
    public KeptHits hits() {
        return hits;
    }

    /** Why the flows end with the process; empty: they don't. */
    public String flowsTrouble() {
        return flows.trouble().orElse("");
    }

    /**
     * The threads of this interface that don't work, one sentence each.
     *
     * @param withinMs how long it waits for answers at most
     */
    public List<String> notAlive(long withinMs) {
        List<String> dead = new ArrayList<>();
        if (!workers.areAlive(withinMs)) {
            dead.add(name() + ": not every worker answers within " + withinMs + " ms");
        }
        InterceptionMonitor checking = monitor;
        if (checking != null && System.nanoTime() - checking.lastRanNs() > TimeUnit.MILLISECONDS.toNanos(withinMs)) {
            dead.add(name() + ": its NICs and programs are not checked");
        }
        return dead;
    }

    /** Starts or ends what {@code link-state: follow} needs. */
    private void followLinks() {
        Optional<Bridge> followed = interception.followLinks(settings.mode());
        LinkFollower running = follower;
        if (followed.isPresent() == (running != null)) {
            return;
        }
        if (running != null) {
            follower = null;
            running.close();
        } else {
            follower = new LinkFollower(settings.name(), followed.orElseThrow(), checks);
        }
    }

    public String name() {
        return settings.name();
    }

    /** The interface as the configuration in force describes it. */
    public Interface settings() {
        return settings;
    }

    public Workers workers() {
        return workers;
    }

    /** Its dropped frames of the last minutes. */
    public Recordings recordings() {
        return recordings;
    }

    /** Why they end with the process, or there are none, one sentence; empty: they outlive it. */
    public Optional<String> recordingTrouble() {
        return recordings.trouble().map(why -> name() + ": dropped frames are recorded in memory: " + why);
    }

    /** Time of the oldest of them, nanoseconds since 1970; empty: there is none. */
    public OptionalLong recordedSince() {
        return recordings.oldestEpochNs();
    }

    /** Readers of its flow tables, in the order of the workers, for any thread. */
    public List<FlowReader> flows() {
        return flows.readers();
    }

    /** How many of them are in each state, in the order of {@link io.portcullis.conntrack.Timeout}; up to some seconds old. */
    public long[] flowsByState() {
        return states.at(System.nanoTime());
    }

    /** How many flows its tables can hold. */
    public long capacity() {
        return flows.capacity();
    }

    /** Whether programs in the kernel forward packets of admitted flows: {@link FastPath#state}. */
    public String offload() {
        return fast.state();
    }

    /** The datapath in use; never {@link Datapath#AUTO}. */
    public Datapath datapath() {
        return datapath;
    }

    /** Why frames can't pass, one sentence each; none: they can. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (Port port : workers.ports()) {
            switch (port.state()) {
                case PortState.Forwarding() -> {
                    // No problem.
                }
                case PortState.NotForwarding(String reason) ->
                    problems.add(name() + ": " + reason
                            + (isHeld(port) ? " (held down: the other side has no carrier)" : ""));
            }
        }
        InterceptionMonitor checking = monitor;
        if (checking != null) {
            problems.addAll(checking.problems());
        }
        problems.addAll(workers.problems());
        return problems;
    }

    /** False: the kernel does not run the daemon's programs first. */
    public boolean isIntact() {
        InterceptionMonitor checking = monitor;
        return checking == null || checking.problems().isEmpty();
    }

    /** The present names of its NICs. */
    public List<String> nics() {
        return interception.nics();
    }

    /** Name of the NIC that the inside port opens. */
    public String insideNic() {
        return interception.inside();
    }

    private boolean isHeld(Port port) {
        LinkFollower running = follower;
        return running != null && port.nic().equals(running.held());
    }

    /** Stops filtering, and restores the NICs; the flows are deleted. */
    public void remove() {
        endTraffic();
        detach(name(), interception);
        flows.delete();
        recordings.delete();
        hits.close();
        fast.close();
    }

    /** Stops filtering; {@code on-failure} decides whether the NICs are restored, or stay shut until the next start. */
    public void stop() {
        endTraffic();
        if (settings.onFailure() == OnFailure.OPEN && !heldShut) {
            detach(name(), interception);
        } else {
            interception.leave();
            LOG.info(
                    "{}: {} stays shut{} until portcullis is back; portcullis detach opens it",
                    name(),
                    String.join(" and ", settings.mode().nics()),
                    settings.onFailure() == OnFailure.FAILSAFE && !heldShut
                            ? " but for what failsafe rules admit"
                            : "");
        }
        flows.close();
        hits.close();
        fast.close();
    }

    /** Undoes the opening, after a failed start or reload. */
    public void abandon() {
        endTraffic();
        flows.close();
        giveUp(name(), interception);
        fast.close();
    }

    private void endTraffic() {
        InterceptionMonitor checking = monitor;
        if (checking != null) {
            monitor = null;
            checking.close();
        }
        LinkFollower running = follower;
        if (running != null) {
            follower = null;
            running.close();
        }
        if (started) {
            workers.close();
        } else {
            workers.discard();
        }
        checks.close();
    }

    /** NICs that an earlier run had shut stay shut; others are restored. */
    static void giveUp(String name, Interception interception) {
        if (interception.wasAttached()) {
            interception.leave();
        } else {
            Restored restored = interception.detach();
            restored.lines().forEach(line -> LOG.debug("{}: {}", name, line));
            restored.faults().forEach(fault -> LOG.error("{}: {}", name, fault));
        }
    }

    private static void detach(String name, Interception interception) {
        Restored restored = interception.detach();
        restored.lines().forEach(line -> LOG.info("{}: {}", name, line));
        restored.faults().forEach(fault -> LOG.error("{}: {}", name, fault));
    }
}
