package io.portcullis.guard;

import io.portcullis.intercept.Bridge;
import io.portcullis.intercept.LinkFollowing;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.netlink.LinkWatch;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code link-state: follow}: takes one side of a bridge down while the other has no carrier.
 *
 * <p>Threads: one of its own follows the carriers; any thread may ask {@link #held}, and the one that closes takes over when it has
 * ended.
 */
final class LinkFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LinkFollower.class);

    /** Between two looks at the carriers, besides those that an event causes. */
    private static final int SETTLED_MS = 5_000;

    /** The same while a carrier may still come back. */
    private static final int UNSETTLED_MS = 50;

    private static final long RETRY_MS = 1_000;
    private static final long END_MS = 2_000;

    private final String name;
    private final String outside;
    private final String inside;
    private final Bridge bridge;
    private final LinkWatch links;
    private final Thread thread;

    // Written by the thread, then by the one that closes.
    private volatile Bridge.@Nullable Side held;

    private volatile boolean closed;
    private boolean refusedBefore;

    private LinkFollower(String name, Bridge bridge, LinkWatch links) {
        this.name = name;
        this.outside = bridge.outside();
        this.inside = bridge.inside();
        this.bridge = bridge;
        this.links = links;
        this.thread = LastingThread.unstarted("portcullis-links-" + name, this::run);
    }

    /**
     * Follows the carriers from now on.
     *
     * @param name of the interface
     * @throws ErrnoException if the kernel reports no changes of links (rtnetlink)
     */
    static LinkFollower start(String name, Bridge bridge) throws ErrnoException {
        LinkFollower follower = new LinkFollower(name, bridge, LinkWatch.open());
        follower.thread.start();
        return follower;
    }

    /** Name of the NIC that is held down; null: none. */
    @Nullable
    String held() {
        Bridge.Side side = held;
        return side == null ? null : nicOf(side);
    }

    private String nicOf(Bridge.Side side) {
        return side == Bridge.Side.OUTSIDE ? outside : inside;
    }

    private void run() {
        LinkFollowing following = new LinkFollowing(System.nanoTime());
        boolean failed = false;
        while (!closed) {
            try {
                long nowNs = System.nanoTime();
                hold(following.step(hasCarrier(outside), hasCarrier(inside), nowNs));
                links.next(following.isSettled(nowNs) ? SETTLED_MS : UNSETTLED_MS);
                failed = false;
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.ECANCELED) {
                    return;
                }
                if (!failed) {
                    LOG.error("{}: carriers can't be followed now: {}", name, refused.getMessage());
                }
                failed = true;
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(RETRY_MS));
            }
        }
    }

    private static boolean hasCarrier(String nic) throws ErrnoException {
        return Nics.find(nic).map(Nic::carrier).orElse(false);
    }

    private void hold(Bridge.@Nullable Side wanted) {
        if (wanted == held) {
            return;
        }
        try {
            bridge.hold(wanted);
        } catch (IOException refused) {
            if (!refusedBefore) {
                LOG.error("{}: the link state can't be followed: {}", name, refused.getMessage());
            }
            refusedBefore = true;
            return;
        }
        refusedBefore = false;
        if (wanted != null) {
            Bridge.Side failed = wanted == Bridge.Side.OUTSIDE ? Bridge.Side.INSIDE : Bridge.Side.OUTSIDE;
            LOG.warn("{}: {} has lost its carrier: {} is taken down with it", name, nicOf(failed), nicOf(wanted));
        } else {
            LOG.info("{}: the carrier is back: {} comes up again", name, held());
        }
        held = wanted;
    }

    /** Ends the thread; a NIC that is held down comes up. */
    @Override
    public void close() {
        closed = true;
        links.close();
        LockSupport.unpark(thread);
        try {
            thread.join(END_MS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
        hold(null);
    }
}
