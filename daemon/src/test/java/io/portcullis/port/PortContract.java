package io.portcullis.port;

import static io.portcullis.port.PortCounter.RECEIVED_BYTES;
import static io.portcullis.port.PortCounter.RECEIVED_FRAMES;
import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.portcullis.packet.Batch;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The contract of every port, whatever its kind. One test class for each kind extends this one. */
@Timeout(60)
public abstract class PortContract {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final int TYPE = 12;
    private static final int NUMBER = 14;

    /** A port, with the test at the other end of its wire. */
    public interface Wire {
        /** The port. */
        Port port();

        /** Sends a frame towards the port; waits while the wire is full. */
        void toPort(byte[] frame) throws Exception;

        /** What the port has sent, oldest first. */
        Queue<byte[]> fromPort();

        /** Takes the link down. */
        void down() throws Exception;

        /** Takes the link up. */
        void up() throws Exception;

        /** Removes the NIC. */
        void vanish() throws Exception;

        /** Makes a NIC of the same name. */
        void comeBack() throws Exception;

        /** Removes the wire; the port is closed already. */
        void remove() throws Exception;
    }

    private final SingleThreadIoEventLoop loop = new SingleThreadIoEventLoop(
            null,
            new DefaultThreadFactory("portcullis-worker"),
            EpollIoHandler.newFactory(),
            16_384,
            RejectedExecutionHandlers.reject(),
            5);
    private final List<Wire> wires = new ArrayList<>();
    private final List<PortChannel> channels = new ArrayList<>();
    private volatile IntPredicate admitted = number -> true;
    private volatile @Nullable Throwable bug;

    /** A wire whose port sends payloads up to this many bytes; the other end has no limit. */
    protected abstract Wire newWire(int mtuLength) throws Exception;

    /** Decides about every frame by its number and writes the admitted ones to the peer. */
    private final class Forwarder extends ChannelInboundHandlerAdapter {
        private final PortChannel peer;

        Forwarder(PortChannel peer) {
            this.peer = peer;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            Batch batch = (Batch) message;
            for (int i = 0; i < batch.size(); i++) {
                int number = batch.memory().get(BIG_ENDIAN_INT, batch.offset(i) + NUMBER);
                if (admitted.test(number)) {
                    batch.accept(i, Batch.NO_RULE);
                }
            }
            if (batch.accepted() != 0) {
                var _ = peer.write(batch, peer.voidPromise());
                peer.flush();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable thrown) {
            bug = thrown;
        }
    }

    private static final ValueLayout.OfInt BIG_ENDIAN_INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(java.nio.ByteOrder.BIG_ENDIAN);

    @BeforeEach
    void nothingIsWrongYet() {
        assertNull(bug);
    }

    @AfterEach
    void takeDown() throws Exception {
        closeAll();
        for (Wire wire : wires) {
            wire.remove();
        }
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    /** Closes all channels of this test, and their ports with them. */
    protected final void closeAll() throws Exception {
        for (PortChannel channel : channels) {
            channel.close().sync();
        }
    }

    /** A wire of this test. */
    protected final Wire wire(int mtuLength) throws Exception {
        return wire(newWire(mtuLength));
    }

    /** Removes a wire after this test. */
    protected final Wire wire(Wire wire) {
        wires.add(wire);
        return wire;
    }

    /** Makes channels of two ports and lets frames cross between them; returns the first. */
    protected final PortChannel bridge(Wire outside, Wire inside) throws Exception {
        PortChannel a = new PortChannel(outside.port());
        PortChannel b = new PortChannel(inside.port());
        a.pipeline().addLast(new Forwarder(b));
        b.pipeline().addLast(new Forwarder(a));
        channels.add(a);
        channels.add(b);
        loop.submit(() -> {
                    var _ = loop.register(a);
                    var _ = loop.register(b);
                })
                .sync();
        assertTrue(a.isRegistered() && b.isRegistered());
        return a;
    }

    /** Waits until a condition is true. */
    protected static void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    /** A frame of a test protocol with a number in it, of this many bytes. */
    protected static byte[] frame(int number, int length) {
        byte[] frame = new byte[length];
        java.util.Arrays.fill(frame, (byte) number);
        java.util.Arrays.fill(frame, 0, 6, (byte) 0xff);
        java.util.Arrays.fill(frame, 6, TYPE, (byte) 2);
        ByteBuffer.wrap(frame).putShort(TYPE, (short) 0x88b5).putInt(NUMBER, number);
        return frame;
    }

    private static int number(byte[] frame) {
        return ByteBuffer.wrap(frame).getInt(NUMBER);
    }

    /** The next frame that the port sent. */
    protected static byte[] next(Wire wire) {
        await("a frame leaves " + wire.port().nic(), () -> !wire.fromPort().isEmpty());
        byte[] frame = wire.fromPort().poll();
        assertNotNull(frame);
        return frame;
    }

    /** Its value. */
    protected static long count(Wire wire, PortCounter counter) {
        return wire.port().counters().get(counter);
    }

    /** The far end may receive a frame before its port has counted it. */
    protected static void awaitCount(long expected, Wire wire, PortCounter counter) {
        await(counter + " of " + wire.port().nic() + " is " + expected, () -> count(wire, counter) >= expected);
        assertEquals(expected, count(wire, counter));
    }

    private static void awaitForwarding(Wire wire) {
        await(wire.port().nic() + " forwards", () -> wire.port().state().equals(PortState.FORWARDING));
    }

    @Test
    void aBurstCrossesWholeAndInOrder() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        int frames = 10_000;
        int burst = 250;
        for (int first = 0; first < frames; first += burst) {
            for (int i = first; i < first + burst; i++) {
                outside.toPort(frame(i, 60));
            }
            // At most as many in flight as the shortest queue between the two ends holds, the far end's own included.
            for (int i = first; i < first + burst; i++) {
                assertEquals(i, number(next(inside)));
            }
        }
        awaitCount(frames, outside, RECEIVED_FRAMES);
        awaitCount(60L * frames, outside, RECEIVED_BYTES);
        awaitCount(frames, inside, SENT_FRAMES);
        awaitCount(60L * frames, inside, SENT_BYTES);
        assertNull(bug);
    }

    @Test
    void onlyAcceptedFramesLeave() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        admitted = number -> number % 3 == 0;
        bridge(outside, inside);
        for (int i = 0; i <= 99; i++) {
            outside.toPort(frame(i, 100));
        }
        for (int i = 0; i <= 99; i += 3) {
            assertEquals(i, number(next(inside)));
        }
        awaitCount(34, inside, SENT_FRAMES);
        awaitCount(100, outside, RECEIVED_FRAMES);
    }

    @Test
    void refusedFramesAreCountedAndTheRestStillLeave() throws Exception {
        Wire outside = wire(9000);
        Wire inside = wire(1500);
        PortChannel channel = bridge(outside, inside);
        for (int i = 0; i < 300; i++) {
            outside.toPort(frame(i, i % 3 == 1 ? 3000 : 60));
        }
        for (int i = 0; i < 300; i++) {
            if (i % 3 != 1) {
                assertEquals(i, number(next(inside)));
            }
        }
        await("all are counted", () -> count(inside, TOO_BIG) == 100);
        awaitCount(200, inside, SENT_FRAMES);
        assertTrue(channel.isOpen());
        assertNull(bug);
    }

    @Test
    void framesOfAllSizesArriveByteForByte() throws Exception {
        Wire outside = wire(9000);
        Wire inside = wire(9000);
        bridge(outside, inside);
        for (int length : new int[] {60, 61, 1514, 2048, 2049, 9014}) {
            byte[] there = frame(length, length);
            outside.toPort(there);
            assertArrayEquals(there, next(inside));
            byte[] back = frame(-length, length);
            inside.toPort(back);
            assertArrayEquals(back, next(outside));
        }
    }

    protected static byte[] tagged(byte[] frame, int... typesAndTags) {
        ByteBuffer tagged = ByteBuffer.allocate(frame.length + typesAndTags.length * 2);
        tagged.put(frame, 0, TYPE);
        for (int half : typesAndTags) {
            tagged.putShort((short) half);
        }
        return tagged.put(frame, TYPE, frame.length - TYPE).array();
    }

    @Test
    void aVlanTagStaysInItsPlace() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        for (int length : new int[] {64, 1518}) {
            byte[] tagged = frame(0, length);
            ByteBuffer.wrap(tagged)
                    .putShort(TYPE, (short) 0x8100)
                    .putShort(TYPE + 2, (short) 0x6064) // priority 3, VLAN 100
                    .putShort(TYPE + 4, (short) 0x88b5);
            outside.toPort(tagged);
            assertArrayEquals(tagged, next(inside));
        }
    }

    @Test
    void aPortNeverReceivesItsOwnFrames() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        for (int i = 0; i < 200; i++) {
            outside.toPort(frame(i, 60));
        }
        for (int i = 0; i < 200; i++) {
            assertEquals(i, number(next(inside)));
        }
        inside.toPort(frame(1_000, 60));
        assertEquals(1_000, number(next(outside)));
        awaitCount(1, inside, RECEIVED_FRAMES);
        awaitCount(200, outside, RECEIVED_FRAMES);
        assertTrue(inside.fromPort().isEmpty());
    }

    @Test
    void aVanishedPeerNeverStopsTheLoop() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        PortChannel channel = bridge(outside, inside);
        outside.toPort(frame(1, 60));
        assertEquals(1, number(next(inside)));

        inside.vanish();
        for (int i = 0; i < 100; i++) {
            outside.toPort(frame(i, 60));
        }
        await("what could not leave is counted", () -> sendErrors(inside) == 100);
        awaitCount(1, inside, SENT_FRAMES);
        await("the port says so", () -> inside.port().state() instanceof PortState.NotForwarding);
        assertTrue(((PortState.NotForwarding) inside.port().state())
                .reason()
                .contains(inside.port().nic()));
        assertEquals(PortState.FORWARDING, outside.port().state());
        assertEquals(4, loop.submit(() -> 2 + 2).sync().getNow());
        assertTrue(channel.isOpen());

        inside.comeBack();
        awaitForwarding(inside);
        outside.toPort(frame(2, 60));
        assertEquals(2, number(next(inside)));
        inside.toPort(frame(3, 60));
        assertEquals(3, number(next(outside)));
        assertNull(bug);
    }

    @Test
    void aLinkThatWasDownIsUsedAgain() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        for (int round = 0; round < 2; round++) {
            inside.down();
            await("the port says so", () -> inside.port().state() instanceof PortState.NotForwarding);
            long before = sendErrors(inside);
            outside.toPort(frame(round, 60));
            await("what could not leave is counted", () -> sendErrors(inside) == before + 1);
            inside.up();
            awaitForwarding(inside);
            outside.toPort(frame(10 + round, 60));
            assertEquals(10 + round, number(next(inside)));
            inside.toPort(frame(20 + round, 60));
            assertEquals(20 + round, number(next(outside)));
        }
        assertNull(bug);
    }

    @Test
    void framesThatAreNotReadWait() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        PortChannel channel = bridge(outside, inside);
        loop.submit(() -> channel.config().setAutoRead(false)).sync();
        // An earlier read request is still unanswered.
        outside.toPort(frame(-1, 60));
        assertEquals(-1, number(next(inside)));
        awaitCount(1, inside, SENT_FRAMES);
        for (int i = 0; i < 300; i++) {
            outside.toPort(frame(i, 60));
        }
        assertEquals(1, count(inside, SENT_FRAMES));
        channel.read();
        assertEquals(0, number(next(inside)));
        assertTrue(count(inside, SENT_FRAMES) <= 1 + Batch.CAPACITY);
        channel.config().setAutoRead(true);
        for (int i = 1; i < 300; i++) {
            assertEquals(i, number(next(inside)));
        }
    }

    @Test
    void aHandlerThatThrowsLosesItsBatchOnly() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        admitted = number -> {
            if (number < 0) {
                throw new IllegalStateException("on purpose");
            }
            return true;
        };
        PortChannel channel = bridge(outside, inside);
        // More often than there are batches: each one is released every time.
        for (int i = 0; i < 50; i++) {
            long before = count(outside, RECEIVED_FRAMES);
            bug = null;
            outside.toPort(frame(-1, 60));
            await("it threw", () -> count(outside, RECEIVED_FRAMES) > before && bug != null);
        }
        assertInstanceOf(IllegalStateException.class, bug);
        outside.toPort(frame(7, 60));
        assertEquals(7, number(next(inside)));
        assertTrue(channel.isOpen());
    }

    @Test
    void aPortSendsNothingButBatches() throws Exception {
        Wire outside = wire(1500);
        PortChannel channel = bridge(outside, wire(1500));
        assertFalse(channel.writeAndFlush("a string").await().isSuccess());
        assertTrue(channel.isOpen());
    }

    @Test
    void itCanBeClosedFromItsOwnPipeline() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        PortChannel channel = bridge(outside, inside);
        admitted = number -> {
            var _ = channel.close();
            return true;
        };
        outside.toPort(frame(1, 60));
        assertEquals(1, number(next(inside)));
        assertTrue(channel.closeFuture().await(5, TimeUnit.SECONDS));
        assertNull(bug);
    }

    private static long sendErrors(Wire wire) {
        long sum = 0;
        for (PortCounter counter : PortCounter.values()) {
            if (counter.label().equals("send-error")) {
                sum += count(wire, counter);
            }
        }
        return sum;
    }
}
