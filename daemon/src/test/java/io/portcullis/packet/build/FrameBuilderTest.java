package io.portcullis.packet.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Address;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.ChecksumState;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FrameBuilderTest {
    private static final Address V4 = Address.parse("192.0.2.5");
    private static final Address V6 = Address.parse("2001:db8::5");

    private static Packet parse(byte[] frame) {
        Packet packet = new Packet();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
        return packet;
    }

    private static FrameBuilder builder(boolean v6, int vlans) {
        return new FrameBuilder(v6 ? V6 : V4, v6 ? V6.next() : V4.next(), vlans, 9);
    }

    /** VLAN 5 around VLAN 7 is 20487. */
    @ParameterizedTest
    @CsvSource({"false, 0", "false, 7", "false, 20487", "true, 0", "true, 7", "true, 20487"})
    void aSegmentIsReadAsItWasBuilt(boolean v6, int vlans) {
        Packet tcp = parse(builder(v6, vlans).tcp(1_024, 443, TcpFlags.ACK, 1 << 31, 7, 5));
        assertEquals(v6, tcp.isV6());
        assertEquals(vlans, tcp.vlans());
        assertEquals(9, tcp.hopLimit());
        assertEquals(v6 ? V6.high() : 0, tcp.sourceHigh());
        assertEquals(v6 ? V6.low() : V4.low(), tcp.sourceLow());
        assertEquals((v6 ? V6 : V4).next().low(), tcp.destinationLow());
        assertEquals(1_024, tcp.sourcePort());
        assertEquals(443, tcp.destinationPort());
        assertEquals(TcpFlags.ACK, tcp.tcpFlags());
        assertEquals(1 << 31, tcp.tcpSequence());
        assertEquals(7, tcp.tcpAcknowledgment());
        assertEquals(5, tcp.tcpPayload());
        assertEquals(ChecksumState.RIGHT, tcp.verifyChecksum());
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void checksumsOfAllProtocolsAreRight(boolean v6) {
        FrameBuilder builder = builder(v6, 0);
        Packet udp = parse(builder.udp(1, 53, 3));
        assertEquals(ChecksumState.RIGHT, udp.verifyChecksum());
        assertEquals(11, udp.transportLength());
        Packet icmp = parse(builder.icmp(v6 ? 128 : 8, 0, 40_000, 16));
        assertTrue(icmp.isIcmp());
        assertEquals(40_000, icmp.icmpIdentifier());
        assertEquals(ChecksumState.RIGHT, icmp.verifyChecksum());
        assertEquals(38_412, parse(builder.sctp(1, 38_412)).destinationPort());
        assertEquals(IpProtocol.GRE, parse(builder.other(IpProtocol.GRE, 8)).protocol());
    }

    @Test
    void bothAddressesAreOfOneFamily() {
        assertThrows(IllegalArgumentException.class, () -> FrameBuilder.between(V4, V6));
    }
}
