package io.portcullis.fastpath;

import static io.portcullis.net.Direction.EGRESS;
import static io.portcullis.net.Direction.INGRESS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowLine;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a flow comes to a line and a grant, and how it loses them. */
final class GrantsTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final int NONE = FastPathBench.NO_LINE;

    private final FastPathBench bench = new FastPathBench();

    GrantsTest() throws ConfigException {}

    private static Frame request() {
        return Frame.udp(A, 1, B, 53).payload(20);
    }

    private static Frame reply() {
        return Frame.udp(B, 53, A, 1).payload(20);
    }

    private static Frame segment(boolean in, int flags, int sequence, int ack) {
        Frame frame = in ? Frame.tcp(A, 40_000, B, 80, flags) : Frame.tcp(B, 80, A, 40_000, flags);
        return frame.numbers(sequence, ack);
    }

    /** A flow of UDP with packets of both sides, and its line. */
    private int stream() {
        for (int i = 0; i < 6; i++) {
            assertTrue(bench.pass(request(), INGRESS, NONE));
            assertTrue(bench.pass(reply(), EGRESS, NONE));
        }
        return bench.line();
    }

    private int granted() {
        int line = stream();
        bench.pass(request(), INGRESS, line);
        bench.pass(reply(), EGRESS, line);
        assertTrue(bench.fastTable.isValid(line));
        return line;
    }

    private Flow flow(int line) {
        return bench.flows.flow(
                bench.fast.get(FastTable.INT, FastLayout.line(FastPathBench.LINES, line) + FastLayout.ENTRY));
    }

    @Test
    void aFlowGetsALineWithItsTwelfthPacket() {
        for (int i = 0; i < 6; i++) {
            assertEquals(NONE, bench.line());
            bench.pass(request(), INGRESS, NONE);
            bench.pass(reply(), EGRESS, NONE);
        }
        assertNotEquals(NONE, bench.line());
        assertFalse(bench.fastTable.isValid(bench.line()));
    }

    @Test
    void programsForwardInDirectionsWithAFrameThatHadATag() {
        int line = stream();
        bench.pass(request(), INGRESS, line);
        assertTrue(bench.fastTable.isValid(line));
        assertEquals(FlowLine.INGRESS, bench.allowed(line), "frames from inside without a tag may be on their way");
        bench.pass(reply(), EGRESS, line);
        assertEquals(FlowLine.BOTH, bench.allowed(line));
        assertTrue(flow(line).isForwardedByKernel());
    }

    @Test
    void noGrantIsGivenInTheCycleInWhichItsFrameIsDecided() {
        int line = stream();
        bench.decide(request(), INGRESS, line, bench.up(line, INGRESS));
        assertFalse(bench.fastTable.isValid(line));
        bench.grants.settle(bench.nowNs);
        assertTrue(bench.fastTable.isValid(line));
    }

    @Test
    void noGrantIsGivenWhileAFrameIsOnItsWay() {
        int line = stream();
        int first = bench.up(line, INGRESS);
        int second = bench.up(line, INGRESS);
        bench.decide(request(), INGRESS, line, first);
        bench.grants.settle(bench.nowNs);
        assertFalse(bench.fastTable.isValid(line));
        bench.decide(request(), INGRESS, line, second);
        bench.grants.settle(bench.nowNs);
        assertTrue(bench.fastTable.isValid(line));
    }

    @Test
    void aFrameThatIsSentUpVoidsTheGrantAndIsFollowedByAnother() {
        int line = granted();
        int count = bench.up(line, EGRESS);
        assertFalse(bench.fastTable.isValid(line));
        assertFalse(flow(line).isForwardedByKernel());
        bench.decide(reply(), EGRESS, line, count);
        bench.grants.settle(bench.nowNs);
        assertTrue(bench.fastTable.isValid(line));
    }

    @Test
    void aLostFrameDelaysTheGrantUntilTheNextOne() {
        int line = granted();
        bench.up(line, INGRESS);
        bench.grants.settle(bench.nowNs);
        assertFalse(bench.fastTable.isValid(line));
        bench.pass(request(), INGRESS, line);
        assertTrue(bench.fastTable.isValid(line));
    }

    /** Frame by frame, with always one more on its way. */
    private int flood(int line) {
        int count = bench.up(line, INGRESS);
        for (int i = 0; i < 20; i++) {
            int next = bench.up(line, INGRESS);
            assertTrue(bench.decide(request(), INGRESS, line, count));
            bench.grants.settle(bench.nowNs);
            assertFalse(bench.fastTable.isValid(line));
            count = next;
            bench.nowNs += 5 * FastPathBench.MS;
        }
        return count;
    }

    @Test
    void afterATenthOfASecondOfFramesTheGrantIsForcedAndThoseOnTheirWayAreDropped() {
        int line = granted();
        int count = flood(line);
        int next = bench.up(line, INGRESS);
        assertTrue(bench.decide(request(), INGRESS, line, count));
        bench.grants.settle(bench.nowNs);
        assertTrue(bench.fastTable.isValid(line));
        assertEquals(1, bench.grants.forced());
        assertFalse(bench.decide(request(), INGRESS, line, next));
        assertEquals(1, bench.late());
        assertTrue(bench.fastTable.isValid(line), "a late frame does not end the grant");
        assertTrue(bench.decide(request(), INGRESS, line, bench.up(line, INGRESS)), "one after the grant");
    }

    @Test
    void lateFramesAreKnownWhenTheFlowHasLeftItsLine() {
        int line = granted();
        int count = flood(line);
        int next = bench.up(line, INGRESS);
        bench.decide(request(), INGRESS, line, count);
        bench.grants.settle(bench.nowNs);
        bench.grants.leave(flow(line).entry());
        assertEquals(NONE, bench.line());
        bench.grants.settle(bench.nowNs);
        assertFalse(bench.decide(request(), INGRESS, line, next));
        assertEquals(1, bench.late());
    }

    @Test
    void framesSentUpForAnEarlierFlowOfTheLineCountForNothing() {
        int line = granted();
        int old = bench.up(line, INGRESS);
        bench.grants.leave(flow(line).entry());
        bench.grants.settle(bench.nowNs);
        bench.grants.settle(bench.nowNs);
        for (int i = 0; i < FastPathBench.LINES && bench.line() != line; i++) {
            if (bench.line() != NONE) {
                bench.grants.leave(flow(bench.line()).entry());
            }
            bench.pass(request(), INGRESS, NONE);
        }
        assertEquals(line, bench.line(), "the same flow again");
        int first = bench.up(line, INGRESS);
        bench.decide(request(), INGRESS, line, old);
        bench.grants.settle(bench.nowNs);
        assertFalse(bench.fastTable.isValid(line));
        bench.decide(request(), INGRESS, line, first);
        bench.grants.settle(bench.nowNs);
        assertTrue(bench.fastTable.isValid(line));
    }

    @Test
    void aLineIsUsedAgainAfterAGracePeriodThatBeganLater() {
        int line = granted();
        bench.graceIsOver = false;
        bench.grants.leave(flow(line).entry());
        for (int i = 0; i < 3 * FastPathBench.LINES; i++) {
            bench.pass(request(), INGRESS, NONE);
            int other = bench.line();
            assertNotEquals(line, other);
            if (other != NONE) {
                bench.grants.leave(flow(other).entry());
            }
        }
        assertEquals(NONE, bench.line(), "all lines wait");
        bench.graceIsOver = true;
        bench.pass(request(), INGRESS, NONE);
        bench.pass(request(), INGRESS, NONE);
        bench.pass(request(), INGRESS, NONE);
        assertNotEquals(NONE, bench.line());
    }

    @Test
    void whatProgramsForwardCountsAndKeepsTheFlowAlive() {
        int line = granted();
        Flow before = flow(line);
        long packets = before.packets(INGRESS);
        long bytes = before.bytes(INGRESS);
        bench.nowNs += 179_000 * FastPathBench.MS;
        bench.forward(line, INGRESS, 3_000_000, 2_000_000_000);
        bench.nowNs += 2_000 * FastPathBench.MS;
        bench.engine.expire(bench.nowNs, 100);
        assertEquals(1, bench.table.size());
        assertEquals(packets + 3_000_000, flow(line).packets(INGRESS));
        assertEquals(bytes + 2_000_000_000, flow(line).bytes(INGRESS));
        bench.nowNs += 200_000 * FastPathBench.MS;
        bench.engine.expire(bench.nowNs, 100);
        assertEquals(0, bench.table.size());
        assertEquals(NONE, bench.line());
    }

    @Test
    void aFlushVoidsTheLine() {
        int line = granted();
        Flow flow = flow(line);
        bench.engine.flush(new int[] {flow.entry()}, new int[] {flow.number()}).proceed(1, bench.nowNs);
        assertEquals(NONE, bench.line());
        assertEquals(0, bench.fastTable.grant(line));
    }

    private int connection() {
        bench.pass(segment(true, TcpFlags.SYN, 1000, 0), INGRESS, NONE);
        bench.pass(segment(false, TcpFlags.SYN | TcpFlags.ACK, 9000, 1001), EGRESS, NONE);
        for (int i = 0; i < 5; i++) {
            bench.pass(segment(true, TcpFlags.ACK, 1001 + 10 * i, 9001 + 10 * i).payload(10), INGRESS, NONE);
            bench.pass(
                    segment(false, TcpFlags.ACK, 9001 + 10 * i, 1011 + 10 * i).payload(10), EGRESS, NONE);
        }
        int line = bench.line();
        bench.pass(segment(true, TcpFlags.ACK, 1051, 9051), INGRESS, line);
        bench.pass(segment(false, TcpFlags.ACK, 9051, 1051), EGRESS, line);
        assertTrue(bench.fastTable.isValid(line));
        return line;
    }

    @Test
    void aFinTakesTheLineOfItsConnection() {
        int line = connection();
        bench.pass(segment(true, TcpFlags.FIN | TcpFlags.ACK, 1051, 9051), INGRESS, line);
        assertEquals(NONE, bench.line());
        assertTrue(bench.pass(segment(false, TcpFlags.ACK, 9051, 1052), EGRESS, NONE), "the slow path goes on");
    }

    @Test
    void windowsThatProgramsHaveMovedHoldForTheNextSegment() {
        int line = connection();
        long originator = FastLayout.line(FastPathBench.LINES, line) + 64;
        // The originator has sent 5,000 bytes past what the daemon has seen.
        bench.fast.set(FastTable.INT, originator, 6_051);
        assertTrue(bench.pass(segment(false, TcpFlags.ACK, 9051, 6_051), EGRESS, line), "acknowledges them");
        assertFalse(bench.pass(segment(false, TcpFlags.ACK, 9051, 6_052), EGRESS, line), "one more was never sent");
    }

    /** Programs forward more than 2^31 bytes between two folds: at 20 Gbit/s in less than a second. */
    @Test
    void windowsThatProgramsHaveMovedFarHoldForTheNextSegment() {
        int line = connection();
        long at = FastLayout.line(FastPathBench.LINES, line);
        int sent = (int) 3_000_000_000L;
        int end = 1_051 + sent;
        // Both sides' ends and allowed ends; the responder has acknowledged all.
        bench.fast.set(FastTable.INT, at + FlowLayout.ORIGINATOR, end);
        bench.fast.set(FastTable.INT, at + FlowLayout.ORIGINATOR + 4, end + 60_000);
        bench.fast.set(FastTable.INT, at + FlowLayout.RESPONDER + FlowLayout.SIDE_WINDOW + 4, end);
        for (int i = 0; i < 3; i++) {
            bench.forward(line, INGRESS, 15_000, 1_000_000_000);
        }
        assertTrue(bench.pass(segment(true, TcpFlags.FIN | TcpFlags.ACK, end, 9051), INGRESS, line), "the end");
        assertTrue(bench.pass(segment(false, TcpFlags.ACK, 9051, end + 1), EGRESS, NONE), "and its acknowledgment");
    }

    @Test
    void aPendingSynSuspendsTheGrant() {
        int line = connection();
        bench.pass(segment(true, TcpFlags.SYN, 50_000, 0), INGRESS, line);
        assertFalse(bench.fastTable.isValid(line));
        bench.pass(segment(false, TcpFlags.ACK, 9051, 1051), EGRESS, line);
        assertTrue(bench.fastTable.isValid(line), "a challenge ACK: the connection goes on");
    }

    @Test
    void aReloadRaisesTheGrantsOfFlowsThatStayAllowed() throws ConfigException {
        int line = granted();
        long before = bench.fastTable.grant(line);
        int epoch = bench.fastTable.epoch();
        bench.install(EngineBench.policy("", FastPathBench.OPEN, 2));
        assertTrue(bench.fastTable.isValid(line), "before the review");
        bench.proceed();
        assertEquals(epoch + 1, bench.fastTable.epoch());
        assertTrue(bench.fastTable.isValid(line));
        assertNotEquals(before, bench.fastTable.grant(line));
        assertEquals(line, bench.line());
    }

    private static final String KEYS = "network-acl: edge, source-check: true";
    private static final String ACL = """
            network-acls:
              edge:
                ingress: [{rule: 9, action: allow, protocol: all, from: any}]
                egress: [{rule: 9, action: deny, protocol: udp, to: any}]
            """;

    @Test
    void aReloadThatRefusesADirectionTakesTheLine() throws ConfigException {
        int line = granted();
        bench.install(EngineBench.policy(KEYS, FastPathBench.OPEN + ACL, 2));
        bench.proceed();
        assertEquals(NONE, bench.line());
        bench.grants.settle(bench.nowNs);
        bench.pass(request(), INGRESS, NONE);
        int other = bench.line();
        assertNotEquals(line, other, "the old one waits for the end of the programs that know it");
        bench.pass(request(), INGRESS, other);
        assertEquals(FlowLine.INGRESS, bench.allowed(other));
        assertFalse(bench.pass(reply(), EGRESS, other));
        assertEquals(FlowLine.INGRESS, bench.allowed(other));
    }

    @ParameterizedTest
    @EnumSource(value = Enforcement.class, names = "RULES", mode = EnumSource.Mode.EXCLUDE)
    void anOperatorsCommandEndsAllGrantsAtOnce(Enforcement next) throws ConfigException {
        int line = granted();
        Policy policy = EngineBench.policy("", FastPathBench.OPEN, 1);
        bench.install(policy.under(next));
        assertFalse(bench.fastTable.isValid(line));
        bench.proceed();
        bench.pass(request(), INGRESS, line);
        assertFalse(bench.fastTable.isValid(line));
        bench.install(policy);
        bench.proceed();
        assertFalse(bench.fastTable.isValid(line), "no old grant comes back");
    }

    @Test
    void anAuditEndsAllGrants() throws ConfigException {
        int line = granted();
        bench.install(EngineBench.policy("enforce: audit", FastPathBench.OPEN, 2));
        assertFalse(bench.fastTable.isValid(line));
    }

    @Test
    void aFlowThatRecheckRefusesGetsNoGrant() throws ConfigException {
        int line = granted();
        bench.install(
                EngineBench.policy("", "security-groups: {web: {ingress: []}}\nconntrack: {on-reload: recheck}\n", 2));
        bench.proceed();
        assertEquals(NONE, bench.line());
        assertFalse(bench.fastTable.isValid(line));
    }

    @Test
    void aShorterTimeoutHoldsForLinesToo() throws ConfigException {
        int line = granted();
        bench.install(EngineBench.policy("", FastPathBench.OPEN + "conntrack: {timeouts: {udp-stream: 10s}}\n", 2));
        bench.proceed();
        int units = bench.fastTable.getInt(line, FastLayout.TIMEOUT);
        long ns = Integer.toUnsignedLong(units) << FastLayout.TIMEOUT_SHIFT;
        assertTrue(ns <= 10_000 * FastPathBench.MS && ns > 9_990 * FastPathBench.MS, () -> ns + " ns");
    }

    @Test
    void portsOfDhcpAreNotForFlows() {
        for (int i = 0; i < 20; i++) {
            bench.pass(Frame.udp(A, 68, B, 1_000).payload(20), INGRESS, NONE);
        }
        assertEquals(1, bench.table.size());
        assertEquals(NONE, bench.line());
    }

    @Test
    void linesOfIdleFlowsAreFreedWhereLinesAreScarce() {
        for (int i = 0; i < FastPathBench.LINES; i++) {
            for (int packet = 0; packet < 13; packet++) {
                bench.pass(Frame.udp(A, 100 + i, B, 53).payload(20), INGRESS, NONE);
            }
        }
        assertEquals(FastPathBench.LINES, bench.grants.size());
        bench.nowNs += Grants.IDLE_NS + 1;
        while (bench.grants.isDue(bench.nowNs)) {
            bench.grants.proceed(bench.nowNs);
        }
        assertTrue(bench.grants.size() < FastPathBench.LINES);
    }

    @Test
    void anOrdinaryFlowIsNotForwarded() {
        bench.pass(request(), INGRESS, NONE);
        assertFalse(bench.flows.flow(0).isForwardedByKernel());
    }
}
