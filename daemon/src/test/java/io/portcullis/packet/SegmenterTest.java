package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.EtherType;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.testing.Frame;
import io.portcullis.testing.Mutations;
import io.portcullis.testing.TunnelTrain;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A super-frame is segmented into exactly the packets from which it was made. */
final class SegmenterTest {
    private static final int VNET = Batch.VNET_HEADER;
    private static final int MOST = 65_000;
    private static final byte ECN = (byte) 0x80;

    private final Segmenter segmenter = new Segmenter();

    /** A batch of one frame, in memory that holds it and its vnet header and not a byte more. */
    private static Batch alone(byte[] frame, int gsoType) {
        MemorySegment memory = MemorySegment.ofArray(new byte[VNET + frame.length]);
        MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, VNET, frame.length);
        memory.set(ValueLayout.JAVA_BYTE, 1, (byte) gsoType);
        Batch batch = new Batch(memory, false);
        batch.add(VNET, frame.length);
        return batch;
    }

    private static Batch joined(TunnelTrain train, int moreType) {
        Batch batch = alone(train.joined(), train.gsoType() | moreType);
        batch.partial(train.checksumStart(), train.checksumField());
        batch.segments(train.segmentLength());
        return batch;
    }

    private List<String> cut(Batch batch) {
        assertTrue(segmenter.isTunnel(batch, 0));
        assertTrue(segmenter.begin(batch, 0));
        List<String> packets = new ArrayList<>();
        for (int i = 0; i < segmenter.segments(); i++) {
            byte[] packet = new byte[segmenter.headersLength() + segmenter.payloadLength(i)];
            MemorySegment to = MemorySegment.ofArray(packet);
            segmenter.writeHeaders(i, to.asSlice(0, segmenter.headersLength()), 0);
            MemorySegment.copy(
                    batch.memory(), segmenter.payload(i), to, segmenter.headersLength(), segmenter.payloadLength(i));
            packets.add(HexFormat.of().formatHex(packet));
        }
        return packets;
    }

    private static List<String> hex(List<byte[]> packets) {
        return packets.stream().map(HexFormat.of()::formatHex).toList();
    }

    private static TunnelTrain.Shape shape(TunnelTrain.Kind kind, boolean v6, boolean tcp, SplittableRandom random) {
        List<Integer> tags = new ArrayList<>();
        for (int n = random.nextInt(3); n > 0; n--) {
            tags.add(1 + random.nextInt(4_000));
        }
        int segmentLength = random.nextInt(4) == 0 ? 64 + random.nextInt(100) : 500 + random.nextInt(8_600);
        int payload = Math.min(MOST, segmentLength + 1 + random.nextInt(20 * segmentLength));
        return new TunnelTrain.Shape(kind, v6, tcp, tags, segmentLength, payload, tcp ? 4 * random.nextInt(11) : 0);
    }

    @ParameterizedTest
    @EnumSource(TunnelTrain.Kind.class)
    @Tag("property")
    void aSuperFrameIsSegmentedIntoExactlyItsPackets(TunnelTrain.Kind kind) {
        SplittableRandom random = new SplittableRandom(kind.ordinal());
        for (int i = 0; i < 60; i++) {
            boolean v6 = i % 2 == 0;
            if (!kind.carries(v6)) {
                continue;
            }
            TunnelTrain train = new TunnelTrain(shape(kind, v6, i % 5 != 0, random), random);
            Batch batch = joined(train, i % 3 == 0 && i % 5 != 0 ? ECN : 0);
            byte[] before = batch.memory().toArray(ValueLayout.JAVA_BYTE);
            assertEquals(hex(train.packets()), cut(batch), train.toString());
            assertEquals(
                    HexFormat.of().formatHex(before),
                    HexFormat.of().formatHex(batch.memory().toArray(ValueLayout.JAVA_BYTE)),
                    "what came stays as it is");
            int longest = train.packets().getFirst().length
                    - Frame.network(train.packets().getFirst());
            assertEquals(longest, segmenter.packetLength());
        }
    }

    /** Like a list of packets that the kernel keeps (rx-gro-list), whose checksums it has verified. */
    @ParameterizedTest
    @EnumSource(TunnelTrain.Kind.class)
    @Tag("property")
    void withoutAChecksumFlagItIsFoundAsWell(TunnelTrain.Kind kind) {
        SplittableRandom random = new SplittableRandom(kind.ordinal());
        boolean v6 = kind.carries(true);
        TunnelTrain train = new TunnelTrain(shape(kind, v6, true, random), random);
        Batch batch = alone(train.joined(), train.gsoType());
        batch.segments(train.segmentLength());
        assertEquals(hex(train.packets()), cut(batch), train.toString());
    }

    @Test
    void aFrameOfOnePacketOnlyGetsItsChecksum() {
        SplittableRandom random = new SplittableRandom(5);
        for (int payload : new int[] {1, 999, 1_000}) {
            TunnelTrain train = new TunnelTrain(
                    new TunnelTrain.Shape(TunnelTrain.Kind.GRE, false, true, List.of(), 1_000, payload, 0), random);
            assertEquals(hex(train.packets()), cut(joined(train, 0)));
        }
    }

    private boolean isTunnel(Frame frame, int gsoType, int transport, int field) {
        Batch batch = alone(frame.bytes(), gsoType);
        if (field != 0) {
            batch.partial(transport, transport + field);
        }
        batch.segments(1_000);
        return segmenter.isTunnel(batch, 0);
    }

    @Test
    void framesWithoutATunnelAreLeftToTheKernel() {
        Frame tcp = Frame.tcp("10.0.0.1", 1, "10.0.0.2", 2, 16).payload(5_000);
        Frame tcp6 = Frame.tcp("fd00::1", 1, "fd00::2", 2, 16).payload(5_000);
        Frame udp = Frame.udp("10.0.0.1", 1, "10.0.0.2", 4_789).payload(5_000);
        assertFalse(isTunnel(tcp, 1, 34, 16));
        assertFalse(isTunnel(tcp, 0x81, 34, 16));
        assertFalse(isTunnel(tcp, 1, 0, 0));
        assertFalse(isTunnel(tcp6, 4, 54, 16));
        assertFalse(isTunnel(udp, 5, 34, 6));
        assertFalse(isTunnel(udp, 5, 0, 0), "a list of datagrams");
        assertFalse(isTunnel(udp, 3, 34, 6), "datagrams that are to be fragmented");
        assertFalse(isTunnel(
                Frame.tcp("10.0.0.1", 1, "10.0.0.2", 2, 16)
                        .ipOptions("94040000")
                        .payload(5_000),
                1,
                38,
                16));
        assertFalse(isTunnel(
                Frame.tcp("fd00::1", 1, "fd00::2", 2, 16)
                        .extension(0, 16)
                        .extension(60, 8)
                        .payload(5_000),
                4,
                78,
                16));
        assertFalse(isTunnel(
                Frame.tcp("10.0.0.1", 1, "10.0.0.2", 2, 16)
                        .tag(0x88a8, 5)
                        .vlan(6)
                        .payload(5_000),
                1,
                42,
                16));
        Batch batch = alone(udp.bytes(), 0);
        assertFalse(segmenter.isTunnel(batch, 0), "no super-frame");
        byte[] arp = Frame.ethernet("ffffffffffff", EtherType.ARP, new byte[100]);
        Batch other = alone(arp, 1);
        other.segments(50);
        assertFalse(segmenter.isTunnel(other, 0));
    }

    private void refuses(String why, TunnelTrain train, Consumer<byte[]> change) {
        byte[] frame = train.joined().clone();
        change.accept(frame);
        Batch batch = alone(frame, train.gsoType());
        batch.partial(train.checksumStart(), train.checksumField());
        batch.segments(train.segmentLength());
        assertTrue(segmenter.isTunnel(batch, 0), why);
        assertFalse(segmenter.begin(batch, 0), why);
    }

    @Test
    void contradictoryOrUnknownFramesAreNotSegmented() {
        SplittableRandom random = new SplittableRandom(9);
        TunnelTrain gre = new TunnelTrain(
                new TunnelTrain.Shape(TunnelTrain.Kind.GRE_KEY, false, true, List.of(), 1_000, 5_000, 0), random);
        TunnelTrain vxlan = new TunnelTrain(
                new TunnelTrain.Shape(TunnelTrain.Kind.VXLAN, true, true, List.of(), 1_000, 5_000, 0), random);
        int inner = 14 + 20 + 8;
        refuses("GRE with a sequence number", gre, frame -> frame[34] = 0x30);
        refuses("PPTP's GRE", gre, frame -> frame[35] = 1);
        refuses("an unknown type", gre, frame -> frame[37] = 1);
        refuses("a length beyond the frame", gre, frame -> change(frame, inner + 2, frame.length));
        refuses("a length before its end", gre, frame -> change(frame, inner + 2, 100));
        refuses("a fragment", gre, frame -> change(frame, inner + 6, 0x2000));
        refuses("a wrong header checksum", gre, frame -> frame[inner + 10] ^= 1);
        refuses("a header of four words", gre, frame -> frame[inner] = 0x44);
        refuses("a TCP header that is too short", gre, frame -> frame[gre.checksumStart() + 12] = 0x40);
        refuses("a TCP header beyond all", gre, frame -> {
            Arrays.fill(frame, inner + 20, frame.length, (byte) 0);
        });
        refuses("another protocol", vxlan, frame -> frame[34 + 8 + 8 + 14 + 6] = 58);
        refuses("a length that UDP does not have", vxlan, frame -> frame[39] ^= 1);
        for (int segmentLength : new int[] {1, 4}) {
            Batch batch = joined(gre, 0);
            batch.segments(segmentLength);
            assertTrue(segmenter.isTunnel(batch, 0));
            assertFalse(segmenter.begin(batch, 0), "5,000 packets, or 1,250");
        }
        for (int type : new int[] {4, 5}) {
            Batch batch = alone(gre.joined(), type);
            batch.partial(gre.checksumStart(), gre.checksumField());
            batch.segments(1_000);
            assertTrue(segmenter.isTunnel(batch, 0));
            assertFalse(segmenter.begin(batch, 0), "another kind than what it carries");
        }
    }

    private static void change(byte[] frame, int at, int value) {
        Frame.put16(frame, at, value);
        Frame.repairIpv4(frame, 42);
    }

    /** Neither the frame nor its vnet header is trustworthy. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    @Tag("property")
    void nothingBeyondTheFrameIsEverRead(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<byte[]> seeds = new ArrayList<>();
        for (TunnelTrain.Kind kind : TunnelTrain.Kind.values()) {
            boolean v6 = kind.carries(true) && (!kind.carries(false) || random.nextBoolean());
            TunnelTrain train = new TunnelTrain(
                    new TunnelTrain.Shape(kind, v6, true, List.of(), 40, 100 + random.nextInt(100), 0), random);
            seeds.add(said(train));
        }
        int[] cut = new int[1];
        Mutations.run(seed, 60_000, seeds, input -> cut[0] += tryToCut(input) ? 1 : 0);
        assertTrue(cut[0] > 6_000, "the mutations break too much to test anything: " + cut[0]);
    }

    /** The fields of a vnet header (type, segment length, checksum's start and place), then the frame. */
    private static byte[] said(TunnelTrain train) {
        return new Frame.Octets()
                .u8(1)
                .u8(train.gsoType())
                .u16(train.segmentLength())
                .u16(train.checksumStart())
                .u16(train.checksumField() - train.checksumStart())
                .bytes(train.joined())
                .toBytes();
    }

    private static int u16(byte[] input, int at) {
        return Bytes.u16(MemorySegment.ofArray(input), at);
    }

    private boolean tryToCut(byte[] input) {
        if (input.length < 8) {
            return false;
        }
        byte[] frame = Arrays.copyOfRange(input, 8, input.length);
        Batch batch = alone(frame, input[1]);
        if ((input[0] & 1) != 0) {
            int start = u16(input, 4);
            batch.partial(start, start + u16(input, 6));
        }
        batch.segments(u16(input, 2));
        if (!segmenter.isTunnel(batch, 0) || !segmenter.begin(batch, 0)) {
            return false;
        }
        int total = 0;
        byte[] headers = new byte[segmenter.headersLength()];
        for (int i = 0; i < segmenter.segments(); i++) {
            segmenter.writeHeaders(i, MemorySegment.ofArray(headers), 0);
            assertTrue(segmenter.payloadLength(i) > 0 || segmenter.segments() == 1);
            assertTrue(segmenter.payload(i) + segmenter.payloadLength(i)
                    <= batch.memory().byteSize());
            total += segmenter.payloadLength(i);
        }
        assertEquals(frame.length, segmenter.headersLength() + total);
        return true;
    }
}
