package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.OwnNicChecks;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortState;
import io.portcullis.testing.Frame;
import io.portcullis.testing.FrameSocket;
import io.portcullis.testing.Namespace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The ports of several workers on one NIC when it is removed and another one comes. The test acts as the loop of every worker.
 */
@Tag("netns")
@Timeout(60)
class SharedNicTest {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final int SEED = 0x5eed;
    private static final int WORKERS = 4;

    private final Queue<RingPort> reopened = new ConcurrentLinkedQueue<>();
    private Namespace namespace;
    private FrameSocket far;
    private OwnNicChecks own;
    private List<RingPort> ports = List.of();

    @BeforeEach
    void plug() throws Exception {
        namespace = new Namespace("shared");
        // The test would count the kernel's own frames.
        namespace.exec("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        makeNic("");
        own = namespace.in(OwnNicChecks::new);
        ports = namespace.in(() ->
                RingPort.open("near", new Steering(WORKERS, SEED), PacketSocket.SocketOptions.ALONE, own.checks()));
    }

    private void makeNic(String index) throws Exception {
        namespace.ip("link add near " + index + "type veth peer name far");
        namespace.ip("link set far up");
        namespace.ip("link set near up");
        far = namespace.in(() -> new FrameSocket("far"));
    }

    private void replaceNic() throws Exception {
        int index = namespace.in(() -> Nics.index("near"));
        far.close();
        namespace.ip("link del near");
        makeNic("index " + index + " ");
        assertEquals(index, (int) namespace.in(() -> Nics.index("near")));
    }

    @AfterEach
    void unplug() {
        ports.forEach(RingPort::close);
        own.close();
        far.close();
        namespace.close();
    }

    private void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    /** Each port has received its own share, and nothing else. */
    private void assertSpread() throws Exception {
        await("it forwards", () -> ports.getFirst().state().equals(PortState.FORWARDING));
        for (int worker = 0; worker < WORKERS; worker++) {
            byte[] frame = frameOf(worker);
            RingPort port = ports.get(worker);
            long before = port.counters().get(PortCounter.RECEIVED_FRAMES);
            namespace.in(() -> {
                far.send(frame);
                return true;
            });
            await("a frame of worker " + worker, () -> {
                drain();
                return port.counters().get(PortCounter.RECEIVED_FRAMES) == before + 1;
            });
        }
    }

    private void drain() {
        for (RingPort port : ports) {
            Batch batch = port.receive();
            if (batch != null) {
                port.release(batch);
            }
        }
    }

    private static byte[] frameOf(int worker) {
        return IntStream.range(0, 1 << 16)
                .mapToObj(i -> Frame.udp("10.0.0.1", 1, "10.9." + i / 256 + "." + i % 256, 2)
                        .payload(30)
                        .bytes())
                .filter(frame -> {
                    Packet packet = new Packet();
                    assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
                    return AddressPair.worker(AddressPair.hash(SEED, packet), WORKERS) == worker;
                })
                .findFirst()
                .orElseThrow();
    }

    private void start() throws Exception {
        namespace.in(() -> {
            ports.forEach(port -> port.start(() -> reopened.add(port)));
            return true;
        });
    }

    private void moveAllOn() {
        await("all are asked", () -> reopened.size() >= WORKERS);
        for (RingPort port = reopened.poll(); port != null; port = reopened.poll()) {
            port.switchOver();
        }
    }

    @Test
    void allMembersChangeToANicWithTheOldIndex() throws Exception {
        start();
        assertSpread();
        for (int round = 0; round < 3; round++) {
            replaceNic();
            moveAllOn();
            assertSpread();
        }
    }

    @Test
    void aNicThatIsRemovedAgainBeforeAllPortsHaveChangedIsOpenedAgain() throws Exception {
        start();
        replaceNic();
        await("all are asked", () -> reopened.size() == WORKERS);
        reopened.remove().switchOver();
        reopened.clear();
        replaceNic();
        moveAllOn();
        assertSpread();
    }

    /** A loop that rejects tasks for a moment, or has a defect: the check goes on and asks again. */
    @Test
    void aLoopThatCouldNotBeAskedIsAskedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        List<RingPort> told = new ArrayList<>();
        namespace.in(() -> {
            ports.forEach(port -> port.start(() -> {
                if (asked.getAndIncrement() < 2) {
                    throw new IllegalStateException("on purpose");
                }
                reopened.add(port);
                told.add(port);
            }));
            return true;
        });
        assertSpread();
        replaceNic();
        moveAllOn();
        assertSpread();
        assertEquals(WORKERS + 2, asked.get());
        assertEquals(ports, told);
    }
}
