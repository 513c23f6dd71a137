package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.portcullis.linux.packet.RehearsalSocket;
import io.portcullis.packet.Batch;
import io.portcullis.port.PortCounter;
import io.portcullis.testing.Allocation;
import io.portcullis.testing.TunnelTrain;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Segmenting the super-frames of tunnels allocates nothing. */
@Timeout(90)
final class TunnelAllocationTest {
    private static final int NEEDS_CSUM = 1;
    private static final int SEGMENTS = 4;
    private static final int FRAMES = 20_000;

    /** It fits a slot, into which the rehearsal puts it. */
    private static final int PAYLOAD = 1_200;

    private static RehearsalSocket.Offload offload(TunnelTrain train) {
        return new RehearsalSocket.Offload(
                NEEDS_CSUM,
                train.gsoType(),
                train.segmentLength(),
                train.checksumStart(),
                train.checksumField() - train.checksumStart(),
                -1);
    }

    @Test
    void nothingIsAllocatedPerFrame() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        List<TunnelTrain> trains = new ArrayList<>();
        for (TunnelTrain.Kind kind : TunnelTrain.Kind.values()) {
            trains.add(new TunnelTrain(
                    new TunnelTrain.Shape(kind, kind.carries(true), true, List.of(), PAYLOAD / SEGMENTS, PAYLOAD, 12),
                    new SplittableRandom(kind.ordinal())));
        }
        try (RingRehearsal outside = RingRehearsal.open();
                RingRehearsal inside = RingRehearsal.open()) {
            long[] sent = {0};
            try {
                Allocation.nothingIn(() -> {
                    long bytes = 0;
                    for (int i = 0; i < FRAMES; i++) {
                        TunnelTrain train = trains.get(i % trains.size());
                        assertTrue(outside.receive(train.joined(), offload(train)));
                        long before = threads.getCurrentThreadAllocatedBytes();
                        Batch batch = outside.port().receive();
                        assertNotNull(batch);
                        batch.accept(0, Batch.NO_RULE);
                        inside.port().send(batch);
                        outside.port().release(batch);
                        bytes += threads.getCurrentThreadAllocatedBytes() - before;
                        sent[0] += SEGMENTS;
                        inside.drain();
                    }
                    return bytes;
                });
                assertEquals(sent[0], inside.port().counters().get(PortCounter.SENT_FRAMES));
            } finally {
                outside.port().close();
                inside.port().close();
            }
        }
    }
}
