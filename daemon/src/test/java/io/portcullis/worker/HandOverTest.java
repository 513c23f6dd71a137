package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.linux.netlink.OwnNicChecks;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.Direction;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Packet;
import io.portcullis.policy.Policy;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortState;
import io.portcullis.port.ring.RingPort;
import io.portcullis.port.ring.Steering;
import io.portcullis.testing.Frame;
import io.portcullis.testing.FrameSocket;
import io.portcullis.testing.Namespace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** ICMP errors that the kernel delivers to another worker than that of their flow, and fragments, which it never does. */
@Tag("netns")
@Timeout(60)
final class HandOverTest {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final int SEED = 77;
    private static final int WORKERS = 4;
    private static final int DESTINATION_OPTIONS = 60;
    private static final String INSIDE = "2001:db8::1";
    private static final String OUTSIDE = "2001:db8:f::7";

    private Namespace namespace;
    private FrameSocket outside;
    private FrameSocket inside;
    private OwnNicChecks own;
    private Workers workers;

    @BeforeEach
    void plug() throws Exception {
        namespace = new Namespace("handover");
        namespace.exec("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        for (String nic : List.of("out", "in")) {
            namespace.ip("link add " + nic + "0 type veth peer name " + nic + "1");
            namespace.ip("link set " + nic + "1 up");
            namespace.ip("link set " + nic + "0 up");
        }
        outside = namespace.in(() -> new FrameSocket("out1"));
        inside = namespace.in(() -> new FrameSocket("in1"));
        Policy policy = Policy.compile(ConfigReader.parse("""
                version: 1
                interfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}}
                security-groups: {web: {ingress: []}}
                """, "test.yaml"), "web0", 1, 1_000);
        Steering steering = new Steering(WORKERS, SEED);
        own = namespace.in(OwnNicChecks::new);
        workers = namespace.in(() -> Workers.of(
                "web0",
                IntStream.range(0, WORKERS)
                        .mapToObj(i -> new Engine(policy, new Shard(i, WORKERS, SEED), 1, 2))
                        .toList(),
                RingPort.open("out0", steering, PacketSocket.SocketOptions.ALONE, own.checks()),
                RingPort.open("in0", steering, PacketSocket.SocketOptions.ALONE, own.checks()),
                _ -> Worker.ThreadOptions.PLAIN,
                _ -> {}));
        namespace.in(() -> {
            workers.start(false);
            return workers;
        });
        await(
                "both forward",
                () -> workers.ports().stream().allMatch(port -> port.state().equals(PortState.FORWARDING)));
    }

    @AfterEach
    void unplug() {
        workers.close();
        own.close();
        outside.close();
        inside.close();
        namespace.close();
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long begin = System.nanoTime();
        while (!condition.call()) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    private static Frame query(int port) {
        return Frame.udp(INSIDE, port, OUTSIDE, 53).payload(20);
    }

    /** From a router on the path: behind more extension headers than the kernel's program looks through. */
    private static byte[] unreachable(String router, Frame about) {
        Frame error = Frame.icmp(router, INSIDE, 1, 4, 0).payload(about.ip());
        for (int i = 0; i < 6; i++) {
            error.extension(DESTINATION_OPTIONS, 8);
        }
        return error.bytes();
    }

    private static int workerOf(byte[] frame) {
        Packet packet = new Packet();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
        return AddressPair.worker(AddressPair.hash(SEED, packet), WORKERS);
    }

    /** A router whose own pair of addresses maps to the flow's worker, or to another one. */
    private static String router(Frame about, boolean elsewhere) {
        int home = workerOf(about.bytes());
        for (int i = 1; i < 1_000; i++) {
            String router = "2001:db8:a::" + Integer.toHexString(i);
            if (workerOf(unreachable(router, about)) != home == elsewhere) {
                return router;
            }
        }
        throw new AssertionError("no such router");
    }

    private void open(Frame query) throws Exception {
        inside.send(query.bytes());
        next(outside, query.bytes());
    }

    private static void next(FrameSocket socket, byte[] expected) throws Exception {
        List<byte[]> seen = new ArrayList<>();
        await("a frame", () -> {
            for (byte[] frame : socket.drain()) {
                if (frame.length == expected.length) {
                    seen.add(frame);
                }
            }
            return !seen.isEmpty();
        });
        assertArrayEquals(expected, seen.getFirst());
    }

    private long total(Counters.Total total) {
        return workers.counters().total(total);
    }

    @Test
    void reachTheWorkerThatKnowsTheFlow() throws Exception {
        Frame query = query(4_000);
        open(query);
        byte[] error = unreachable(router(query, true), query);
        outside.send(error);
        next(inside, error);
        assertEquals(1, total(Counters.Total.TAKEN_OVER));
        assertEquals(1, workers.counters().packets(Direction.INGRESS, Reason.NONE));
        assertEquals(0, workers.counters().packets(Direction.INGRESS, Reason.ICMP_UNRELATED));
    }

    @Test
    void areNotHandedOverToTheFlowsOwnWorker() throws Exception {
        Frame query = query(4_000);
        open(query);
        byte[] error = unreachable(router(query, false), query);
        outside.send(error);
        next(inside, error);
        assertEquals(0, total(Counters.Total.TAKEN_OVER));
    }

    @Test
    void withoutAFlowAreDroppedOnceByTheWorkerOfTheirAddresses() throws Exception {
        Frame query = query(4_001);
        outside.send(unreachable(router(query, true), query));
        await("the drop", () -> workers.counters().packets(Direction.INGRESS, Reason.ICMP_UNRELATED) == 1);
        assertEquals(1, total(Counters.Total.TAKEN_OVER));
        assertEquals(0, workers.counters().packets(Direction.INGRESS, Reason.NONE));
    }

    /** Thousands at once: each is decided about or counted as lost, and traffic goes on. */
    @Test
    void aFloodOfThemIsBounded() throws Exception {
        Frame query = query(4_002);
        byte[] error = unreachable(router(query, true), query);
        int frames = 3_000;
        for (int i = 0; i < frames; i++) {
            outside.send(error);
        }
        await(
                "each is counted",
                () -> workers.counters().packets(Direction.INGRESS, Reason.ICMP_UNRELATED)
                                + total(Counters.Total.NOT_TAKEN_OVER)
                                + workers.portCount(true, PortCounter.RING_FULL)
                        == frames);
        open(query(4_003));
    }

    /** Of many pairs of addresses: the first fragment releases a held one, as both reach the same worker. */
    @Test
    void fragmentsMeetTheirFirst() throws Exception {
        for (int i = 1; i <= 4 * WORKERS; i++) {
            boolean v6 = i % 2 == 0;
            String from = v6 ? INSIDE : "10.0.0.1";
            String to = v6 ? "2001:db8:f::" + i : "198.51.100." + i;
            byte[] first =
                    Frame.udp(from, 1, to, 53).payload(72).fragment(0, true).bytes();
            byte[] later = Frame.udp(from, 1, to, 53)
                    .payload(200 + i)
                    .fragment(80, false)
                    .bytes();
            inside.send(later);
            await("that it is held", () -> total(Counters.Total.FRAGMENTS_HELD) == 1);
            inside.send(first);
            next(outside, later);
            await("that it is forgotten", () -> total(Counters.Total.FRAGMENTED_DATAGRAMS) == 0);
        }
        assertEquals(0, total(Counters.Total.TAKEN_OVER));
    }
}
