package io.portcullis.linux.netlink;

import io.portcullis.linux.LastingThread;
import io.portcullis.linux.netlink.NicEvents.Changes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs checks of NICs one after the other, on a thread of its own: each when its time has come, and at once when {@link NicEvents}
 * tell a change of its kinds. Changes during a check are passed to the next run of it, merged. A check that throws is a defect: the
 * thread's uncaught exception handler gets it, the other checks go on, and the check runs again after a second, with everything to
 * be read anew.
 */
public final class NicChecks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NicChecks.class);

    /** Answer of a check that runs for changes only. */
    public static final long NO_TIMER = TimeUnit.DAYS.toMillis(36_500);

    private static final long DEFECT_PAUSE_MS = 1_000;
    private static final long END_MS = 2_000;

    /** A check of NICs. */
    public interface Check {
        /**
         * Checks.
         *
         * @param changes since the last call; none where the time has come
         * @return milliseconds until the next call, unless a change comes earlier
         */
        long run(Changes changes);
    }

    private final NicEvents events;
    private final LongSupplier clock;
    private final Thread thread;
    private final Registration registration;

    // Guarded by this object's lock.
    private final List<Entry> entries = new ArrayList<>();
    private boolean closed;

    private NicChecks(String name, NicEvents events, LongSupplier clock) {
        this.events = events;
        this.clock = clock;
        this.thread = LastingThread.unstarted(name, this::run);
        this.registration = events.register(this::changed);
    }

    /** A check, and when it runs next. Its fields are guarded by the lock of the checks. */
    private final class Entry implements Registration {
        private final Set<NicEvents.Kind> kinds;
        private final Check check;
        private final ReentrantLock running = new ReentrantLock();
        private Changes changes = Changes.NONE;
        private long dueNs;
        private boolean removed;

        Entry(Set<NicEvents.Kind> kinds, Check check, long dueNs) {
            this.kinds = kinds;
            this.check = check;
            this.dueNs = dueNs;
        }

        /** Removes the check, and waits until it has ended where it runs now, for two seconds at most. */
        @Override
        public void close() {
            remove(this);
            try {
                if (running.tryLock(END_MS, TimeUnit.MILLISECONDS)) {
                    running.unlock();
                }
            } catch (InterruptedException asked) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Starts the thread, in the network namespace of the calling one.
     *
     * @param name of the thread
     * @param clock monotonic time, nanoseconds
     */
    public static NicChecks start(String name, NicEvents events, LongSupplier clock) {
        NicChecks checks = new NicChecks(name, events, clock);
        checks.thread.start();
        return checks;
    }

    /**
     * Runs a check at once, and then again and again. Of several that are due at the same time, the one that was added last is the
     * first.
     *
     * @param kinds of changes for which it runs before its time
     * @return ends it when closed
     */
    public synchronized Registration add(Set<NicEvents.Kind> kinds, Check check) {
        Entry entry = new Entry(Set.copyOf(kinds), check, clock.getAsLong());
        entries.addFirst(entry);
        notifyAll();
        return entry;
    }

    /** Why the kernel reports no changes at present, so that checks run every second; empty: it reports them. */
    public String refusal() {
        return events.refusal();
    }

    private synchronized void remove(Entry entry) {
        entry.removed = true;
        entries.remove(entry);
    }

    /** On the thread of the events. */
    private synchronized void changed(Changes changes) {
        long nowNs = clock.getAsLong();
        for (Entry entry : entries) {
            if (changes.kinds().stream().anyMatch(entry.kinds::contains)) {
                // Once is enough: a later change must not push it behind checks that are due since then.
                if (entry.changes.isEmpty() && entry.dueNs - nowNs > 0) {
                    entry.dueNs = nowNs;
                }
                entry.changes = entry.changes.and(changes);
                notifyAll();
            }
        }
    }

    private void run() {
        try {
            for (Entry next = next(); next != null; next = next()) {
                run(next);
            }
        } catch (InterruptedException asked) {
            LOG.debug("{}: interrupted", thread.getName(), asked);
        }
    }

    /** Waits for the check that is due first; null: closed. */
    private synchronized @Nullable Entry next() throws InterruptedException {
        while (!closed) {
            long nowNs = clock.getAsLong();
            Entry first = null;
            for (Entry entry : entries) {
                if (first == null || entry.dueNs - first.dueNs < 0) {
                    first = entry;
                }
            }
            if (first == null) {
                wait();
            } else if (first.dueNs - nowNs > 0) {
                TimeUnit.NANOSECONDS.timedWait(this, first.dueNs - nowNs);
            } else {
                return first;
            }
        }
        return null;
    }

    private void run(Entry entry) {
        entry.running.lock();
        try {
            Changes taken = take(entry);
            if (taken != null) {
                run(entry, taken);
            }
        } finally {
            entry.running.unlock();
        }
    }

    private void run(Entry entry, Changes taken) {
        try {
            plan(entry, Changes.NONE, entry.check.run(taken));
        } catch (RuntimeException | Error defect) {
            plan(entry, taken.and(Changes.ANY), DEFECT_PAUSE_MS);
            thread.getUncaughtExceptionHandler().uncaughtException(thread, defect);
        }
    }

    /** Null: it was removed. */
    private synchronized @Nullable Changes take(Entry entry) {
        Changes taken = entry.changes;
        entry.changes = Changes.NONE;
        entry.dueNs = clock.getAsLong() + TimeUnit.MILLISECONDS.toNanos(NO_TIMER);
        return entry.removed ? null : taken;
    }

    /** After a run: a change that came meanwhile has set an earlier time. */
    private synchronized void plan(Entry entry, Changes unfinished, long waitMs) {
        long timerNs = clock.getAsLong() + TimeUnit.MILLISECONDS.toNanos(waitMs);
        if (entry.dueNs - timerNs > 0) {
            entry.dueNs = timerNs;
        }
        entry.changes = entry.changes.and(unfinished);
    }

    /** Ends the thread. */
    @Override
    public void close() {
        registration.close();
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            if (!thread.join(Duration.ofMillis(END_MS))) {
                LOG.warn("{} did not end in {} ms", thread.getName(), END_MS);
            }
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
