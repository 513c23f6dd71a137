package io.portcullis.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each counter has one writer, and two writers share the counters of a port: none disturbs the other. */
@Timeout(60)
final class PortCountersRaceTest {
    private static final int ROUNDS = 5_000_000;

    private static void count(PortCounters counters, PortCounter counter) {
        for (int i = 0; i < ROUNDS; i++) {
            counters.add(counter, 1L << 33);
        }
    }

    @Test
    void neighboursDoNotDisturbEachOtherAndReadersSeeWholeCounters() {
        PortCounters counters = new PortCounters();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            CompletableFuture<Void> loop =
                    CompletableFuture.runAsync(() -> count(counters, PortCounter.UNKNOWN_TUNNEL), threads);
            CompletableFuture<Void> watch =
                    CompletableFuture.runAsync(() -> count(counters, PortCounter.TRUNCATED), threads);
            long before = 0;
            while (!(loop.isDone() && watch.isDone())) {
                long now = counters.get(PortCounter.TRUNCATED);
                assertTrue(now >= before, "a counter went back");
                assertEquals(0, now & (1L << 33) - 1);
                before = now;
            }
        }
        assertEquals((long) ROUNDS << 33, counters.get(PortCounter.UNKNOWN_TUNNEL));
        assertEquals((long) ROUNDS << 33, counters.get(PortCounter.TRUNCATED));
    }
}
