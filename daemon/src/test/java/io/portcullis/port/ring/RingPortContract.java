package io.portcullis.port.ring;

import static io.portcullis.port.PortCounter.RECEIVED_FRAMES;
import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.SEND_ERROR_EINVAL;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static io.portcullis.port.PortCounter.TRUNCATED;
import static io.portcullis.port.PortCounter.UNDESCRIBED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.ChecksumState;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Policy;
import io.portcullis.port.NicPortContract;
import io.portcullis.port.PortChannel;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import io.portcullis.port.VethWire;
import io.portcullis.testing.Allocation;
import io.portcullis.testing.Frame;
import io.portcullis.testing.OffloadWire;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The contract on veth pairs with offloads on, and the duties of this port alone. {@link RingPortTest} starts it in a JVM inside
 * a network namespace; its name does not end in Test, so that it never runs anywhere else.
 */
class RingPortContract extends NicPortContract {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final int VNET = 10;
    private static final byte NEEDS_CSUM = 1;
    private static final byte GSO_TCPV4 = 1;
    private static final byte GSO_UDP = 3;
    private static final byte GSO_TCPV6 = 4;
    private static final byte GSO_UDP_L4 = 5;

    private static int wires;

    @Override
    protected Wire newWire(int mtuLength) throws Exception {
        return VethWire.withOffloads(wires++, mtuLength, WatchedRing::open);
    }

    private static String far(Wire wire) {
        return ((VethWire) wire).far();
    }

    /** A frame with its struct virtio_net_hdr before it. */
    private static byte[] offloaded(
            byte[] frame, byte flags, byte gsoType, int headers, int segment, int start, int field) {
        return ByteBuffer.allocate(VNET + frame.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(flags)
                .put(gsoType)
                .putShort((short) headers)
                .putShort((short) segment)
                .putShort((short) start)
                .putShort((short) field)
                .put(frame)
                .array();
    }

    /** The fields of a vnet header except the length of the headers, which is a hint. */
    private static String describe(byte[] headerAndFrame) {
        ByteBuffer header = ByteBuffer.wrap(headerAndFrame).order(ByteOrder.LITTLE_ENDIAN);
        return "flags " + header.get(0) + ", gso " + header.get(1) + " of " + header.getShort(4) + ", checksum from "
                + header.getShort(6) + " at " + header.getShort(8) + ", " + (headerAndFrame.length - VNET) + " bytes";
    }

    private static byte[] frameOf(byte[] headerAndFrame) {
        return Arrays.copyOfRange(headerAndFrame, VNET, headerAndFrame.length);
    }

    private static byte[] tcp(int payload) {
        return Frame.tcp(A, 1000, B, 80, TcpFlags.ACK)
                .payload(numbered(payload))
                .unfinishedChecksum()
                .bytes();
    }

    private static byte[] numbered(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 >>> 3);
        }
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {3_000, 40_000, 65_000})
    void aSuperFrameCrossesUntouched(int payload) throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        byte[] v4 = offloaded(tcp(payload), NEEDS_CSUM, GSO_TCPV4, 54, 1448, 34, 16);
        byte[] v6 = offloaded(
                Frame.tcp("2001:db8::7", 1000, "2001:db8::1", 80, TcpFlags.ACK)
                        .payload(numbered(payload))
                        .unfinishedChecksum()
                        .bytes(),
                NEEDS_CSUM,
                GSO_TCPV6,
                74,
                1428,
                54,
                16);
        try (OffloadWire from = OffloadWire.on(far(outside));
                OffloadWire to = OffloadWire.on(far(inside))) {
            for (byte[] sent : List.of(v4, v6)) {
                from.send(sent);
                byte[] arrived = to.next();
                assertEquals(describe(sent), describe(arrived));
                assertArrayEquals(frameOf(sent), frameOf(arrived));
            }
        }
        awaitCount(2, inside, SENT_FRAMES);
    }

    @Test
    void anUnfinishedChecksumStaysUnfinished() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        byte[] udp = Frame.udp(A, 1, B, 2).payload(100).unfinishedChecksum().bytes();
        byte[] sent = offloaded(udp, NEEDS_CSUM, (byte) 0, 0, 0, 34, 6);
        try (OffloadWire from = OffloadWire.on(far(outside));
                OffloadWire to = OffloadWire.on(far(inside))) {
            from.send(sent);
            byte[] arrived = to.next();
            assertEquals(describe(sent), describe(arrived));
            assertArrayEquals(udp, frameOf(arrived));
        }
    }

    @Test
    void withoutOffloadsAtTheNextNicTheKernelCutsAndFinishes() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(VethWire.without("tso off gso off tx off", wires++, 1500, WatchedRing::open));
        bridge(outside, inside);
        try (OffloadWire from = OffloadWire.on(far(outside))) {
            from.send(offloaded(tcp(1448 + 1448 + 10), NEEDS_CSUM, GSO_TCPV4, 54, 1448, 34, 16));
        }
        int[] lengths = {54 + 1448, 54 + 1448, 54 + 10};
        byte[] payload = numbered(2 * 1448 + 10);
        int at = 0;
        for (int i = 0; i < lengths.length; i++) {
            byte[] segment = next(inside);
            int length = lengths[i] - 54;
            assertArrayEquals(
                    Arrays.copyOfRange(payload, at, at + length), Arrays.copyOfRange(segment, 54, 54 + length));
            assertTrue(hasRightTcpChecksum(segment), "segment " + i);
            at += length;
        }
    }

    @Test
    void aSuperFrameThatThisNicCantCutIsCutByTheKernel() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(VethWire.without("tx-udp-segmentation off", wires++, 1500, WatchedRing::open));
        bridge(outside, inside);
        byte[] datagrams = Frame.udp(A, 1, B, 443)
                .payload(numbered(2_500))
                .unfinishedChecksum()
                .bytes();
        try (OffloadWire from = OffloadWire.on(far(outside))) {
            from.send(offloaded(datagrams, NEEDS_CSUM, GSO_UDP_L4, 42, 1_000, 34, 6));
            outside.toPort(frame(1, 60));
        }
        for (int length : new int[] {1_000, 1_000, 500}) {
            assertEquals(42 + length, next(inside).length);
        }
        assertArrayEquals(frame(1, 60), next(inside));
        awaitCount(2, inside, SENT_FRAMES);
    }

    private static boolean hasRightTcpChecksum(byte[] frame) {
        Packet packet = new Packet();
        packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        return packet.verifyChecksum() == ChecksumState.RIGHT;
    }

    @Test
    void everyTagComesBackWhereItWas() throws Exception {
        Wire outside = wire(1504);
        Wire inside = wire(1504);
        bridge(outside, inside);
        int[][] tags = {
            {0x8100, 100},
            {0x8100, 0xe064}, // priority 7
            {0x8100, 0x1fff}, // drop eligible, the last id
            {0x8100, 0x6000}, // priority 3, no VLAN
            {0x8100, 0},
            {0x88a8, 0xa00a},
            {0x88a8, 0x6014, 0x8100, 0x200a},
            {0x8100, 20, 0x8100, 10},
            {0x88a8, 1, 0x88a8, 2, 0x8100, 3},
        };
        for (int[] tag : tags) {
            for (int length : new int[] {60, 1400, 1500 + 14 - 4 * tag.length / 2 + 4}) {
                byte[] sent = tagged(frame(0, length), tag);
                outside.toPort(sent);
                assertArrayEquals(sent, next(inside));
                inside.toPort(sent);
                assertArrayEquals(sent, next(outside));
            }
        }
    }

    @Test
    void aTagMovesTheOffsetOfAnUnfinishedChecksum() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        try (OffloadWire from = OffloadWire.on(far(outside));
                OffloadWire to = OffloadWire.on(far(inside))) {
            for (int payload : new int[] {100, 40_000}) {
                byte[] frame = tcp(payload);
                byte[] tagged = tagged(frame, 0x8100, 0x6064);
                byte gso = payload > 1448 ? GSO_TCPV4 : 0;
                int segment = payload > 1448 ? 1448 : 0;
                from.send(offloaded(tagged, NEEDS_CSUM, gso, 58, segment, 38, 16));
                byte[] arrived = to.next();
                assertEquals(
                        describe(offloaded(frame, NEEDS_CSUM, gso, 0, segment, 34, 16)),
                        describe(arrived),
                        "the far kernel took the tag out");
                assertArrayEquals(frame, frameOf(arrived));
                assertArrayEquals(tagged, next(inside));
            }
        }
    }

    @Test
    void anUnfinishedSctpChecksumIsFinished() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        bridge(outside, inside);
        byte[] sctp = Frame.sctp(A, 1, B, 2).payload(numbered(100)).bytes();
        int start = 34;
        Arrays.fill(sctp, start + 8, start + 12, (byte) 0);
        CRC32C crc = new CRC32C();
        crc.update(sctp, start, sctp.length - start);
        byte[] right = sctp.clone();
        ByteBuffer.wrap(right).order(ByteOrder.LITTLE_ENDIAN).putInt(start + 8, (int) crc.getValue());
        try (OffloadWire from = OffloadWire.on(far(outside));
                OffloadWire to = OffloadWire.on(far(inside))) {
            from.send(offloaded(sctp, NEEDS_CSUM, (byte) 0, 0, 0, start, 8));
            byte[] arrived = to.next();
            assertEquals(0, arrived[0], "nothing is left to fill in");
            assertArrayEquals(right, frameOf(arrived));
        }
    }

    @Test
    void aSuperFrameOfPacketsTooLongForTheOtherNicIsRefused() throws Exception {
        Wire outside = wire(9000);
        Wire inside = wire(1500);
        bridge(outside, inside);
        byte[] large = offloaded(tcp(40_000), NEEDS_CSUM, GSO_TCPV4, 54, 1461, 34, 16);
        byte[] largest = offloaded(tcp(40_000), NEEDS_CSUM, GSO_TCPV4, 54, 1460, 34, 16);
        byte[] tagged = offloaded(tagged(tcp(40_000), 0x8100, 7), NEEDS_CSUM, GSO_TCPV4, 58, 1460, 38, 16);
        try (OffloadWire from = OffloadWire.on(far(outside))) {
            from.send(large);
            from.send(largest);
            from.send(tagged);
            assertArrayEquals(frameOf(largest), next(inside));
            assertArrayEquals(frameOf(tagged), next(inside));
            awaitCount(1, inside, TOO_BIG);
            VethWire.ip("link", "set", inside.port().nic(), "mtu", "1501");
            VethWire.ip("link", "set", far(inside), "mtu", "1501");
            await("the MTU is noticed", () -> {
                try {
                    from.send(large);
                } catch (IOException refused) {
                    throw new AssertionError(refused);
                }
                return !inside.fromPort().isEmpty();
            });
        }
    }

    @Test
    void framesThatTheKernelDoesNotSendAreCounted() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        PortChannel channel = bridge(outside, inside);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(3 * 256);
            Batch batch = new Batch(memory, false);
            for (int i = 0; i < 3; i++) {
                byte[] frame = offloaded(frame(i, 60), (byte) 0, i == 1 ? (byte) 0x7f : 0, 0, 0, 0, 0);
                MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, i * 256L, frame.length);
                batch.add(i * 256L + VNET, 60);
                batch.accept(i, Batch.NO_RULE);
            }
            channel.writeAndFlush(batch).sync();
            assertArrayEquals(frame(0, 60), next(outside));
            assertArrayEquals(frame(2, 60), next(outside));
            awaitCount(1, outside, SEND_ERROR_EINVAL);
            awaitCount(2, outside, SENT_FRAMES);
        }
    }

    /** One socket call for all of them; the far end receives the same bytes. */
    @ParameterizedTest
    @ValueSource(strings = {"", "tx-udp-segmentation off"})
    void datagramsOfOneFlowArriveAsTheyWere(String features) throws Exception {
        Wire outside = wire(VethWire.without(features, wires++, 1500, WatchedRing::open));
        PortChannel channel = bridge(outside, wire(1500));
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            frames.add(whole(Frame.udp(A, 4_000, B, 443).payload(numbered(i == 39 ? 5 : 300))));
        }
        frames.add(Frame.udp(A, 4_001, B, 443).payload(numbered(300)).bytes());
        for (int i = 0; i < 3; i++) {
            frames.add(Frame.udp("2001:db8::7", 1, "2001:db8::1", 443)
                    .payload(numbered(200))
                    .bytes());
        }
        try (Arena arena = Arena.ofShared();
                OffloadWire to = OffloadWire.on(far(outside))) {
            Batch batch = verified(arena, frames);
            channel.writeAndFlush(batch).sync();
            int messages = 0;
            int arrived = 0;
            while (arrived < frames.size()) {
                byte[] next = to.next();
                messages++;
                arrived += datagrams(next, frames.subList(arrived, frames.size()));
            }
            assertEquals(features.isEmpty() ? 3 : frames.size(), messages);
            awaitCount(frames.size(), outside, SENT_FRAMES);
        }
    }

    /** Number of these frames in a received super-frame, which holds their payloads one after the other. */
    private static int datagrams(byte[] headerAndFrame, List<byte[]> expected) {
        byte[] frame = frameOf(headerAndFrame);
        int headers = frame[12] == 8 ? 42 : 62;
        int segment =
                ByteBuffer.wrap(headerAndFrame).order(ByteOrder.LITTLE_ENDIAN).getShort(4);
        int at = headers;
        int count = 0;
        while (at < frame.length) {
            byte[] sent = expected.get(count);
            int length = segment == 0 ? frame.length - at : Math.min(segment, frame.length - at);
            assertArrayEquals(
                    Arrays.copyOfRange(sent, headers, sent.length), Arrays.copyOfRange(frame, at, at + length));
            // Addresses and ports, which are the same in all of them.
            int ports = headers - 8;
            assertArrayEquals(
                    Arrays.copyOfRange(sent, ports - 8, ports + 4), Arrays.copyOfRange(frame, ports - 8, ports + 4));
            at += length;
            count++;
        }
        return count;
    }

    /** Not to be fragmented, so that its identification means nothing. */
    private static byte[] whole(Frame frame) {
        byte[] bytes = frame.bytes();
        bytes[20] = 0x40;
        bytes[24] = (byte) (bytes[24] - 0x40);
        return bytes;
    }

    /** Frames with their vnet headers, found right and accepted. */
    private static Batch verified(Arena arena, List<byte[]> frames) {
        MemorySegment memory = arena.allocate(frames.size() * 2_048L);
        Batch batch = new Batch(memory, false);
        for (int i = 0; i < frames.size(); i++) {
            byte[] frame = offloaded(frames.get(i), (byte) 0, (byte) 0, 0, 0, 0, 0);
            MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, i * 2_048L, frame.length);
            batch.add(i * 2_048L + VNET, frame.length - VNET);
            batch.verified();
            batch.accept(i, Batch.NO_RULE);
        }
        return batch;
    }

    /** All rings of an interface, for any number of workers, use at most 40 MiB; each holds a super-frame. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7, 8, 16, 33, 64})
    void theRingsOfAnInterfaceAreBounded(int workers) {
        PacketSocket.RingGeometry geometry = Geometry.of(workers);
        long ring = (long) geometry.slots() * geometry.slotLength();
        assertTrue(2L * workers * (ring + geometry.sideLength()) <= 40L << 20, geometry.toString());
        assertEquals(0, ring % PacketSocket.BLOCK, geometry.toString());
        assertTrue(geometry.sideLength() >= 65_600 && geometry.sideLength() % 4_096 == 0, geometry.toString());
        // 8 ms of 680,000 frames a second, for all workers together.
        assertTrue(workers > 32 || geometry.slots() * workers >= 5_440, geometry.toString());
    }

    @Test
    void framesOfAnotherKindOfPortAreSentToo() throws Exception {
        Wire outside = wire(1500);
        PortChannel channel = bridge(outside, wire(1500));
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(64);
            MemorySegment.copy(frame(7, 60), 0, memory, ValueLayout.JAVA_BYTE, 0, 60);
            Batch batch = new Batch(memory, true);
            batch.add(0, 60);
            batch.accept(0, Batch.NO_RULE);
            channel.writeAndFlush(batch).sync();
            assertArrayEquals(frame(7, 60), next(outside));
        }
    }

    @Test
    void aFullRingWithoutAGapLosesNothing() throws Exception {
        Wire outside = wire(1500);
        // libpcap, which listens for the test, has small slots and many of them only where offloads are off.
        Wire inside = wire(VethWire.without("tso off gso off gro off tx off", wires++, 1500, WatchedRing::open));
        bridge(outside, inside);
        int frames = 10_000;
        for (int i = 0; i < frames; i++) {
            outside.toPort(frame(i, 60));
            int sent = i + 1;
            // As many as the ring has slots, but for a few.
            await("frames leave", () -> sent - count(inside, SENT_FRAMES) < 4_000);
        }
        for (int i = 0; i < frames; i++) {
            assertArrayEquals(frame(i, 60), next(inside));
        }
        assertEquals(0, count(outside, RING_FULL));
    }

    @Test
    void everyFrameIsReceivedOrCounted() throws Exception {
        Wire outside = wire(9000);
        PortChannel channel = bridge(outside, wire(9000));
        channel.config().setAutoRead(false);
        int frames = 12_000;
        for (int i = 0; i < frames; i++) {
            outside.toPort(frame(i, i % 2 == 0 ? 9_014 : 60));
        }
        await("the kernel's losses are read", () -> count(outside, RING_FULL) > 0);
        channel.config().setAutoRead(true);
        await(
                "each is one of three",
                () -> count(outside, RECEIVED_FRAMES) + count(outside, RING_FULL) + count(outside, TRUNCATED)
                        == frames);
        outside.toPort(frame(1, 9_014));
        await("then long ones pass again", () -> count(outside, RECEIVED_FRAMES) > 0);
    }

    @Test
    void longFramesThatNoLongerFitTheQueueAreCountedAndNeverMixedUp() throws Exception {
        Wire outside = wire(65_000);
        Wire inside = wire(65_000);
        PortChannel channel = bridge(outside, inside);
        channel.config().setAutoRead(false);
        int frames = 2_000;
        for (int i = 0; i < frames; i++) {
            outside.toPort(frame(i, 60_000 + i));
        }
        channel.config().setAutoRead(true);
        await(
                "each has come or is counted",
                () -> count(outside, RECEIVED_FRAMES) + count(outside, TRUNCATED) == frames);
        assertTrue(count(outside, TRUNCATED) > 0, "more than the queue holds");
        long arrived = count(outside, RECEIVED_FRAMES);
        int last = -1;
        for (long i = 0; i < arrived; i++) {
            byte[] frame = next(inside);
            int number = ByteBuffer.wrap(frame).getInt(14);
            assertTrue(number > last);
            assertArrayEquals(frame(number, 60_000 + number), frame);
            last = number;
        }
    }

    /** In light traffic: the frame alone, then single frames. */
    @Test
    void aFrameThatTheKernelCanNotDescribeBlocksTheRingForAMomentOnly() throws Throwable {
        try (OffloadWire tap = OffloadWire.tap("tap7")) {
            VethWire.ip("link", "set", "tap7", "up");
            Wire inside = wire(1500);
            TapWire outside = new TapWire(WatchedRing.open("tap7"), tap);
            bridge(outside, inside);
            outside.toPort(frame(1, 60));
            assertArrayEquals(frame(1, 60), next(inside));
            byte[] datagram =
                    Frame.udp(A, 1, B, 2).payload(4_000).unfinishedChecksum().bytes();
            for (int i = 0; i < 3; i++) {
                long before = count(outside, UNDESCRIBED);
                tap.send(offloaded(datagram, NEEDS_CSUM, GSO_UDP, 42, 1480, 34, 6));
                awaitCount(before + 1, outside, UNDESCRIBED);
                // A frame of the previous turn may still be in flight; those of this turn can pass the next ring only.
                byte[] later = frame(10 + i, 60);
                await("frames pass again", () -> {
                    outside.toPort(later);
                    return Arrays.equals(inside.fromPort().poll(), later);
                });
                assertEquals(before + 1, count(outside, UNDESCRIBED), "once");
            }
            closeAll();
        }
    }

    /** The ring has frames to read at each check until the worker continues, and then nothing more arrives or is lost. */
    @Test
    void suchAFrameIsFoundAlthoughTheWorkerIsBehind() throws Throwable {
        try (OffloadWire tap = OffloadWire.tap("tap8")) {
            VethWire.ip("link", "set", "tap8", "up");
            Wire inside = wire(1500);
            TapWire outside = new TapWire(WatchedRing.open("tap8"), tap);
            PortChannel channel = bridge(outside, inside);
            channel.eventLoop()
                    .submit(() -> channel.config().setAutoRead(false))
                    .sync();
            // An earlier read request is still unanswered.
            outside.toPort(frame(1, 60));
            assertArrayEquals(frame(1, 60), next(inside));
            outside.toPort(frame(2, 60));
            byte[] datagram =
                    Frame.udp(A, 1, B, 2).payload(4_000).unfinishedChecksum().bytes();
            tap.send(offloaded(datagram, NEEDS_CSUM, GSO_UDP, 42, 1480, 34, 6));
            // Several checks.
            TimeUnit.MILLISECONDS.sleep(200);
            assertEquals(0, count(outside, UNDESCRIBED));
            assertEquals(0, count(outside, RING_FULL));
            channel.config().setAutoRead(true);
            assertArrayEquals(frame(2, 60), next(inside));
            awaitCount(1, outside, UNDESCRIBED);
            assertEquals(0, count(outside, RING_FULL));
            closeAll();
        }
    }

    /** As the kernel's bridge: the outer tag lies beside the frame, and a veth counts four bytes less. */
    @Test
    void aWholePacketUnderTwoTagsPassesAVeth() throws Exception {
        Wire outside = wire(1600);
        Wire inside = wire(VethWire.without("tx off", wires++, 1500, WatchedRing::open));
        bridge(outside, inside);
        awaitTwoTags(outside, inside);
        int[][] tags = {{0x88a8, 0x2014, 0x8100, 10}, {0x8100, 20, 0x8100, 0xe00a}, {0x88a8, 1, 0x88a8, 2}};
        for (int[] two : tags) {
            for (int length : new int[] {1_510, 1_511, 1_514}) {
                byte[] whole = tagged(frame(8, length), two);
                outside.toPort(whole);
                assertArrayEquals(whole, next(inside));
            }
        }
        long before = count(inside, TOO_BIG);
        outside.toPort(tagged(frame(7, 1_515), 0x88a8, 1, 0x8100, 2));
        outside.toPort(tagged(frame(7, 1_514), 0x88a8, 1, 0x88a8, 2, 0x8100, 3));
        awaitCount(before + 2, inside, TOO_BIG);
        // The kernel finishes the checksum of the inner packet.
        byte[] segment = tagged(tcp(1_460), 0x88a8, 20, 0x8100, 10);
        try (OffloadWire from = OffloadWire.on(far(outside))) {
            from.send(offloaded(segment, NEEDS_CSUM, (byte) 0, 0, 0, 34 + 8, 16));
        }
        byte[] finished = next(inside);
        assertEquals(segment.length, finished.length);
        assertTrue(hasRightTcpChecksum(finished));
    }

    /** The first of these frames has the program attached. */
    private static void awaitTwoTags(Wire outside, Wire inside) throws Exception {
        await("the program is attached", () -> {
            try {
                outside.toPort(tagged(frame(0, 1_514), 0x88a8, 5, 0x8100, 6));
            } catch (Exception refused) {
                throw new AssertionError(refused);
            }
            return !inside.fromPort().isEmpty();
        });
        byte[] last = frame(-1, 61);
        outside.toPort(last);
        await("the last", () -> Arrays.equals(last, inside.fromPort().poll()));
    }

    /** Frames of the same length and others, which bypass the NIC's queue, keep their order. */
    @Test
    void framesUnderTwoTagsKeepTheirOrder() throws Exception {
        Wire outside = wire(1600);
        Wire inside = wire(1500);
        bridge(outside, inside);
        awaitTwoTags(outside, inside);
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 200; i++) {
                outside.toPort(i % 3 == 0 ? frame(i, 60) : tagged(frame(i, 1_514), 0x88a8, 5, 0x8100, 6));
            }
            for (int i = 0; i < 200; i++) {
                assertArrayEquals(
                        i % 3 == 0 ? frame(i, 60) : tagged(frame(i, 1_514), 0x88a8, 5, 0x8100, 6), next(inside));
            }
        }
    }

    /** Where the NIC transmits them. */
    @Test
    void aWholePacketUnderTwoTagsPasses() throws Throwable {
        try (OffloadWire tap = OffloadWire.tap("tap8")) {
            VethWire.ip("link", "set", "tap8", "up");
            Wire outside = wire(1600);
            bridge(outside, new TapWire(WatchedRing.open("tap8"), tap));
            int[][] tags = {{0x88a8, 20, 0x8100, 10}, {0x8100, 20, 0x8100, 10}, {0x88a8, 1, 0x88a8, 2}};
            for (int[] two : tags) {
                outside.toPort(tagged(frame(8, 1_515), two));
                byte[] longest = tagged(frame(7, 1_514), two);
                outside.toPort(longest);
                assertArrayEquals(longest, frameOf(tap.next()));
            }
            outside.toPort(tagged(frame(7, 1_514), 0x88a8, 1, 0x88a8, 2, 0x8100, 3));
            outside.toPort(frame(1, 60));
            assertArrayEquals(frame(1, 60), frameOf(tap.next()));
            closeAll();
        }
    }

    /** A tap device of the test. */
    private record TapWire(RingPort port, OffloadWire tap) implements Wire {
        @Override
        public void toPort(byte[] frame) {
            try {
                tap.send(offloaded(frame, (byte) 0, (byte) 0, 0, 0, 0, 0));
            } catch (IOException refused) {
                throw new AssertionError(refused);
            }
        }

        @Override
        public Queue<byte[]> fromPort() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void down() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void up() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void vanish() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void comeBack() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void remove() {
            tap.close();
        }
    }

    /** Short, tagged and long frames, through both ports and the engine: 100,000 of them cost the heap nothing. */
    @Test
    void nothingIsAllocatedPerFrame() throws Exception {
        Wire outside = wire(9000);
        Wire inside = wire(9000);
        Engine engine = engine();
        List<byte[]> frames = List.of(
                Frame.udp(A, 1, B, 53).payload(20).bytes(),
                Frame.udp(A, 1, B, 53).payload(20).vlan(7).bytes(),
                Frame.udp(A, 1, B, 53).payload(5_000).bytes(),
                Frame.udp(A, 2, B, 53).wrongChecksum(0x101).bytes());
        outside.port().start(() -> {});
        inside.port().start(() -> {});
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Pump pump = new Pump(outside, inside, engine, frames);
        try {
            Allocation.nothingIn(() -> {
                long bytes = 0;
                for (int done = 0; done < 100_000; done += Pump.AT_ONCE) {
                    pump.provide();
                    long before = threads.getCurrentThreadAllocatedBytes();
                    pump.drain();
                    bytes += threads.getCurrentThreadAllocatedBytes() - before;
                }
                return bytes;
            });
            assertEquals(pump.provided / 4, engine.counters().packets(Direction.INGRESS, Reason.BAD_CHECKSUM));
            assertEquals(3 * pump.provided / 4, count(inside, SENT_FRAMES));
        } finally {
            outside.port().close();
            inside.port().close();
        }
    }

    private static Engine engine() throws Exception {
        return new Engine(Policy.compile(ConfigReader.parse("""
                                version: 1
                                interfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}}
                                security-groups: {web: {ingress: [{protocol: all, from: any}]}}
                                """, "test.yaml"), "web0", 1, 1000), Shard.ALL, 1, 2);
    }

    /** Puts frames on the wire, then forwards them, on one thread, so that both costs are separate. */
    private static final class Pump {
        static final int AT_ONCE = 1_000;

        private final Wire outside;
        private final Wire inside;
        private final Engine engine;
        private final List<byte[]> frames;
        private long provided;

        Pump(Wire outside, Wire inside, Engine engine, List<byte[]> frames) {
            this.outside = outside;
            this.inside = inside;
            this.engine = engine;
            this.frames = frames;
        }

        void provide() throws Exception {
            for (int i = 0; i < AT_ONCE; i++) {
                outside.toPort(frames.get(i % frames.size()));
            }
            provided += AT_ONCE;
            inside.fromPort().clear();
        }

        void drain() {
            int seen = 0;
            while (seen < AT_ONCE) {
                Batch batch = outside.port().receive();
                if (batch == null) {
                    Thread.onSpinWait();
                    continue;
                }
                engine.decide(batch, Direction.INGRESS, System.nanoTime());
                inside.port().send(batch);
                seen += batch.size();
                outside.port().release(batch);
            }
        }
    }

    /** The whole way, Netty's part included: 100,000 frames through two channels on an event loop. */
    @Test
    void theLoopAllocatesNothingPerFrame() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(1500);
        PortChannel channel = bridge(outside, inside);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] loop = new long[1];
        channel.eventLoop()
                .submit(() -> loop[0] = Thread.currentThread().threadId())
                .sync();
        long[] sent = {0};
        Allocation.nothingIn(() -> {
            long before = threads.getThreadAllocatedBytes(loop[0]);
            for (int i = 1; i <= 100_000; i++) {
                outside.toPort(frame(i, 60));
                long provided = ++sent[0];
                if (i % 500 == 0) {
                    await("frames leave", () -> provided - count(inside, SENT_FRAMES) < 500);
                    inside.fromPort().clear();
                }
            }
            awaitCount(sent[0], inside, SENT_FRAMES);
            return threads.getThreadAllocatedBytes(loop[0]) - before;
        });
    }

    @Test
    void aPortThatIsDownWhenOpenedForwardsOnceItIsUp() throws Exception {
        Wire wire = wire(1500);
        String nic = wire.port().nic();
        wire.down();
        try (RingPort port = WatchedRing.open(nic)) {
            assertEquals(new PortState.NotForwarding(nic + " is down; `ip link set " + nic + " up`"), port.state());
            port.start(() -> {});
            wire.up();
            await("forwards", () -> port.state().equals(PortState.FORWARDING));
            wire.toPort(frame(1, 60));
            await("it hears", () -> {
                Batch batch = port.receive();
                if (batch == null) {
                    return false;
                }
                port.release(batch);
                return true;
            });
        }
        wire.port().close();
    }

    @Test
    void aPeerThatIsDownShowsAsNoCarrier() throws Exception {
        Wire wire = wire(1500);
        bridge(wire, wire(1500));
        String nic = wire.port().nic();
        VethWire.ip("link", "set", far(wire), "down");
        await("no carrier", () -> wire.port().state().equals(new PortState.NotForwarding(nic + " has no carrier")));
        VethWire.ip("link", "set", far(wire), "up");
        await("carrier", () -> wire.port().state().equals(PortState.FORWARDING));
    }

    @Test
    void closingReleasesEverything() throws Exception {
        Wire wire = wire(1500);
        String nic = wire.port().nic();
        wire.port().close();
        WatchedRing.open(nic).close();
        long descriptors = descriptors();
        long mappings = mappings();
        for (int i = 0; i < 10; i++) {
            try (RingPort port = WatchedRing.open(nic)) {
                if (i % 2 == 0) {
                    port.start(() -> {});
                }
                assertTrue(mappings() > mappings);
                assertTrue(isPromiscuous(nic));
            }
            assertEquals(descriptors, descriptors());
            assertEquals(mappings, mappings());
            assertTrue(!isPromiscuous(nic));
        }
    }

    private static boolean isPromiscuous(String nic) throws Exception {
        Process process = new ProcessBuilder("ip", "-d", "link", "show", nic)
                .redirectErrorStream(true)
                .start();
        // Closes all pipes of the process: otherwise the JDK closes them later, and a test that counts descriptors sees
        // them.
        try (var in = process.getInputStream();
                var _ = process.getOutputStream();
                var _ = process.getErrorStream()) {
            String shown = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor());
            return !shown.contains("promiscuity 0 ");
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    private static long mappings() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("socket:"))
                .count();
    }

    @Test
    void anUnknownNicIsNamed() {
        PortException refused = assertThrows(PortException.class, () -> WatchedRing.open("eth9"));
        assertEquals("eth9: no such network interface; `ip link` lists those that there are", refused.getMessage());
        assertNotNull(refused.getCause());
    }

    @Test
    void anInterfaceThatIsNotEthernetIsRefused() throws Exception {
        VethWire.ip("tuntap", "add", "dev", "tun7", "mode", "tun");
        try {
            PortException refused = assertThrows(PortException.class, () -> WatchedRing.open("tun7"));
            assertTrue(
                    String.valueOf(refused.getMessage()).startsWith("tun7: not an Ethernet interface"),
                    refused.getMessage());
        } finally {
            VethWire.ip("link", "delete", "tun7");
        }
    }
}
