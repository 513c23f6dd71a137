package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.packet.Packet.Fault;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the bytes are: the parser says something, and reads nothing beyond the frame. */
final class PacketFuzzTest {
    private static final int FRAMES = 100_000;

    private final Packet packet = new Packet();
    private final Quote quote = new Quote();
    private final TcpOptions options = new TcpOptions();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomBytes(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = new byte[random.nextInt(200)];
            random.nextBytes(frame);
            if (frame.length > 14 && random.nextInt(4) > 0) {
                Frame.put16(frame, 12, random.nextBoolean() ? Packet.IPV4 : Packet.IPV6);
                frame[14] = (byte) (frame[13] == 0 ? 0x45 : 0x60);
            }
            survives(frame, seed, i);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 6})
    void mutatedFrames(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<byte[]> whole = seeds();
        int understood = 0;
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = mutate(whole.get(random.nextInt(whole.size())).clone(), random);
            understood += survives(frame, seed, i) ? 1 : 0;
        }
        assertTrue(understood > FRAMES / 20, "the mutations break too much to test anything: " + understood);
    }

    /** Frames that reach every branch of the parser. */
    private static List<byte[]> seeds() {
        String a4 = "198.51.100.7";
        String b4 = "10.0.0.1";
        String a6 = "2001:db8:9::7";
        String b6 = "2001:db8:1::1";
        Frame syn = Frame.tcp(a4, 1, b4, 2, TcpFlags.SYN).tcpOptions(new byte[] {2, 4, 5, 0, 4, 2, 3, 3, 7, 1, 1, 0});
        Frame sack = Frame.tcp(a6, 1, b6, 2, TcpFlags.ACK)
                .tcpOptions(new byte[] {1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 2, 0});
        return List.of(
                syn.bytes(),
                sack.payload(30).bytes(),
                syn.ipOptions("9404000001010101").vlan(5).bytes(),
                Frame.udp(a4, 1, b4, 53).payload(40).bytes(),
                Frame.udp(a6, 1, b6, 53).payload(16).fragment(0, true).bytes(),
                Frame.udp(a6, 1, b6, 53)
                        .extension(IpProtocol.HOP_BY_HOP, 8)
                        .routing(4)
                        .fragmentHeader(0, false)
                        .extension(IpProtocol.DESTINATION_OPTIONS, 24)
                        .bytes(),
                Frame.udp(a4, 1, b4, 53).payload(64).fragment(1480, true).bytes(),
                Frame.icmp(a4, b4, 8, 0, 1).payload(8).bytes(),
                Frame.icmp(a4, b4, 3, 4, 0).payload(syn.ip()).bytes(),
                Frame.icmp(a6, b6, 2, 0, 0)
                        .payload(Frame.tcp(b6, 2, a6, 1, TcpFlags.ACK)
                                .extension(IpProtocol.DESTINATION_OPTIONS, 16)
                                .fragmentHeader(0, true)
                                .ip())
                        .bytes(),
                Frame.sctp(a6, 1, b6, 2).payload(16).bytes(),
                Frame.ip(47, a4, b4).payload(20).bytes());
    }

    private static byte[] mutate(byte[] frame, SplittableRandom random) {
        int network = frame.length > 16 && frame[12] == (byte) 0x81 ? 18 : 14;
        boolean repair = random.nextInt(4) > 0;
        for (int n = random.nextInt(1, 4); n > 0; n--) {
            int at = random.nextInt(random.nextBoolean() ? frame.length : Math.min(frame.length, 64));
            switch (random.nextInt(4)) {
                case 0 -> frame[at] = (byte) random.nextInt();
                case 1 -> frame[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> frame[at] = (byte) (random.nextBoolean() ? 0 : -1);
                default -> frame = java.util.Arrays.copyOf(frame, random.nextInt(1, frame.length + 20));
            }
        }
        if (repair && frame.length >= network + 20 && frame[network] >>> 4 == 4) {
            Frame.repairIpv4(frame, network);
        }
        return frame;
    }

    private boolean survives(byte[] frame, long seed, int number) {
        try {
            boolean whole = packet.parse(MemorySegment.ofArray(frame), 0, frame.length) == Fault.NONE;
            if (whole && packet.hasTransport()) {
                readEverything(packet, quote, options);
            }
            return whole;
        } catch (RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + ", frame " + number + ": " + HexFormat.of().formatHex(frame), e);
        }
    }

    /** Every accessor that reads memory once more, on a frame that was found whole. */
    static void readEverything(Packet packet, Quote quote, TcpOptions options) {
        packet.destinationMac();
        packet.networkByte(packet.networkLength() - 1);
        if (packet.protocol() == IpProtocol.TCP) {
            packet.readTcpOptions(options);
            assertTrue(packet.tcpPayload() >= 0, "TCP payload of " + packet.tcpPayload());
            assertTrue(options.windowScale() <= 14, "window scale of " + options.windowScale());
        }
        if (packet.isIcmp() && packet.readQuote(quote)) {
            Tuple tuple = new Tuple();
            tuple.of(quote, packet.vlans(), Direction.INGRESS);
            assertTrue(tuple.isV6() == packet.isV6(), "the quote of another family");
        }
        if (packet.transportLength() > 0) {
            packet.transportByte(packet.transportLength() - 1);
        }
        if (!packet.isFragment() && packet.verifyChecksum() == Packet.Checksum.UNFINISHED) {
            packet.finishChecksum();
            assertTrue(packet.verifyChecksum() == Packet.Checksum.RIGHT, "finished, and wrong");
        }
    }
}
