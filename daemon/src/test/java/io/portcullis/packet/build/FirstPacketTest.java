package io.portcullis.packet.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portcullis.net.Address;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A SYN, and the SYN+ACK that answers it. */
final class FirstPacketTest {
    private static Packet parse(byte[] frame) {
        Packet packet = new Packet();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
        return packet;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAnswerGoesBackAndAcknowledges(boolean v6) {
        FirstPacket first = new FirstPacket(
                new Address(v6, v6 ? 7 : 0, 8), new Address(v6, v6 ? 9 : 0, 10), IpProtocol.TCP, 40_000, 22, 0, 0, 0);
        Packet opening = parse(first.frame());
        assertEquals(TcpFlags.SYN, opening.tcpFlags());
        assertEquals(40_000, opening.sourcePort());
        Packet answer = parse(first.answer());
        assertEquals(v6, answer.isV6());
        assertEquals(TcpFlags.SYN | TcpFlags.ACK, answer.tcpFlags());
        assertEquals(22, answer.sourcePort());
        assertEquals(40_000, answer.destinationPort());
        assertEquals(opening.sourceHigh(), answer.destinationHigh());
        assertEquals(opening.sourceLow(), answer.destinationLow());
        assertEquals(opening.destinationHigh(), answer.sourceHigh());
        assertEquals(opening.destinationLow(), answer.sourceLow());
        assertEquals(opening.tcpSequence() + 1, answer.tcpAcknowledgment());
    }

    @Test
    void onlyTcpIsAnswered() {
        FirstPacket datagram = new FirstPacket(
                new Address(false, 0, 8), new Address(false, 0, 10), IpProtocol.UDP, 40_000, 53, 0, 0, 0);
        assertThrows(IllegalStateException.class, datagram::answer);
    }
}
