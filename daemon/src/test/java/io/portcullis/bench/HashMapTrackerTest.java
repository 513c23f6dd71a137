package io.portcullis.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The tracker of the benchmarks does its work. */
final class HashMapTrackerTest {
    @Test
    void aFlowIsFoundAndItsWindowsHold() {
        HashMapTracker tracker = new HashMapTracker();
        HashMapTracker.Key key = new HashMapTracker.Key(0, 7, 0, 1, 6, 40_000 << 16 | 80);
        assertFalse(tracker.hit(key, 1000, 9000, 100, 1));
        tracker.insert(key);
        assertEquals(1, tracker.size());
        assertTrue(tracker.hit(key, 1000, 9000, 100, 1));
        assertTrue(tracker.hit(key, 1000, 9000, 100, 2));
        assertFalse(tracker.hit(key, 1001, 9000, 100, 3), "beyond its window");
        assertFalse(tracker.hit(key, 1000, 9001, 100, 3), "acknowledges what was never sent");
        assertFalse(tracker.hit(new HashMapTracker.Key(0, 7, 0, 1, 6, 80), 1000, 9000, 100, 4));
    }
}
