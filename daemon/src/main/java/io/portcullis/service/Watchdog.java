package io.portcullis.service;

import io.portcullis.guard.GuardedInterface;
import io.portcullis.linux.LastingThread;
import io.portcullis.service.process.Systemd;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Asks the threads that carry and guard the traffic once a second whether they work, and only then notifies systemd's watchdog
 * ({@code WatchdogSec=}): without the notification systemd starts another daemon. Takes no lock of the daemon: a long reload is no
 * failure.
 */
final class Watchdog implements AutoCloseable {
    private static final long ROUND_MS = 1_000;

    /** A loop may be busy for as long. */
    private static final long ANSWER_MS = 5_000;

    private static final long END_MS = 1_000;

    private final Supplier<Collection<GuardedInterface>> guarded;
    private final Systemd systemd;
    private final Thread thread;
    private volatile List<String> problems = List.of();
    private volatile boolean closed;

    /** Asks nobody before {@link #start}. */
    Watchdog(Supplier<Collection<GuardedInterface>> guarded, Systemd systemd) {
        this.guarded = guarded;
        this.systemd = systemd;
        this.thread = LastingThread.unstarted("portcullis-alive", this::run);
    }

    /** Asks from now on. */
    void start() {
        thread.start();
    }

    /** The threads that did not answer, one sentence each. */
    List<String> problems() {
        return problems;
    }

    private void run() {
        while (!closed) {
            List<String> now = new ArrayList<>();
            for (GuardedInterface iface : guarded.get()) {
                now.addAll(iface.notAlive(ANSWER_MS));
            }
            // An interface that was removed meanwhile does not answer, either: only the second silence counts.
            if (now.isEmpty() || problems.isEmpty()) {
                systemd.alive();
            }
            problems = now;
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(ROUND_MS));
        }
    }

    /** Ends the thread. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(END_MS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
