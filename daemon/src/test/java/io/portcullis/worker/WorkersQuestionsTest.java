package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.engine.review.FlowReview;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Policy;
import io.portcullis.port.memory.MemoryPort;
import io.portcullis.testing.Frame;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers in threads of their own are asked about their flows and about a conversation. */
@Timeout(60)
final class WorkersQuestionsTest {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final long PATIENCE_MS = 15_000;
    private static final int WORKERS = 2;
    private static final Address HOST = Address.parse("10.0.0.1");
    private static final Address PEER = Address.parse("198.51.100.7");

    private final List<MemoryPort> outside = ports("outside");
    private final List<MemoryPort> inside = ports("inside");
    private final Workers workers;
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    WorkersQuestionsTest() throws Exception {
        Policy policy = policy("tcp, ports: [22, 80]", "keep", 1);
        List<Engine> engines = IntStream.range(0, WORKERS)
                .mapToObj(i -> new Engine(policy, new Shard(i, WORKERS, 3), 1, 2))
                .toList();
        workers = Workers.of("web0", engines, outside, inside, _ -> Worker.ThreadOptions.PLAIN, _ -> hold());
        workers.start(false);
    }

    @AfterEach
    void end() {
        goOn.countDown();
        workers.close();
    }

    /** The report of drops blocks the loop. */
    private void hold() {
        held.countDown();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<MemoryPort> ports(String nic) {
        return IntStream.range(0, WORKERS)
                .mapToObj(_ -> new MemoryPort(nic, 1_500))
                .toList();
    }

    private static Policy policy(String admitted, String onReload, long generation) throws Exception {
        return Policy.compile(
                ConfigReader.parse("""
                version: 1
                interfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}}
                security-groups: {web: {ingress: [{protocol: %s, from: any}], egress: []}}
                conntrack: {on-reload: %s}
                """.formatted(admitted, onReload), "test.yaml"), "web0", generation, 10_000);
    }

    private static void await(String what, BooleanSupplier condition) {
        long began = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - began < PATIENCE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    private static byte[] syn(int from, int to) {
        return Frame.tcp("198.51.100.7", from, "10.0.0.1", to, TcpFlags.SYN).bytes();
    }

    private void open(int worker, int from, int to) {
        assertTrue(outside.get(worker).inject(syn(from, to)));
        await("it leaves", () -> inside.get(worker).sent().poll() != null);
    }

    @Test
    void theFlowsOfAllWorkersAreReviewed() throws Exception {
        for (int worker = 0; worker < WORKERS; worker++) {
            for (int i = 0; i < 100; i++) {
                open(worker, 1_000 + worker * 1_000 + i, i < 30 ? 22 : 80);
            }
        }
        FlowReview same = workers.review(policy("tcp, ports: [22, 80]", "keep", 2), 5, PATIENCE_MS);
        assertEquals(new FlowReview(200, 0, 0, List.of()), same);
        Policy next = policy("tcp, ports: 80", "keep", 2);
        FlowReview kept = workers.review(next, 40, PATIENCE_MS);
        assertEquals(200, kept.tracked());
        assertEquals(60, kept.refused());
        assertEquals(0, kept.cut());
        assertEquals(40, kept.sample().size());
        assertEquals(
                new FlowReview.Example(Direction.INGRESS, IpProtocol.TCP, PEER, 1_000, HOST, 22, 0, true, false),
                kept.sample().getFirst());
        assertEquals(
                60,
                workers.review(policy("tcp, ports: 80", "recheck", 2), 0, PATIENCE_MS)
                        .cut());
        assertEquals(200, workers.counters().total(Counters.Total.FLOWS), "a review changes nothing");
        workers.install(next, PATIENCE_MS);
        assertEquals(60, workers.review(next, 0, PATIENCE_MS).refused());
    }

    @Test
    void aWorkerThatDoesNotAnswerInTimeIsAFailureWithoutLeftovers() throws Exception {
        open(0, 1_000, 22);
        Policy next = policy("tcp, ports: 80", "keep", 2);
        assertTrue(outside.get(0).inject(syn(1_001, 23)));
        assertTrue(held.await(PATIENCE_MS, TimeUnit.MILLISECONDS), "the report of a drop holds the loop");
        assertThrows(IllegalStateException.class, () -> workers.review(next, 1, 100));
        goOn.countDown();
        assertEquals(1, workers.review(next, 1, PATIENCE_MS).refused());
    }

    @Test
    void aWorkerThatHasEndedDoesNotAnswer() throws Exception {
        workers.close();
        Policy next = policy("tcp, ports: 80", "keep", 2);
        assertThrows(IllegalStateException.class, () -> workers.review(next, 1, PATIENCE_MS));
        workers.watch(new PeerWatch(PEER, HOST, 22));
        assertEquals(PeerTraffic.NONE, workers.watched());
    }

    @Test
    void aConversationIsWatchedByAllWorkersUntilItIsUnwatched() {
        assertEquals(PeerTraffic.NONE, workers.watched());
        workers.watch(new PeerWatch(PEER, HOST, 22));
        assertTrue(workers.areAlive(PATIENCE_MS), "the next round watches");
        open(0, 1_000, 22);
        open(1, 1_001, 22);
        open(1, 1_002, 80);
        assertTrue(inside.get(1)
                .inject(Frame.tcp("10.0.0.1", 22, "198.51.100.7", 9, TcpFlags.ACK)
                        .bytes()));
        await("the answer", () -> workers.watched().equals(new PeerTraffic(2, 0, 0, 1)));
        workers.watch(new PeerWatch(PEER, HOST, 80));
        assertEquals(PeerTraffic.NONE, workers.watched(), "counted anew");
        assertTrue(workers.areAlive(PATIENCE_MS));
        open(0, 1_003, 80);
        await("the other one", () -> workers.watched().equals(new PeerTraffic(1, 0, 0, 0)));
        workers.unwatch();
        open(0, 1_004, 80);
        assertEquals(PeerTraffic.NONE, workers.watched());
    }
}
