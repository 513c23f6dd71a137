package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.packet.wire.InternetChecksum;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class UdpGsoRunTest {
    private static final int SLOT = 2_048;
    private static final int MTU = 1_500;
    private static final int ID = 18;
    private static final int FRAGMENT = 20;
    private static final int IPV4 = 14;
    private static final int UDP_CHECKSUM = 40;

    private final UdpGsoRun train = new UdpGsoRun();
    private final MemorySegment memory = MemorySegment.ofArray(new byte[Batch.CAPACITY * SLOT]);

    /** Not to be fragmented, as most senders have it. */
    private static byte[] udp(int payload) {
        byte[] frame = Frame.udp("198.51.100.7", 1_000, "10.0.0.1", 443)
                .payload(payload)
                .bytes();
        return with(frame, FRAGMENT, 0x40, 0);
    }

    private static byte[] udp6(int payload) {
        return Frame.udp("2001:db8::7", 1_000, "2001:db8::1", 443)
                .payload(payload)
                .bytes();
    }

    private Batch batch(List<byte[]> frames) {
        Batch batch = new Batch(memory, false);
        batch.clear();
        for (int i = 0; i < frames.size(); i++) {
            byte[] frame = frames.get(i);
            MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, (long) i * SLOT, frame.length);
            batch.add((long) i * SLOT, frame.length);
            batch.verified();
        }
        return batch;
    }

    /** The number of frames of the batch that leave together, from the first one on. */
    private int together(Batch batch) {
        if (!train.begin(batch, 0, MTU)) {
            return 0;
        }
        int i = 1;
        while (i < batch.size() && train.append(batch, i)) {
            i++;
        }
        assertEquals(i, train.datagrams());
        return i;
    }

    private int together(byte[]... frames) {
        return together(batch(List.of(frames)));
    }

    /** The same frame with other bytes from {@code at} on and a valid IPv4 header. */
    private static byte[] with(byte[] frame, int at, int... bytes) {
        byte[] changed = frame.clone();
        for (int i = 0; i < bytes.length; i++) {
            changed[at + i] = (byte) bytes[i];
        }
        if (changed[12] == 8) {
            ByteBuffer.wrap(changed).putShort(IPV4 + 10, (short) 0);
            MemorySegment whole = MemorySegment.ofArray(changed);
            int sum = InternetChecksum.fold(InternetChecksum.sum(whole, IPV4, IPV4 + 20));
            ByteBuffer.wrap(changed).putShort(IPV4 + 10, (short) ~sum);
        }
        return changed;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 18, 100, 1_472})
    void datagramsOfOneFlowAndLengthTravelTogether(int payload) {
        assertEquals(3, together(udp(payload), udp(payload), udp(payload)));
        assertEquals(payload, train.segmentLength());
        int most = Math.min(payload, MTU - 48);
        assertEquals(2, together(udp6(most), udp6(most)));
    }

    @Test
    void aShorterOneIsTheLast() {
        assertEquals(3, together(udp(100), udp(100), udp(99), udp(99), udp(100)));
        assertEquals(1, together(udp(99), udp(100)));
        assertEquals(1, together(udp(100), udp(0)));
        assertEquals(1, together(udp(0), udp(0)));
    }

    /** Bytes of an IPv4 frame in which the second one differs from the first: it leaves alone. */
    @ParameterizedTest
    @CsvSource({
        "destination MAC, 5",
        "source MAC, 11",
        "type of service, 15",
        "time to live, 22",
        "source address, 29",
        "destination address, 33",
        "source port, 35",
        "destination port, 37",
    })
    void anotherFlowOrHeaderLeavesAlone(String what, int at) {
        byte[] first = udp(30);
        assertEquals(1, together(first, with(first, at, first[at] ^ 1)), what);
    }

    @ParameterizedTest
    @CsvSource({"traffic class, 15", "flow label, 17", "hop limit, 21", "source, 37", "destination, 53"})
    void soItIsWithIpv6(String what, int at) {
        byte[] first = udp6(30);
        assertEquals(1, together(first, with(first, at, first[at] ^ 1)), what);
    }

    @Test
    void meaningfulIdentificationsHaveToBeConsecutive() {
        byte[] first = with(udp(30), ID, 0xff, 0xff, 0, 0);
        assertEquals(3, together(first, with(first, ID, 0, 0), with(first, ID, 0, 1)));
        assertEquals(1, together(first, with(first, ID, 0, 1)));
        byte[] whole = with(udp(30), ID, 1, 1, 0x40, 0);
        assertEquals(2, together(whole, with(whole, ID, 9, 9)));
        assertEquals(1, together(whole, with(whole, FRAGMENT, 0, 0)));
    }

    @Test
    void fragmentsOptionsAndOtherProtocolsNeverBegin() {
        assertEquals(0, together(with(udp(30), FRAGMENT, 0x20, 0), udp(30)));
        assertEquals(0, together(with(udp(30), FRAGMENT, 0, 1), udp(30)));
        assertEquals(0, together(with(udp(30), IPV4, 0x46), udp(30)));
        byte[] tcp = Frame.tcp("198.51.100.7", 1, "10.0.0.1", 80, TcpFlags.ACK)
                .payload(30)
                .bytes();
        assertEquals(0, together(tcp, tcp));
        assertEquals(0, together(new byte[60], new byte[60]));
        assertEquals(0, together(new byte[14], new byte[14]));
    }

    @Test
    void inconsistentLengthsLeaveAlone() {
        byte[] frame = udp(30);
        assertEquals(0, together(with(frame, 38, 0, 39), frame));
        assertEquals(1, together(frame, with(frame, 38, 0, 37)));
        assertEquals(1, together(frame, with(frame, 16, 1, 0)));
        assertEquals(1, together(frame, Arrays.copyOf(frame, 41)));
        // Padding to the shortest frame is no payload.
        assertEquals(2, together(Arrays.copyOf(udp(5), 60), Arrays.copyOf(udp(5), 60)));
        assertEquals(5, train.segmentLength());
    }

    @Test
    void anUnverifiedChecksumStaysAsItIs() {
        Batch unknown = new Batch(memory, false);
        unknown.clear();
        unknown.add(0, udp(30).length);
        assertFalse(train.begin(unknown, 0, MTU));
        assertEquals(0, together(with(udp(30), UDP_CHECKSUM, 0, 0), udp(30)));
        assertEquals(1, together(udp(30), with(udp(30), UDP_CHECKSUM, 0, 0)));
    }

    @Test
    void anUnfinishedChecksumIsAsGood() {
        Batch batch = batch(List.of(udp(30), udp(30), udp(30)));
        batch.clear();
        for (int i = 0; i < 3; i++) {
            batch.add((long) i * SLOT, udp(30).length);
            batch.partial(i == 2 ? 30 : 34, UDP_CHECKSUM);
        }
        assertEquals(2, together(batch));
    }

    @Test
    void aFrameThatDoesNotFitTheNicLeavesAlone() {
        assertTrue(train.begin(batch(List.of(udp(972))), 0, 1_000));
        assertFalse(train.begin(batch(List.of(udp(973))), 0, 1_000));
    }

    @Test
    void aSuperFrameIsOneAlready() {
        Batch batch = batch(List.of(udp(100), udp(100)));
        batch.segments(50);
        assertEquals(1, together(batch));
        batch.clear();
        batch.add(0, udp(100).length);
        batch.verified();
        batch.segments(50);
        assertFalse(train.begin(batch, 0, MTU));
    }

    @Test
    void aRunIsNotLongerThanADatagram() {
        List<byte[]> frames =
                IntStream.range(0, Batch.CAPACITY).mapToObj(_ -> udp(1_472)).toList();
        assertEquals((65_535 - 28) / 1_472, together(batch(frames)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void tagsAreLookedThrough(int tags) {
        UnaryOperator<byte[]> tagged = frame -> {
            ByteBuffer with = ByteBuffer.allocate(frame.length + 4 * tags).put(frame, 0, 12);
            for (int i = 0; i < tags; i++) {
                with.putInt((i + 1 < tags ? 0x88a8_0000 : 0x8100_0000) | 7 + i);
            }
            return with.put(frame, 12, frame.length - 12).array();
        };
        assertEquals(2, together(tagged.apply(udp(30)), tagged.apply(udp(30))));
        assertEquals(42 + 4 * tags, train.headersLength());
        assertEquals(2, together(tagged.apply(udp6(30)), tagged.apply(udp6(30))));
    }

    /** The headers of the whole: the length, a valid IPv4 header, and the pseudo-header's sum at the start of the NIC's part. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theHeadersAreThoseOfTheWhole(boolean v6) {
        List<byte[]> frames = v6 ? List.of(udp6(500), udp6(500), udp6(7)) : List.of(udp(500), udp(500), udp(7));
        Batch batch = batch(frames);
        assertEquals(3, together(batch));
        byte[] super_ = new byte[train.headersLength() + 1_007];
        MemorySegment whole = MemorySegment.ofArray(super_);
        train.writeHeaders(whole, 0);
        int at = train.headersLength();
        for (int i = 0; i < 3; i++) {
            int payload = train.payloadLength(batch, i);
            MemorySegment.copy(memory, (long) i * SLOT + train.headersLength(), whole, at, payload);
            at += payload;
        }
        assertEquals(super_.length, at);
        Packet packet = new Packet();
        assertEquals(Packet.Fault.NONE, packet.parse(whole, 0, super_.length));
        assertEquals(ChecksumState.UNFINISHED, packet.verifyChecksum());
        assertTrue(packet.mayFillIn(train.checksumStart(), train.checksumStart() + train.checksumField()));
        assertEquals(3, packet.packets(train.segmentLength()));
        assertEquals(443, packet.destinationPort());
        assertArrayEquals(Arrays.copyOf(frames.getFirst(), 14), Arrays.copyOf(super_, 14));
    }
}
