package io.portcullis.intercept;

import org.jspecify.annotations.Nullable;

/**
 * Decides which side of a bridge is to be held down because the other one has lost its carrier, so that routers and bonds
 * behind a bridge notice what they would notice on a cable. Never both sides; the carrier of a side that is held is not
 * looked at; it comes up with the side that failed. Changes have to last for {@link #SETTLE_NS} to count. A side that was
 * let go, and both at the start, have {@link #RECOVERY_NS} to find their carrier (a NIC negotiates for seconds) before its
 * absence is a failure.
 *
 * <p>Pure: time is the caller's, in nanoseconds.
 */
public final class LinkFollowing {
    /** How long a change has to last. */
    public static final long SETTLE_NS = 300_000_000L;

    /** How long a NIC may take to find its carrier. */
    public static final long RECOVERY_NS = 10_000_000_000L;

    private Bridge.@Nullable Side held;
    private Bridge.@Nullable Side wanted;
    private long wantedSinceNs;
    private long outsideExcusedUntilNs;
    private long insideExcusedUntilNs;

    /** Nothing is held, and both sides may still be looking for their carrier. */
    public LinkFollowing(long nowNs) {
        outsideExcusedUntilNs = nowNs + RECOVERY_NS;
        insideExcusedUntilNs = nowNs + RECOVERY_NS;
    }

    /**
     * Looks at both carriers.
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

    /** True: without a change of a carrier, the next {@link #step} says what the last one said. */
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
