package io.portcullis.service.watch;

import io.portcullis.config.files.FileSnapshot;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Inotify;
import io.portcullis.linux.LastingThread;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports complete edits of the configuration: a file that was written and closed, renamed into place, created or removed, wherever
 * the paths and links of the configuration lead. The kernel's events show most of them ({@link ConfigWatch}). An edit is reported
 * when no event has followed for {@value #QUIET_MS} ms, or {@value #LONGEST_MS} ms after its first event, and no program is writing
 * any of the files.
 *
 * <p>Edits without events (network file systems, mounts, lost events) are found by a look every {@value #LOOK_MS} ms: two looks in a
 * row find the same state, and it is not the one that was read.
 */
public final class Edits implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Edits.class);

    private static final long QUIET_MS = 100;

    /** After a name is gone: a program that replaces a file may remove it first. */
    private static final long GONE_MS = 1_000;

    private static final long LONGEST_MS = 2_000;
    private static final long LOOK_MS = 2_000;

    /** Between two reads of events: those of a busy folder collect. */
    private static final long BREATH_MS = 10;

    /** A file that is being written longer than this is reported. */
    private static final long PATIENCE_MS = 5_000;

    /** The source of events. */
    @FunctionalInterface
    interface Source {
        /** Opens it; fails where this user has no inotify instance left. */
        ConfigWatch open() throws ErrnoException;
    }

    private final Path file;
    private final Runnable edited;
    private final Source source;
    private final Thread thread = LastingThread.unstarted("portcullis-watch", this::run);
    private @Nullable ConfigWatch watch;

    /** The state that was read, or is going to be. */
    private FileSnapshot taken = FileSnapshot.NONE;

    /** The state that the last look found, where it was not {@link #taken}. */
    private @Nullable FileSnapshot other;

    private long otherNs;
    private long nextLookNs;

    /** True: there is an edit that is not reported yet. */
    private boolean pending;

    /** Its first event. */
    private long firstNs;

    /** Its last event. */
    private long lastNs;

    /** How often a caller has asked for all events of before. */
    private long asked;

    /** The value of {@link #asked} up to which all events have been read. */
    private long answered;

    private boolean patienceSaid;
    private String unseen = "";
    private volatile String trouble = "";
    private volatile boolean closed;

    /**
     * Watches nothing yet.
     *
     * @param edited called after every edit, on the watch's thread: must not wait
     */
    public Edits(Path file, Runnable edited) {
        this(file, edited, ConfigWatch::new);
    }

    /** As the other constructor, with another source of events. */
    Edits(Path file, Runnable edited, Source source) {
        this.file = file;
        this.edited = edited;
        this.source = source;
    }

    /**
     * Notes the state in which the files were read. Every change since then is an edit.
     *
     * @param asIs true: an operator asked for it, also while a file is being written
     * @return false: a program is writing a file, and half of it may have been read; the end of the writing will be an edit
     */
    public synchronized boolean watch(FileSnapshot read, boolean asIs) {
        if (closed) {
            return true;
        }
        boolean first = taken.equals(FileSnapshot.NONE);
        taken = read.equals(FileSnapshot.NONE) ? FileSnapshot.of(file) : read;
        other = null;
        follow();
        nextLookNs = System.nanoTime();
        if (first) {
            thread.start();
        } else {
            wake();
        }
        if (asIs) {
            if (watch != null) {
                watch.forgetWriters();
            }
            return true;
        }
        return awaitEvents();
    }

    /** Waits until all events from before the reading are noted: a program may have begun to write. */
    private boolean awaitEvents() {
        asked++;
        long mine = asked;
        long endNs = System.nanoTime() + ns(LONGEST_MS);
        try {
            while (!closed && watch != null && answered < mine && System.nanoTime() - endNs < 0) {
                wake();
                wait(QUIET_MS);
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        if (watch == null || watch.written().isEmpty()) {
            return true;
        }
        note(System.nanoTime());
        return false;
    }

    private void note(long nowNs) {
        firstNs = pending ? firstNs : nowNs;
        lastNs = nowNs;
        pending = true;
    }

    /** Why edits are seen late, or wait for a writer; empty: neither. */
    public String trouble() {
        return trouble;
    }

    private void follow() {
        String before = unseen;
        try {
            ConfigWatch now = watch;
            if (now == null) {
                now = source.open();
                watch = now;
            }
            unseen = now.follow(WatchPlan.of(taken.fingerprints().keySet())).orElse("");
        } catch (ErrnoException refused) {
            unseen = refused.errno() == Errno.ECANCELED ? "" : String.valueOf(refused.getMessage());
        }
        if (!unseen.isEmpty() && !unseen.equals(before)) {
            LOG.warn("edits of {} may be seen {} s late: {}", file, 2 * LOOK_MS / 1_000, unseen);
        }
    }

    private void run() {
        synchronized (this) {
            // A defect may have ended this method before it noted its last events.
            if (watch != null) {
                watch.forgetAll();
            }
            nextLookNs = System.nanoTime();
        }
        while (!closed) {
            ConfigWatch kernel;
            long waitMs;
            long question;
            synchronized (this) {
                kernel = watch;
                question = asked;
                waitMs = untilNextMs(System.nanoTime());
            }
            List<Inotify.Event> events = List.of();
            if (kernel == null) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(waitMs));
            } else {
                try {
                    events = kernel.await((int) waitMs);
                } catch (ErrnoException refused) {
                    if (refused.errno() != Errno.ECANCELED) {
                        throw new IllegalStateException(refused);
                    }
                    continue;
                }
            }
            synchronized (this) {
                if (!closed) {
                    step(events, System.nanoTime());
                }
                if (events.isEmpty()) {
                    answered = question;
                    notifyAll();
                }
            }
            if (!events.isEmpty()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(BREATH_MS));
            }
        }
    }

    private void step(List<Inotify.Event> events, long nowNs) {
        ConfigWatch kernel = watch;
        if (kernel != null && !events.isEmpty()) {
            ConfigWatch.Outcome outcome = kernel.note(events, nowNs);
            if (outcome.pathChanged()) {
                follow();
            }
            switch (outcome.change()) {
                case NONE -> {}
                case PERHAPS -> nextLookNs = min(nextLookNs, nowNs + ns(QUIET_MS));
                case GONE, EDIT -> note(nowNs);
            }
        }
        Optional<ConfigWatch.Written> written = kernel == null ? Optional.empty() : kernel.written();
        if (pending && written.isEmpty() && dueNs() - nowNs <= 0) {
            report();
        }
        if (nextLookNs - nowNs <= 0) {
            look(nowNs, written.isEmpty());
            nextLookNs = nowNs + ns(LOOK_MS);
        }
        showTrouble(written, nowNs);
    }

    private long dueNs() {
        ConfigWatch kernel = watch;
        long quietNs = lastNs + ns(QUIET_MS);
        long dueNs = kernel == null
                ? quietNs
                : kernel.lastGoneNs()
                        .map(gone -> max(quietNs, gone + ns(GONE_MS)))
                        .orElse(quietNs);
        return min(dueNs, firstNs + ns(LONGEST_MS));
    }

    private void look(long nowNs, boolean nobodyWrites) {
        FileSnapshot now = taken.current();
        if (now.equals(taken)) {
            other = null;
        } else if (!now.equals(other)) {
            other = now;
            otherNs = nowNs;
            follow();
        } else if (nobodyWrites && nowNs - otherNs >= ns(LOOK_MS)) {
            report();
        }
        if (!unseen.isEmpty()) {
            follow();
        }
    }

    private void report() {
        pending = false;
        other = null;
        taken = taken.current();
        if (watch != null) {
            watch.forgetGone();
        }
        edited.run();
    }

    private void showTrouble(Optional<ConfigWatch.Written> written, long nowNs) {
        boolean late = written.isPresent() && nowNs - written.get().sinceNs() >= ns(PATIENCE_MS);
        String text = late
                ? written.get().file()
                        + " is being written and not closed yet: edits wait until it is closed;"
                        + " portcullis reload reads it as it is"
                : "";
        if (late && !patienceSaid) {
            LOG.warn("{}", text);
        }
        patienceSaid = late;
        trouble =
                late ? text : unseen.isEmpty() ? "" : "edits may be seen " + 2 * LOOK_MS / 1_000 + " s late: " + unseen;
    }

    private long untilNextMs(long nowNs) {
        if (answered < asked) {
            return 0;
        }
        long next = nextLookNs;
        Optional<ConfigWatch.Written> written = watch == null ? Optional.empty() : watch.written();
        if (written.isPresent() && !patienceSaid) {
            next = min(next, written.get().sinceNs() + ns(PATIENCE_MS));
        }
        if (pending && written.isEmpty()) {
            next = min(next, dueNs());
        }
        return Math.max(0, TimeUnit.NANOSECONDS.toMillis(next - nowNs) + 1);
    }

    private void wake() {
        ConfigWatch kernel = watch;
        if (kernel == null) {
            LockSupport.unpark(thread);
        } else {
            kernel.wake();
        }
    }

    private static long ns(long ms) {
        return TimeUnit.MILLISECONDS.toNanos(ms);
    }

    private static long min(long one, long other) {
        return one - other < 0 ? one : other;
    }

    private static long max(long one, long other) {
        return one - other < 0 ? other : one;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (watch != null) {
            watch.close();
        } else {
            LockSupport.unpark(thread);
        }
    }
}
