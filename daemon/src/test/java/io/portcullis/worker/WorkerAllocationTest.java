package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.linux.packet.RehearsalSocket;
import io.portcullis.net.Direction;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Packet;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortCounter;
import io.portcullis.port.ring.RingRehearsal;
import io.portcullis.testing.Allocation;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A whole worker, from the ring to the system call and back to waiting: 100,000 frames allocate nothing. */
@Timeout(90)
@Tag("slow")
final class WorkerAllocationTest {
    private static final int FRAMES = 100_000;

    /** They leave in about 250 messages, which fit the smallest default send buffer of Linux. */
    private static final int AT_ONCE = 800;

    private static final int SEED = 77;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(15);

    private static Policy policy() throws Exception {
        return Policy.compile(ConfigReader.parse("""
                version: 1
                interfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}}
                security-groups: {web: {ingress: [{protocol: udp, ports: 53, from: any}]}}
                """, "test.yaml"), "web0", 1, 1_000);
    }

    /** Runs of one flow, which leave together, others between them, and some that no rule admits. */
    private static List<byte[]> frames() {
        return IntStream.range(0, 16)
                .mapToObj(i -> Frame.udp("198.51.100.7", i < 12 ? 1_000 : 1_000 + i, "10.0.0.1", i == 15 ? 54 : 53)
                        .payload(40)
                        .bytes())
                .toList();
    }

    @Test
    void nothingIsAllocatedPerFrame() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        AtomicLong loop = new AtomicLong();
        List<byte[]> frames = frames();
        try (RingRehearsal outside = RingRehearsal.open();
                RingRehearsal inside = RingRehearsal.open()) {
            Worker.ThreadOptions threadOptions = new Worker.ThreadOptions(
                    false, () -> loop.set(Thread.currentThread().threadId()));
            Workers workers = Workers.of(
                    "web0",
                    List.of(new Engine(policy(), Shard.ALL, 1, 2)),
                    List.of(outside.port()),
                    List.of(inside.port()),
                    _ -> threadOptions,
                    _ -> {});
            try {
                workers.start(false);
                int[] sent = {0};
                Allocation.nothingIn(() -> {
                    long before = threads.getThreadAllocatedBytes(loop.get());
                    for (int i = 1; i <= FRAMES; i++) {
                        assertTrue(
                                outside.receive(frames.get(sent[0]++ % frames.size()), RehearsalSocket.Offload.NONE));
                        if (i % AT_ONCE == 0) {
                            await(outside, inside);
                        }
                    }
                    return threads.getThreadAllocatedBytes(loop.get()) - before;
                });
                assertEquals(sent[0] / 16 * 15L, workers.counters().packets(Direction.INGRESS, Reason.NONE));
                assertEquals(sent[0] / 16, workers.counters().packets(Direction.INGRESS, Reason.NO_RULE));
                assertEquals(sent[0] / 16 * 15L, workers.portCount(false, PortCounter.SENT_FRAMES));
            } finally {
                workers.close();
            }
        }
    }

    /** Errors that the kernel sent to the wrong worker: neither this worker nor the flow's worker allocates. */
    @Test
    void nothingIsAllocatedForAFrameOfAnotherWorker() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        AtomicLong[] loops = {new AtomicLong(), new AtomicLong()};
        byte[] error = errorOfWorker(1);
        try (RingRehearsal outside = RingRehearsal.open();
                RingRehearsal inside = RingRehearsal.open();
                RingRehearsal otherOutside = RingRehearsal.open();
                RingRehearsal otherInside = RingRehearsal.open()) {
            Workers workers = Workers.of(
                    "web0",
                    List.of(engine(0), engine(1)),
                    List.of(outside.port(), otherOutside.port()),
                    List.of(inside.port(), otherInside.port()),
                    i -> new Worker.ThreadOptions(
                            false, () -> loops[i].set(Thread.currentThread().threadId())),
                    _ -> {});
            try {
                workers.start(false);
                Allocation.nothingIn(() -> {
                    long before = allocated(threads, loops);
                    for (int i = 1; i <= FRAMES; i++) {
                        assertTrue(outside.receive(error, RehearsalSocket.Offload.NONE));
                        if (i % AT_ONCE == 0) {
                            await(outside, inside);
                        }
                    }
                    return allocated(threads, loops) - before;
                });
                long beganNs = System.nanoTime();
                long received = workers.portCount(true, PortCounter.RECEIVED_FRAMES);
                while (handled(workers) != received) {
                    assertTrue(System.nanoTime() - beganNs < PATIENCE_NS, handled(workers) + " of " + received);
                    LockSupport.parkNanos(1_000_000);
                }
                assertTrue(workers.counters().packets(Direction.INGRESS, Reason.ICMP_UNRELATED) > 0);
            } finally {
                workers.close();
            }
        }
    }

    private static long handled(Workers workers) {
        return workers.counters().packets(Direction.INGRESS, Reason.ICMP_UNRELATED)
                + workers.counters().total(Counters.Total.NOT_TAKEN_OVER);
    }

    private static long allocated(ThreadMXBean threads, AtomicLong[] loops) {
        return threads.getThreadAllocatedBytes(loops[0].get()) + threads.getThreadAllocatedBytes(loops[1].get());
    }

    private static Engine engine(int worker) throws Exception {
        return new Engine(policy(), new Shard(worker, 2, SEED), 1, 2);
    }

    private static byte[] errorOfWorker(int worker) {
        for (int i = 1; i < 100; i++) {
            Frame about =
                    Frame.udp("2001:db8::1", 4_000, "2001:db8:f::" + i, 53).payload(20);
            byte[] bytes = about.bytes();
            Packet packet = new Packet();
            packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length);
            if (AddressPair.worker(AddressPair.hash(SEED, packet), 2) == worker) {
                return Frame.icmp("2001:db8:a::1", "2001:db8::1", 1, 4, 0)
                        .payload(about.ip())
                        .bytes();
            }
        }
        throw new AssertionError("no such flow");
    }

    /** Waits until the worker has received all frames; discards the sent ones meanwhile. */
    private static void await(RingRehearsal outside, RingRehearsal inside) {
        long beganNs = System.nanoTime();
        while (!outside.isEmpty()) {
            inside.drain();
            assertTrue(System.nanoTime() - beganNs < PATIENCE_NS, "the worker takes nothing");
            LockSupport.parkNanos(20_000);
        }
        inside.drain();
    }
}
