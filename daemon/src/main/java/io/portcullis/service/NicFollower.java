package io.portcullis.service;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.netlink.AddressWatch;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that says when NICs or their addresses have changed; where the kernel does not tell, it says so every second. */
final class NicFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NicFollower.class);

    /** News come in bursts: the second time they are heard together. */
    private static final int SETTLE_MS = 20;

    private static final long RETRY_MS = 1_000;
    private static final long END_MS = 2_000;

    private final Runnable changed;
    private final Thread thread;
    private @Nullable AddressWatch watch;
    private boolean closed;

    private NicFollower(Runnable changed) {
        this.changed = changed;
        this.thread = LastingThread.unstarted("portcullis-nics", this::run);
    }

    /**
     * Starts to listen.
     *
     * @param changed called on this thread, once at the start too: for what happened before
     */
    static NicFollower start(Runnable changed) {
        NicFollower follower = new NicFollower(changed);
        follower.thread.start();
        return follower;
    }

    private void run() {
        boolean failed = false;
        while (!isClosed()) {
            try {
                listen();
                failed = false;
            } catch (ErrnoException refused) {
                if (isClosed()) {
                    return;
                }
                if (!failed && refused.errno() != Errno.ECANCELED) {
                    LOG.error("NICs and their addresses are looked at once a second: {}", refused.getMessage());
                }
                failed = true;
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(RETRY_MS));
            }
        }
    }

    private void listen() throws ErrnoException {
        AddressWatch opened = AddressWatch.open();
        synchronized (this) {
            if (closed) {
                opened.close();
                return;
            }
            watch = opened;
        }
        try {
            changed.run();
            while (true) {
                if (opened.next(-1)) {
                    // At once, for a NIC that has come is unguarded; and again when all has been heard.
                    changed.run();
                    if (opened.next(SETTLE_MS)) {
                        changed.run();
                    }
                }
            }
        } finally {
            opened.close();
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** Ends it. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (watch != null) {
                watch.close();
            }
        }
        LockSupport.unpark(thread);
        try {
            if (!thread.join(Duration.ofMillis(END_MS))) {
                LOG.warn("{} did not end in {} ms", thread.getName(), END_MS);
            }
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
