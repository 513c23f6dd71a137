package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.policy.Policy;
import io.portcullis.port.memory.MemoryPort;
import io.portcullis.testing.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Held fragments leave by the port by which the first fragment of their datagram leaves. */
@Timeout(60)
final class HeldFragmentsTest {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";

    private final MemoryPort outside = new MemoryPort("outside", 1500);
    private final MemoryPort inside = new MemoryPort("inside", 1500);

    private Workers start(String keys) throws Exception {
        String file = "version: 1\ninterfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]"
                + keys + "}}\nsecurity-groups: {web: {ingress: [{protocol: udp, ports: 53, from: any}]}}\n";
        Policy policy = Policy.compile(ConfigReader.parse(file, "test.yaml"), "web0", 1, 1_000);
        Workers workers = Workers.of(
                "web0",
                List.of(new Engine(policy, Shard.ALL, 1, 2)),
                List.of(outside),
                List.of(inside),
                _ -> Worker.ThreadOptions.PLAIN,
                _ -> {});
        workers.start(false);
        return workers;
    }

    private static void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    private static byte[] later(String from, String to, int offset) {
        return Frame.udp(from, 1, to, 53).payload(80).fragment(offset, true).bytes();
    }

    private static void assertSent(List<byte[]> expected, MemoryPort port) {
        await("frames that leave", () -> port.sent().size() >= expected.size());
        List<byte[]> sent = new ArrayList<>(port.sent());
        assertEquals(expected.size(), sent.size());
        for (int i = 0; i < sent.size(); i++) {
            assertArrayEquals(expected.get(i), sent.get(i), "frame " + i);
        }
    }

    @Test
    void behindTheirFirst() throws Exception {
        try (Workers workers = start("")) {
            for (Direction direction : Direction.values()) {
                MemoryPort arrived = direction == Direction.INGRESS ? outside : inside;
                String from = direction == Direction.INGRESS ? A : B;
                String to = direction == Direction.INGRESS ? B : A;
                List<byte[]> expected = new ArrayList<>();
                expected.add(
                        Frame.udp(from, 1, to, 53).payload(72).fragment(0, true).bytes());
                for (int i = 1; i <= 60; i++) {
                    expected.add(later(from, to, 80 * i));
                    assertTrue(arrived.inject(expected.getLast()));
                }
                await("that they are held", () -> workers.counters().total(Counters.Total.FRAGMENTS_HELD) == 60);
                assertTrue(arrived.inject(expected.getFirst()));
                assertSent(expected, direction == Direction.INGRESS ? inside : outside);
                await("that none is held", () -> workers.counters().total(Counters.Total.FRAGMENTS_HELD) == 0);
            }
        }
    }

    @Test
    void withEnforceAuditAtTheEndOfTheirWaitAtTheLatest() throws Exception {
        try (Workers workers = start(", enforce: audit, timeouts: {fragment: 1s}")) {
            byte[] in = later(A, B, 80);
            byte[] out = later(B, A, 80);
            assertTrue(outside.inject(in));
            assertTrue(inside.inject(out));
            assertSent(List.of(in), inside);
            assertSent(List.of(out), outside);
            assertEquals(1, workers.counters().auditedPackets(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
            assertEquals(1, workers.counters().auditedPackets(Direction.EGRESS, Reason.FRAGMENT_LIMIT));
            assertEquals(0, workers.counters().packets(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        }
    }

    @Test
    void notWhereThereIsNoFirst() throws Exception {
        try (Workers workers = start(", timeouts: {fragment: 1s}")) {
            assertTrue(outside.inject(later(A, B, 80)));
            await(
                    "the drop",
                    () -> workers.counters().packets(Direction.INGRESS, Reason.FRAGMENT_LIMIT) == 1
                            && workers.counters().total(Counters.Total.FRAGMENTED_DATAGRAMS) == 0);
            assertEquals(0, inside.sent().size());
        }
    }
}
