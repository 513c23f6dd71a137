package io.portcullis.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RateLimitTest {
    private static final long SECOND = 1_000_000_000;

    /** Near its end: the clock of a host may have any value. */
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5 * SECOND);

    private static int admitted(RateLimit limit, String key, int calls) {
        int admitted = 0;
        for (int i = 0; i < calls; i++) {
            admitted += limit.admits(key) ? 1 : 0;
        }
        return admitted;
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 5", "100, 1", "100, 200", "7, 3", "1000000, 1", "1000000, 1000000"})
    void aBurstIsAdmittedAtOnceAndThenTheRate(int perSecond, int burst) {
        RateLimit limit = new RateLimit(perSecond, burst, nanos::get);
        assertEquals(burst, admitted(limit, "a", burst + 10));
        for (int second = 0; second < 20; second++) {
            nanos.addAndGet(SECOND);
            int tokens = Math.min(perSecond, burst);
            int admitted = admitted(limit, "a", tokens + 10);
            assertTrue(Math.abs(admitted - tokens) <= 1, admitted + " in second " + second);
        }
        nanos.addAndGet(SECOND * burst);
        assertEquals(burst, admitted(limit, "a", burst + 10), "no more than a burst after a long pause");
    }

    @Test
    void aKeyIsLimitedByItsOwnCallsOnly() {
        RateLimit limit = new RateLimit(10, 10, nanos::get);
        assertEquals(10, admitted(limit, "a", 1_000));
        assertEquals(10, admitted(limit, "b", 1_000));
    }

    @Test
    void aRefusedCallCostsNothing() {
        RateLimit limit = new RateLimit(10, 1, nanos::get);
        assertTrue(limit.admits("a"));
        assertEquals(0, admitted(limit, "a", 1_000));
        nanos.addAndGet(SECOND / 10);
        assertTrue(limit.admits("a"));
    }

    /** In any window of time: the burst and the rate, and never more. */
    @Test
    void noPatternOfCallsGetsMoreThanTheRate() {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 50; round++) {
            int perSecond = random.nextInt(1, 200);
            int burst = random.nextInt(1, 50);
            RateLimit limit = new RateLimit(perSecond, burst, nanos::get);
            long passed = 0;
            long admitted = 0;
            for (int i = 0; i < 2_000; i++) {
                long pause = random.nextLong(2 * SECOND / perSecond);
                nanos.addAndGet(pause);
                passed += pause;
                admitted += admitted(limit, "a", random.nextInt(4));
                double most = burst + (double) passed * perSecond / SECOND;
                assertTrue(admitted <= most + 1e-3 * most, admitted + " of " + most);
            }
        }
    }

    @Test
    void keysThatRestTakeNoMemory() {
        RateLimit limit = new RateLimit(100, 100, nanos::get);
        for (int i = 0; i < 100_000; i++) {
            assertTrue(limit.admits("key " + i));
            nanos.addAndGet(SECOND / 1_000);
            assertTrue(limit.size() <= 128, limit.size() + " keys");
        }
    }

    @Test
    void aMeaninglessLimitIsADefect() {
        assertThrows(IllegalArgumentException.class, () -> new RateLimit(0, 1, nanos::get));
        assertThrows(IllegalArgumentException.class, () -> new RateLimit(1, 0, nanos::get));
        assertThrows(IllegalArgumentException.class, () -> new RateLimit(1_000_001, 1, nanos::get));
    }
}
