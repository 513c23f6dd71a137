package io.portcullis.guard;

import io.portcullis.intercept.Interception;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.netlink.LinkWatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks an interface's NICs and programs and restores them: the programs four times a second, and at once when filters change; the
 * NICs when links change, every ten seconds, and every second while something is wrong. Programs with a deadline get a new one ten
 * times a second. What the kernel refuses is tried again.
 *
 * <p>Threads: one of its own does all the work, as long as the interface lives; any thread may call the other methods.
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

    private static final long END_MS = 2_000;

    private final String name;
    private final Interception interception;
    private final Thread thread;

    // Written by any thread that closes, read by the thread.
    private volatile boolean closed;

    // Written by the thread, read by any.
    private volatile @Nullable LinkWatch events;
    private volatile long lastRanNs = System.nanoTime();

    private volatile List<String> problems = List.of();
    private volatile List<String> warnings = List.of();

    // Of the thread alone.
    private final Set<Integer> deletedNics = new TreeSet<>();
    private List<String> nicProblems = List.of();
    private String eventsRefused = "";
    private long nicsCheckedNs = System.nanoTime();
    private long triedNs = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(RETRY_MS);

    private InterceptionMonitor(String name, Interception interception) {
        this.name = name;
        this.interception = interception;
        this.thread = LastingThread.unstarted("portcullis-keep-" + name, this::run);
    }

    /** Checks from now on. */
    static InterceptionMonitor start(String name, Interception interception) {
        InterceptionMonitor monitor = new InterceptionMonitor(name, interception);
        // Before the first frame: no later event is missed.
        monitor.listen();
        monitor.thread.start();
        return monitor;
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

    private void run() {
        while (!closed) {
            boolean linkChanged = await(interception.hasDeadline() ? ALIVE_MS : CHECK_MS);
            if (closed) {
                return;
            }
            long nowNs = System.nanoTime();
            lastRanNs = nowNs;
            interception.extendDeadline(nowNs);
            boolean well = problems.isEmpty() && warnings.isEmpty();
            if (linkChanged || nowNs - nicsCheckedNs >= TimeUnit.MILLISECONDS.toNanos(well ? NICS_MS : RETRY_MS)) {
                checkNics(nowNs);
            }
            checkPrograms();
        }
    }

    /** True: a link has changed. A changed filter ends the wait, too. */
    private boolean await(int timeoutMs) {
        LinkWatch listening = events;
        if (listening == null) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(timeoutMs));
            listen();
            return false;
        }
        try {
            List<LinkWatch.Change> changes = listening.next(timeoutMs);
            changes.stream()
                    .filter(LinkWatch.Change::deleted)
                    .forEach(change -> deletedNics.add(change.nic().index()));
            return !changes.isEmpty();
        } catch (ErrnoException refused) {
            if (refused.errno() != Errno.ECANCELED) {
                listening.close();
                events = null;
                noteRefusal(refused);
            }
            return false;
        }
    }

    /** Opens the socket for events, at most once a second. Without it the checks go on, those of the NICs every second. */
    private void listen() {
        if (System.nanoTime() - triedNs < TimeUnit.MILLISECONDS.toNanos(RETRY_MS)) {
            return;
        }
        triedNs = System.nanoTime();
        try {
            LinkWatch opened = LinkWatch.openWithFilters();
            events = opened;
            if (closed) {
                opened.close();
            }
            eventsRefused = "";
        } catch (ErrnoException refused) {
            noteRefusal(refused);
        }
    }

    private void noteRefusal(ErrnoException refused) {
        eventsRefused = name + ": the kernel reports no changes of its NICs, they are checked every second: "
                + refused.getMessage();
    }

    private void checkNics(long eventNs) {
        List<String> done = new ArrayList<>();
        nicsCheckedNs = eventNs;
        nicProblems = interception.checkNics(done, Set.copyOf(deletedNics));
        deletedNics.clear();
        long afterMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - eventNs);
        done.forEach(line -> LOG.warn("{}: {} ({} ms after the event)", name, line, afterMs));
        List<String> current = interception.warnings();
        current.stream().filter(warning -> !warnings.contains(warning)).forEach(warning -> LOG.warn("{}", warning));
        warnings = current;
    }

    private void checkPrograms() {
        List<String> done = new ArrayList<>();
        List<String> now = new ArrayList<>(nicProblems);
        now.addAll(interception.checkPrograms(done, System::nanoTime));
        done.forEach(line -> LOG.warn("{}: {}", name, line));
        if (!eventsRefused.isEmpty()) {
            now.add(eventsRefused);
        }
        if (!now.equals(problems)) {
            now.stream().filter(problem -> !problems.contains(problem)).forEach(problem -> LOG.error("{}", problem));
            if (now.isEmpty()) {
                LOG.info("{}: its NICs and programs are in order again", name);
            }
            problems = List.copyOf(now);
        }
    }

    /** Ends the thread. */
    @Override
    public void close() {
        closed = true;
        LinkWatch listening = events;
        if (listening != null) {
            listening.close();
        }
        LockSupport.unpark(thread);
        try {
            thread.join(END_MS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
