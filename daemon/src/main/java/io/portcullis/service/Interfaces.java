package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Log.Drops;
import io.portcullis.config.OnFailure;
import io.portcullis.flowstore.TableSet;
import io.portcullis.guard.Cores;
import io.portcullis.guard.DropLog;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.InterfaceContext;
import io.portcullis.guard.InterfaceOpener;
import io.portcullis.guard.StartException;
import io.portcullis.hits.file.HitStore;
import io.portcullis.intercept.ClosedNics;
import io.portcullis.intercept.InterceptException;
import io.portcullis.intercept.Interception;
import io.portcullis.intercept.Restoration;
import io.portcullis.intercept.Restored;
import io.portcullis.journal.Event;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.TrustedFolder;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.metrics.Meters;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortCounter;
import io.portcullis.service.emergency.Emergency;
import io.portcullis.service.process.Defects;
import io.portcullis.worker.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens, starts and removes guarded interfaces one by one: a fault of one does not stop the others. Shuts the NICs of those that
 * can't be guarded ({@code on-failure: closed}). One call at a time.
 */
final class Interfaces {
    private static final Logger LOG = LoggerFactory.getLogger(Interfaces.class);

    private final Path state;
    private final ClosedNics shut;
    private final Path file;
    private final HitStore hits;
    private final DropLog drops;
    private final Cores cores;
    private final Meters meters;
    private final NicEvents events;
    private final Emergency emergency;

    /**
     * Opens nothing yet.
     *
     * @param state folder of the notes that {@code portcullis detach} restores from
     * @param file the configuration; other daemons that want the same NICs report it
     * @param hits of the rules
     * @param emergency sets rules and {@code on-failure} aside
     */
    Interfaces(
            Path state,
            Path file,
            HitStore hits,
            DropLog drops,
            Cores cores,
            Meters meters,
            NicEvents events,
            Emergency emergency) {
        this.state = state;
        this.shut = new ClosedNics(state);
        this.file = file;
        this.hits = hits;
        this.drops = drops;
        this.cores = cores;
        this.meters = meters;
        this.events = events;
        this.emergency = emergency;
    }

    /** The policy of a generation as it is to be enforced now. */
    Policy policy(Generation generation, String name) {
        return emergency.enforced(name, generation.policy(name));
    }

    /**
     * Puts an order of the operator in force on all guarded interfaces: in the workers, then in the kernel.
     *
     * @return what does not hold yet, one sentence each
     */
    List<String> enforce(Running now) {
        Generation generation = now.generation();
        List<String> faults = new ArrayList<>();
        for (GuardedInterface iface : now.guarded().values()) {
            if (generation != null) {
                Policy wanted = policy(generation, iface.name());
                Policy inForce = iface.workers().ruleHits().policy();
                if (inForce.enforcement() != wanted.enforcement()
                        || !iface.notInstalled().isEmpty()) {
                    iface.install(wanted);
                    faults.addAll(iface.notInstalled());
                }
            }
            iface.holdShut(emergency.isPanic())
                    .forEach(fault -> faults.add("if portcullis ends, on-failure decides: " + fault));
        }
        return faults;
    }

    /** The result of an attempt to guard an interface. */
    sealed interface Outcome {
        /** Its frames are filtered. */
        record Guarded(GuardedInterface opened) implements Outcome {}

        /** Something prevents it; a later attempt may succeed. */
        record NotYet(PendingInterface pending) implements Outcome {}
    }

    /**
     * Tries to guard an interface.
     *
     * @param before the result of the last attempt, which is not logged again; null: this is the first one
     */
    Outcome attempt(Interface iface, Generation generation, @Nullable PendingInterface before) {
        List<String> faults;
        try {
            faults = Interception.faults(iface);
            if (!isAbsent(iface) && faults.isEmpty()) {
                GuardedInterface opened = open(iface, generation);
                begin(opened, generation.config());
                return new Outcome.Guarded(opened);
            }
        } catch (StartException refused) {
            faults = refused.faults();
        } catch (RuntimeException | Error defect) {
            // A defect at one interface must not leave the others unguarded.
            Defects.note("guarding " + iface.name(), defect);
            faults = List.of("a defect of portcullis: " + defect);
        }
        return new Outcome.NotYet(shut(PendingInterface.of(iface, faults), before));
    }

    /**
     * Opens an interface and attaches its programs, which drop every frame until {@link #begin}.
     *
     * @throws StartException if something prevents it; then everything is as before
     */
    GuardedInterface open(Interface iface, Generation generation) throws StartException {
        Config config = generation.config();
        String owner = "pid " + ProcessHandle.current().pid() + ", " + file;
        GuardedInterface opened = InterfaceOpener.open(
                iface,
                policy(generation, iface.name()),
                new InterfaceContext(
                        state,
                        config.conntrack().directory(),
                        config.log().recorder(),
                        hits,
                        config.mark(),
                        owner,
                        drops,
                        cores,
                        events));
        boolean engaged = false;
        try {
            if (emergency.isPanic()) {
                opened.holdShut(true);
            }
            opened.engage();
            engaged = true;
            return opened;
        } finally {
            if (!engaged) {
                opened.abandon();
            }
        }
    }

    /** Filters its frames from now on, and shows it in the metrics. */
    void begin(GuardedInterface opened, Config config) {
        String name = opened.name();
        Workers workers = opened.workers();
        meters.watch(name, workers::counters, workers::ruleHits, workers.stalls());
        for (PortCounter counter : PortCounter.values()) {
            meters.portCounter(name, "outside", counter, () -> workers.portCount(true, counter));
            meters.portCounter(name, "inside", counter, () -> workers.portCount(false, counter));
        }
        meters.batches(name, workers.batchFrames(), workers.decisions());
        meters.intact(name, opened::isIntact);
        meters.recorder(name, opened::recordedSince);
        meters.flowStates(name, opened::flowsByState);
        meters.ruleHits(config.metrics().ruleHits());
        shut.release(name).forEach(fault -> LOG.error("{}", fault));
        opened.start();
        workers.logDrops(config.log().drops() != Drops.OFF, config.log().drops() == Drops.ALL);
    }

    /** Stops filtering, and restores the NICs. */
    void remove(GuardedInterface guarded) {
        meters.unwatch(guarded.name());
        guarded.remove();
    }

    /**
     * Shuts those NICs of an interface that exist.
     *
     * @param before the result of the last attempt; the same one is not logged again
     */
    PendingInterface shut(PendingInterface iface, @Nullable PendingInterface before) {
        List<String> reasons = new ArrayList<>(iface.reasons());
        PendingInterface.State state = PendingInterface.State.OPEN;
        if (iface.nics().stream().noneMatch(Interfaces::exists)) {
            state = PendingInterface.State.ABSENT;
            reasons.clear();
        } else if (iface.onFailure() != OnFailure.OPEN || emergency.isPanic()) {
            try {
                shut.shut(iface.name(), iface.nics()).forEach(line -> LOG.warn("{}: {}", iface.name(), line));
                state = PendingInterface.State.SHUT;
            } catch (InterceptException refused) {
                reasons.addAll(refused.faults());
            }
        } else if (before != null && before.state() == PendingInterface.State.SHUT) {
            reasons.addAll(shut.reopen(iface.name()));
        }
        PendingInterface now = iface.in(state, reasons);
        if (!now.equals(before)) {
            if (state == PendingInterface.State.ABSENT) {
                Event.INTERFACE.in(LOG.atWarn(), iface.name()).log("{}", now);
            } else {
                Event.INTERFACE.in(LOG.atError(), iface.name()).log("{}", now);
            }
        }
        return now;
    }

    /** Shuts all NICs of a configuration that exist, until they are guarded. */
    void shutAll(Config config) {
        for (Interface iface : config.interfaces().values()) {
            try {
                shut.shut(iface.name(), iface.mode().nics()).forEach(line -> LOG.warn("{}: {}", iface.name(), line));
            } catch (InterceptException refused) {
                refused.faults().forEach(fault -> LOG.error("{}", fault));
            }
        }
    }

    /** True: a NIC of the interface does not exist. */
    static boolean isAbsent(Interface iface) {
        return !iface.mode().nics().stream().allMatch(Interfaces::exists);
    }

    private static boolean exists(String nic) {
        try {
            return Nics.find(nic).isPresent();
        } catch (ErrnoException unknown) {
            LOG.debug("NICs can't be listed", unknown);
            return true;
        }
    }

    /** True: programs of an earlier run keep a NIC of the configuration shut. */
    boolean isSomethingShut(Config config) {
        return ClosedNics.keepsSomethingShut(state, nics(config));
    }

    /** Notes the folder of the flow tables for {@code portcullis detach}. */
    void noteFlowFolder(Config config) {
        Path folder = config.conntrack().directory();
        try {
            // A folder that others may write to holds no tables of ours.
            if (Files.isDirectory(folder) && TrustedFolder.fault(folder).isEmpty()) {
                TableSet.note(state, folder);
            }
        } catch (IOException e) {
            LOG.warn("{}: {}: portcullis detach will not delete the flow tables", state, e.toString());
        }
    }

    /** Restores NICs that an earlier run or configuration guarded and this configuration does not name. */
    void detachOthers(Config config, Running now) {
        Set<String> wanted = new TreeSet<>(nics(config));
        // A NIC that was renamed is wanted under its present name, too.
        wanted.addAll(now.nics());
        Restored others = Restoration.detachOthers(state, config.interfaces().keySet(), wanted);
        others.lines().forEach(line -> LOG.info("left by an earlier run: {}", line));
        others.faults().forEach(fault -> LOG.error("left by an earlier run: {}", fault));
    }

    private static List<String> nics(Config config) {
        return config.interfaces().values().stream()
                .flatMap(iface -> iface.mode().nics().stream())
                .toList();
    }
}
