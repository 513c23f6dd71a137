package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.portcullis.conntrack.TcpTracker.Step;
import io.portcullis.packet.Direction;
import io.portcullis.packet.Frame;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One TCP connection through the tracker, segment by segment, on a clock that stands still unless told: what the engine
 * does around {@link TcpTracker}, and a script of named segments on top. The first segment makes the connection.
 */
final class Conversation {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 16;
    static final long SECOND = 1_000_000_000L;

    private static final String[] ADDRESS = {"198.51.100.7", "10.0.0.1"};
    private static final int[] PORT = {40_000, 80};

    private final TcpTracker tracker = new TcpTracker();
    private final FlowTable table = FlowTable.inMemory(1, 2, 10, new Timeouts(Conversation::ns), 0);
    private final Packet packet = new Packet();
    private final Tuple tuple = new Tuple();
    private @Nullable Flow flow;
    private long nowNs;

    private static long ns(String key) {
        return Duration.ofSeconds(
                        switch (key) {
                            case "tcp-syn-sent", "tcp-fin-wait", "tcp-time-wait" -> 120;
                            case "tcp-syn-received", "tcp-close-wait" -> 60;
                            case "tcp-established" -> 432_000;
                            case "tcp-last-ack" -> 30;
                            case "tcp-close" -> 10;
                            case "tcp-unacknowledged" -> 300;
                            default -> 1;
                        })
                .toNanos();
    }

    /** A segment of the side that began, without data. */
    Step originator(int flags, int sequence, int acknowledgment) {
        return send(true, segment(true, flags, sequence, acknowledgment));
    }

    Step responder(int flags, int sequence, int acknowledgment) {
        return send(false, segment(false, flags, sequence, acknowledgment));
    }

    static Frame segment(boolean fromOriginator, int flags, int sequence, int acknowledgment) {
        int from = fromOriginator ? 0 : 1;
        return Frame.tcp(ADDRESS[from], PORT[from], ADDRESS[1 - from], PORT[1 - from], flags)
                .numbers(sequence, acknowledgment);
    }

    Step send(boolean fromOriginator, Frame frame) {
        byte[] bytes = frame.bytes();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length));
        Direction direction = fromOriginator ? Direction.INGRESS : Direction.EGRESS;
        tuple.of(packet, direction);
        Flow known = table.find(tuple, nowNs);
        if (known == null) {
            TcpConnection connection = tracker.open(packet);
            Timeout timeout = tracker.timeout(false);
            flow = table.insert(tuple, direction, timeout, nowNs, 0, 0, connection, null);
            assertNotNull(flow);
            return Step.RENEW;
        }
        boolean begins = direction == known.originalDirection();
        Step step = tracker.follow(known, packet, begins);
        switch (step) {
            case RENEW, PASS -> table.update(known, tracker, begins, step == Step.RENEW, nowNs);
            case END -> table.remove(known);
            case REOPEN, BAD_STATE, BAD_WINDOW -> {
                // Nothing changes.
            }
        }
        return step;
    }

    /** SYN, SYN+ACK, ACK: {@code 1000} and {@code 9000} are the initial sequence numbers, so data begins one above. */
    Conversation established() {
        assertEquals(Step.RENEW, originator(SYN, 1000, 0));
        assertEquals(Step.RENEW, responder(SYN | ACK, 9000, 1001));
        assertEquals(Step.RENEW, originator(ACK, 1001, 9001));
        return this;
    }

    /** The connection as a host has it before anybody looks; the side that began is outside. */
    Conversation adopted(int originatorScale, int responderScale) {
        byte[] bytes = segment(true, ACK, 0, 0).bytes();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length));
        tuple.of(packet, Direction.INGRESS);
        TcpConnection connection = tracker.adopt(originatorScale, responderScale);
        flow = table.insert(
                tuple, Direction.INGRESS, Timeout.TCP_ESTABLISHED, nowNs, 0, FlowTable.BOTH_SPOKE, connection, null);
        assertNotNull(flow);
        return this;
    }

    void sleepSeconds(long seconds) {
        nowNs += seconds * SECOND;
    }

    /** Seconds until the flow ends without a further packet; 0 where it is gone. */
    long secondsLeft() {
        Flow known = flow;
        if (known == null || table.find(tuple, nowNs) == null) {
            return 0;
        }
        return (ns(known.timeout().key()) - known.idleNs(nowNs)) / SECOND;
    }

    TcpConnection connection() {
        TcpConnection connection = new TcpConnection();
        flow().load(connection);
        return connection;
    }

    TcpConnection.State state() {
        return connection().state;
    }

    boolean isInFlight(int sequence, boolean fromOriginator) {
        return tracker.isInFlight(flow(), sequence, fromOriginator);
    }

    Flow flow() {
        Flow known = flow;
        assertNotNull(known);
        return known;
    }
}
