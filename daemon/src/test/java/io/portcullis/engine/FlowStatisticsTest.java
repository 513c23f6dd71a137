package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which frames count as packets of a flow, and in which direction. */
final class FlowStatisticsTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final int SLOT = 65_536;
    private static final String RULES = "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any},"
            + " {protocol: udp, ports: 53, from: any}]}}\n";
    private static final Explained.Traffic NOTHING = new Explained.Traffic(0, 0);

    private final List<String> ends = new ArrayList<>();
    private final Batch batch = new Batch(MemorySegment.ofArray(new byte[SLOT]), true);
    private final Engine engine;
    private long nowNs = 1_000_000_000L;

    FlowStatisticsTest() throws ConfigException {
        Policy policy = EngineBench.policy("", RULES, 1);
        FlowTable table = FlowTable.inMemory(1, 2, 100, new FlowTimeouts(policy::timeoutNs), nowNs);
        table.onEnd((flow, why) -> ends.add(why + " " + flow.packets(Direction.INGRESS) + " "
                + flow.packets(Direction.EGRESS) + " " + flow.bytes(Direction.EGRESS)));
        engine = new Engine(policy, Shard.ALL, table);
    }

    private Reason decide(byte[] frame, Direction direction, int segment) {
        MemorySegment.copy(frame, 0, batch.memory(), ValueLayout.JAVA_BYTE, 0, frame.length);
        batch.clear();
        batch.add(0, frame.length);
        if (segment > 0) {
            batch.verified();
            batch.segments(segment);
        }
        nowNs += 1_000_000_000L;
        engine.decide(batch, direction, nowNs);
        return Reason.of(batch.reason(0));
    }

    private void in(Frame frame) {
        assertEquals(Reason.NONE, decide(frame.bytes(), Direction.INGRESS, 0));
    }

    private void out(Frame frame) {
        assertEquals(Reason.NONE, decide(frame.bytes(), Direction.EGRESS, 0));
    }

    private Explained.Tracked flow(Frame frame) {
        Explained.Tracked flow =
                engine.explain(frame.bytes(), Direction.INGRESS, nowNs).flow();
        assertNotNull(flow);
        return flow;
    }

    private static Frame query() {
        return Frame.udp(A, 4_000, B, 53).payload(20);
    }

    private static Frame answer() {
        return Frame.udp(B, 53, A, 4_000).payload(500);
    }

    private static Frame segment(boolean fromClient, int flags, int sequence, int ack) {
        return fromClient
                ? Frame.tcp(A, 4_000, B, 80, flags).numbers(sequence, ack)
                : Frame.tcp(B, 80, A, 4_000, flags).numbers(sequence, ack);
    }

    private void handshake() {
        in(segment(true, TcpFlags.SYN, 1_000, 0));
        out(segment(false, TcpFlags.SYN | TcpFlags.ACK, 9_000, 1_001));
        in(segment(true, TcpFlags.ACK, 1_001, 9_001));
    }

    @Test
    void theFirstPacketCountsAndBeginsTheAge() {
        in(query());
        nowNs += 7;
        Explained.Tracked flow = flow(query());
        assertEquals(new Explained.Traffic(1, query().bytes().length), flow.inward());
        assertEquals(NOTHING, flow.outward());
        assertEquals(7, flow.ageNs());
    }

    @Test
    void eachDirectionCountsForItself() {
        in(query());
        out(answer());
        out(answer());
        Explained.Tracked flow = flow(query());
        assertEquals(new Explained.Traffic(1, query().bytes().length), flow.inward());
        assertEquals(new Explained.Traffic(2, 2L * answer().bytes().length), flow.outward());
        assertEquals(2_000_000_000L, flow.ageNs());
    }

    /** What a rule admits without a flow, and what is dropped, belongs to no flow's count. */
    @Test
    void whatIsDroppedDoesNotCount() {
        handshake();
        Explained.Tracked before = flow(segment(true, TcpFlags.ACK, 1_001, 9_001));
        assertEquals(2, before.inward().packets());
        assertEquals(1, before.outward().packets());
        byte[] beyond = segment(true, TcpFlags.ACK, 900_000_000, 9_001).bytes();
        assertEquals(Reason.TCP_WINDOW, decide(beyond, Direction.INGRESS, 0));
        Explained.Tracked after = flow(segment(true, TcpFlags.ACK, 1_001, 9_001));
        assertEquals(before.inward(), after.inward());
        assertEquals(before.outward(), after.outward());
    }

    /** A super-frame counts as the packets that it becomes on the wire, each with its headers, as in the counters of the interface. */
    @Test
    void aSuperFrameCountsAsItsPackets() {
        handshake();
        byte[] frame =
                segment(false, TcpFlags.ACK, 9_001, 1_001).payload(10_000).bytes();
        assertEquals(Reason.NONE, decide(frame, Direction.EGRESS, 1_000));
        Explained.Traffic outward =
                flow(segment(true, TcpFlags.ACK, 1_001, 9_001)).outward();
        int headers = frame.length - 10_000;
        // The answer to the SYN has no payload.
        assertEquals(new Explained.Traffic(1 + 10, headers + frame.length + 9L * headers), outward);
    }

    @Test
    void aResetThatEndsTheFlowIsCountedBeforeItsEndIsReported() {
        in(segment(true, TcpFlags.SYN, 1_000, 0));
        Frame reset = segment(false, TcpFlags.RST | TcpFlags.ACK, 0, 1_001);
        out(reset);
        assertEquals(List.of("RESET 1 1 " + reset.bytes().length), ends);
        assertNull(engine.explain(segment(true, TcpFlags.SYN, 1_000, 0).bytes(), Direction.INGRESS, nowNs)
                .flow());
    }

    @Test
    void aConnectionThatOpensAgainBeginsWithNewCounts() {
        handshake();
        in(segment(true, TcpFlags.RST, 1_001, 0));
        in(segment(true, TcpFlags.SYN, 70_000, 0));
        assertEquals(
                List.of("REPLACED 3 1 "
                        + segment(false, TcpFlags.SYN | TcpFlags.ACK, 9_000, 1_001)
                                .bytes()
                                .length),
                ends);
        Explained.Tracked flow = flow(segment(true, TcpFlags.SYN, 70_000, 0));
        assertEquals(1, flow.inward().packets());
        assertEquals(NOTHING, flow.outward());
        assertEquals(0, flow.ageNs());
    }

    @Test
    void aFlowThatTheRulesNoLongerAdmitIsReportedAsRefused() throws ConfigException {
        in(query());
        engine.install(
                EngineBench.policy("", "security-groups: {web: {}}\nconntrack: {on-reload: recheck}\n", 2), nowNs);
        assertEquals(Reason.RECHECK, decide(query().bytes(), Direction.INGRESS, 0));
        assertEquals(List.of("REFUSED 1 0 0"), ends);
    }
}
