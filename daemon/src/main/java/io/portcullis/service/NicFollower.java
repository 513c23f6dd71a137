package io.portcullis.service;

import io.portcullis.linux.AddressWatch;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that says when NICs or their addresses have changed. */
final class NicFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NicFollower.class);

    /** News come in bursts: the second time they are heard together. */
    private static final int SETTLE_MS = 20;

    private static final long END_MS = 2_000;

    private final AddressWatch watch;
    private final Runnable changed;
    private final Thread thread;

    private NicFollower(AddressWatch watch, Runnable changed) {
        this.watch = watch;
        this.changed = changed;
        this.thread = Thread.ofPlatform().daemon().name("portcullis-nics").unstarted(this::run);
    }

    /**
     * Starts to listen.
     *
     * @param changed called on this thread
     * @throws ErrnoException if the kernel tells nothing (rtnetlink)
     */
    static NicFollower start(Runnable changed) throws ErrnoException {
        NicFollower follower = new NicFollower(AddressWatch.open(), changed);
        follower.thread.start();
        return follower;
    }

    private void run() {
        try {
            while (true) {
                if (watch.next(-1)) {
                    // At once, for a NIC that has come is unguarded; and again when all has been heard.
                    changed.run();
                    if (watch.next(SETTLE_MS)) {
                        changed.run();
                    }
                }
            }
        } catch (ErrnoException refused) {
            if (refused.errno() != Errno.ECANCELED) {
                LOG.error("NICs and their addresses are not followed any more: {}", refused.getMessage());
            }
        }
    }

    /** Ends it. */
    @Override
    public void close() {
        watch.close();
        try {
            if (!thread.join(Duration.ofMillis(END_MS))) {
                LOG.warn("{} did not end in {} ms", thread.getName(), END_MS);
            }
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
