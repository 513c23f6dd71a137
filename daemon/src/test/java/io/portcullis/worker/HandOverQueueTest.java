package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.testing.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Frames of several producers reach one consumer whole and in order, or are refused before they are copied. */
@Timeout(120)
final class HandOverQueueTest {
    private static final int PLACES = 64;
    private static final int SLOT = 4_096;

    /** A batch of frames of these lengths; each repeats one byte. */
    private static Batch batch(int... lengths) {
        MemorySegment memory = Arena.ofAuto().allocate((long) SLOT * lengths.length, Long.BYTES);
        Batch batch = new Batch(memory, false);
        for (int i = 0; i < lengths.length; i++) {
            memory.asSlice((long) i * SLOT, SLOT).fill((byte) (i + 1));
            batch.add((long) i * SLOT + 100, lengths[i]);
        }
        return batch;
    }

    private static byte[] bytes(Batch batch, int i, int before) {
        return batch.memory()
                .asSlice(batch.offset(i) - before, batch.length(i) + before)
                .toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void aFrameArrivesWithItsVnetHeaderAndMetadata() {
        Batch batch = batch(60, 1_500, 200);
        batch.partial(34, 50);
        batch.segments(700);
        batch.verified(1);
        HandOverQueue queue = new HandOverQueue(PLACES);
        for (int i = 0; i < 3; i++) {
            assertTrue(queue.put(batch, i, i == 1 ? Direction.EGRESS : Direction.INGRESS));
        }
        assertEquals(3, queue.take());
        Batch in = queue.taken(Direction.INGRESS);
        Batch out = queue.taken(Direction.EGRESS);
        assertEquals(2, in.size());
        assertEquals(1, out.size());
        assertArrayEquals(bytes(batch, 0, Batch.VNET_HEADER), bytes(in, 0, Batch.VNET_HEADER));
        assertArrayEquals(bytes(batch, 2, Batch.VNET_HEADER), bytes(in, 1, Batch.VNET_HEADER));
        assertArrayEquals(bytes(batch, 1, Batch.VNET_HEADER), bytes(out, 0, Batch.VNET_HEADER));
        assertEquals(Batch.Checksum.UNKNOWN, in.checksum(0));
        assertEquals(Batch.Checksum.VERIFIED, out.checksum(0));
        assertEquals(Batch.Checksum.PARTIAL, in.checksum(1));
        assertEquals(34, in.checksumStart(1));
        assertEquals(50, in.checksumField(1));
        assertEquals(700, in.segmentLength(1));
        assertEquals(0, in.segmentLength(0));
    }

    @Test
    void aSlotIsFreeOnlyAfterItsRelease() {
        Batch batch = batch(60);
        HandOverQueue queue = new HandOverQueue(PLACES);
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < PLACES; i++) {
                assertTrue(queue.put(batch, 0, Direction.INGRESS));
            }
            assertFalse(queue.put(batch, 0, Direction.INGRESS));
            assertEquals(PLACES, queue.take());
            assertFalse(queue.put(batch, 0, Direction.INGRESS), "they are still being decided about");
            queue.release();
            assertEquals(0, queue.take());
        }
    }

    @Test
    void aFrameLongerThanAnyErrorIsRefused() {
        HandOverQueue queue = new HandOverQueue(PLACES);
        assertTrue(queue.put(batch(HandOverQueue.LONGEST), 0, Direction.INGRESS));
        assertFalse(queue.put(batch(HandOverQueue.LONGEST + 1), 0, Direction.INGRESS));
        assertEquals(1, queue.take());
        assertFalse(new HandOverQueue(0).put(batch(60), 0, Direction.INGRESS));
        assertEquals(0, new HandOverQueue(0).take());
        assertThrows(IllegalArgumentException.class, () -> new HandOverQueue(48));
        assertThrows(IllegalArgumentException.class, () -> new HandOverQueue(128));
    }

    /** Three producers that never wait: every accepted frame arrives once, whole, in its producer's order. */
    @Test
    void producersDoNotDisturbEachOther() {
        int producers = 3;
        int each = 100_000;
        HandOverQueue queue = new HandOverQueue(PLACES);
        // Not the common pool, which has one thread on two cores.
        ExecutorService threads = Executors.newFixedThreadPool(producers);
        List<CompletableFuture<List<Integer>>> accepted = new ArrayList<>();
        for (int producer = 0; producer < producers; producer++) {
            Batch frame = batch(64 + producer);
            int of = producer;
            accepted.add(CompletableFuture.supplyAsync(
                    () -> {
                        List<Integer> taken = new ArrayList<>();
                        for (int i = 0; i < each; i++) {
                            for (int at = 0; at < 64; at += 4) {
                                frame.memory().set(ValueLayout.JAVA_INT, frame.offset(0) + at, i);
                            }
                            if (queue.put(frame, 0, of == 0 ? Direction.EGRESS : Direction.INGRESS)) {
                                taken.add(i);
                            }
                        }
                        return taken;
                    },
                    threads));
        }
        List<List<Integer>> arrived = IntStream.range(0, producers)
                .<List<Integer>>mapToObj(_ -> new ArrayList<>())
                .toList();
        boolean ended = false;
        while (!ended) {
            // Before the last take: it sees every frame that was put before they ended.
            ended = accepted.stream().allMatch(CompletableFuture::isDone);
            queue.take();
            for (Direction direction : Direction.values()) {
                Batch batch = queue.taken(direction);
                for (int i = 0; i < batch.size(); i++) {
                    int producer = batch.length(i) - 64;
                    byte[] bytes = bytes(batch, i, 0);
                    int first = batch.memory().get(ValueLayout.JAVA_INT_UNALIGNED, batch.offset(i));
                    byte[] again = Arrays.copyOfRange(bytes, 4, 64);
                    assertArrayEquals(Arrays.copyOfRange(bytes, 0, 60), again, "a frame of two");
                    arrived.get(producer).add(first);
                }
            }
            queue.release();
        }
        for (int producer = 0; producer < producers; producer++) {
            assertEquals(accepted.get(producer).join(), arrived.get(producer));
        }
        threads.shutdown();
    }

    @Test
    void nothingIsAllocated() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Batch batch = batch(1_280, 60);
        HandOverQueue queue = new HandOverQueue(PLACES);
        Allocation.nothingIn(() -> {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100_000; i++) {
                queue.put(batch, i & 1, Direction.INGRESS);
                if (i % 100 == 99) {
                    queue.take();
                    queue.release();
                }
            }
            return threads.getCurrentThreadAllocatedBytes() - before;
        });
    }
}
