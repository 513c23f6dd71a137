package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HistogramTest {
    private static final List<Histogram> ALL =
            List.of(new Histogram(8_192, 268_435_456, 4), new Histogram(32, 1 << 20, 2), new Histogram(1, 64, 1));

    @Test
    void boundsRiseByOnePartOfAPowerOfTwo() {
        assertArrayEquals(new long[] {1, 2, 4, 8, 16, 32, 64}, new Histogram(1, 64, 1).bounds());
        assertArrayEquals(new long[] {32, 48, 64, 96, 128}, new Histogram(32, 128, 2).bounds());
        assertArrayEquals(new long[] {8, 10, 12, 14, 16}, new Histogram(8, 16, 4).bounds());
        assertArrayEquals(new long[] {8}, new Histogram(8, 8, 1).bounds());
    }

    @Test
    void eachBoundBelongsToItsBucketAndOneMoreToTheNext() {
        for (Histogram histogram : ALL) {
            long[] bounds = histogram.bounds();
            for (int i = 0; i < bounds.length; i++) {
                assertEquals(i, histogram.bucketOf(bounds[i]), () -> Arrays.toString(bounds));
                assertEquals(i + 1, histogram.bucketOf(bounds[i] + 1), () -> Arrays.toString(bounds));
            }
            assertEquals(0, histogram.bucketOf(0));
            assertEquals(bounds.length, histogram.bucketOf(Long.MAX_VALUE));
        }
    }

    @Test
    void everyRecordedNumberIsCounted() {
        Histogram histogram = new Histogram(8_192, 268_435_456, 4);
        histogram.record(1);
        histogram.record(100_000);
        histogram.record(100_000);
        histogram.record(1_000_000_000);
        assertEquals(1_000_200_001, histogram.sum());
        assertEquals(4, Arrays.stream(histogram.counts()).sum());
        assertEquals(2, histogram.counts()[histogram.bucketOf(100_000)]);
        assertEquals(1, histogram.counts()[histogram.bounds().length]);
    }

    @Test
    void boundsThatNoBucketsCanHaveAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Histogram(8, 100, 1));
        assertThrows(IllegalArgumentException.class, () -> new Histogram(8, 64, 3));
        assertThrows(IllegalArgumentException.class, () -> new Histogram(64, 8, 1));
        assertThrows(IllegalArgumentException.class, () -> new Histogram(1, 64, 2));
        assertThrows(IllegalArgumentException.class, () -> new Histogram(0, 64, 1));
    }
}
