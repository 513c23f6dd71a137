package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The text of a drop, as the log shows it. */
final class DropTest {
    private static String text(Frame frame, Direction direction, Reason reason) {
        return text(frame.bytes(), direction, reason);
    }

    private static String text(byte[] frame, Direction direction, Reason reason) {
        Packet packet = new Packet();
        packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        Drop drop = new Drop();
        drop.of(packet, direction, reason, false, 0);
        return new Drop(drop).toString();
    }

    @Test
    void theTextNamesTheFrameAndItsReason() {
        String a = "198.51.100.7";
        String b = "10.0.0.1";
        assertEquals(
                "ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22",
                text(Frame.tcp(a, 40_000, b, 22, TcpFlags.SYN), Direction.INGRESS, Reason.NO_RULE));
        assertEquals(
                "egress bad-checksum udp [2001:db8::7]:5 > [2001:db8:1::1]:53 vlan 10.20",
                text(
                        Frame.udp("2001:db8::7", 5, "2001:db8:1::1", 53)
                                .vlan(10)
                                .vlan(20),
                        Direction.EGRESS,
                        Reason.BAD_CHECKSUM));
        assertEquals(
                "ingress icmp-unrelated icmp 198.51.100.7 > 10.0.0.1 type 3 code 4 vlan 30",
                text(Frame.icmp(a, b, 3, 4, 0).vlan(30), Direction.INGRESS, Reason.ICMP_UNRELATED));
        assertEquals(
                "ingress no-rule proto 47 198.51.100.7 > 10.0.0.1",
                text(Frame.ip(47, a, b), Direction.INGRESS, Reason.NO_RULE));
        assertEquals(
                "ingress fragment-limit udp 198.51.100.7 > 10.0.0.1",
                text(Frame.udp(a, 1, b, 2).payload(8).fragment(80, false), Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        assertEquals(
                "ingress link-class ethertype 0x88cc",
                text(Frame.ethernet("0180c200000e", 0x88cc, new byte[46]), Direction.INGRESS, Reason.LINK_CLASS));
    }
}
