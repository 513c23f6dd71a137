package io.portcullis.guard;

import io.portcullis.intercept.Bridge;
import io.portcullis.intercept.LinkFollowing;
import io.portcullis.journal.Event;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicChecks;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Registration;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code link-state: follow}: takes one side of a bridge down while the other has no carrier.
 *
 * <p>Threads: a check of {@link NicChecks} follows the carriers; any thread may ask {@link #held}, and the one that closes takes over
 * when it has ended.
 */
final class LinkFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LinkFollower.class);

    /** Between two looks at the carriers, besides those that an event causes. */
    private static final int SETTLED_MS = 5_000;

    /** The same while a carrier may still come back. */
    private static final int UNSETTLED_MS = 50;

    private static final long RETRY_MS = 1_000;

    private final String name;
    private final String outside;
    private final String inside;
    private final Bridge bridge;
    private final LinkFollowing following = new LinkFollowing(System.nanoTime());
    private final Registration registration;

    // Written by the check, then by the thread that closes.
    private volatile Bridge.@Nullable Side held;

    private boolean refusedBefore;
    private boolean unknownBefore;

    /**
     * Follows the carriers from now on.
     *
     * @param name of the interface
     */
    LinkFollower(String name, Bridge bridge, NicChecks checks) {
        this.name = name;
        this.outside = bridge.outside();
        this.inside = bridge.inside();
        this.bridge = bridge;
        this.registration = checks.add(Set.of(NicEvents.Kind.LINKS), _ -> run());
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

    /** Milliseconds until the next step. */
    private long run() {
        try {
            long nowNs = System.nanoTime();
            hold(following.step(hasCarrier(outside), hasCarrier(inside), nowNs));
            unknownBefore = false;
            return following.isSettled(nowNs) ? SETTLED_MS : UNSETTLED_MS;
        } catch (ErrnoException refused) {
            if (!unknownBefore) {
                LOG.error("{}: carriers can't be followed now: {}", name, refused.getMessage());
            }
            unknownBefore = true;
            return RETRY_MS;
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
            Event.INTERFACE
                    .in(LOG.atWarn(), name)
                    .log("{}: {} has lost its carrier: {} is taken down with it", name, nicOf(failed), nicOf(wanted));
        } else {
            Event.INTERFACE.in(LOG.atInfo(), name).log("{}: the carrier is back: {} comes up again", name, held());
        }
        held = wanted;
    }

    /** Ends the steps; a NIC that is held down comes up. */
    @Override
    public void close() {
        registration.close();
        hold(null);
    }
}
