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
 * A thread that looks after an interface's NICs and programs: after the programs four times a second, and at once on news of
 * filters; after the NICs on news of links, every second while something is wrong, and every ten seconds. Where programs have a
 * deadline it moves that on ten times a second. It lives as long as the interface: what the kernel refuses is tried again.
 */
final class InterceptionMonitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InterceptionMonitor.class);

    private static final int ALIVE_MS = 100;
    private static final int CHECK_MS = 250;
    private static final int LOOK_MS = 10_000;

    /** While something is wrong. */
    private static final int RETRY_MS = 1_000;

    private static final long END_MS = 2_000;

    private final String name;
    private final Interception interception;
    private final Thread thread;
    private volatile @Nullable LinkWatch links;
    private volatile boolean closed;
    private volatile long lastRanNs = System.nanoTime();

    // The thread's own, but for reading.
    private volatile List<String> problems = List.of();
    private volatile List<String> warnings = List.of();

    // The thread's own.
    private final Set<Integer> deleted = new TreeSet<>();
    private List<String> looked = List.of();
    private String deaf = "";
    private long lookedNs = System.nanoTime();
    private long triedNs = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(RETRY_MS);

    private InterceptionMonitor(String name, Interception interception) {
        this.name = name;
        this.interception = interception;
        this.thread = LastingThread.unstarted("portcullis-keep-" + name, this::run);
    }

    /** Starts to look. */
    static InterceptionMonitor start(String name, Interception interception) {
        InterceptionMonitor keeper = new InterceptionMonitor(name, interception);
        // Before the first frame: what happens from now on is heard.
        keeper.listen();
        keeper.thread.start();
        return keeper;
    }

    /** What is wrong now, one sentence each. */
    List<String> problems() {
        return problems;
    }

    /** What is amiss and stops no frame, one sentence each. */
    List<String> warnings() {
        return warnings;
    }

    /** When it last went round: System.nanoTime(). It does so four times a second. */
    long lastRanNs() {
        return lastRanNs;
    }

    private void run() {
        while (!closed) {
            boolean news = await(interception.hasDeadline() ? ALIVE_MS : CHECK_MS);
            if (closed) {
                return;
            }
            long nowNs = System.nanoTime();
            lastRanNs = nowNs;
            interception.extendDeadline(nowNs);
            boolean well = problems.isEmpty() && warnings.isEmpty();
            if (news || nowNs - lookedNs >= TimeUnit.MILLISECONDS.toNanos(well ? LOOK_MS : RETRY_MS)) {
                look(nowNs);
            }
            check();
        }
    }

    /** True: a link has changed. Filters that have changed end the wait, too. */
    private boolean await(int timeoutMs) {
        LinkWatch hears = links;
        if (hears == null) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(timeoutMs));
            listen();
            return false;
        }
        try {
            List<LinkWatch.Change> changes = hears.next(timeoutMs);
            changes.stream()
                    .filter(LinkWatch.Change::deleted)
                    .forEach(change -> deleted.add(change.nic().index()));
            return !changes.isEmpty();
        } catch (ErrnoException refused) {
            if (refused.errno() != Errno.ECANCELED) {
                hears.close();
                links = null;
                deafen(refused);
            }
            return false;
        }
    }

    /** Opens the watch, once a second. Without one the programs are looked at all the same, and the NICs every second. */
    private void listen() {
        if (System.nanoTime() - triedNs < TimeUnit.MILLISECONDS.toNanos(RETRY_MS)) {
            return;
        }
        triedNs = System.nanoTime();
        try {
            LinkWatch opened = LinkWatch.openWithFilters();
            links = opened;
            if (closed) {
                opened.close();
            }
            deaf = "";
        } catch (ErrnoException refused) {
            deafen(refused);
        }
    }

    private void deafen(ErrnoException refused) {
        deaf = name + ": news of its NICs are not heard, they are looked at every second: " + refused.getMessage();
    }

    private void look(long newsNs) {
        List<String> done = new ArrayList<>();
        lookedNs = newsNs;
        looked = interception.checkNics(done, Set.copyOf(deleted));
        deleted.clear();
        long afterMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - newsNs);
        done.forEach(line -> LOG.warn("{}: {} ({} ms after the news)", name, line, afterMs));
        List<String> odd = interception.warnings();
        odd.stream().filter(warning -> !warnings.contains(warning)).forEach(warning -> LOG.warn("{}", warning));
        warnings = odd;
    }

    private void check() {
        List<String> done = new ArrayList<>();
        List<String> now = new ArrayList<>(looked);
        now.addAll(interception.checkPrograms(done, System::nanoTime));
        done.forEach(line -> LOG.warn("{}: {}", name, line));
        if (!deaf.isEmpty()) {
            now.add(deaf);
        }
        if (!now.equals(problems)) {
            now.stream().filter(problem -> !problems.contains(problem)).forEach(problem -> LOG.error("{}", problem));
            if (now.isEmpty()) {
                LOG.info("{}: all is as it should be again", name);
            }
            problems = List.copyOf(now);
        }
    }

    /** Ends it. */
    @Override
    public void close() {
        closed = true;
        LinkWatch hears = links;
        if (hears != null) {
            hears.close();
        }
        LockSupport.unpark(thread);
        try {
            thread.join(END_MS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
