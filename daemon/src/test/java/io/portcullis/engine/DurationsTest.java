package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class DurationsTest {
    private static final long[] BOUNDS = Durations.boundsNs();

    @Test
    void boundsRiseByAQuarterAtTheMost() {
        for (int i = 1; i < BOUNDS.length; i++) {
            assertTrue(BOUNDS[i] > BOUNDS[i - 1], "bucket " + i);
            assertTrue(BOUNDS[i] <= BOUNDS[i - 1] * 5 / 4, "bucket " + i);
        }
        assertEquals(8_192, BOUNDS[0]);
        assertEquals(268_435_456, BOUNDS[BOUNDS.length - 1]);
    }

    @Test
    void eachBoundBelongsToItsBucketAndOneMoreToTheNext() {
        for (int i = 0; i < BOUNDS.length; i++) {
            assertEquals(i, Durations.bucketOf(BOUNDS[i]), BOUNDS[i] + " ns");
            assertEquals(i + 1, Durations.bucketOf(BOUNDS[i] + 1), BOUNDS[i] + 1 + " ns");
        }
        assertEquals(0, Durations.bucketOf(0));
        assertEquals(BOUNDS.length, Durations.bucketOf(Long.MAX_VALUE));
    }

    @Test
    void everyRecordedDurationIsCounted() {
        Durations durations = new Durations();
        durations.record(1);
        durations.record(100_000);
        durations.record(100_000);
        durations.record(1_000_000_000);
        assertEquals(1_000_200_001, durations.sumNs());
        assertEquals(4, Arrays.stream(durations.counts()).sum());
        assertEquals(2, durations.counts()[Durations.bucketOf(100_000)]);
        assertEquals(1, durations.counts()[BOUNDS.length]);
    }
}
