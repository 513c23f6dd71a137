package io.portcullis.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.packet.Batch;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads put frames while the loop polls: each frame arrives once, whole, in its producer's order. */
@Timeout(60)
final class FrameQueueRaceTest {
    private static final int PRODUCERS = 2;
    private static final int FRAMES = 200_000;
    private static final int LONGEST = 64;
    private static final int CLOSES = 500;

    private final ExecutorService threads = Executors.newFixedThreadPool(PRODUCERS + 1);

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    /** Producer, number, and the number again in every word after them. */
    private static byte[] frame(int producer, int number) {
        ByteBuffer frame =
                ByteBuffer.allocate(8 + number % ((LONGEST - 8) / 4) * 4).order(ByteOrder.nativeOrder());
        frame.putInt(producer).putInt(number);
        while (frame.hasRemaining()) {
            frame.putInt(number);
        }
        return frame.array();
    }

    /** Adds the number of each frame to those of its producer. */
    private static void take(Batch batch, List<List<Integer>> arrived) {
        for (int i = 0; i < batch.size(); i++) {
            int producer = batch.memory().get(ValueLayout.JAVA_INT_UNALIGNED, batch.offset(i));
            int number = batch.memory().get(ValueLayout.JAVA_INT_UNALIGNED, batch.offset(i) + 4);
            assertEquals(frame(producer, number).length, batch.length(i));
            for (int at = 8; at < batch.length(i); at += 4) {
                assertEquals(number, batch.memory().get(ValueLayout.JAVA_INT_UNALIGNED, batch.offset(i) + at));
            }
            arrived.get(producer).add(number);
        }
    }

    private static List<List<Integer>> lists() {
        List<List<Integer>> lists = new ArrayList<>();
        for (int i = 0; i < PRODUCERS; i++) {
            lists.add(new ArrayList<>());
        }
        return lists;
    }

    /** The first producer waits for space, the others drop a frame that finds none. */
    private static List<Integer> put(FrameQueue queue, int producer) throws InterruptedException {
        List<Integer> accepted = new ArrayList<>();
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = frame(producer, i);
            if (producer == 0 ? queue.put(frame) : queue.offer(frame)) {
                accepted.add(i);
            }
        }
        return accepted;
    }

    @Test
    void noFrameIsLostTornOrOutOfOrder() throws Exception {
        FrameQueue queue = new FrameQueue(4, 1_000, true);
        List<CompletableFuture<List<Integer>>> accepted = new ArrayList<>();
        for (int producer = 0; producer < PRODUCERS; producer++) {
            int number = producer;
            accepted.add(CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return put(queue, number);
                        } catch (InterruptedException asked) {
                            throw new IllegalStateException(asked);
                        }
                    },
                    threads));
        }
        List<List<Integer>> arrived = lists();
        boolean ended = false;
        while (!ended) {
            // Before the last poll: it sees every frame that was put before they ended.
            ended = accepted.stream().allMatch(CompletableFuture::isDone);
            for (Batch batch = queue.poll(); batch != null; batch = queue.poll()) {
                take(batch, arrived);
                queue.release(batch);
            }
        }
        for (int producer = 0; producer < PRODUCERS; producer++) {
            assertEquals(accepted.get(producer).join(), arrived.get(producer));
        }
        assertEquals(FRAMES, arrived.getFirst().size(), "nothing is lost where the producer waits");
        queue.close();
    }

    /** Close between put, poll and release: no access to freed memory, and no thread waits for ever. */
    @Test
    void closeEndsEveryWait() throws Exception {
        for (int i = 0; i < CLOSES; i++) {
            FrameQueue queue = new FrameQueue(2, LONGEST, true);
            CompletableFuture<Integer> put = CompletableFuture.supplyAsync(() -> putUntilClosed(queue), threads);
            CompletableFuture<Void> closed = CompletableFuture.runAsync(queue::close, threads);
            List<List<Integer>> arrived = lists();
            while (!closed.isDone()) {
                Batch batch = queue.poll();
                if (batch != null) {
                    take(batch, arrived);
                    queue.release(batch);
                }
            }
            closed.join();
            assertTrue(arrived.getFirst().size() <= put.join());
            assertEquals(null, queue.poll());
        }
    }

    private static int putUntilClosed(FrameQueue queue) {
        int i = 0;
        try {
            while (queue.put(frame(0, i))) {
                i++;
            }
        } catch (InterruptedException asked) {
            throw new IllegalStateException(asked);
        }
        return i;
    }
}
