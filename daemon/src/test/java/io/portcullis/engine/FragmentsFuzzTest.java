package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Frame;
import io.portcullis.testing.Mutations;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The engine decides about any fragments in any order. An input is a byte (the configuration), and
 * five for every fragment: what it is; its datagram's identification; its offset and its length in units of 8 bytes; how
 * long to wait before it.
 */
@Tag("fuzz")
final class FragmentsFuzzTest {
    private static final int INPUTS = 1_500;
    private static final int HEAD = 5;
    private static final int UNIT = 8;

    private static final int PROTOCOL = 3;
    private static final int V6 = 4;
    private static final int OUTWARD = 8;
    private static final int MORE = 16;
    /** The length is no multiple of 8. */
    private static final int ODD = 32;

    private static final int WAIT = 64;

    private static final int LONGEST_WAIT_BITS = 40;

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void fragments(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {10, 11, 12})
    void mutations(long seed) {
        Set<Reason> reasons = EnumSet.noneOf(Reason.class);
        Mutations.run(seed, INPUTS, seeds(), input -> reasons.addAll(check(input)));
        Set<Reason> least = EnumSet.of(Reason.NONE, Reason.MALFORMED_IP, Reason.FRAGMENT_TINY, Reason.FRAGMENT_OVERLAP);
        assertTrue(reasons.containsAll(least), "reasons that some input should give: " + reasons);
    }

    /** The reasons of the input's fragments. */
    private static Set<Reason> check(byte[] input) {
        ByteBuffer rest = ByteBuffer.wrap(input);
        if (!rest.hasRemaining()) {
            return Set.of();
        }
        CheckedEngine engine = new CheckedEngine(rest.get(), false);
        while (rest.remaining() >= HEAD) {
            int kind = rest.get();
            int identification = rest.get() & 0xff;
            int offset = (rest.get() & 0xff) * UNIT;
            int length = (rest.get() & 0xff) * UNIT - ((kind & ODD) == 0 ? 0 : 3);
            int wait = rest.get() & 0xff;
            if ((kind & WAIT) != 0) {
                engine.sleepNs(1L << wait % LONGEST_WAIT_BITS);
            }
            byte[] frame = fragment(kind, identification, offset, Math.max(0, length));
            engine.add(frame, (kind & OUTWARD) == 0 ? Direction.INGRESS : Direction.EGRESS, batch -> {});
        }
        engine.decide();
        return engine.reasons();
    }

    private static byte[] fragment(int kind, int identification, int offset, int length) {
        boolean v6 = (kind & V6) != 0;
        boolean outward = (kind & OUTWARD) != 0;
        String there = v6 ? "2001:db8:9::7" : "198.51.100.7";
        String here = v6 ? "2001:db8:1::1" : "10.0.0.1";
        String source = outward ? here : there;
        String destination = outward ? there : here;
        Frame frame = switch (kind & PROTOCOL) {
            case 0 -> Frame.udp(source, 80, destination, 80);
            case 1 -> Frame.tcp(source, 80, destination, 80, TcpFlags.SYN);
            case 2 -> Frame.icmp(source, destination, v6 ? 128 : 8, 0, 7);
            default -> Frame.sctp(source, 80, destination, 80);
        };
        int protocol = List.of(
                        IpProtocol.UDP, IpProtocol.TCP, v6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP, IpProtocol.SCTP)
                .get(kind & PROTOCOL);
        Frame whole = offset == 0 ? frame : Frame.ip(protocol, source, destination);
        byte[] bytes =
                whole.payload(length).fragment(offset, (kind & MORE) != 0).bytes();
        int network = whole.network();
        // The identification: of IPv4 after the total length, of IPv6 at the end of the fragment header.
        Frame.put16(bytes, v6 ? network + 46 : network + 4, identification);
        Frame.repairIpv4(bytes);
        return bytes;
    }

    /** Datagrams in order, last first, overlapping, tiny, twice, interleaved, and one that never ends. */
    static List<byte[]> seeds() {
        return IntStream.range(0, 5)
                .boxed()
                .flatMap(configuration -> List.of(
                        datagrams(configuration, MORE, 1, 0, 4, MORE, 1, 5, 4, 0, 1, 9, 2),
                        datagrams(configuration, V6, 1, 9, 2, V6 | MORE, 1, 5, 4, V6 | MORE, 1, 0, 4),
                        datagrams(configuration, MORE | 1, 2, 0, 4, 1, 2, 2, 4, 1, 2, 8, 1),
                        datagrams(configuration, MORE | 1, 3, 0, 0, MORE | 1, 3, 1, 1, 1, 3, 3, 1),
                        datagrams(configuration, MORE | V6 | 2, 4, 0, 1, MORE | V6 | 2, 4, 0, 1, V6 | 2, 4, 2, 1),
                        datagrams(configuration, MORE, 5, 0, 3, MORE | 1, 6, 0, 3, WAIT, 5, 4, 1, ODD | 1, 6, 6, 1),
                        datagrams(configuration, MORE | 3, 7, 255, 255, OUTWARD, 7, 0, 200, MORE, 7, 255, 255))
                        .stream())
                .toList();
    }

    /** Four numbers for every fragment: all but how long to wait, which is a second. */
    private static byte[] datagrams(int configuration, int... fragments) {
        Frame.Octets input = new Frame.Octets().u8(configuration);
        for (int i = 0; i < fragments.length; i++) {
            input.u8(fragments[i]);
            if (i % 4 == 3) {
                input.u8(30);
            }
        }
        return input.toBytes();
    }
}
