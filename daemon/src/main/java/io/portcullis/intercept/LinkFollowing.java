package io.portcullis.intercept;

import org.jspecify.annotations.Nullable;

/**
 * Decides which side of a bridge is held down because the other one has lost its carrier, so that routers and bonds behind a bridge
 * notice the loss as on a cable. It never holds both sides, and ignores the carrier of the held side, which is released when the
 * failed side has its carrier back. A change counts after {@link #SETTLE_NS}. A released side, and both sides at the start, have
 * {@link #RECOVERY_NS} to find their carrier (a NIC negotiates for seconds) before its absence is a failure.
 *
 * <p>Pure: the caller passes the time, in nanoseconds.
 */
public final class LinkFollowing {
    /** The time for which a change must last. */
    public static final long SETTLE_NS = 300_000_000L;

    /** The time that a NIC may take to find its carrier. */
    public static final long RECOVERY_NS = 10_000_000_000L;

    private Bridge.@Nullable Side held;
    private Bridge.@Nullable Side wanted;
    private long wantedSinceNs;
    private long outsideExcusedUntilNs;
    private long insideExcusedUntilNs;

    /** Holds no side; both sides may still be looking for their carrier. */
    public LinkFollowing(long nowNs) {
        outsideExcusedUntilNs = nowNs + RECOVERY_NS;
        insideExcusedUntilNs = nowNs + RECOVERY_NS;
    }

    /**
     * Takes the state of both carriers.
     *
     * @return the side to hold down from now on; null: none
     */
    public Bridge.@Nullable Side step(boolean outsideCarrier, boolean insideCarrier, long nowNs) {
        if (outsideCarrier) {
            outsideExcusedUntilNs = nowNs;
        }
        if (insideCarrier) {
            insideExcusedUntilNs = nowNs;
        }
        Bridge.Side next = next(outsideCarrier, insideCarrier, nowNs);
        if (next != wanted) {
            wanted = next;
            wantedSinceNs = nowNs;
        }
        if (wanted != held && nowNs - wantedSinceNs >= SETTLE_NS) {
            if (held == Bridge.Side.OUTSIDE) {
                outsideExcusedUntilNs = nowNs + RECOVERY_NS;
            } else if (held == Bridge.Side.INSIDE) {
                insideExcusedUntilNs = nowNs + RECOVERY_NS;
            }
            held = wanted;
        }
        return held;
    }

    /** True: without a change of a carrier, the next {@link #step} returns the same side. */
    public boolean isSettled(long nowNs) {
        return wanted == held && nowNs - outsideExcusedUntilNs >= 0 && nowNs - insideExcusedUntilNs >= 0;
    }

    private Bridge.@Nullable Side next(boolean outsideCarrier, boolean insideCarrier, long nowNs) {
        if (held != null) {
            boolean failedIsBack = held == Bridge.Side.OUTSIDE ? insideCarrier : outsideCarrier;
            return failedIsBack ? null : held;
        }
        boolean outsideFailed = !outsideCarrier && nowNs - outsideExcusedUntilNs >= 0;
        boolean insideFailed = !insideCarrier && nowNs - insideExcusedUntilNs >= 0;
        if (insideFailed && outsideCarrier) {
            return Bridge.Side.OUTSIDE;
        }
        return outsideFailed && insideCarrier ? Bridge.Side.INSIDE : null;
    }
}
