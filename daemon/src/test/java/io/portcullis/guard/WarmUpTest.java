package io.portcullis.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class WarmUpTest {
    /** Of a round, the packets that pass: the connection's, 8 of them super-frames of two, the datagrams, the tagged one, the ping. */
    private static final int PASSED = 3 + 4 * 3 + 3 + 12 * 2 + 1 + 2;

    private static final int DROPPED = 2;

    @Test
    void everyFrameWalksTheWholeWayAndIsDecidedAsMeant() {
        WarmUp.Walked walked = WarmUp.run();
        assertTrue(walked.rounds() > 0, walked.toString());
        assertEquals((long) walked.rounds() * PASSED, walked.passed(), walked.toString());
        assertEquals((long) walked.rounds() * DROPPED, walked.dropped(), walked.toString());
    }
}
