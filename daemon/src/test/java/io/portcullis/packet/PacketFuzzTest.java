package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet.Fault;
import io.portcullis.testing.Frame;
import io.portcullis.testing.Mutations;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Any bytes: the parser has a result, the same at every address, and reads nothing outside of the frame. An input is three bytes
 * (1: correct the IPv4 header's checksum; where a NIC is told to start summing, where to write the sum) and the frame.
 */
@Tag("fuzz")
final class PacketFuzzTest {
    private static final int INPUTS = 60_000;
    private static final int HEAD = 3;
    private static final int GAP = 5;

    private final Packet packet = new Packet();

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void packet(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void mutations(long seed) {
        int[] understood = new int[1];
        Mutations.run(seed, INPUTS, seeds(), input -> understood[0] += check(input) ? 1 : 0);
        assertTrue(understood[0] > INPUTS / 4, "the mutations break too much to test anything: " + understood[0]);
    }

    /** True: the parser found no fault. */
    private boolean check(byte[] input) {
        if (input.length < HEAD) {
            return false;
        }
        byte[] frame = Arrays.copyOfRange(input, HEAD, input.length);
        if ((input[0] & 1) != 0) {
            Frame.repairIpv4(frame);
        }
        List<Object> here = read(frame, 0);
        byte[] further = new byte[GAP + frame.length];
        Arrays.fill(further, (byte) 0x5a);
        System.arraycopy(frame, 0, further, GAP, frame.length);
        assertEquals(here, read(further, GAP), "the same frame elsewhere in memory");
        boolean whole = here.getFirst() == Fault.NONE;
        if (whole) {
            checkFillIn(frame, here, input[1] & 0xff, input[2] & 0xff);
            checkSum(frame);
        }
        return whole;
    }

    /** No parsed value changes by a NIC's write. */
    private void checkFillIn(byte[] frame, List<Object> before, int start, int field) {
        read(frame, 0);
        if (packet.mayFillIn(start, field)) {
            byte[] filled = frame.clone();
            filled[field] ^= 0x35;
            filled[field + 1] ^= (byte) 0xca;
            assertEquals(before, read(filled, 0), "filled in at " + field);
        }
    }

    private void checkSum(byte[] frame) {
        read(frame, 0);
        if (packet.isIp() && packet.hasTransport() && !packet.isFragment()) {
            if (packet.verifyChecksum() == ChecksumState.UNFINISHED) {
                assertTrue(packet.hasUnfinishedChecksum());
                packet.finishChecksum();
                assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
            } else if (packet.hasUnfinishedChecksum() && packet.verifyChecksum() == ChecksumState.RIGHT) {
                byte[] before = frame.clone();
                packet.finishChecksum();
                assertArrayEquals(before, frame, "a right checksum that looks unfinished");
            }
        }
    }

    /** The result of the parser for a frame that fills the memory to its very end. */
    private List<Object> read(byte[] memory, int at) {
        byte[] before = memory.clone();
        int length = memory.length - at;
        Fault fault = packet.parse(MemorySegment.ofArray(memory), at, length);
        List<Object> said = PacketWalk.of(packet, fault, length);
        assertArrayEquals(before, memory, "reading writes nothing");
        return said;
    }

    /** Frames that reach every branch of the parser. */
    static List<byte[]> seeds() {
        String a4 = "198.51.100.7";
        String b4 = "10.0.0.1";
        String a6 = "2001:db8:9::7";
        String b6 = "2001:db8:1::1";
        Frame syn = Frame.tcp(a4, 1, b4, 2, TcpFlags.SYN).tcpOptions(new byte[] {2, 4, 5, 0, 4, 2, 3, 3, 7, 1, 1, 0});
        Frame sack = Frame.tcp(a6, 1, b6, 2, TcpFlags.ACK)
                .tcpOptions(new byte[] {1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 2, 0});
        return Stream.of(
                        syn.bytes(),
                        sack.payload(30).bytes(),
                        syn.ipOptions("9404000001010101").vlan(5).bytes(),
                        Frame.udp(a4, 1, b4, 53)
                                .payload(40)
                                .unfinishedChecksum()
                                .bytes(),
                        Frame.udp(a6, 1, b6, 53).payload(16).fragment(0, true).bytes(),
                        Frame.udp(a6, 1, b6, 53)
                                .extension(IpProtocol.HOP_BY_HOP, 8)
                                .routing(4)
                                .fragmentHeader(0, false)
                                .extension(IpProtocol.DESTINATION_OPTIONS, 24)
                                .bytes(),
                        Frame.udp(a4, 1, b4, 53)
                                .payload(64)
                                .fragment(1480, true)
                                .bytes(),
                        Frame.icmp(a4, b4, 8, 0, 1).payload(8).bytes(),
                        Frame.icmp(a4, b4, 3, 4, 0).payload(syn.ip()).bytes(),
                        Frame.icmp(a6, b6, 2, 0, 0)
                                .payload(Frame.tcp(b6, 2, a6, 1, TcpFlags.ACK)
                                        .extension(IpProtocol.DESTINATION_OPTIONS, 16)
                                        .fragmentHeader(0, true)
                                        .ip())
                                .bytes(),
                        Frame.sctp(a6, 1, b6, 2)
                                .tag(0x88a8, 7)
                                .vlan(0)
                                .payload(16)
                                .bytes(),
                        Frame.ip(47, a4, b4).payload(20).bytes())
                .map(frame ->
                        new Frame.Octets().u8(1).u8(34).u8(50).bytes(frame).toBytes())
                .toList();
    }
}
