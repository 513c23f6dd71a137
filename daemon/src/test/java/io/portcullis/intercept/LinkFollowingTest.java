package io.portcullis.intercept;

import static io.portcullis.intercept.LinkFollowing.RECOVERY_NS;
import static io.portcullis.intercept.LinkFollowing.SETTLE_NS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class LinkFollowingTest {
    private long nowNs = 5;
    private final LinkFollowing following = new LinkFollowing(nowNs);

    private Bridge.@Nullable Side after(long ns, boolean outside, boolean inside) {
        following.step(outside, inside, nowNs);
        nowNs += ns;
        return following.step(outside, inside, nowNs);
    }

    @Test
    void theSideThatDidNotFailIsHeldOnceTheFailureHasSettled() {
        assertNull(after(1, true, true));
        assertNull(after(SETTLE_NS - 1, true, false));
        assertEquals(Bridge.Side.OUTSIDE, after(1, true, false));
        assertTrue(following.isSettled(nowNs));
    }

    @Test
    void aShortFlapIsNothing() {
        assertNull(after(1, true, true));
        assertNull(after(SETTLE_NS - 1, false, true));
        assertNull(after(SETTLE_NS, true, true));
    }

    @Test
    void theHeldSideComesUpWithTheFailedOneAndItsOwnCarrierIsNotLookedAt() {
        after(1, true, true);
        assertEquals(Bridge.Side.INSIDE, after(SETTLE_NS, false, true));
        assertEquals(Bridge.Side.INSIDE, after(SETTLE_NS * 10, false, false));
        assertNull(after(SETTLE_NS, true, false));
    }

    @Test
    void aReleasedSideMayLookForItsCarrierForAWhile() {
        after(1, true, true);
        after(SETTLE_NS, false, true);
        assertNull(after(SETTLE_NS, true, false));
        assertFalse(following.isSettled(nowNs));
        assertNull(after(RECOVERY_NS - 1, true, false));
        assertNull(after(SETTLE_NS - 1, true, false));
        assertEquals(Bridge.Side.OUTSIDE, after(SETTLE_NS, true, false), "then it has failed itself");
    }

    @Test
    void noCarrierOnBothSidesHoldsNone() {
        after(1, true, true);
        assertNull(after(SETTLE_NS, false, false));
        assertNull(after(RECOVERY_NS, false, false));
    }

    @Test
    void atTheStartBothMayLookForTheirCarrier() {
        assertNull(after(RECOVERY_NS - 1, true, false));
        assertNull(after(1, true, false));
        assertEquals(Bridge.Side.OUTSIDE, after(SETTLE_NS, true, false));
    }

    @Test
    @Tag("property")
    void nothingIsHeldInTheEndIfBothHaveTheirCarrier() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 20_000; i++) {
            after(random.nextLong(2 * SETTLE_NS), random.nextBoolean(), random.nextBoolean());
        }
        after(SETTLE_NS, true, true);
        assertNull(after(SETTLE_NS, true, true), "seed " + seed);
    }
}
