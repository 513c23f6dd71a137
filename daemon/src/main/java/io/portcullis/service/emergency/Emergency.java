package io.portcullis.service.emergency;

import io.portcullis.journal.Event;
import io.portcullis.linux.FileFault;
import io.portcullis.operations.Actor;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.EmergencyStatus;
import io.portcullis.operations.PanicRequest;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator has ordered in place of the rules: panic, and bypasses of single interfaces. An order is on the disk before it is in
 * force. Orders and deadlines are carried out under the daemon's lock; any thread may ask what holds.
 */
public final class Emergency {
    private static final Logger LOG = LoggerFactory.getLogger(Emergency.class);

    private static final String STOPPING = "portcullis is starting or stopping";

    /** The daemon, which carries out an order. Called under its lock. */
    public interface Guard {
        /** True: between the end of the start and the beginning of the stop. */
        boolean isStarted();

        /** Names of the interfaces of the configuration in force; none: there is no configuration. */
        Set<String> interfaces();

        /** True: the configuration in force has failsafe rules. */
        boolean hasFailsafe();

        /**
         * Puts {@link Emergency#enforced} in force on every interface, and {@link Emergency#isPanic} in the kernel.
         *
         * @return what does not hold yet, one sentence each
         */
        List<String> enforce();
    }

    /**
     * What holds now.
     *
     * @param panic null: none
     * @param unreadable why {@code panic.json} can't be read; empty: it can, or there is none
     * @param faults what does not hold yet of it
     */
    private record State(@Nullable Panic panic, String unreadable, List<Bypass> bypasses, List<String> faults) {
        State {
            bypasses = List.copyOf(bypasses);
            faults = List.copyOf(faults);
        }

        State with(@Nullable Panic other) {
            return new State(other, "", bypasses, faults);
        }

        State with(List<Bypass> others) {
            return new State(panic, unreadable, others, faults);
        }

        State withFaults(List<String> others) {
            return new State(panic, unreadable, bypasses, others);
        }

        List<Bypass> without(String interfaceName) {
            return bypasses.stream()
                    .filter(bypass -> !bypass.interfaceName().equals(interfaceName))
                    .toList();
        }
    }

    private final Object lock;
    private final EmergencyFiles files;
    private final Supplier<Moment> clock;

    // Written under the lock.
    private volatile State state = new State(null, "", List.of(), List.of());

    /**
     * What an earlier daemon has left. Where {@code panic.json} can't be read, panic goes on.
     *
     * @param lock the daemon's
     */
    public static Emergency load(Object lock, EmergencyFiles files) {
        return load(lock, files, Moment::now);
    }

    static Emergency load(Object lock, EmergencyFiles files, Supplier<Moment> clock) {
        Emergency emergency = new Emergency(lock, files, clock);
        emergency.load();
        return emergency;
    }

    private Emergency(Object lock, EmergencyFiles files, Supplier<Moment> clock) {
        this.lock = lock;
        this.files = files;
        this.clock = clock;
    }

    private void load() {
        Panic panic = null;
        String unreadable = "";
        try {
            panic = files.panic().orElse(null);
        } catch (IOException e) {
            panic = Panic.UNREADABLE;
            unreadable = "it is not known whether panic was on, so it is: " + FileFault.text(e);
        }
        List<Bypass> bypasses = List.of();
        try {
            Moment now = clock.get();
            bypasses = files.bypasses().stream()
                    .filter(bypass -> !bypass.isOver(now))
                    .toList();
        } catch (IOException e) {
            LOG.error("no bypass goes on, the rules are enforced: {}", FileFault.text(e));
        }
        state = new State(panic, unreadable, bypasses, List.of());
        if (panic != null) {
            keepNamespace(panic);
        }
        sentences().forEach(sentence -> Event.EMERGENCY.in(LOG.atError()).log("{}", sentence));
    }

    /** The number of a namespace is of one boot: {@code portcullis detach} looks for the present one. */
    private void keepNamespace(Panic panic) {
        try {
            String here = Panic.presentNamespace();
            if (!panic.namespace().equals(here) && !panic.equals(Panic.UNREADABLE)) {
                files.keep(panic.in(here));
                state = state.with(panic.in(here));
            }
        } catch (IOException e) {
            LOG.warn("portcullis detach does not know of this panic: {}", FileFault.text(e));
        }
    }

    /** True: nothing passes, or failsafe flows alone, and the NICs stay shut whatever happens to the daemon. */
    public boolean isPanic() {
        return state.panic() != null;
    }

    /** The policy that is to be in force on an interface, made of the one that the configuration gives it. */
    public Policy enforced(String interfaceName, Policy policy) {
        State now = state;
        Panic panic = now.panic();
        if (panic != null) {
            return policy.under(panic.keepFailsafe() ? Enforcement.FAILSAFE_ONLY : Enforcement.PANIC);
        }
        boolean bypassed = now.without(interfaceName).size() < now.bypasses().size();
        return policy.under(bypassed ? Enforcement.BYPASS : Enforcement.RULES);
    }

    /** When the bypass of an interface ends, in seconds since 1970; 0: there is none. */
    public long bypassUntilEpochSeconds(String interfaceName) {
        return state.bypasses().stream()
                .filter(bypass -> bypass.interfaceName().equals(interfaceName))
                .mapToLong(Bypass::untilEpochSeconds)
                .findFirst()
                .orElse(0);
    }

    /** What holds now. */
    public EmergencyStatus status() {
        State now = state;
        Panic panic = now.panic();
        List<String> faults = new ArrayList<>(now.faults());
        if (!now.unreadable().isEmpty()) {
            faults.add(now.unreadable());
        }
        return new EmergencyStatus(
                panic == null ? null : new EmergencyStatus.Panic(panic.at(), panic.by(), panic.keepFailsafe(), faults),
                now.bypasses().stream()
                        .map(bypass -> new EmergencyStatus.Bypass(bypass.interfaceName(), bypass.until(), bypass.by()))
                        .toList());
    }

    /** What holds now, one sentence each; none: the rules decide. */
    public List<String> sentences() {
        EmergencyStatus now = status();
        List<String> sentences = new ArrayList<>();
        EmergencyStatus.Panic panic = now.panic();
        if (panic != null) {
            sentences.add(panic.toString());
        }
        now.bypasses().forEach(bypass -> sentences.add(bypass.toString()));
        return sentences;
    }

    /** Begins or ends panic, and waits until it is in force. */
    public EmergencyReport panic(PanicRequest request, Actor actor, Guard guard) {
        synchronized (lock) {
            if (!guard.isStarted()) {
                return refused(STOPPING);
            }
            Panic before = state.panic();
            if (before == null && !request.on()) {
                return done(List.of("panic was not on"));
            }
            try {
                Panic next = request.on() ? panic(before, request.keepFailsafe(), actor) : null;
                keep(before, next);
                state = state.with(next);
            } catch (IOException e) {
                return refused("panic " + (request.on() ? "does not begin" : "goes on") + ", as that can't be kept: "
                        + FileFault.text(e));
            }
            state = state.withFaults(guard.enforce());
            if (request.on()) {
                Event.EMERGENCY
                        .in(LOG.atError())
                        .log("{}; ordered by {}", sentences().getFirst(), actor.text());
            } else {
                Event.EMERGENCY
                        .in(LOG.atWarn())
                        .log("panic is over: the rules decide again; ordered by {}", actor.text());
            }
            return done(notes(request, guard));
        }
    }

    private Panic panic(@Nullable Panic before, boolean keepFailsafe, Actor actor) throws IOException {
        if (before != null && !before.equals(Panic.UNREADABLE)) {
            return new Panic(before.at(), before.by(), keepFailsafe, Panic.presentNamespace());
        }
        Instant now = clock.get().wall().truncatedTo(ChronoUnit.SECONDS);
        return new Panic(now.toString(), actor.text(), keepFailsafe, Panic.presentNamespace());
    }

    private void keep(@Nullable Panic before, @Nullable Panic next) throws IOException {
        try {
            files.keep(next);
        } catch (IOException e) {
            restore(before);
            throw e;
        }
    }

    /** Whether the name of a file is on the disk is not known when fsync(2) of its folder fails. */
    private void restore(@Nullable Panic before) {
        try {
            if (!Panic.UNREADABLE.equals(before)) {
                files.keep(before);
            }
        } catch (IOException e) {
            LOG.debug("panic.json is left as it is", e);
        }
    }

    private List<String> notes(PanicRequest request, Guard guard) {
        List<String> notes = new ArrayList<>(state.faults());
        if (request.keepFailsafe() && !guard.hasFailsafe()) {
            notes.add("there are no failsafe rules: no flow passes");
        }
        return notes;
    }

    /** Begins or ends the bypass of an interface, and waits until it is in force. */
    public EmergencyReport bypass(BypassRequest request, Actor actor, Guard guard) {
        synchronized (lock) {
            String name = request.interfaceName();
            if (!guard.isStarted()) {
                return refused(STOPPING);
            }
            List<Bypass> next = new ArrayList<>(state.without(name));
            boolean ends = request.millis() == 0;
            if (ends && next.size() == state.bypasses().size()) {
                return guard.interfaces().contains(name)
                        ? done(List.of(name + " was not bypassed"))
                        : unknown(name, guard);
            }
            if (!ends) {
                if (!guard.interfaces().contains(name)) {
                    return unknown(name, guard);
                }
                next.add(Bypass.of(name, actor.text(), clock.get(), Duration.ofMillis(request.millis())));
            }
            try {
                files.keep(next);
            } catch (IOException e) {
                return refused(name + ": nothing changes, as that can't be kept: " + FileFault.text(e));
            }
            state = state.with(next);
            state = state.withFaults(guard.enforce());
            if (ends) {
                Event.EMERGENCY
                        .in(LOG.atWarn(), name)
                        .log("{}: the bypass is over, the rules decide again; ordered by {}", name, actor.text());
            } else {
                Event.EMERGENCY
                        .in(LOG.atWarn(), name)
                        .log("{}; ordered by {}", sentences().getLast(), actor.text());
            }
            List<String> notes = new ArrayList<>(state.faults());
            if (isPanic()) {
                notes.add("panic is on and comes before a bypass");
            }
            return done(notes);
        }
    }

    private EmergencyReport unknown(String name, Guard guard) {
        return refused(
                guard.interfaces().isEmpty()
                        ? name + ": no configuration is in force, and so no interface can be bypassed"
                        : "no interface " + name + ": there is " + String.join(", ", guard.interfaces()));
    }

    /**
     * Ends the bypasses that are over, and repeats what the kernel has refused. To be called every second.
     *
     * @return true: something has changed
     */
    public boolean everySecond(Guard guard) {
        State now = state;
        if (now.bypasses().isEmpty() && now.faults().isEmpty()) {
            return false;
        }
        synchronized (lock) {
            if (!guard.isStarted()) {
                return false;
            }
            Moment moment = clock.get();
            List<Bypass> over = state.bypasses().stream()
                    .filter(bypass -> bypass.isOver(moment))
                    .toList();
            if (over.isEmpty() && state.faults().isEmpty()) {
                return false;
            }
            List<Bypass> rest = new ArrayList<>(state.bypasses());
            rest.removeAll(over);
            state = state.with(rest);
            List<String> before = state.faults();
            state = state.withFaults(guard.enforce());
            over.forEach(bypass -> Event.EMERGENCY.in(LOG.atWarn()).log("{}", end(bypass, moment.wall())));
            if (!over.isEmpty()) {
                keepQuietly(rest);
            }
            return !over.isEmpty() || !before.equals(state.faults());
        }
    }

    private static String end(Bypass bypass, Instant now) {
        return bypass.interfaceName() + ": the bypass is over, the rules decide again"
                + (now.isBefore(Instant.parse(bypass.at()))
                        ? ": the clock is before its beginning, so its time is not known"
                        : "");
    }

    /** A deadline that has passed needs no file: it has passed for the next start, too. */
    private void keepQuietly(List<Bypass> rest) {
        try {
            files.keep(rest);
        } catch (IOException e) {
            LOG.debug("a bypass that is over is left in its file", e);
        }
    }

    private EmergencyReport refused(String why) {
        LOG.warn("refused: {}", why);
        return new EmergencyReport(false, List.of(why), List.of(), status());
    }

    private EmergencyReport done(List<String> notes) {
        return new EmergencyReport(true, List.of(), notes, status());
    }
}
