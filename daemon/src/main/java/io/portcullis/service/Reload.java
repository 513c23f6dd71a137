package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.Interface;
import io.portcullis.diagnose.Lockout;
import io.portcullis.diagnose.Sessions;
import io.portcullis.guard.Cores;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.StartException;
import io.portcullis.intercept.Interception;
import io.portcullis.metrics.Meters;
import io.portcullis.service.process.Logs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts another configuration in force, in two steps: {@link #prepare} compiles and opens everything, or returns all faults and has
 * changed nothing; {@link #commit} cannot fail. Both under the daemon's lock. A configuration from another source than the files
 * goes the same way.
 */
final class Reload {
    private static final Logger LOG = LoggerFactory.getLogger(Reload.class);

    private final Path file;
    private final AtomicReference<Running> running;
    private final Interfaces interfaces;
    private final Hotplug hotplug;
    private final Servers servers;
    private final Meters meters;
    private final Cores cores;

    /** Changes what {@code running} holds. */
    Reload(
            Path file,
            AtomicReference<Running> running,
            Interfaces interfaces,
            Hotplug hotplug,
            Servers servers,
            Meters meters,
            Cores cores) {
        this.file = file;
        this.running = running;
        this.interfaces = interfaces;
        this.hotplug = hotplug;
        this.servers = servers;
        this.meters = meters;
        this.cores = cores;
    }

    /**
     * Prepares the first configuration; its interfaces are opened by the commit, each as soon as it can be.
     *
     * @param lastGood true: it comes from the history, because the files are faulty
     * @param allowLockout true: also where an ssh session would be refused anew
     * @throws StartException if it would lock the operator out
     */
    Change prepareStart(Config config, boolean lastGood, boolean allowLockout) throws StartException {
        Running before = running.get();
        Generation next = Generation.compile(config, lastGood, before);
        List<String> faults = lockouts(() -> Lockout.faults(next.addressed(), next::policy, Sessions.ofThisHost()));
        if (allowLockout) {
            faults.forEach(fault -> LOG.warn("{}", fault));
        } else if (!faults.isEmpty()) {
            throw new StartException(faults);
        }
        return new Change(before, next, Map.of(), ExpectationGate.broken(next));
    }

    /**
     * A configuration, compiled for the state in force.
     *
     * @param fresh interfaces that a change opens
     * @param brokenClaims of {@code expect}; they are among the faults
     * @param faults why it can't come into force; none: it can
     */
    record Draft(
            Running before,
            Generation next,
            List<Interface> fresh,
            List<ConfigError> brokenClaims,
            List<String> faults) {
        /** Copies the lists. */
        Draft {
            fresh = List.copyOf(fresh);
            brokenClaims = List.copyOf(brokenClaims);
            faults = List.copyOf(faults);
        }
    }

    /**
     * Compiles a configuration and looks for faults; touches nothing.
     *
     * @param allowLockout true: also where an ssh session would be refused anew
     */
    Draft draft(Config config, boolean allowLockout) {
        Running before = running.get();
        Generation next = Generation.compile(config, false, before);
        List<Interface> fresh = fresh(before, config);
        List<ConfigError> brokenClaims = ExpectationGate.faults(next);
        List<String> faults = new ArrayList<>(ExpectationGate.lines(brokenClaims));
        faults.addAll(Restarts.faults(file, before, next, cores));
        if (!allowLockout) {
            faults.addAll(newLockouts(before, next));
        }
        fresh.forEach(iface -> faults.addAll(Interception.faults(iface)));
        return new Draft(before, next, fresh, brokenClaims, faults);
    }

    /**
     * Compiles a configuration, and opens the interfaces that are new.
     *
     * @param allowLockout true: also where an ssh session would be refused anew
     * @throws StartException with all faults; then everything is as before
     */
    Change prepare(Config config, boolean allowLockout) throws StartException {
        return open(draft(config, allowLockout));
    }

    /**
     * Opens the interfaces that are new.
     *
     * @throws StartException with all faults; then everything is as before
     */
    Change open(Draft draft) throws StartException {
        if (!draft.faults().isEmpty()) {
            throw new StartException(draft.faults());
        }
        return new Change(draft.before(), draft.next(), open(draft.fresh(), draft.next()), List.of());
    }

    /** A change that must not fail: interfaces that can't be opened now are pending after it, and claims that do not hold are reported. */
    Change prepareInAnyCase(Config config) {
        Draft draft = draft(config, true);
        try {
            return open(draft);
        } catch (StartException refused) {
            LOG.error("{}", String.join("\n", refused.faults()));
            return new Change(draft.before(), draft.next(), Map.of(), ExpectationGate.broken(draft.next()));
        }
    }

    /**
     * The interfaces that are not guarded and whose NICs exist. One that was pending with the same NICs is left to the next attempt:
     * its faults are no faults of this change.
     */
    private static List<Interface> fresh(Running before, Config config) {
        if (before.generation() == null) {
            return List.of();
        }
        return config.interfaces().values().stream()
                .filter(iface -> !before.guarded().containsKey(iface.name()))
                .filter(iface -> !isPending(before, iface))
                .filter(iface -> !Interfaces.isAbsent(iface))
                .toList();
    }

    private static boolean isPending(Running before, Interface iface) {
        PendingInterface pending = before.pending().get(iface.name());
        return pending != null && pending.nics().equals(iface.mode().nics());
    }

    private static List<String> newLockouts(Running before, Generation next) {
        Generation now = before.generation();
        if (now == null) {
            // Every NIC is shut: there is no session left to cut.
            return List.of();
        }
        return lockouts(() -> Lockout.newFaults(
                now.addressed(),
                before.policiesInForce(),
                next.addressed(),
                next::policy,
                Sessions.ofThisHost().renamed(before.renamedNics())));
    }

    /** A search for ssh sessions that a configuration refuses. */
    @FunctionalInterface
    private interface LockoutSearch {
        List<String> faults() throws IOException;
    }

    private static List<String> lockouts(LockoutSearch search) {
        try {
            return search.faults();
        } catch (IOException unknown) {
            LOG.warn("whether an ssh session would be refused anew is not known: {}", unknown.getMessage());
            return List.of();
        }
    }

    private Map<String, GuardedInterface> open(List<Interface> fresh, Generation next) throws StartException {
        Map<String, GuardedInterface> opened = new LinkedHashMap<>();
        boolean complete = false;
        try {
            for (Interface iface : fresh) {
                opened.put(iface.name(), interfaces.open(iface, next));
            }
            complete = true;
            return opened;
        } finally {
            if (!complete) {
                opened.values().forEach(GuardedInterface::abandon);
            }
        }
    }

    /** Puts a change in force. Nothing in it can fail. */
    void commit(Change change) {
        Running before = change.before();
        Generation next = change.next();
        Config config = next.config();
        Logs.level(config.log().level());
        List<GuardedInterface> removed = new ArrayList<>();
        Map<String, GuardedInterface> guarded = new LinkedHashMap<>();
        before.guarded().forEach((name, iface) -> {
            Interface settings = config.interfaces().get(name);
            if (settings == null) {
                removed.add(iface);
            } else {
                iface.follow(
                        settings, interfaces.policy(next, name), config.log().drops());
                guarded.put(name, iface);
            }
        });
        meters.ruleHits(config.metrics().ruleHits());
        change.opened().forEach((name, iface) -> {
            interfaces.begin(iface, config);
            guarded.put(name, iface);
        });
        running.set(before.with(next, guarded, pending(before, config, guarded))
                .withBrokenExpectations(change.brokenExpectations()));
        removed.forEach(interfaces::remove);
        if (before.generation() == null) {
            servers.open(config.control().socket(), config.metrics());
        }
        servers.openEc2(config.ec2Api());
        hotplug.guardPending();
        interfaces.noteFlowFolder(config);
        boolean freed = !removed.isEmpty()
                || !change.opened().isEmpty()
                || !before.pending().isEmpty();
        if (before.generation() == null || freed) {
            interfaces.detachOthers(config, running.get());
        }
        ExpectationGate.report(before.brokenExpectations(), change.brokenExpectations(), meters);
        meters.groupsWithoutMembers(next.addressed().groupsWithoutMembers().size());
        hotplug.findUnguarded();
    }

    /** The interfaces without workers: from the first moment of its generation on, {@code /healthz} reports each. */
    private static Map<String, PendingInterface> pending(
            Running before, Config config, Map<String, GuardedInterface> guarded) {
        Map<String, PendingInterface> pending = new LinkedHashMap<>();
        config.interfaces().forEach((name, iface) -> {
            if (!guarded.containsKey(name)) {
                PendingInterface known = before.pending().get(name);
                pending.put(name, known != null ? known : PendingInterface.of(iface, List.of("it is being guarded")));
            }
        });
        return pending;
    }
}
