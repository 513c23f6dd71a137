package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.RehearsalSocket.Offload;
import io.portcullis.packet.Batch;
import io.portcullis.port.PortCounter;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A kernel that fills slots while the loop reads and releases them: each frame arrives once, whole, in order. */
@Timeout(60)
final class RingRaceTest {
    private static final int FRAMES = 400_000;
    private static final int HEADER = 14;
    private static final int LONGEST = 200;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static int words(int number) {
        return 1 + number % ((LONGEST - HEADER) / 4);
    }

    private static byte[] frame(int number) {
        ByteBuffer frame = ByteBuffer.allocate(HEADER + 4 * words(number)).position(HEADER);
        while (frame.hasRemaining()) {
            frame.putInt(number);
        }
        return frame.array();
    }

    /** Every third frame has an unfinished checksum, every fifth a tag. */
    private static Offload offload(int number) {
        return new Offload(
                number % 3 == 0 ? PacketSocket.VIRTIO_NET_HDR_F_NEEDS_CSUM : 0,
                0,
                0,
                HEADER,
                2,
                number % 5 == 0 ? number % 4_000 : -1);
    }

    private static void deliverAll(RingRehearsal nic) {
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = frame(i);
            Offload offload = offload(i);
            while (!nic.receive(frame, offload)) {
                Thread.onSpinWait();
            }
        }
    }

    private static void check(Batch batch, int i, int number) {
        int tag = number % 5 == 0 ? 4 : 0;
        assertEquals(HEADER + tag + 4 * words(number), batch.length(i));
        long payload = batch.offset(i) + HEADER + tag;
        for (int word = 0; word < words(number); word++) {
            assertEquals(number, batch.memory().get(INT, payload + 4L * word));
        }
        assertEquals(number % 3 == 0 ? Batch.Checksum.PARTIAL : Batch.Checksum.UNKNOWN, batch.checksum(i));
        if (number % 3 == 0) {
            assertEquals(HEADER + tag, batch.checksumStart(i));
        }
    }

    @Test
    void noFrameIsLostTornOrOutOfOrder() throws Exception {
        try (RingRehearsal nic = RingRehearsal.open();
                ExecutorService threads = Executors.newSingleThreadExecutor()) {
            RingPort port = nic.port();
            CompletableFuture<Void> kernel = CompletableFuture.runAsync(() -> deliverAll(nic), threads);
            int next = 0;
            while (next < FRAMES) {
                assertTrue(!kernel.isCompletedExceptionally(), "the kernel's part has failed");
                Batch batch = port.receive();
                if (batch == null) {
                    Thread.onSpinWait();
                    continue;
                }
                for (int i = 0; i < batch.size(); i++) {
                    check(batch, i, next++);
                }
                port.release(batch);
            }
            kernel.join();
            assertTrue(nic.isEmpty());
            assertEquals(FRAMES, port.counters().get(PortCounter.RECEIVED_FRAMES));
            port.close();
        }
    }
}
