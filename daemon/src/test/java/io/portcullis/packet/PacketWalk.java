package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet.Fault;
import java.util.ArrayList;
import java.util.List;

/** Everything that a packet tells about its frame, each number within its range; the checksum aside. */
final class PacketWalk {
    private static final int U8 = 0xff;
    private static final int U16 = 0xffff;

    private final Packet packet;
    private final List<Object> said = new ArrayList<>();

    private PacketWalk(Packet packet) {
        this.packet = packet;
    }

    /**
     * Reads all properties.
     *
     * @param fault the result of {@link Packet#parse}
     * @param length of the frame
     */
    static List<Object> of(Packet packet, Fault fault, int length) {
        PacketWalk reading = new PacketWalk(packet);
        reading.said.add(fault);
        if (fault == Fault.NONE) {
            reading.link(length);
            if (packet.isIp()) {
                reading.network();
            }
            if (packet.isIp() && packet.hasTransport()) {
                reading.transport(length);
            }
        }
        return reading.said;
    }

    private void number(String name, long value, long low, long high) {
        within(name, value, low, high);
        said.add(value);
    }

    /** For bytes that others may write, the payload: it is not compared. */
    private static void within(String name, long value, long low, long high) {
        assertTrue(value >= low && value <= high, () -> name + " of " + value);
    }

    private void link(int length) {
        number("destination MAC", packet.destinationMac(), 0, (1L << 48) - 1);
        number("ethertype", packet.etherType(), 0, U16);
        number("VLAN ids", packet.vlans(), 0, 0xff_ffff);
        number("layer 3", packet.networkLength(), 0, length - 14);
        if (packet.networkLength() > 0) {
            within("last byte", packet.networkByte(packet.networkLength() - 1), 0, U8);
        }
    }

    private void network() {
        said.add(packet.isV6());
        number("protocol", packet.protocol(), 0, U8);
        assertFalse(packet.isV6() && IpProtocol.isExtension(packet.protocol()) && packet.hasTransport());
        number("hop limit", packet.hopLimit(), 0, U8);
        address(packet.sourceHigh(), packet.sourceLow());
        address(packet.destinationHigh(), packet.destinationLow());
        said.add(packet.isFragment());
        number("fragment offset", packet.fragmentOffset(), 0, packet.isFragment() ? 65_528 : 0);
        assertEquals(0, packet.fragmentOffset() % 8);
        assertTrue(packet.isFragment() || !packet.isTiny() && packet.hasTransport(), "a whole packet has its layer 4");
        said.add(packet.isTiny());
        said.add(packet.hasTransport());
    }

    private void address(long high, long low) {
        assertTrue(packet.isV6() || high == 0 && low >>> 32 == 0, "an IPv4 address is 32 bits long");
        said.add(high);
        said.add(low);
    }

    private void transport(int length) {
        number("layer 4", packet.transportLength(), 0, packet.networkLength());
        if (packet.transportLength() > 0) {
            within("first byte of layer 4", packet.transportByte(0), 0, U8);
            within("last byte of layer 4", packet.transportByte(packet.transportLength() - 1), 0, U8);
        }
        number("source port", packet.sourcePort(), 0, U16);
        number("destination port", packet.destinationPort(), 0, U16);
        number("ICMP type", packet.icmpType(), 0, U8);
        number("ICMP code", packet.icmpCode(), 0, U8);
        number("ICMP identifier", packet.icmpIdentifier(), 0, U16);
        number("headers", packet.headersLength(), 14, length);
        for (int segmentLength = 1; segmentLength < U16; segmentLength *= 3) {
            int packets = packet.packets(segmentLength);
            assertTrue(packets >= 1 && (long) (packets - 1) * segmentLength < length, packets + " packets");
        }
        if (packet.protocol() == IpProtocol.TCP) {
            tcp();
        }
        if (packet.isIcmp()) {
            quote();
        }
        tuple();
    }

    private void tcp() {
        said.add(packet.tcpSequence());
        said.add(packet.tcpAcknowledgment());
        number("TCP flags", packet.tcpFlags(), 0, U8);
        number("TCP window", packet.tcpWindow(), 0, U16);
        number("TCP payload", packet.tcpPayload(), 0, packet.transportLength() - 20);
        TcpOptions options = new TcpOptions();
        options.read(packet);
        number("window scale", options.windowScale(), TcpOptions.ABSENT, 14);
        said.add(options.isSackPermitted());
        said.add(options.highestAcknowledged(packet.tcpAcknowledgment()));
    }

    private void quote() {
        QuotedPacket quote = new QuotedPacket();
        boolean readable = packet.readQuote(quote);
        said.add(readable);
        if (readable) {
            said.addAll(of(quote));
            assertEquals(packet.isV6(), quote.isV6());
        }
    }

    /** All properties of a quote. */
    static List<Object> of(QuotedPacket quote) {
        assertTrue(quote.protocol() >= 0 && quote.protocol() <= U8);
        assertTrue(quote.sourcePort() >>> 16 == 0 && quote.destinationPort() >>> 16 == 0);
        return List.of(
                List.of(quote.isV6(), quote.protocol(), quote.sourcePort(), quote.destinationPort()),
                List.of(quote.sourceHigh(), quote.sourceLow(), quote.destinationHigh(), quote.destinationLow()),
                List.of(quote.tcpSequence(), quote.icmpType(), quote.icmpCode(), quote.icmpIdentifier()));
    }

    /** The way back finds the same flow: of ICMP, the requests' way back is the replies'. */
    private void tuple() {
        Tuple there = new Tuple();
        there.of(packet, Direction.INGRESS);
        said.add(there.service);
        said.add(there.flags);
        assertEquals(packet.protocol(), there.protocol());
        assertEquals(packet.isV6(), there.isV6());
        Tuple back = new Tuple();
        back.of(packet, Direction.EGRESS);
        assertEquals(there.outsideLow, back.insideLow);
        assertEquals(there.outsideHigh, back.insideHigh);
        assertEquals(
                AddressPair.hash(7, packet),
                AddressPair.hash(7, there.insideHigh, there.insideLow, there.outsideHigh, there.outsideLow));
    }
}
