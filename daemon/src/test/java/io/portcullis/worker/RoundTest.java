package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortChannel;
import io.portcullis.port.memory.MemoryPort;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker's rounds, run by the test: one thread, a clock that only the test moves, and every kind of work in its turn. */
@Timeout(60)
final class RoundTest {
    private static final long START_NS = TimeUnit.HOURS.toNanos(1);
    private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final byte[] ADMITTED = udp(1, 53);
    private static final byte[] REPLY =
            Frame.udp("10.0.0.1", 53, "198.51.100.7", 1).payload(20).bytes();
    private static final byte[] FORBIDDEN = udp(1, 54);

    private final MemoryPort outside = new MemoryPort("outside", 1_500);
    private final MemoryPort inside = new MemoryPort("inside", 1_500);
    private final ManualIoEventLoop loop = new ManualIoEventLoop(Thread.currentThread(), EpollIoHandler.newFactory());
    private final Outcomes outcomes = new Outcomes("web0");
    private final List<Long> alarms = new ArrayList<>();
    private final List<DropSamples.Taken> drops = new ArrayList<>();
    private long nowNs = START_NS;
    private int readings;
    /** What each reading adds to the clock. */
    private long tickNs;

    @SuppressWarnings("NullAway.Init") // each test starts it first
    private Engine engine;

    @SuppressWarnings("NullAway.Init")
    private Round round;

    private static byte[] udp(int from, int to) {
        return Frame.udp("198.51.100.7", from, "10.0.0.1", to).payload(20).bytes();
    }

    private static Policy policy(long generation) throws Exception {
        return Policy.compile(ConfigReader.parse("""
                version: 1
                interfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}}
                security-groups: {web: {ingress: [{protocol: udp, ports: 53, from: any}], egress: []}}
                """, "test.yaml"), "web0", generation, 10_000);
    }

    @SuppressWarnings("deprecation") // a channel without a promise of its own registers in no other way
    private void start(Shard shard) throws Exception {
        engine = new Engine(policy(1), shard, 1, 2);
        PortChannel outsideChannel = new PortChannel(outside);
        PortChannel insideChannel = new PortChannel(inside);
        outsideChannel.setPolled();
        insideChannel.setPolled();
        DropReport report = new DropReport("web0", engine, drops::add, () -> 0);
        round = new Round(engine, outsideChannel, insideChannel, report, this::read, alarms::add);
        outsideChannel.pipeline().addLast(new FirewallHandler(round, Direction.INGRESS, outcomes));
        insideChannel.pipeline().addLast(new FirewallHandler(round, Direction.EGRESS, outcomes));
        loop.register(outsideChannel);
        loop.register(insideChannel);
        loop.runNow();
        round.start(false, HandOver.NOBODY);
        readings = 0;
    }

    private void start() throws Exception {
        start(Shard.ALL);
    }

    @AfterEach
    void end() {
        outside.close();
        inside.close();
        var _ = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        while (!loop.isTerminated()) {
            loop.runNow();
        }
        assertEquals(0, outcomes.defects());
    }

    private long read() {
        readings++;
        nowNs += tickNs;
        return nowNs;
    }

    /** Lets epoll report what is ready, moves the clock, and runs a round. */
    private int runAfter(long ns) {
        nowNs += ns;
        loop.runNow();
        return round.run();
    }

    private long flows() {
        return engine.counters().total(Counters.Total.FLOWS);
    }

    @Test
    void aRoundReadsABatchOfEachPortDecidesAndWrites() throws Exception {
        start();
        assertTrue(outside.inject(ADMITTED));
        loop.runNow();
        assertNull(inside.sent().peek(), "epoll only reports; the round reads");
        assertEquals(1, round.run());
        assertArrayEquals(ADMITTED, inside.sent().poll());
        assertTrue(inside.inject(REPLY));
        assertTrue(outside.inject(FORBIDDEN));
        assertEquals(2, runAfter(1));
        assertArrayEquals(REPLY, outside.sent().poll());
        assertNull(inside.sent().poll());
        assertEquals(0, runAfter(1));
    }

    @Test
    void theClockIsReadOnceARound() throws Exception {
        start();
        round.submit(_ -> {});
        for (int i = 1; i <= 20; i++) {
            assertTrue(outside.inject(ADMITTED));
            assertTrue(inside.inject(REPLY));
            runAfter(200 * MS);
            assertEquals(i, readings);
        }
    }

    @Test
    void aFlowExpiresByTheClockOfTheRound() throws Exception {
        start();
        assertTrue(outside.inject(ADMITTED));
        runAfter(0);
        assertEquals(1, flows());
        runAfter(TimeUnit.HOURS.toNanos(1));
        assertEquals(0, flows());
        inside.inject(REPLY);
        runAfter(0);
        assertNull(outside.sent().poll(), "its flow has expired");
    }

    @Test
    void flowsExpireInSlicesWithFramesBetweenThem() throws Exception {
        start();
        int count = 2 * Round.EXPIRED_AT_ONCE + 10;
        for (int i = 0; i < count; i++) {
            assertTrue(outside.inject(udp(1 + i, 53)));
            runAfter(0);
        }
        assertEquals(count, flows());
        alarms.clear();
        inside.sent().clear();
        nowNs += TimeUnit.HOURS.toNanos(1);
        assertTrue(outside.inject(udp(60_000, 53)));
        runAfter(0);
        long left = flows();
        assertTrue(left > Round.EXPIRED_AT_ONCE && left < count, "one slice: " + left + " left of " + count);
        assertTrue(alarms.contains(Round.EXPIRY_PAUSE_NS), alarms.toString());
        assertArrayEquals(udp(60_000, 53), inside.sent().peek());
        runAfter(Round.EXPIRY_PAUSE_NS - 1);
        assertEquals(left, flows(), "the pause is not over");
        runAfter(1);
        assertTrue(flows() < left && flows() > 1, "two slices: " + flows() + " left");
        alarms.clear();
        runAfter(Round.EXPIRY_PAUSE_NS);
        assertEquals(1, flows());
        assertEquals(List.of(Round.EXPIRY_PERIOD_NS), alarms);
    }

    @Test
    void dropsAreReportedOnceASecond() throws Exception {
        start();
        assertTrue(outside.inject(FORBIDDEN));
        runAfter(Round.DROP_PERIOD_NS - 1);
        assertEquals(0, drops.size());
        runAfter(1);
        assertEquals(1, drops.size());
        runAfter(Round.DROP_PERIOD_NS);
        assertEquals(1, drops.size(), "no frame was dropped since");
    }

    @Test
    void commandsRunInTheNextRoundAtItsTimeAndNotAllAtOnce() throws Exception {
        start();
        List<Long> times = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            round.submit(times::add);
        }
        int first = runAfter(7);
        assertEquals(times.size(), first);
        assertTrue(first > 0 && first < 20, "some of them: " + first);
        assertEquals(20 - first, runAfter(0), "the loop must not wait before the others");
        assertEquals(20, times.size());
        assertTrue(times.stream().allMatch(time -> time == START_NS + 7), times.toString());
        assertEquals(0, runAfter(0));
    }

    @Test
    void aLongCommandHasOneSliceARoundAndPausesForFrames() throws Exception {
        start();
        int[] parts = {0};
        round.begin(_ -> ++parts[0] == 4 * Round.PARTS_AT_ONCE);
        assertEquals(1, runAfter(0), "the loop must not wait before the rest");
        assertEquals(Round.PARTS_AT_ONCE, parts[0]);
        assertTrue(outside.inject(ADMITTED));
        assertEquals(1, runAfter(Round.SLICE_PAUSE_NS - 1));
        assertEquals(Round.PARTS_AT_ONCE, parts[0], "the pause is not over");
        assertArrayEquals(ADMITTED, inside.sent().poll());
        assertTrue(outside.inject(ADMITTED));
        assertEquals(2, runAfter(1));
        assertEquals(2 * Round.PARTS_AT_ONCE, parts[0]);
        runAfter(0);
        assertEquals(3 * Round.PARTS_AT_ONCE, parts[0], "no frame waits");
        runAfter(0);
        assertEquals(0, runAfter(0), "it is done");
        assertEquals(4 * Round.PARTS_AT_ONCE, parts[0]);
    }

    @Test
    void aSliceEndsInTime() throws Exception {
        start();
        int[] parts = {0};
        Round.LongCommand slow = _ -> {
            parts[0]++;
            nowNs += 20_000;
            return false;
        };
        round.begin(slow);
        runAfter(0);
        assertEquals(3, parts[0], "20 us each");
        round.begin(_ -> true);
        round.giveUp(slow);
        assertEquals(1, runAfter(0), "the one behind it");
        assertEquals(0, runAfter(0));
        assertEquals(3, parts[0]);
    }

    @Test
    void aWatchedConversationIsCountedAfterTheDecision() throws Exception {
        start();
        byte[] syn =
                Frame.tcp("198.51.100.7", 40_000, "10.0.0.1", 22, TcpFlags.SYN).bytes();
        assertTrue(outside.inject(syn));
        runAfter(0);
        PeerCount count = new PeerCount(new PeerWatch(Address.parse("198.51.100.7"), Address.parse("10.0.0.1"), 22));
        round.watch(count);
        assertTrue(outside.inject(syn));
        runAfter(0);
        round.watch(null);
        assertTrue(outside.inject(syn));
        runAfter(0);
        assertEquals(new PeerTraffic(0, 1, 0, 0), count.traffic());
    }

    @Test
    void aPublishedPolicyIsInstalledThoughItsCommandIsLost() throws Exception {
        start();
        round.publish(policy(2));
        runAfter(0);
        assertEquals(1, engine.policy().generation());
        runAfter(Round.EXPIRY_PERIOD_NS);
        assertEquals(2, engine.policy().generation());
    }

    @Test
    void aFrameOfAnotherWorkerIsDecidedInTheNextRound() throws Exception {
        start(new Shard(0, 2, 3));
        MemorySegment memory = Arena.ofAuto().allocate(4_096);
        Batch batch = new Batch(memory, false);
        MemorySegment.copy(ADMITTED, 0, memory, ValueLayout.JAVA_BYTE, 64, ADMITTED.length);
        batch.add(64, ADMITTED.length);
        assertTrue(round.offer(batch, 0, Direction.INGRESS), "the loop has to be woken");
        assertFalse(round.offer(batch, 0, Direction.INGRESS), "it has been");
        runAfter(0);
        assertEquals(2, engine.counters().total(Counters.Total.TAKEN_OVER));
        assertTrue(round.offer(batch, 0, Direction.INGRESS), "for the round after that");
        round.refuse();
        runAfter(Round.EXPIRY_PERIOD_NS);
        assertEquals(3, engine.counters().total(Counters.Total.TAKEN_OVER));
        assertEquals(1, engine.counters().total(Counters.Total.NOT_TAKEN_OVER));
    }

    @Test
    void aRoundWithoutFramesEndsTheStall() throws Exception {
        start();
        assertTrue(outside.inject(ADMITTED));
        runAfter(0);
        runAfter(MS);
        runAfter(MS);
        assertEquals(1, Arrays.stream(round.stalls().counts()).sum());
    }

    @Test
    void theFramesOfEachBatchAreCounted() throws Exception {
        start();
        assertTrue(outside.inject(ADMITTED));
        runAfter(MS);
        for (int i = 0; i < 3; i++) {
            assertTrue(inside.inject(REPLY));
        }
        runAfter(MS);
        assertArrayEquals(
                new long[] {1, 0, 1, 0, 0, 0, 0, 0}, round.batchFrames().counts());
        assertEquals(4, round.batchFrames().sum());
    }

    @Test
    void theTimeOfOneBatchInManyIsMeasured() throws Exception {
        start();
        tickNs = 1_000;
        for (int i = 1; i <= 2 * Round.MEASURED_EVERY; i++) {
            assertTrue(outside.inject(ADMITTED));
            assertTrue(outside.inject(FORBIDDEN));
            runAfter(0);
            assertEquals(
                    i / Round.MEASURED_EVERY,
                    Arrays.stream(round.decisions().counts()).sum());
        }
        assertEquals(2 * 500, round.decisions().sum(), "half of the time of two frames, twice");
        assertEquals(2, round.decisions().counts()[8], "from 384 to 512 ns");
    }

    @Test
    void theFastPathSettlesBeforeFramesAreReadAndHearsOfThem() throws Exception {
        start();
        SteppedFastPath fastPath = new SteppedFastPath();
        engine.offload(fastPath);
        assertTrue(outside.inject(ADMITTED));
        assertTrue(runAfter(MS) > 0, "another round follows, which settles");
        assertEquals(List.of("review", "settle", "offer"), fastPath.calls);
        runAfter(0);
        assertEquals(List.of("settle"), fastPath.calls.subList(3, 4));
    }

    @Test
    void workOfTheFastPathIsDoneInSlices() throws Exception {
        start();
        SteppedFastPath fastPath = new SteppedFastPath();
        engine.offload(fastPath);
        fastPath.parts = Round.PARTS_AT_ONCE + 1;
        assertTrue(runAfter(MS) > 0);
        assertEquals(1, fastPath.parts);
        assertTrue(runAfter(0) > 0);
        assertEquals(0, fastPath.parts);
        assertEquals(0, runAfter(0));
    }
}
