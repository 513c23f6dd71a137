package io.portcullis.fastpath;

import static io.portcullis.net.Direction.EGRESS;
import static io.portcullis.net.Direction.INGRESS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowLine;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a daemon makes of the lines that another one has left. */
final class RestartTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final int LINES = FastPathBench.LINES;
    private static final int TRIALS = 300;

    private final Policy policy = EngineBench.policy("", FastPathBench.OPEN, 1);
    private final FastPathBench bench = new FastPathBench(policy);

    RestartTest() throws ConfigException {}

    private void grantFlows() {
        for (int port = 1; port <= 3; port++) {
            Frame request = Frame.udp(A, port, B, 53).payload(20);
            Frame reply = Frame.udp(B, 53, A, port).payload(20);
            for (int i = 0; i < 7; i++) {
                bench.pass(request, INGRESS, FastPathBench.NO_LINE);
                bench.pass(reply, EGRESS, FastPathBench.NO_LINE);
            }
            int line = lineOf(port);
            bench.pass(request, INGRESS, line);
            bench.pass(reply, EGRESS, line);
            assertTrue(bench.fastTable.isValid(line));
        }
    }

    private int lineOf(int port) {
        for (int line = 0; line < LINES; line++) {
            long service = bench.fast.get(FastTable.LONG, FastLayout.line(LINES, line) + FlowLayout.SERVICE);
            if ((int) service >>> 16 == port) {
                return line;
            }
        }
        throw new AssertionError("no line for port " + port);
    }

    /** The lines after a restart; the table is not changed by it. */
    private FastTable restart(FlowTable table) {
        FastTable opened = FastTable.open(bench.fast, LINES, table.derivedKey(2), table.derivedKey(3));
        Grants grants = new Grants(opened, table.line(), bench.grace(), bench.nowNs);
        table.offload(grants);
        table.recover(bench.nowNs);
        grants.recovered();
        return opened;
    }

    @Test
    void grantsOfFlowsThatGoOnStayValid() {
        grantFlows();
        FastTable opened = restart(bench.table(policy));
        for (int port = 1; port <= 3; port++) {
            assertTrue(opened.isValid(lineOf(port)), "port " + port);
        }
    }

    @Test
    void aGrantThatAFrameHadVoidedIsValidAgainAsNoFrameIsOnItsWay() {
        grantFlows();
        bench.up(lineOf(1), INGRESS);
        assertFalse(bench.fastTable.isValid(lineOf(1)));
        assertTrue(restart(bench.table(policy)).isValid(lineOf(1)));
    }

    /** Offload was off in between: the windows of such a line may be 2^31 bytes behind those of its flow. */
    @Test
    void aLineIsVoidWhereARunWithoutFastPathHasFollowedItsFlow() {
        grantFlows();
        FlowTable between = bench.table(policy);
        between.recover(bench.nowNs);
        Engine engine = new Engine(policy, Shard.ALL, between);
        bench.nowNs += 100 * FastPathBench.MS;
        byte[] frame = Frame.udp(A, 1, B, 53).payload(20).bytes();
        assertEquals(Reason.NONE, engine.decide(frame, INGRESS, bench.nowNs));
        int line = lineOf(1);
        FastTable opened = restart(bench.table(policy));
        assertFalse(opened.isValid(line));
        assertTrue(opened.isValid(lineOf(2)), "nobody has moved this one");
    }

    @Test
    void aFlowThatProgramsHaveKeptAliveIsNotOver() {
        grantFlows();
        bench.nowNs += 170_000 * FastPathBench.MS;
        bench.forward(lineOf(2), INGRESS, 5, 500);
        bench.nowNs += 170_000 * FastPathBench.MS;
        FlowTable table = bench.table(policy);
        FastTable opened = restart(table);
        assertEquals(1, table.size());
        assertTrue(opened.isValid(lineOf(2)));
        assertFalse(opened.isValid(lineOf(1)));
        assertFalse(opened.isValid(lineOf(3)));
    }

    @Test
    void linesOfAnotherTableAreEmptied() {
        grantFlows();
        bench.slab.fill((byte) 0);
        bench.header.writeTo(bench.slab);
        FastTable opened = restart(bench.table(policy));
        for (int line = 0; line < LINES; line++) {
            assertEquals(0, opened.grant(line));
            assertFalse(opened.isInIndex(line));
        }
    }

    @Test
    void memoryOfAnotherVersionOrKeyIsMadeEmpty() {
        for (int offset :
                new int[] {FastLayout.GATE_MAGIC, FastLayout.GATE_VERSION, FastLayout.GATE_LINES, FastLayout.GATE_KEY
                }) {
            FastPathBench other = new FastPathBench(policy);
            other.fastTable.grant(3, 1, 0, 0);
            other.fast.set(FastTable.INT, offset, other.fast.get(FastTable.INT, offset) + 1);
            FastTable opened = other.open();
            assertEquals(0, opened.grant(3), "offset " + offset);
            assertEquals(FastLayout.MAGIC, other.fast.get(FastTable.INT, FastLayout.GATE_MAGIC));
        }
    }

    @Test
    void memoryThatIsTooShortIsRefused() {
        MemorySegment half = Arena.ofAuto().allocate(FastLayout.bytes(LINES) / 2, 64);
        assertThrows(IllegalArgumentException.class, () -> FastTable.open(half, LINES, 1, 2));
        assertThrows(IllegalArgumentException.class, () -> FastTable.open(half, 3, 1, 2));
    }

    /** Any bytes in any places: at the most, a grant of a flow of the table in a direction that its tracker passes. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void anyBytesGiveNoGrantThatTheTableDoesNotJustify(long seed) {
        grantFlows();
        SplittableRandom random = new SplittableRandom(seed);
        byte[] whole = bench.fast.toArray(ValueLayout.JAVA_BYTE);
        int kept = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            MemorySegment.copy(whole, 0, bench.fast, ValueLayout.JAVA_BYTE, 0, whole.length);
            damage(random, trial);
            FlowTable table = bench.table(policy);
            FastTable opened = restart(table);
            kept += justified(opened, table);
            assertEquals(3, table.size(), "trial " + trial);
        }
        assertTrue(kept > TRIALS / 10, kept + " grants kept");
    }

    private void damage(SplittableRandom random, int trial) {
        if (trial % 10 == 0) {
            for (long at = trial % 20 == 0 ? 0 : FastLayout.GATE_BYTES; at < bench.fast.byteSize(); at += 8) {
                bench.fast.set(FastTable.LONG, at, random.nextLong());
            }
            return;
        }
        long lines = FastLayout.line(LINES, 0);
        for (int i = random.nextInt(12); i >= 0; i--) {
            boolean inLine = random.nextBoolean();
            long at = inLine
                    ? lines + random.nextLong(bench.fast.byteSize() - lines)
                    : FastLayout.GATE_BYTES + random.nextLong(lines - FastLayout.GATE_BYTES);
            bench.fast.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt(256));
        }
    }

    private static int justified(FastTable opened, FlowTable table) {
        FlowLine flows = table.line();
        int count = 0;
        for (int line = 0; line < LINES; line++) {
            if (opened.grant(line) == 0) {
                continue;
            }
            count++;
            int entry = opened.getInt(line, FastLayout.ENTRY);
            assertTrue(entry >= 0 && entry < flows.entries() && flows.hasFlow(entry));
            assertTrue(flows.hasKey(entry, opened.memory(), opened.line(line)));
            int allowed = opened.getInt(line, FastLayout.FLAGS) >> 3 & FlowLine.BOTH;
            assertEquals(0, allowed & ~flows.directions(entry));
            assertTrue(opened.isInIndex(line));
        }
        return count;
    }
}
