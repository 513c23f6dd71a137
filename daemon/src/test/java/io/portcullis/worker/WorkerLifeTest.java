package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.policy.Policy;
import io.portcullis.testing.Frame;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A worker with ports, tasks or a thread that throw: it goes on, and reports the problem as long as it lasts. */
@Timeout(60)
@Tag("slow")
final class WorkerLifeTest {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final long PATIENCE_MS = 10_000;
    private static final byte[] ADMITTED =
            Frame.udp("198.51.100.7", 1, "10.0.0.1", 53).payload(20).bytes();
    private static final byte[] FORBIDDEN =
            Frame.udp("198.51.100.7", 1, "10.0.0.1", 54).payload(20).bytes();

    private FaultyPort outside = new FaultyPort("outside", false);
    private FaultyPort inside = new FaultyPort("inside", false);

    @SuppressWarnings("NullAway.Init") // each test starts them first
    private Workers workers;

    private static Policy policy(long generation) throws Exception {
        return Policy.compile(ConfigReader.parse("""
                version: 1
                interfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}}
                security-groups: {web: {ingress: [{protocol: udp, ports: 53, from: any}]}}
                """, "test.yaml"), "web0", generation, 1_000);
    }

    private void start(Worker.ThreadOptions threadOptions, Consumer<DropSamples.Taken> drops) throws Exception {
        workers = Workers.of(
                "web0",
                List.of(new Engine(policy(1), Shard.ALL, 1, 2)),
                List.of(outside),
                List.of(inside),
                _ -> threadOptions,
                drops);
        workers.start(false);
    }

    private void start() throws Exception {
        start(Worker.ThreadOptions.PLAIN, _ -> {});
    }

    private void startPolled() throws Exception {
        outside.close();
        inside.close();
        outside = new FaultyPort("outside", true);
        inside = new FaultyPort("inside", true);
        start();
    }

    @AfterEach
    void end() {
        workers.close();
    }

    private static void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    private void awaitTraffic() {
        int before = inside.memory().sent().size();
        await("a frame leaves", () -> {
            var _ = outside.memory().inject(ADMITTED);
            return inside.memory().sent().size() > before;
        });
    }

    private static void defect() {
        throw new ArithmeticException("on purpose");
    }

    private static void error() {
        throw new AssertionError("on purpose");
    }

    @Test
    void allIsWell() throws Exception {
        start();
        awaitTraffic();
        assertTrue(workers.areAlive(PATIENCE_MS));
        assertEquals(List.of(), workers.problems());
        assertEquals(0, workers.bugs());
    }

    /** A periodic task that throws would never run again. */
    @Test
    void dropsAreReportedAfterADefect() throws Exception {
        AtomicInteger taken = new AtomicInteger();
        start(Worker.ThreadOptions.PLAIN, _ -> {
            if (taken.getAndIncrement() == 0) {
                defect();
            }
        });
        await("drops are taken again", () -> {
            var _ = outside.memory().inject(FORBIDDEN);
            return taken.get() >= 2;
        });
        assertEquals(1, workers.bugs());
        assertEquals(List.of(), workers.problems());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWorkerThatDropsEveryBatchSaysSo(boolean error) throws Exception {
        start();
        inside.sending = error ? WorkerLifeTest::error : WorkerLifeTest::defect;
        for (int i = 1; i <= Outcomes.IN_A_ROW; i++) {
            assertEquals(List.of(), workers.problems());
            int count = i;
            assertTrue(outside.memory().inject(ADMITTED));
            await("the defect", () -> workers.bugs() == count);
        }
        String what = error ? "java.lang.AssertionError" : "java.lang.ArithmeticException";
        await(
                "the problem",
                () -> workers.problems().equals(List.of("web0: worker 0 drops every batch: " + what + ": on purpose")));
        inside.sending = () -> {};
        awaitTraffic();
        await("no problem", () -> workers.problems().isEmpty());
        assertEquals(Outcomes.IN_A_ROW, workers.bugs());
        assertTrue(workers.areAlive(PATIENCE_MS));
    }

    /** With epoll alone, and with a port that the loop polls. */
    @ParameterizedTest
    @ValueSource(strings = {"receive", "ready", "polled receive"})
    void aPortThatThrowsNeitherEndsTheLoopNorKeepsItBusy(String where) throws Exception {
        if (where.equals("receive")) {
            start();
        } else {
            startPolled();
        }
        awaitTraffic();
        if (where.equals("ready")) {
            outside.asking = WorkerLifeTest::error;
        } else {
            outside.receiving = WorkerLifeTest::error;
        }
        assertTrue(outside.memory().inject(ADMITTED));
        await("the problem", () -> !workers.problems().isEmpty());
        long began = System.nanoTime();
        long before = workers.bugs();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(300));
        long defects = workers.bugs() - before;
        long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        assertTrue(defects <= 2 * ms, defects + " defects in " + ms + " ms");
        assertTrue(workers.areAlive(PATIENCE_MS));
        outside.asking = () -> {};
        outside.receiving = () -> {};
        awaitTraffic();
        await("no problem", () -> workers.problems().isEmpty());
    }

    @Test
    void aThreadWhoseFirstTaskThrowsStillForwards() throws Exception {
        start(new Worker.ThreadOptions(false, WorkerLifeTest::defect), _ -> {});
        awaitTraffic();
        assertEquals(1, workers.bugs());
    }

    @Test
    void aLoopThatHangsIsReportedAndInstallsTheRulesLater() throws Exception {
        start();
        awaitTraffic();
        CountDownLatch hung = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        outside.receiving = () -> {
            hung.countDown();
            try {
                end.await();
            } catch (InterruptedException asked) {
                Thread.currentThread().interrupt();
            }
        };
        assertTrue(outside.memory().inject(ADMITTED));
        assertTrue(hung.await(15, TimeUnit.SECONDS));
        outside.receiving = () -> {};

        assertEquals(List.of(0), workers.install(policy(2), 50));
        String behind = "web0: worker 0 still has the rules of generation 1, not those of generation ";
        assertEquals(List.of(behind + 2), workers.problems());
        assertEquals(List.of(0), workers.install(policy(3), 50));
        assertEquals(List.of(behind + 3), workers.problems());
        // Asked again and again, as the watchdog does: one request is open at a time.
        for (int i = 0; i < 30; i++) {
            assertFalse(workers.areAlive(80));
        }
        assertTrue(
                workers.problems().getFirst().startsWith("web0: worker 0 has not answered for 2 s"),
                () -> workers.problems().toString());

        end.countDown();
        assertTrue(workers.areAlive(PATIENCE_MS));
        await("the rules", () -> workers.problems().isEmpty());
        assertEquals(3, workers.ruleHits().policy().generation());
        awaitTraffic();
        assertEquals(List.of(), workers.install(policy(4), PATIENCE_MS));
        assertEquals(0, workers.bugs());
    }

    @Test
    void aLoopThatHasEndedIsReported() throws Exception {
        start();
        awaitTraffic();
        outside.receiving = () -> {
            EventExecutor loop = ThreadExecutorMap.currentExecutor();
            var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        };
        assertTrue(outside.memory().inject(ADMITTED));
        await("the end", () -> !workers.problems().isEmpty());
        assertEquals(
                List.of("web0: worker 0 has ended by a defect: no frame passes it until portcullis is started again"),
                workers.problems());
        await("that it does not answer", () -> !workers.areAlive(50));
        Policy next = policy(2);
        // A loop that is shutting down accepts tasks until it has ended.
        await("that it takes nothing", () -> workers.install(next, 50).equals(List.of(0)));
        workers.logDrops(true, false);
    }
}
