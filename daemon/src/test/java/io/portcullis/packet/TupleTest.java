package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One flow, one key: security-groups.md section 3, "Key". */
final class TupleTest {
    @Test
    void aLaterFragmentOfTcpMakesTheTupleOfItsFirst() {
        for (boolean v6 : new boolean[] {false, true}) {
            String from = v6 ? "2001:db8::1" : "198.51.100.7";
            String to = v6 ? "2001:db8::2" : "10.0.0.1";
            for (Direction direction : Direction.values()) {
                Packet packet = new Packet();
                byte[] first = Frame.tcp(from, 40_000, to, 80, 2).vlan(5).bytes();
                packet.parse(MemorySegment.ofArray(first), 0, first.length);
                Tuple whole = new Tuple();
                whole.of(packet, direction);
                byte[] later = Frame.ip(IpProtocol.DESTINATION_OPTIONS, from, to)
                        .vlan(5)
                        .payload(8)
                        .fragment(80, false)
                        .bytes();
                packet.parse(MemorySegment.ofArray(later), 0, later.length);
                Tuple fragment = new Tuple();
                fragment.ofTcp(packet, direction, whole.selector());
                assertTrue(fragment.isSame(whole), direction + (v6 ? " IPv6" : " IPv4"));
            }
        }
    }

    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";

    private static Tuple tuple(Frame frame, Direction direction) {
        byte[] bytes = frame.bytes();
        Packet packet = new Packet();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length));
        Tuple tuple = new Tuple();
        tuple.of(packet, direction);
        return tuple;
    }

    private static Tuple in(Frame frame) {
        return tuple(frame, Direction.INGRESS);
    }

    private static Tuple out(Frame frame) {
        return tuple(frame, Direction.EGRESS);
    }

    /** A packet of a random flow; {@code reply}: one of the other side. */
    private record Exchange(
            boolean v6, int kind, String from, String to, int fromPort, int toPort, int identifier, int vlan) {
        static Exchange random(SplittableRandom random) {
            boolean v6 = random.nextBoolean();
            return new Exchange(
                    v6,
                    random.nextInt(5),
                    address(random, v6),
                    address(random, v6),
                    random.nextInt(1 << 16),
                    random.nextInt(1 << 16),
                    random.nextInt(1 << 16),
                    random.nextBoolean() ? 0 : random.nextInt(1, 4096));
        }

        private static String address(SplittableRandom random, boolean v6) {
            return v6
                    ? "2001:db8::" + Integer.toHexString(random.nextInt(1, 1 << 16))
                    : "10." + random.nextInt(256) + "." + random.nextInt(256) + "." + random.nextInt(256);
        }

        Frame packet(boolean reply) {
            String source = reply ? to : from;
            String destination = reply ? from : to;
            int sourcePort = reply ? toPort : fromPort;
            int destinationPort = reply ? fromPort : toPort;
            Frame frame = switch (kind) {
                case 0 -> Frame.tcp(source, sourcePort, destination, destinationPort, TcpFlags.ACK);
                case 1 -> Frame.udp(source, sourcePort, destination, destinationPort);
                case 2 -> Frame.sctp(source, sourcePort, destination, destinationPort);
                case 3 -> {
                    int request = v6 ? 128 : 8;
                    int answer = v6 ? 129 : 0;
                    yield Frame.icmp(source, destination, reply ? answer : request, 0, identifier);
                }
                default -> Frame.ip(47, source, destination).payload(4);
            };
            return vlan == 0 ? frame : frame.vlan(vlan);
        }
    }

    @Test
    @Tag("property")
    void bothDirectionsOfARandomFlowHaveOneKey() {
        for (long seed = 1; seed <= 20_000; seed++) {
            Exchange exchange = Exchange.random(new SplittableRandom(seed));
            Tuple there = in(exchange.packet(false));
            Tuple back = out(exchange.packet(true));
            assertTrue(there.isSame(back), "seed " + seed + ": " + exchange);
            assertTrue(out(exchange.packet(false)).isSame(in(exchange.packet(true))), "seed " + seed);
        }
    }

    @Test
    @Tag("property")
    void theSamePacketOnTheOtherSideIsAnotherFlow() {
        for (long seed = 1; seed <= 20_000; seed++) {
            Exchange exchange = Exchange.random(new SplittableRandom(seed));
            boolean symmetric = exchange.from.equals(exchange.to);
            if (!symmetric) {
                assertFalse(
                        in(exchange.packet(false)).isSame(out(exchange.packet(false))),
                        "seed " + seed + ": " + exchange);
            }
        }
    }

    @Test
    void everyPartOfTheKeyCounts() {
        List<Frame> all = List.of(
                Frame.tcp(A, 1, B, 2, TcpFlags.ACK),
                Frame.tcp(A, 2, B, 1, TcpFlags.ACK),
                Frame.tcp(A, 1, B, 3, TcpFlags.ACK),
                Frame.tcp(A, 3, B, 2, TcpFlags.ACK),
                Frame.tcp("198.51.100.8", 1, B, 2, TcpFlags.ACK),
                Frame.tcp(A, 1, "10.0.0.2", 2, TcpFlags.ACK),
                Frame.tcp("::198.51.100.7", 1, "::10.0.0.1", 2, TcpFlags.ACK),
                Frame.udp(A, 1, B, 2),
                Frame.sctp(A, 1, B, 2),
                Frame.tcp(A, 1, B, 2, TcpFlags.ACK).vlan(10),
                Frame.tcp(A, 1, B, 2, TcpFlags.ACK).vlan(20),
                Frame.tcp(A, 1, B, 2, TcpFlags.ACK).vlan(10).vlan(20),
                Frame.tcp(A, 1, B, 2, TcpFlags.ACK).vlan(20).vlan(10),
                Frame.ip(47, A, B),
                Frame.ip(50, A, B),
                Frame.icmp(A, B, 8, 0, 5),
                Frame.icmp(A, B, 8, 0, 6),
                Frame.icmp(A, B, 8, 1, 5),
                Frame.icmp(A, B, 13, 0, 5),
                Frame.icmp(A, B, 0, 0, 5),
                Frame.icmp(A, B, 14, 0, 5),
                Frame.icmp(A, B, 15, 0, 5),
                Frame.icmp(A, B, 17, 0, 5));
        for (int i = 0; i < all.size(); i++) {
            for (int j = 0; j < all.size(); j++) {
                assertEquals(i == j, in(all.get(i)).isSame(in(all.get(j))), i + " against " + j);
            }
        }
    }

    @Test
    void otherFieldsAreNotPartOfTheKey() {
        Frame frame = Frame.udp(A, 1, B, 2);
        Tuple plain = in(frame);
        assertTrue(plain.isSame(in(Frame.udp(A, 1, B, 2).vlan(0))), "a priority tag");
        assertTrue(plain.isSame(in(Frame.udp(A, 1, B, 2).hopLimit(9).payload(40))));
        assertTrue(in(Frame.udp(A, 1, B, 2).vlan(7))
                .isSame(in(Frame.udp(A, 1, B, 2).tag(0x88a8, 0xe007))));
        assertTrue(
                in(Frame.ip(47, A, B).payload(3)).isSame(in(Frame.ip(47, A, B).payload(9))));
    }

    @Test
    void icmpOfTheOtherFamilyIsKeyedByItsAddressesAlone() {
        Tuple one = in(Frame.ip(IpProtocol.ICMPV6, A, B).payload(new byte[] {(byte) 128, 0, 0, 0, 0, 1, 0, 0}));
        Tuple other = out(Frame.ip(IpProtocol.ICMPV6, B, A).payload(new byte[] {(byte) 128, 0, 0, 0, 0, 2, 0, 0}));
        assertTrue(one.isSame(other));
    }

    @Test
    @Tag("property")
    void aQuoteNamesTheFlowOfThePacketItQuotes() {
        for (long seed = 1; seed <= 5_000; seed++) {
            Exchange exchange = Exchange.random(new SplittableRandom(seed));
            boolean ofReply = new SplittableRandom(~seed).nextBoolean();
            byte[] quoted = exchange.packet(ofReply).ip();
            QuotedPacket quote = new QuotedPacket();
            boolean enough = exchange.kind != 1 || quoted.length >= 28;
            assertEquals(enough, quote.read(MemorySegment.ofArray(quoted), exchange.v6, 0, quoted.length));
            Tuple tuple = new Tuple();
            tuple.of(quote, exchange.vlan, Direction.EGRESS);
            assertTrue(tuple.isSame(out(exchange.packet(ofReply))), "seed " + seed + ": " + exchange);
        }
    }
}
