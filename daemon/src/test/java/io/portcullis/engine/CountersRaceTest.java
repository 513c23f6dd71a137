package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Direction;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One worker counts while others read: no reader sees a counter go back, and none loses an increment. */
@Timeout(60)
final class CountersRaceTest {
    private static final int ROUNDS = 3_000_000;
    private static final int READERS = 2;

    private static void count(Counters counters) {
        for (int i = 1; i <= ROUNDS; i++) {
            counters.count(Direction.INGRESS, Reason.NONE, 1, 100);
            counters.count(Direction.EGRESS, Reason.NO_RULE, 2, 60);
            counters.add(Counters.Total.FLOW_HITS, 1L << 33);
        }
    }

    /** Reads until the writer has ended. */
    private static void read(Counters counters, CompletableFuture<Void> writer) {
        long packets = 0;
        long hits = 0;
        boolean ended = false;
        while (!ended) {
            ended = writer.isDone();
            // A counter of more than 32 bits is seen whole.
            long nextHits = counters.total(Counters.Total.FLOW_HITS);
            long nextPackets = Counters.sum(List.of(counters)).packets(Direction.EGRESS, Reason.NO_RULE);
            assertEquals(0, nextHits & (1L << 33) - 1);
            assertEquals(0, nextPackets & 1);
            assertTrue(nextHits >= hits && nextPackets >= packets, "a counter went back");
            hits = nextHits;
            packets = nextPackets;
        }
        assertEquals(2L * ROUNDS, packets);
        assertEquals((long) ROUNDS << 33, hits);
    }

    @Test
    void readersSeeEachCounterWholeAndNeverLess() {
        Counters counters = new Counters();
        try (ExecutorService threads = Executors.newFixedThreadPool(1 + READERS)) {
            CompletableFuture<Void> start = new CompletableFuture<>();
            CompletableFuture<Void> writer = start.thenRunAsync(() -> count(counters), threads);
            List<CompletableFuture<Void>> readers = IntStream.range(0, READERS)
                    .mapToObj(_ -> CompletableFuture.runAsync(() -> read(counters, writer), threads))
                    .toList();
            start.complete(null);
            readers.forEach(CompletableFuture::join);
        }
        assertEquals(ROUNDS, counters.packets(Direction.INGRESS, Reason.NONE));
        assertEquals(100L * ROUNDS, counters.bytes(Direction.INGRESS, Reason.NONE));
    }
}
