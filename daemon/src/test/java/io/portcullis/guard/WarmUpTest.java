package io.portcullis.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class WarmUpTest {
    /** Packets of a round that pass: the connection (8 in super-frames of two), the datagrams, the tagged one, the ping. */
    private static final int PASSED = 3 + 4 * 3 + 3 + 12 * 2 + 1 + 2;

    private static final int DROPPED = 2;

    /** On a busy machine the last frames may not have been read within the usual time. */
    private static final Duration LONGEST = Duration.ofSeconds(60);

    @Test
    void everyFrameTakesTheWholePathAndGetsItsVerdict() {
        WarmUp.Work done = WarmUp.run(() -> false, LONGEST);
        assertTrue(done.rounds() > 0, done.toString());
        assertEquals((long) done.rounds() * PASSED, done.passed(), done.toString());
        assertEquals((long) done.rounds() * DROPPED, done.dropped(), done.toString());
    }
}
