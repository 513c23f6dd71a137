package io.portcullis.service;

import io.portcullis.config.Interface;
import io.portcullis.diagnose.Unguarded;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.journal.Event;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.NicChecks;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.metrics.Meters;
import io.portcullis.service.process.Systemd;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows NICs that come and go and addresses that change: guards interfaces as soon as their NICs are there, compiles the policies
 * for the addresses of the moment, and looks for NICs that no interface guards.
 *
 * <p>A thread of its own ({@link NicChecks}) takes the daemon's lock for each change, or for several that came while it waited.
 * Methods without a lock of their own are called under it.
 */
final class Hotplug implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Hotplug.class);

    private final Object lock;
    private final AtomicReference<Running> running;
    private final Interfaces interfaces;
    private final Meters meters;
    private final Systemd systemd;
    private final NicEvents events;
    private volatile @Nullable NicChecks checks;

    /**
     * Listens to nothing before {@link #start}.
     *
     * @param lock the daemon's: one change of {@code running} at a time
     */
    Hotplug(
            Object lock,
            AtomicReference<Running> running,
            Interfaces interfaces,
            Meters meters,
            Systemd systemd,
            NicEvents events) {
        this.lock = lock;
        this.running = running;
        this.interfaces = interfaces;
        this.meters = meters;
        this.systemd = systemd;
        this.events = events;
    }

    /** Listens from now on. */
    void start() {
        NicChecks started = NicChecks.start("portcullis-hotplug", events, System::nanoTime);
        started.add(Set.of(NicEvents.Kind.LINKS, NicEvents.Kind.ADDRESSES), _ -> nicsChanged());
        checks = started;
    }

    /**
     * Tries to guard every interface of the configuration that is pending.
     *
     * @return the interfaces that are guarded now
     */
    List<GuardedInterface> guardPending() {
        List<GuardedInterface> guarded = new ArrayList<>();
        Running before = running.get();
        Generation generation = before.generation();
        if (generation == null) {
            before.pending().values().forEach(iface -> running.set(running.get().with(interfaces.shut(iface, iface))));
            return guarded;
        }
        for (Interface iface : generation.config().interfaces().values()) {
            String name = iface.name();
            if (before.guarded().containsKey(name)) {
                continue;
            }
            switch (interfaces.attempt(iface, generation, before.pending().get(name))) {
                case Interfaces.Outcome.Guarded(GuardedInterface opened) -> {
                    running.set(running.get().with(opened));
                    guarded.add(opened);
                }
                case Interfaces.Outcome.NotYet(PendingInterface pending) ->
                    running.set(running.get().with(pending));
            }
        }
        return guarded;
    }

    /** Tries pending interfaces again: for changes that the kernel does not report. Takes the daemon's lock. */
    void retry() {
        if (running.get().pending().isEmpty()) {
            return;
        }
        synchronized (lock) {
            if (running.get().started()) {
                guardLate();
            }
        }
    }

    private void guardLate() {
        long startNs = System.nanoTime();
        List<GuardedInterface> guarded = guardPending();
        for (GuardedInterface iface : guarded) {
            List<String> nics = iface.nics();
            Event.INTERFACE
                    .in(LOG.atWarn(), iface.name())
                    .log(
                            "{}: {} there, and guarded {} ms after the event",
                            iface.name(),
                            String.join(" and ", nics) + (nics.size() > 1 ? " are" : " is"),
                            TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs));
        }
        if (!guarded.isEmpty()) {
            findUnguarded();
            systemd.ready(StatusView.summary(running.get()));
        }
    }

    /** A NIC or an address has changed. */
    private long nicsChanged() {
        synchronized (lock) {
            if (running.get().started()) {
                guardLate();
                findUnguarded();
                followAddresses();
            }
        }
        return NicChecks.NO_TIMER;
    }

    /** Compiles the policies for the addresses of the moment: group members are NICs, too. */
    private void followAddresses() {
        Generation generation = running.get().generation();
        if (generation != null) {
            generation.withPresentAddresses(running.get()).ifPresent(this::installReaddressed);
        }
    }

    private void installReaddressed(Generation next) {
        Running before = running.get();
        before.guarded().forEach((name, iface) -> iface.install(interfaces.policy(next, name)));
        List<String> broken = ExpectationGate.broken(next);
        running.set(before.with(next).withBrokenExpectations(broken));
        LOG.info("addresses of this host's NICs: {}", next.nicAddresses());
        ExpectationGate.report(before.brokenExpectations(), broken, meters);
        meters.groupsWithoutMembers(next.addressed().groupsWithoutMembers().size());
    }

    /** Looks for NICs that others can reach and that no interface guards; new ones are logged. */
    void findUnguarded() {
        Running before = running.get();
        List<String> now;
        try {
            now = Unguarded.nics(before.nics(), before.openNics());
        } catch (ErrnoException refused) {
            LOG.warn("the search for NICs that no interface guards failed: {}", refused.getMessage());
            return;
        }
        now.stream()
                .filter(nic -> !before.unguardedNics().contains(nic))
                .forEach(nic -> LOG.warn("{}", StatusView.unguardedWarning(nic)));
        running.set(before.withUnguardedNics(now));
        meters.unguarded(now.size() + before.shutNics().size());
    }

    /** Ends the thread; the caller does not hold the daemon's lock, for which the thread may be waiting. */
    @Override
    public void close() {
        NicChecks listening = checks;
        if (listening != null) {
            listening.close();
        }
    }
}
