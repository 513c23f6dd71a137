package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.net.Direction;
import io.portcullis.net.EtherType;
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
 * Any quote of an ICMP error: nothing beyond it is read, and a packet that is valid on the wire is the same packet in a quote. An
 * input is a byte (1: of ICMPv6) and the quote.
 */
@Tag("fuzz")
final class QuotedPacketFuzzTest {
    private static final int INPUTS = 60_000;
    private static final int GAP = 3;
    private static final int LEAST = 8;

    private final QuotedPacket quote = new QuotedPacket();
    private final Packet packet = new Packet();

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void quote(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 6})
    void mutations(long seed) {
        int[] compared = new int[1];
        Mutations.run(seed, INPUTS, seeds(), input -> compared[0] += check(input) ? 1 : 0);
        assertTrue(compared[0] > INPUTS / 5, "the mutations break too much to test anything: " + compared[0]);
    }

    /** True: it would be a packet on the wire. */
    private boolean check(byte[] input) {
        if (input.length == 0) {
            return false;
        }
        boolean v6 = (input[0] & 1) != 0;
        byte[] quoted = Arrays.copyOfRange(input, 1, input.length);
        byte[] further = new byte[GAP + quoted.length];
        System.arraycopy(quoted, 0, further, GAP, quoted.length);
        boolean readable = quote.read(MemorySegment.ofArray(further), v6, GAP, further.length);
        List<Object> elsewhere = readable ? PacketWalk.of(quote) : List.of();
        assertEquals(readable, quote.read(MemorySegment.ofArray(quoted), v6, 0, quoted.length));
        assertEquals(elsewhere, readable ? PacketWalk.of(quote) : List.of(), "the same quote elsewhere in memory");

        byte[] frame = Frame.ethernet("020000000002", v6 ? EtherType.IPV6 : EtherType.IPV4, quoted);
        Frame.repairIpv4(frame);
        boolean whole = packet.parse(MemorySegment.ofArray(frame), 0, frame.length) == Fault.NONE;
        if (whole && packet.hasTransport() && packet.transportLength() >= LEAST) {
            boolean error = packet.isIcmp()
                    && !Icmp.isRequest(v6, packet.icmpType())
                    && Icmp.requestOf(v6, packet.icmpType()) == Icmp.NONE;
            assertEquals(!error, readable, "quotes of ICMP that is no query belong to nothing");
            if (readable) {
                Tuple ofPacket = new Tuple();
                ofPacket.of(packet, Direction.EGRESS);
                Tuple ofQuote = new Tuple();
                ofQuote.of(quote, 0, Direction.EGRESS);
                assertTrue(ofPacket.isSame(ofQuote), "another flow than the packet's");
                assertEquals(
                        packet.protocol() == IpProtocol.TCP ? packet.tcpSequence() : quote.tcpSequence(),
                        quote.tcpSequence());
            }
        }
        return whole;
    }

    static List<byte[]> seeds() {
        String a4 = "198.51.100.7";
        String b4 = "10.0.0.1";
        String a6 = "2001:db8:9::7";
        String b6 = "2001:db8:1::1";
        Stream<Frame> ipv4 = Stream.of(
                Frame.tcp(b4, 80, a4, 1, TcpFlags.ACK).numbers(7, 9).payload(20),
                Frame.udp(b4, 1, a4, 53).ipOptions("9404000001010101"),
                Frame.icmp(b4, a4, 8, 0, 77).payload(8),
                Frame.icmp(b4, a4, 3, 3, 0).payload(28),
                Frame.udp(b4, 1, a4, 53).payload(24).fragment(0, true),
                Frame.sctp(b4, 5, a4, 6),
                Frame.ip(47, b4, a4).payload(9));
        Stream<Frame> ipv6 = Stream.of(
                Frame.tcp(b6, 80, a6, 1, TcpFlags.ACK).extension(IpProtocol.HOP_BY_HOP, 8),
                Frame.udp(b6, 1, a6, 53)
                        .routing(4)
                        .extension(IpProtocol.DESTINATION_OPTIONS, 24)
                        .payload(8),
                Frame.udp(b6, 1, a6, 53).payload(16).fragmentHeader(0, true),
                Frame.icmp(b6, a6, 128, 0, 77).fragmentHeader(0, false).payload(8),
                Frame.icmp(b6, a6, 1, 4, 0).payload(48),
                Frame.ip(50, b6, a6).payload(12));
        return Stream.concat(ipv4.map(each -> input(0, each)), ipv6.map(each -> input(1, each)))
                .toList();
    }

    private static byte[] input(int v6, Frame frame) {
        return new Frame.Octets().u8(v6).bytes(frame.ip()).toBytes();
    }
}
