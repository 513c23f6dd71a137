package io.portcullis.service;

import io.portcullis.guard.GuardedInterface;
import io.portcullis.linux.LastingThread;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Asks once a second whether the threads that carry and guard the traffic still do, and tells systemd only then that the daemon lives:
 * else systemd starts another one ({@code WatchdogSec=}). Takes no lock of the daemon's: a long reload is no death.
 */
final class Alive implements AutoCloseable {
    private static final long ROUND_MS = 1_000;

    /** For so long a loop may be held up. */
    private static final long ANSWER_MS = 5_000;

    private static final long END_MS = 1_000;

    private final Supplier<Collection<GuardedInterface>> guarded;
    private final Systemd systemd;
    private final Thread thread;
    private volatile List<String> problems = List.of();
    private volatile boolean closed;

    private Alive(Supplier<Collection<GuardedInterface>> guarded, Systemd systemd) {
        this.guarded = guarded;
        this.systemd = systemd;
        this.thread = LastingThread.unstarted("portcullis-alive", this::run);
    }

    /** Begins to ask. */
    static Alive start(Supplier<Collection<GuardedInterface>> guarded, Systemd systemd) {
        Alive alive = new Alive(guarded, systemd);
        alive.thread.start();
        return alive;
    }

    /** Who did not answer, one sentence each. */
    List<String> problems() {
        return problems;
    }

    private void run() {
        while (!closed) {
            List<String> now = new ArrayList<>();
            for (GuardedInterface each : guarded.get()) {
                now.addAll(each.notAlive(ANSWER_MS));
            }
            // An interface that was removed meanwhile does not answer either: asked again before it counts.
            if (now.isEmpty() || problems.isEmpty()) {
                systemd.alive();
            }
            problems = now;
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(ROUND_MS));
        }
    }

    /** Ends it. */
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
