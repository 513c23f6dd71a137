package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Drops;
import io.portcullis.config.Interface;
import io.portcullis.config.OnFailure;
import io.portcullis.guard.Cores;
import io.portcullis.guard.DropLog;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.StartException;
import io.portcullis.intercept.InterceptException;
import io.portcullis.intercept.Interception;
import io.portcullis.intercept.Shut;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.metrics.Meters;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortCounter;
import io.portcullis.worker.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts interfaces under guard, one by one: what is in the way of one does not keep the others from it. What can't be guarded is shut
 * ({@code on-failure: closed}). One call at a time.
 */
final class Guarding {
    private static final Logger LOG = LoggerFactory.getLogger(Guarding.class);

    private final Path state;
    private final Shut shut;
    private final Path file;
    private final DropLog drops;
    private final Cores cores;
    private final Meters meters;

    /**
     * Guards nothing yet.
     *
     * @param state folder for what must be put back
     * @param file the configuration, for others who want the same NICs
     */
    Guarding(Path state, Path file, DropLog drops, Cores cores, Meters meters) {
        this.state = state;
        this.shut = new Shut(state);
        this.file = file;
        this.drops = drops;
        this.cores = cores;
        this.meters = meters;
    }

    /** What became of an attempt. */
    sealed interface Outcome {
        /** Its frames are decided about. */
        record Guarded(GuardedInterface opened) implements Outcome {}

        /** Not yet. */
        record NotYet(Waiting waiting) implements Outcome {}
    }

    /**
     * Tries to guard an interface.
     *
     * @param before how it waited until now; null: this is the first attempt. What is the same is not logged again
     */
    Outcome attempt(Interface attachment, Policy policy, Config config, @Nullable Waiting before) {
        try {
            List<String> faults = Interception.faults(attachment);
            if (isAbsent(attachment) || !faults.isEmpty()) {
                return notYet(attachment, faults, before);
            }
            GuardedInterface opened = open(attachment, policy, config);
            begin(opened, config);
            return new Outcome.Guarded(opened);
        } catch (StartException refused) {
            return notYet(attachment, refused.faults(), before);
        } catch (RuntimeException | Error defect) {
            // Of one interface: the others are guarded all the same.
            Defects.note("guarding " + attachment.name(), defect);
            return notYet(attachment, List.of("a defect of portcullis: " + defect), before);
        }
    }

    /**
     * Opens an interface and attaches its programs; its frames are decided about after {@link #begin}.
     *
     * @throws StartException if something is in the way; then everything is as before
     */
    GuardedInterface open(Interface attachment, Policy policy, Config config) throws StartException {
        String owner = "pid " + ProcessHandle.current().pid() + ", " + file;
        GuardedInterface opened = GuardedInterface.open(
                attachment,
                policy,
                new GuardedInterface.InterfaceContext(
                        state, config.conntrack().directory(), config.mark(), owner, drops, cores));
        boolean engaged = false;
        try {
            opened.engage();
            engaged = true;
            return opened;
        } finally {
            if (!engaged) {
                opened.abandon();
            }
        }
    }

    /** Decides about its frames from now on, and shows it in the metrics. */
    void begin(GuardedInterface each, Config with) {
        String name = each.attachment().name();
        Workers workers = each.workers();
        meters.watch(name, workers::counters, workers::ruleHits, workers.stalls());
        for (PortCounter counter : PortCounter.values()) {
            meters.portCounter(name, "outside", counter, () -> workers.portCount(true, counter));
            meters.portCounter(name, "inside", counter, () -> workers.portCount(false, counter));
        }
        meters.intact(name, each::isIntact);
        meters.ruleHits(with.metrics().ruleHits());
        shut.release(name).forEach(fault -> LOG.error("{}", fault));
        each.start();
        workers.logDrops(with.log().drops() != Drops.OFF, with.log().drops() == Drops.ALL);
    }

    private Outcome notYet(Interface attachment, List<String> faults, @Nullable Waiting before) {
        return new Outcome.NotYet(shut(wanted(attachment, faults), before));
    }

    /** An interface that nothing was done for yet. */
    static Waiting wanted(Interface attachment, List<String> reasons) {
        return new Waiting(
                attachment.name(),
                attachment.mode().key(),
                attachment.mode().nics(),
                attachment.onFailure(),
                attachment.securityGroups(),
                Waiting.State.OPEN,
                reasons);
    }

    /** Shuts the NICs of what can't be guarded, as far as they are there, and says so where it is news. */
    Waiting shut(Waiting wanted, @Nullable Waiting before) {
        List<String> reasons = new ArrayList<>(wanted.reasons());
        Waiting.State now = Waiting.State.OPEN;
        if (wanted.nics().stream().noneMatch(Guarding::isThere)) {
            now = Waiting.State.ABSENT;
            reasons.clear();
        } else if (wanted.onFailure() == OnFailure.CLOSED) {
            try {
                shut.shut(wanted.name(), wanted.nics()).forEach(line -> LOG.warn("{}: {}", wanted.name(), line));
                now = Waiting.State.SHUT;
            } catch (InterceptException refused) {
                reasons.addAll(refused.faults());
            }
        }
        Waiting waiting = new Waiting(
                wanted.name(), wanted.mode(), wanted.nics(), wanted.onFailure(), wanted.groups(), now, reasons);
        if (!waiting.equals(before)) {
            if (now == Waiting.State.ABSENT) {
                LOG.warn("{}", waiting);
            } else {
                LOG.error("{}", waiting);
            }
        }
        return waiting;
    }

    /** True: a NIC that it needs is not there. */
    static boolean isAbsent(Interface attachment) {
        return !attachment.mode().nics().stream().allMatch(Guarding::isThere);
    }

    private static boolean isThere(String nic) {
        try {
            return Nics.find(nic).isPresent();
        } catch (ErrnoException unknown) {
            LOG.debug("NICs can't be listed", unknown);
            return true;
        }
    }
}
