package io.portcullis.conntrack;

import static io.portcullis.conntrack.Conversation.ACK;
import static io.portcullis.conntrack.Conversation.FIN;
import static io.portcullis.conntrack.Conversation.RST;
import static io.portcullis.conntrack.Conversation.SYN;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Which segments are plain. {@link Conversation} checks in every test that {@link TcpTracker} has the same result for them. */
final class PlainSegmentTest {
    private static final byte[] TIMESTAMP =
            new Frame.Octets().hex("0101080a").u32(1).u32(2).toBytes();
    private static final byte[] SACK =
            new Frame.Octets().hex("0101050a").u32(9050).u32(9060).toBytes();

    private final Slab slab = new Slab(Arena.ofAuto().allocate(TableHeader.bytes(1), FlowLayout.ENTRY_BYTES));
    private final FlowTable table = new FlowTable(slab, 1, 2, 1, new FlowTimeouts(_ -> Conversation.SECOND), 0);
    private final TcpTracker tracker = new TcpTracker();
    private final Packet packet = new Packet();
    private final Tuple tuple = new Tuple();

    private void parse(boolean fromOriginator, Frame frame) {
        byte[] bytes = frame.bytes();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length));
        tuple.of(packet, fromOriginator ? Direction.INGRESS : Direction.EGRESS);
    }

    private void send(boolean fromOriginator, Frame frame) {
        parse(fromOriginator, frame);
        Flow flow = table.find(tuple, 0);
        if (flow == null) {
            table.insert(tuple, Direction.INGRESS, tracker.timeout(false), 0, 0, 0, tracker.open(packet), null);
        } else {
            table.follow(flow, tracker, packet, fromOriginator, 0);
        }
    }

    private static Frame originators(int flags, int sequence, int acknowledgment) {
        return Conversation.segment(true, flags, sequence, acknowledgment);
    }

    private static Frame responders(int flags, int sequence, int acknowledgment) {
        return Conversation.segment(false, flags, sequence, acknowledgment);
    }

    private void establish() {
        send(true, originators(SYN, 1000, 0));
        send(false, responders(SYN | ACK, 9000, 1001));
        send(true, originators(ACK, 1001, 9001));
        send(false, responders(ACK, 9001, 1001).payload(100));
    }

    private boolean isPlain(boolean fromOriginator, Frame frame) {
        parse(fromOriginator, frame);
        Flow flow = table.find(tuple, 0);
        assertNotNull(flow);
        byte[] before = flow.bytes();
        boolean plain = PlainSegment.follow(slab, flow.at, packet, fromOriginator, 1);
        if (!plain) {
            assertArrayEquals(before, flow.bytes());
        }
        return plain;
    }

    @Test
    void dataAndAcknowledgmentsWithinTheWindowsAre() {
        establish();
        assertTrue(isPlain(true, originators(ACK, 1001, 9001).payload(10)));
        assertTrue(isPlain(true, originators(ACK, 1011, 9101).tcpOptions(TIMESTAMP)));
        assertTrue(
                isPlain(false, responders(ACK, 9101, 1011).tcpOptions(TIMESTAMP).payload(1)));
        assertTrue(isPlain(false, responders(ACK, 9101, 1001).payload(1)), "late");
        assertTrue(isPlain(false, responders(ACK, 9051, 1001).payload(20)), "sent again");
    }

    @Test
    void otherFlagsAndOptionsAreNot() {
        establish();
        for (int flags : new int[] {SYN, SYN | ACK, FIN | ACK, RST, RST | ACK}) {
            assertFalse(isPlain(true, originators(flags, 1001, 9001)), "flags " + flags);
        }
        assertFalse(isPlain(true, originators(ACK, 1001, 9001).window(0)), "closed window");
        assertFalse(isPlain(true, originators(ACK, 1001, 9001).tcpOptions(SACK)), "selective acknowledgment");
    }

    @Test
    void segmentsOutOfAWindowAreNot() {
        establish();
        int window = 65_535;
        assertTrue(isPlain(true, originators(ACK, 1001 + window - 1, 9001).payload(1)));
        assertFalse(isPlain(true, originators(ACK, 1001 + window - 1, 9001).payload(2)), "beyond");
        assertFalse(isPlain(true, originators(ACK, 1001 + window + 1, 9001)), "wholly beyond");
        assertFalse(isPlain(true, originators(ACK, 1001, 9102)), "acknowledges what was never sent");
        assertFalse(isPlain(true, originators(ACK, 1000 - window, 9001)), "too old");
        assertFalse(isPlain(true, originators(ACK, 1001, 9101 - TcpTracker.MAX_ACK_WINDOW - 1)), "too old an answer");
    }

    @Test
    void theOneThatChangesTheTimeoutIsNot() {
        establish();
        for (int i = 0; i < TcpTracker.RETRANSMITS; i++) {
            assertTrue(isPlain(false, responders(ACK, 9101, 1001).payload(5)), "time " + i);
        }
        assertFalse(isPlain(false, responders(ACK, 9101, 1001).payload(5)));
    }

    @Test
    void noneIsBeforeTheHandshakeIsOver() {
        send(true, originators(SYN, 1000, 0));
        send(false, responders(SYN | ACK, 9000, 1001));
        assertFalse(isPlain(true, originators(ACK, 1001, 9001)));
    }
}
