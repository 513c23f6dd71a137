package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.portcullis.conntrack.TcpTracker.Step;
import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * One TCP connection through the tracker, segment by segment, with a clock that only the test moves: the engine's calls of
 * {@link TcpTracker}, and a script of named segments. The first segment opens the connection. A second table follows the same
 * segments without {@link PlainSegment}: both tables must be equal, byte for byte.
 */
final class Conversation {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 16;
    static final long SECOND = 1_000_000_000L;

    /** The rule that admits a SYN inside a connection. */
    static final int RULE_OF_SYN = 7;

    private static final String[] ADDRESS = {"198.51.100.7", "10.0.0.1"};
    private static final int[] PORT = {40_000, 80};

    private final TcpTracker tracker = new TcpTracker();
    private final FlowTable table = table();
    private final FlowTable unpacked = table();
    private final Packet packet = new Packet();
    private final Tuple tuple = new Tuple();
    private @Nullable Flow flow;
    private long nowNs;
    private boolean failsafe;

    private static FlowTable table() {
        return FlowTable.inMemory(1, 2, 10, new FlowTimeouts(Conversation::ns), 0);
    }

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

    /** A segment of the originator, without data. */
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
        Step slowly = send(unpacked, direction, (known, begins) -> {
            Step step = tracker.follow(known, packet, begins);
            if (step == Step.RENEW || step == Step.PASS) {
                unpacked.update(known, tracker, begins, step == Step.RENEW, nowNs);
            }
            return step;
        });
        Step step = send(table, direction, (known, begins) -> table.follow(known, tracker, packet, begins, nowNs));
        assertEquals(slowly, step);
        Flow here = table.find(tuple, nowNs);
        Flow there = unpacked.find(tuple, nowNs);
        if (here == null || there == null) {
            assertEquals(here == null, there == null);
        } else {
            assertArrayEquals(there.bytes(), here.bytes());
        }
        return step;
    }

    private Step send(FlowTable to, Direction direction, BiFunction<Flow, Boolean, Step> follow) {
        Flow known = to.find(tuple, nowNs);
        if (known == null) {
            TcpConnection connection = tracker.open(packet);
            keep(to, to.insert(tuple, direction, tracker.timeout(false), nowNs, 0, 0, connection, null));
            return Step.RENEW;
        }
        boolean fromOriginator = direction == known.originalDirection();
        Step step = follow.apply(known, fromOriginator);
        switch (step) {
            case END -> to.remove(known, FlowEnd.Reason.RESET);
            case ASK_RULES -> to.rememberSyn(known, tracker, fromOriginator, failsafe);
            case START_OVER -> to.startOver(known, tracker, direction, RULE_OF_SYN, nowNs);
            case RENEW, PASS, REOPEN, BAD_STATE, BAD_WINDOW -> {
                // The table has stored the connection.
            }
        }
        return step;
    }

    private void keep(FlowTable of, @Nullable Flow made) {
        assertNotNull(made);
        if (of == table) {
            flow = made;
        }
    }

    /** SYN, SYN+ACK, ACK: {@code 1000} and {@code 9000} are the initial sequence numbers, so data begins one above. */
    Conversation established() {
        assertEquals(Step.RENEW, originator(SYN, 1000, 0));
        assertEquals(Step.RENEW, responder(SYN | ACK, 9000, 1001));
        assertEquals(Step.RENEW, originator(ACK, 1001, 9001));
        return this;
    }

    /** A connection that is older than the tracking; its originator is outside. */
    Conversation adopted(int originatorScale, int responderScale) {
        byte[] bytes = segment(true, ACK, 0, 0).bytes();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length));
        tuple.of(packet, Direction.INGRESS);
        TcpConnection connection = tracker.adopt(originatorScale, responderScale);
        for (FlowTable each : new FlowTable[] {table, unpacked}) {
            keep(
                    each,
                    each.insert(
                            tuple,
                            Direction.INGRESS,
                            Timeout.TCP_ESTABLISHED,
                            nowNs,
                            0,
                            FlowTable.BOTH_SPOKE,
                            connection,
                            null));
        }
        return this;
    }

    /** From now on failsafe rules admit SYNs inside the connection. */
    void failsafe() {
        failsafe = true;
    }

    void sleepSeconds(long seconds) {
        nowNs += seconds * SECOND;
    }

    /** Seconds until the flow ends without a further packet; 0: it has ended. */
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
