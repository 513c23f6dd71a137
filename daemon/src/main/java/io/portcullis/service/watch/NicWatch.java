package io.portcullis.service.watch;

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

/**
 * Reports that NICs or their addresses have changed; every second where the kernel refuses its events. A thread of its own listens
 * and reports.
 */
public final class NicWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NicWatch.class);

    /** Events come in bursts: those after the first are reported together. */
    private static final int SETTLE_MS = 20;

    private static final long RETRY_MS = 1_000;
    private static final long END_MS = 2_000;

    private final Runnable changed;
    private final Thread thread;
    private @Nullable AddressWatch watch;
    private boolean closed;

    private NicWatch(Runnable changed) {
        this.changed = changed;
        this.thread = LastingThread.unstarted("portcullis-nics", this::run);
    }

    /**
     * Listens from now on.
     *
     * @param changed called on the watch's thread; also once at the start, for earlier changes
     */
    public static NicWatch start(Runnable changed) {
        NicWatch watch = new NicWatch(changed);
        watch.thread.start();
        return watch;
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
                    LOG.error(
                            "the kernel reports no changes of NICs, they are checked every second: {}",
                            refused.getMessage());
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
                    // At once, because a new NIC is unguarded; and again after the burst.
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

    /** Ends the thread. */
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
