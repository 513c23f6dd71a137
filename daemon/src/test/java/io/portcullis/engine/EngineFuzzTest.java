package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Frame;
import io.portcullis.testing.Mutations;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The engine decides about any sequence of frames. An input is a byte (the configuration; 128:
 * unmarked offloads), and for every frame six more (what the constants name; how long to wait; two of length;
 * two for offloads) and its bytes.
 */
@Tag("fuzz")
final class EngineFuzzTest {
    private static final int INPUTS = 1_500;
    private static final int HEAD = 6;
    private static final int UNMARKED_OFFLOAD = 128;

    private static final int OUTWARD = 1;
    private static final int REPAIR = 2;
    private static final int VERIFIED = 4;
    private static final int PARTIAL = 8;
    private static final int SUPER_FRAME = 16;
    private static final int WAIT = 32;
    private static final int EXPLAIN = 64;
    private static final int RELOAD = 128;

    /** More than the longest timeout. */
    private static final int LONGEST_WAIT_BITS = 52;

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void engine(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {7, 8, 9})
    void mutations(long seed) {
        Set<Reason> missing = EnumSet.allOf(Reason.class);
        missing.removeIf(reason -> reason.label().startsWith("fragment-"));
        Mutations.run(seed, INPUTS, seeds(), input -> missing.removeAll(check(input)));
        assertEquals(Set.of(), missing, "reasons that no input gives");
    }

    /** The reasons of the input's frames. */
    private static Set<Reason> check(byte[] input) {
        ByteBuffer rest = ByteBuffer.wrap(input);
        if (!rest.hasRemaining()) {
            return Set.of();
        }
        int configuration = rest.get();
        CheckedEngine engine =
                new CheckedEngine(configuration & ~UNMARKED_OFFLOAD, (configuration & UNMARKED_OFFLOAD) != 0);
        while (rest.remaining() >= HEAD) {
            int switches = rest.get();
            int wait = rest.get() & 0xff;
            int length = rest.getShort() & 0xffff;
            int one = rest.get() & 0xff;
            int other = rest.get() & 0xff;
            byte[] frame = new byte[Math.min(length, rest.remaining())];
            rest.get(frame);
            step(engine, switches, wait, one, other, frame);
        }
        engine.decide();
        return engine.reasons();
    }

    private static void step(CheckedEngine engine, int switches, int wait, int one, int other, byte[] frame) {
        Direction direction = (switches & OUTWARD) == 0 ? Direction.INGRESS : Direction.EGRESS;
        if ((switches & REPAIR) != 0) {
            Frame.repairIpv4(frame);
        }
        if ((switches & RELOAD) != 0) {
            engine.install(one);
        }
        if ((switches & WAIT) != 0) {
            engine.sleepNs(1L << wait % LONGEST_WAIT_BITS);
        }
        if ((switches & EXPLAIN) != 0) {
            engine.explain(frame, direction);
        }
        engine.add(frame, direction, batch -> offload(batch, switches, one, other));
        if ((switches & SUPER_FRAME) != 0) {
            engine.announceSuperFrame();
        }
    }

    private static void offload(Batch batch, int switches, int one, int other) {
        if ((switches & VERIFIED) != 0) {
            batch.verified();
        }
        if ((switches & PARTIAL) != 0) {
            batch.partial(one, other);
        }
        if ((switches & SUPER_FRAME) != 0) {
            batch.segments(one << 8 | other);
        }
    }

    /** Conversations that reach every branch of the engine, under every configuration. */
    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (int configuration = 0; configuration < 8; configuration++) {
            seeds.add(input(configuration, tcp()));
            seeds.add(input(configuration, pickedUp()));
            seeds.add(input(configuration, others()));
            seeds.add(input(configuration | UNMARKED_OFFLOAD, links()));
        }
        seeds.add(input(1, reloaded()));
        seeds.add(input(2, tooMany()));
        return seeds;
    }

    /** One frame of a conversation, with its six bytes before it. */
    private static byte[] frame(int switches, int wait, byte[] bytes) {
        return frame(switches, wait, 34, bytes);
    }

    private static byte[] frame(int switches, int wait, int one, byte[] bytes) {
        return new Frame.Octets()
                .u8(switches)
                .u8(wait)
                .u16(bytes.length)
                .u8(one)
                .u8(50)
                .bytes(bytes)
                .toBytes();
    }

    private static byte[] in(Frame frame) {
        return frame(REPAIR | VERIFIED, 0, frame.bytes());
    }

    private static byte[] out(Frame frame) {
        return frame(REPAIR | VERIFIED | OUTWARD, 0, frame.bytes());
    }

    private static byte[] input(int configuration, List<byte[]> frames) {
        Frame.Octets input = new Frame.Octets().u8(configuration);
        frames.forEach(input::bytes);
        return input.toBytes();
    }

    private static List<byte[]> tcp() {
        String client = "198.51.100.7";
        String server = "10.0.0.1";
        Frame syn = Frame.tcp(client, 40_000, server, 80, TcpFlags.SYN).numbers(1000, 0);
        Frame synAck = Frame.tcp(server, 80, client, 40_000, TcpFlags.SYN | TcpFlags.ACK)
                .numbers(9000, 1001)
                .tcpOptions(new byte[] {3, 3, 7, 4, 2, 1});
        Frame ack = Frame.tcp(client, 40_000, server, 80, TcpFlags.ACK).numbers(1001, 9001);
        Frame data = Frame.tcp(server, 80, client, 40_000, TcpFlags.ACK)
                .numbers(9001, 1001)
                .payload(100);
        Frame unreachable = Frame.icmp(client, server, 3, 1, 0).payload(data.ip());
        Frame fin = Frame.tcp(client, 40_000, server, 80, TcpFlags.FIN | TcpFlags.ACK)
                .numbers(1001, 9101);
        Frame reset = Frame.tcp(server, 80, client, 40_000, TcpFlags.RST).numbers(9101, 0);
        return List.of(
                in(syn.tcpOptions(new byte[] {2, 4, 5, 0, 4, 2, 3, 3, 7, 1})),
                out(synAck),
                in(ack),
                frame(REPAIR | PARTIAL | SUPER_FRAME | OUTWARD, 0, data.bytes()),
                in(unreachable),
                frame(REPAIR | VERIFIED | EXPLAIN | WAIT, 30, fin.bytes()),
                out(reset),
                frame(REPAIR | VERIFIED | RELOAD, 0, syn.bytes()));
    }

    private static List<byte[]> pickedUp() {
        String client = "2001:db8:9::7";
        String server = "2001:db8:1::1";
        Frame request = Frame.tcp(client, 40_000, server, 80, TcpFlags.ACK).numbers(5000, 7000);
        Frame answer = Frame.tcp(server, 80, client, 40_000, TcpFlags.ACK).numbers(7000, 5010);
        return List.of(
                in(request.payload(10)),
                out(answer.payload(20)),
                in(Frame.icmp(client, server, 2, 0, 0).payload(answer.ip())),
                frame(REPAIR | VERIFIED | WAIT, 38, request.payload(10).bytes()),
                in(Frame.tcp(client, 40_000, server, 80, TcpFlags.SYN).numbers(90_000, 0)),
                out(Frame.tcp(server, 80, client, 40_000, TcpFlags.RST | TcpFlags.ACK)
                        .numbers(0, 90_001)));
    }

    private static List<byte[]> others() {
        String there = "198.51.100.7";
        String here = "10.0.0.1";
        return List.of(
                out(Frame.udp(here, 5000, there, 53).payload(20)),
                in(Frame.udp(there, 53, here, 5000).payload(60)),
                out(Frame.udp(here, 5000, there, 53).vlan(7).payload(20)),
                frame(REPAIR | EXPLAIN, 0, Frame.icmp(there, here, 8, 0, 77).bytes()),
                out(Frame.icmp(here, there, 0, 0, 77)),
                in(Frame.icmp(there, here, 3, 4, 0)
                        .payload(Frame.udp(here, 5000, there, 53).ip())),
                in(Frame.sctp(there, 1, here, 2)),
                in(Frame.ip(47, there, here).payload(8)),
                in(Frame.udp(there, 1, here, 2).payload(16).fragment(0, true)),
                in(Frame.udp(there, 1, here, 2).payload(16).fragment(24, false)));
    }

    /** A flow after its rules are removed. */
    private static List<byte[]> reloaded() {
        Frame request = Frame.udp("198.51.100.7", 5000, "10.0.0.1", 53);
        return List.of(in(request), frame(RELOAD, 0, 2, request.bytes()), in(request));
    }

    /** Replied flows in a full table, and one more. */
    private static List<byte[]> tooMany() {
        List<byte[]> frames = new ArrayList<>();
        for (int last = 1; last <= 3; last++) {
            frames.add(out(Frame.ip(47, "10.0.0.1", "198.51.100." + last).payload(8)));
            frames.add(in(Frame.ip(47, "198.51.100." + last, "10.0.0.1").payload(8)));
        }
        frames.add(out(Frame.ip(47, "10.0.0.1", "198.51.100.9").payload(8)));
        return frames;
    }

    private static List<byte[]> links() {
        byte[] arp = new Frame.Octets()
                .hex("0001080006040001020000000001")
                .hex("c63364070000000000000a000001")
                .toBytes();
        byte[] targetAndOption =
                new Frame.Octets().zeroes(16).u16(0x0101).zeroes(6).toBytes();
        String local = "fe80::1";
        return List.of(
                frame(0, 0, Frame.ethernet("ffffffffffff", 0x0806, arp)),
                frame(0, 0, Frame.ethernet("0180c2000000", 0x0026, new byte[38])),
                in(Frame.icmp(local, "ff02::1", 135, 0, 0).hopLimit(255).payload(16)),
                in(Frame.icmp(local, "ff02::1", 136, 0, 0).hopLimit(255).payload(targetAndOption)),
                in(Frame.icmp(local, "ff02::16", 143, 0, 0).hopLimit(1)),
                out(Frame.udp("0.0.0.0", 68, "255.255.255.255", 67).payload(240)),
                in(Frame.udp("198.51.100.1", 67, "10.0.0.1", 68).payload(240)),
                in(Frame.ip(IpProtocol.IGMP, "198.51.100.1", "224.0.0.1").payload(8)),
                in(Frame.udp("198.51.100.7", 1, "10.0.0.1", 2).unfinishedChecksum()));
    }
}
