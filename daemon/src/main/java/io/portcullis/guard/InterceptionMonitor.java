package io.portcullis.guard;

import io.portcullis.intercept.Interception;
import io.portcullis.journal.Event;
import io.portcullis.linux.netlink.NicChecks;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.linux.netlink.NicEvents.Kind;
import io.portcullis.linux.netlink.Registration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks an interface's NICs and programs and restores them: the programs four times a second, and at once when filters change; the
 * NICs when links change, every ten seconds, and every second while something is wrong. Programs with a deadline get a new one ten
 * times a second. What the kernel refuses is tried again.
 *
 * <p>Threads: a check of {@link NicChecks} does all the work; any thread may call the other methods.
 */
final class InterceptionMonitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InterceptionMonitor.class);

    /** Between two deadlines of the programs. */
    private static final int ALIVE_MS = 100;

    /** Between two checks of the programs. */
    private static final int CHECK_MS = 250;

    /** Between two checks of the NICs. */
    private static final int NICS_MS = 10_000;

    /** Between two checks of the NICs while something is wrong. */
    private static final int RETRY_MS = 1_000;

    private final String name;
    private final Interception interception;
    private final NicChecks checks;
    private final Registration registration;

    // Written by the check, read by any thread.
    private volatile long lastRanNs = System.nanoTime();

    private volatile List<String> problems = List.of();
    private volatile List<String> warnings = List.of();

    // Of the check alone.
    private final Set<Integer> deletedNics = new TreeSet<>();
    private List<String> nicProblems = List.of();
    private long nicsCheckedNs = System.nanoTime();

    /** Checks from now on. */
    InterceptionMonitor(String name, Interception interception, NicChecks checks) {
        this.name = name;
        this.interception = interception;
        this.checks = checks;
        this.registration = checks.add(Set.of(Kind.LINKS, Kind.FILTERS), this::run);
    }

    /** Faults that keep frames from passing as the rules say, one sentence each. */
    List<String> problems() {
        return problems;
    }

    /** Faults that stop no frame, one sentence each. */
    List<String> warnings() {
        return warnings;
    }

    /** Start of the last round, System.nanoTime(). There are four a second. */
    long lastRanNs() {
        return lastRanNs;
    }

    /** Milliseconds until the next round. */
    private long run(NicEvents.Changes changes) {
        long nowNs = System.nanoTime();
        lastRanNs = nowNs;
        deletedNics.addAll(changes.deleted());
        interception.extendDeadline(nowNs);
        boolean well = problems.isEmpty() && warnings.isEmpty();
        if (changes.links() || nowNs - nicsCheckedNs >= TimeUnit.MILLISECONDS.toNanos(well ? NICS_MS : RETRY_MS)) {
            checkNics(nowNs);
        }
        checkPrograms();
        return interception.hasDeadline() ? ALIVE_MS : CHECK_MS;
    }

    private void checkNics(long eventNs) {
        List<String> done = new ArrayList<>();
        nicsCheckedNs = eventNs;
        nicProblems = interception.checkNics(done, Set.copyOf(deletedNics));
        deletedNics.clear();
        long afterMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - eventNs);
        done.forEach(line ->
                Event.INTERFACE.in(LOG.atWarn(), name).log("{}: {} ({} ms after the event)", name, line, afterMs));
        List<String> current = interception.warnings();
        current.stream().filter(warning -> !warnings.contains(warning)).forEach(warning -> LOG.warn("{}", warning));
        warnings = current;
    }

    private void checkPrograms() {
        List<String> done = new ArrayList<>();
        List<String> now = new ArrayList<>(nicProblems);
        now.addAll(interception.checkPrograms(done, System::nanoTime));
        done.forEach(line -> Event.INTERFACE.in(LOG.atWarn(), name).log("{}: {}", name, line));
        String refusal = checks.refusal();
        if (!refusal.isEmpty()) {
            now.add(name + ": the kernel reports no changes of its NICs, they are checked every second: " + refusal);
        }
        if (!now.equals(problems)) {
            now.stream()
                    .filter(problem -> !problems.contains(problem))
                    .forEach(problem -> Event.INTERFACE.in(LOG.atError(), name).log("{}", problem));
            if (now.isEmpty()) {
                Event.INTERFACE.in(LOG.atInfo(), name).log("{}: its NICs and programs are in order again", name);
            }
            problems = List.copyOf(now);
        }
    }

    /** Ends the checks. */
    @Override
    public void close() {
        registration.close();
    }
}
