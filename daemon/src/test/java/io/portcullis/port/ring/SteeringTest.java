package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Packet.Fault;
import io.portcullis.packet.QuotedPacket;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.FilterMachine;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the fanout program here and compares it with {@link Packet}, {@link QuotedPacket} and {@link AddressPair}. */
final class SteeringTest {
    private static final int FRAMES = 60_000;
    private static final int FLOWS = 3_000;
    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int LLC = 4;
    private static final int[] WORKERS = {1, 2, 3, 4, 64};

    private final Packet packet = new Packet();
    private final QuotedPacket quote = new QuotedPacket();

    /** As {@code eth_type_trans} and {@code skb_vlan_untag} leave the frame to a fanout program. */
    private static int run(FilterMachine machine, byte[] frame) {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        int at = 14;
        int type = bytes.getShort(12) & 0xffff;
        if (type == VLAN || type == SERVICE_VLAN) {
            type = bytes.getShort(16) & 0xffff;
            at = 18;
        }
        return machine.run(frame, at, type < 0x600 ? LLC : type, 0);
    }

    private static FilterMachine machine(int seed) {
        return new FilterMachine(new Steering(1, seed).program());
    }

    /** Only its addresses count: other faults do not matter. */
    private static Packet parsed(byte[] frame) {
        Packet parsed = new Packet();
        parsed.parse(MemorySegment.ofArray(frame), 0, frame.length);
        return parsed;
    }

    @Test
    void theProgramIsShort() {
        int length = new Steering(64, 1).program().length();
        assertTrue(length < 400, "instructions: " + length);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    @Tag("property")
    void programAndParserAgree(long seed) {
        RandomFrames frames = new RandomFrames(seed);
        int key = (int) (seed * 0x9e3779b9L);
        FilterMachine machine = machine(key);
        Map<String, Integer> seen = new TreeMap<>();
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = frames.next();
            String context =
                    "seed " + seed + ", frame " + i + ": " + HexFormat.of().formatHex(frame);
            seen.merge(check(frames, frame, key, run(machine, frame), context), 1, Integer::sum);
        }
        assertEquals(10, seen.size(), seen::toString);
        seen.forEach((kind, count) -> assertTrue(count > FRAMES / 500, seen::toString));
    }

    /** Which kind of frame it was. */
    private String check(RandomFrames made, byte[] frame, int key, int hash, String what) {
        Fault fault = packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        if (fault == Fault.NONE && !packet.isIp()) {
            assertEquals(0, hash, what);
            return "no IP";
        }
        if (fault == Fault.LINK || fault == Fault.IP || packet.isIcmp() && fault != Fault.NONE) {
            assertTrue(made.isCut() || !made.isFollowed(), what);
            return "malformed";
        }
        int own = AddressPair.hash(key, packet);
        if (packet.isFragment()) {
            assertEquals(own, hash, what);
            return packet.isV6() ? "IPv6 fragment" : "IPv4 fragment";
        }
        if (!packet.isIcmp() || !Icmp.isError(packet.isV6(), packet.icmpType())) {
            assertEquals(own, hash, what);
            return packet.isV6() ? "IPv6" : "IPv4";
        }
        if (!made.isFollowed()) {
            assertEquals(own, hash, what);
            return "error that is not followed";
        }
        if (packet.readQuote(quote)) {
            assertEquals(AddressPair.hash(key, quote), hash, what);
            return packet.isV6() ? "ICMPv6 error" : "ICMP error";
        }
        // It belongs to no flow. Its quote may look like an IP header by chance, and padding may fill its end.
        byte[] quoted = made.quoted();
        boolean asQuoted = quoted != null && hash == AddressPair.hash(key, parsed(quoted));
        assertTrue(hash == own || asQuoted || isPadded(), what);
        return "error about nothing";
    }

    private boolean isPadded() {
        int field = packet.isV6() ? 4 : 2;
        int length = packet.networkByte(field) << 8 | packet.networkByte(field + 1);
        return packet.networkLength() > length + (packet.isV6() ? 40 : 0);
    }

    /** A flow's frames from the one end and from the other, fragments among them, and the errors that routers send about them. */
    private static List<byte[]> flow(boolean v6, String one, String other, String router) {
        List<byte[]> frames = new ArrayList<>();
        for (String[] way : new String[][] {{one, other}, {other, one}}) {
            String from = way[0];
            String to = way[1];
            Frame datagram = Frame.udp(from, 1, to, 2).payload(64);
            frames.add(datagram.bytes());
            frames.add(Frame.tcp(from, 1, to, 2, TcpFlags.SYN).vlan(7).bytes());
            frames.add(Frame.icmp(from, to, v6 ? 128 : 8, 0, 9)
                    .tag(SERVICE_VLAN, 5)
                    .vlan(7)
                    .bytes());
            frames.add(Frame.udp(from, 1, to, 2).payload(64).fragment(0, true).bytes());
            frames.add(Frame.udp(from, 1, to, 2).payload(64).fragment(72, true).bytes());
            frames.add(Frame.ip(IpProtocol.UDP, from, to)
                    .payload(8)
                    .fragment(136, false)
                    .vlan(7)
                    .vlan(8)
                    .bytes());
            for (String source : new String[] {router, to}) {
                Frame error = Frame.icmp(source, from, v6 ? 3 : 11, 0, 0).payload(datagram.ip());
                frames.add(error.bytes());
                frames.add(error.vlan(7).bytes());
                frames.add(error.vlan(8).bytes());
                Frame longer = Frame.icmp(source, from, v6 ? 2 : 3, 4, 0)
                        .payload(v6 ? extended(from, to) : optioned(from, to));
                frames.add(longer.bytes());
                frames.add((v6
                                ? longer.extension(0, 8)
                                        .extension(60, 16)
                                        .routing(4)
                                        .extension(60, 8)
                                : longer)
                        .bytes());
            }
        }
        return frames;
    }

    private static byte[] optioned(String from, String to) {
        return Frame.udp(from, 1, to, 2).ipOptions("94040000").payload(8).ip();
    }

    private static byte[] extended(String from, String to) {
        return Frame.udp(from, 1, to, 2)
                .extension(60, 8)
                .fragmentHeader(0, true)
                .payload(8)
                .ip();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("property")
    void aFlowItsFragmentsAndItsErrorsGoToOneWorker(boolean v6) {
        RandomFrames addresses = new RandomFrames(5);
        SplittableRandom random = new SplittableRandom(6);
        for (int i = 0; i < FLOWS; i++) {
            int seed = random.nextInt();
            String one = addresses.address(v6);
            String other = addresses.address(v6);
            List<byte[]> frames = flow(v6, one, other, addresses.address(v6));
            FilterMachine machine = machine(seed);
            for (int workers : WORKERS) {
                Steering steering = new Steering(workers, seed);
                int expected = steering.workerOf(parsed(frames.getFirst()));
                for (byte[] frame : frames) {
                    assertEquals(
                            expected,
                            AddressPair.worker(run(machine, frame), workers),
                            () -> workers + " workers, seed " + seed + ", " + one + " and " + other + ": "
                                    + HexFormat.of().formatHex(frame));
                }
            }
        }
    }

    @Test
    void workerOfHasOneAnswer() {
        byte[] datagram = Frame.udp("198.51.100.7", 1, "10.0.0.1", 2).bytes();
        Packet error = parsed(Frame.icmp("192.0.2.1", "198.51.100.7", 11, 0, 0)
                .payload(Frame.udp("198.51.100.7", 1, "10.0.0.1", 2).ip())
                .bytes());
        assertTrue(error.readQuote(quote));
        for (int seed = 0; seed < 100; seed++) {
            Steering steering = new Steering(64, seed);
            int expected = steering.workerOf(0, 0x0a000001L, 0, 0xc6336407L);
            assertEquals(expected, steering.workerOf(parsed(datagram)));
            assertEquals(expected, steering.workerOf(quote));
            assertEquals(expected, AddressPair.worker(run(machine(seed), datagram), 64));
        }
    }

    @Test
    void framesThatItCanNotParseGoToTheFirstWorker() {
        FilterMachine machine = machine(7);
        Frame tcp = Frame.tcp("198.51.100.7", 1, "10.0.0.1", 2, TcpFlags.ACK)
                .vlan(1)
                .vlan(2);
        assertTrue(run(machine, tcp.bytes()) != 0);
        assertEquals(0, run(machine, tcp.vlan(3).bytes()), "three tags");
        assertEquals(0, run(machine, Frame.ethernet("ffffffffffff", 0x0806, new byte[46])), "ARP");
        byte[] cut = new byte[14 + 19];
        System.arraycopy(Frame.udp("10.0.0.1", 1, "10.0.0.2", 2).bytes(), 0, cut, 0, cut.length);
        assertEquals(0, run(machine, cut), "addresses that are not all there");
    }

    /** A well-formed packet never goes to worker 0 for lack of bytes, however short it is. */
    @Test
    void theShortestErrorsGoByTheirOwnPair() {
        for (boolean v6 : new boolean[] {false, true}) {
            String one = v6 ? "2001:db8::1" : "10.0.0.1";
            String other = v6 ? "2001:db8::2" : "10.0.0.2";
            byte[] inner = Frame.udp(v6 ? "2001:db8::3" : "10.0.0.3", 1, one, 2).ip();
            int header = v6 ? 40 : 20;
            for (int length = 0; length <= header; length++) {
                byte[] quoted = Arrays.copyOf(inner, length);
                byte[] frame =
                        Frame.icmp(other, one, v6 ? 1 : 3, 0, 0).payload(quoted).bytes();
                int own = AddressPair.hash(7, parsed(frame));
                assertEquals(length < header, own == run(machine(7), frame), v6 + ", " + length + " bytes");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anErrorInFragmentsGoesByItsOwnPair(boolean v6) {
        String one = v6 ? "2001:db8::1" : "10.0.0.1";
        String other = v6 ? "2001:db8::2" : "10.0.0.2";
        byte[] inner =
                Frame.udp(v6 ? "2001:db8::3" : "10.0.0.3", 1, one, 2).payload(4).ip();
        Frame error = Frame.icmp(other, one, 3, 0, 0).payload(inner);
        int own = AddressPair.hash(7, parsed(error.bytes()));
        assertTrue(own != run(machine(7), error.bytes()));
        assertEquals(own, run(machine(7), error.fragment(0, true).bytes()));
    }

    @Test
    void ahAndFragmentHeadersEndTheWalk() {
        String one = "2001:db8::1";
        byte[] inner = Frame.udp("2001:db8::3", 1, one, 2).payload(8).ip();
        for (int end : new int[] {51, 44}) {
            Frame error = Frame.icmp("2001:db8::2", one, 1, 0, 0).payload(inner).extension(60, 8);
            int own = AddressPair.hash(7, parsed(error.bytes()));
            assertTrue(own != run(machine(7), error.bytes()));
            Frame ended = end == 44 ? error.fragmentHeader(0, false) : error.extension(end, 16);
            assertEquals(own, run(machine(7), ended.bytes()), "header " + end);
        }
    }

    @Test
    void thereAre1To64Workers() {
        for (int workers : new int[] {0, 65, -1}) {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> new Steering(workers, 1));
            assertEquals(workers + " workers; an interface has 1 to 64", refused.getMessage());
        }
    }
}
