package io.portcullis.fastpath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfTestRun;
import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the programs do with single frames. */
@Tag("netns")
@Timeout(120)
final class NamespaceFastProgramTest {
    private static final FastProgram.Mark MARK = new FastProgram.Mark(0x5043_0000, 0xffff_0000);

    /** TCX_REDIRECT: to the other NIC, or to the tap. */
    private static final int FORWARDED = 7;

    private static final int LINE = 3;
    private static final int INGRESS_UDP_BYTES = 14 + 20 + 8 + 10;

    private TestLines lines;

    @BeforeEach
    void make() throws Exception {
        lines = new TestLines();
        byte[] frame = udp(Direction.INGRESS).bytes();
        Packet packet = new Packet();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
        Tuple tuple = new Tuple();
        tuple.of(packet, Direction.INGRESS);
        lines.key(LINE, tuple, 0);
        lines.grant(LINE, 1);
    }

    @AfterEach
    void close() {
        lines.close();
    }

    private static Frame udp(Direction direction) {
        return direction == Direction.INGRESS
                ? Frame.udp("192.0.2.1", 1000, "198.51.100.2", 53).payload(10)
                : Frame.udp("198.51.100.2", 53, "192.0.2.1", 1000).payload(10);
    }

    private static Frame stranger(int host) {
        return Frame.udp("192.0.2." + host, 1000, "198.51.100.2", 53).payload(10);
    }

    private FastProgram program(Direction direction, FastProgram.Route route, FastProgram.Life life) {
        return new FastProgram(lines.array, TestLines.LINES, direction, route, 1, true, life);
    }

    private static final FastProgram.Route BRIDGE = new FastProgram.Route.Bridge(1, MARK);

    private static BpfTestRun run(Bpf program, Frame frame) throws ErrnoException {
        return BpfTestRun.of(program, frame.bytes(), new BpfTestRun.Context(7, 0, 77, 0, 0), 1);
    }

    /** True: forwarded by a bridge; false: sent up, or dropped by a dead program. */
    private boolean passes(Bpf program) throws ErrnoException {
        long before = lines.forwarded(LINE, Direction.INGRESS, FastLayout.PACKETS);
        BpfTestRun run = run(program, udp(Direction.INGRESS));
        boolean forwarded = lines.forwarded(LINE, Direction.INGRESS, FastLayout.PACKETS) == before + 1;
        assertEquals(forwarded ? MARK.value() | 7 : 7, run.context().mark());
        return forwarded;
    }

    private boolean passes(FastProgram.Life life) throws Exception {
        try (Bpf program = program(Direction.INGRESS, BRIDGE, life).load()) {
            return passes(program);
        }
    }

    @Test
    void aFrameWithAGrantIsForwardedMarkedAndCounted() throws Exception {
        lines.set64(lines.at(LINE, FastLayout.LAST_SEEN), 5);
        lines.set32(lines.at(LINE, FastLayout.TIMEOUT), -1);
        long start = System.nanoTime();
        assertTrue(passes(FastProgram.Life.LIVE));
        assertEquals(INGRESS_UDP_BYTES, lines.forwarded(LINE, Direction.INGRESS, FastLayout.BYTES));
        // The coarse clock is up to a tick late.
        assertTrue(lines.get64(lines.at(LINE, FastLayout.LAST_SEEN)) > start - 20_000_000);
        long packets = 0;
        long bytes = 0;
        for (int i = 0; i < FastLayout.PROCESSORS; i++) {
            long at = FastLayout.GATE_PROCESSORS + (long) i * FastLayout.PROCESSOR_BYTES;
            packets += lines.get64(at + FastLayout.PACKETS);
            bytes += lines.get64(at + FastLayout.BYTES);
            assertEquals(0, lines.get64(at + FastLayout.COUNTS_PER_DIRECTION));
        }
        assertEquals(1, packets);
        assertEquals(INGRESS_UDP_BYTES, bytes);
    }

    @Test
    void aSuperFrameCountsAsItsPacketsAndIsAsLongAsOne() throws Exception {
        try (Bpf program =
                program(Direction.INGRESS, BRIDGE, FastProgram.Life.LIVE).load()) {
            byte[] train = udp(Direction.INGRESS).payload(2501).bytes();
            BpfTestRun.of(program, train, new BpfTestRun.Context(0, 0, 0, 3, 1000), 1);
            assertEquals(3, lines.forwarded(LINE, Direction.INGRESS, FastLayout.PACKETS));
            assertEquals(2501 + 3 * 42, lines.forwarded(LINE, Direction.INGRESS, FastLayout.BYTES));
            lines.set32(FastLayout.GATE_MTU_INGRESS, 1028);
            BpfTestRun.of(program, train, new BpfTestRun.Context(0, 0, 0, 3, 1000), 1);
            assertEquals(6, lines.forwarded(LINE, Direction.INGRESS, FastLayout.PACKETS));
            lines.set32(FastLayout.GATE_MTU_INGRESS, 1027);
            BpfTestRun.of(program, train, new BpfTestRun.Context(0, 0, 0, 3, 1000), 1);
            assertEquals(6, lines.forwarded(LINE, Direction.INGRESS, FastLayout.PACKETS));
            assertEquals(1, lines.up(LINE, Direction.INGRESS));
        }
    }

    @Test
    void aFrameThatGoesUpIsTaggedAndEndsTheGrantOfBothDirections() throws Exception {
        lines.set32(lines.at(LINE, FastLayout.INGRESS_UP), FastLayout.COUNT_MASK);
        lines.grant(LINE, 1);
        try (Bpf ingress = program(Direction.INGRESS, BRIDGE, FastProgram.Life.LIVE)
                        .load();
                Bpf egress =
                        program(Direction.EGRESS, BRIDGE, FastProgram.Life.LIVE).load()) {
            assertTrue(passes(ingress));
            BpfTestRun wrong = run(ingress, udp(Direction.INGRESS).wrongChecksum(1));
            assertEquals(TestLines.tag(LINE, 0), wrong.context().timeNs(), "24 bits of the count");
            assertEquals(1 << FastLayout.COUNT_BITS, lines.up(LINE, Direction.INGRESS));
            assertEquals(1, lines.gate(Direction.INGRESS, FastLayout.UP));
            assertEquals(
                    TestLines.tag(LINE, 1),
                    run(egress, udp(Direction.EGRESS)).context().timeNs());
            assertEquals(1, lines.gate(Direction.EGRESS, FastLayout.UP));
            assertEquals(
                    TestLines.tag(LINE, 1),
                    run(ingress, udp(Direction.INGRESS)).context().timeNs());
            lines.grant(LINE, 1);
            assertTrue(passes(ingress));
        }
    }

    @Test
    void aFrameOfNoFlowGoesUpWithoutATag() throws Exception {
        try (Bpf program =
                program(Direction.INGRESS, BRIDGE, FastProgram.Life.LIVE).load()) {
            assertEquals(0, run(program, stranger(9)).context().timeNs());
            BpfTestRun.of(program, new byte[14], BpfTestRun.Context.NONE, 1);
            assertEquals(2, lines.gate(Direction.INGRESS, FastLayout.UP));
            assertEquals(0, lines.up(LINE, Direction.INGRESS));
        }
    }

    @Test
    void aKeyIsFoundInEachOfItsPlaces() throws Exception {
        Packet packet = new Packet();
        Tuple tuple = new Tuple();
        byte[] frame = udp(Direction.INGRESS).bytes();
        packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        tuple.of(packet, Direction.INGRESS);
        for (int probe = 0; probe <= FastLayout.PROBES; probe++) {
            lines.clearIndex();
            lines.key(LINE, tuple, probe);
            lines.grant(LINE, 1);
            assertEquals(probe < FastLayout.PROBES, passes(FastProgram.Life.LIVE), "place " + probe);
        }
    }

    @Test
    void grantsOfThisEpochAndOfLaterOnesAreValid() throws Exception {
        for (FastProgram.Life life : FastProgram.Life.values()) {
            int[][] cases = {
                {1, 1, 1},
                {1, 2, 1},
                {2, 1, 0},
                {0xffff, 0xffff, 1},
                {0xffff, 1, 1},
                {1, 0xffff, 0},
                {0x8000, 0xffff, 1},
                {1, 0x8000, 1},
                {1, 0x8001, 0},
                {0x9000, 0x1000, 0},
                {0x9000, 0x0fff, 1}
            };
            for (int[] pair : cases) {
                lines.epoch(pair[0]);
                lines.grant(LINE, pair[1]);
                assertEquals(pair[2] == 1, passes(life), life + ": gate " + pair[0] + ", grant " + pair[1]);
            }
            lines.epoch(0xffff);
            lines.set64(lines.at(LINE, FastLayout.GRANT), 0);
            assertFalse(passes(life), "no grant");
            lines.epoch(1);
        }
    }

    @Test
    void anIdleFlowAndAForbiddenDirectionAreNotForwarded() throws Exception {
        for (FastProgram.Life life : FastProgram.Life.values()) {
            lines.grant(LINE, 1);
            lines.set64(lines.at(LINE, FastLayout.LAST_SEEN), System.nanoTime() - 2 * TestLines.TIMEOUT_NS);
            assertFalse(passes(life));
            lines.grant(LINE, 1);
            lines.set64(lines.at(LINE, FastLayout.LAST_SEEN), System.nanoTime() + TestLines.TIMEOUT_NS);
            assertTrue(passes(life), "seen later than now by another processor");
            lines.grant(LINE, 1);
            long flags = lines.at(LINE, FastLayout.FLAGS);
            lines.set32(flags, lines.get32(flags) & ~FastLayout.ALLOWS_INGRESS);
            assertFalse(passes(life));
        }
    }

    @Test
    void aDeadProgramIgnoresCountsAndSendsNothingUp() throws Exception {
        try (Bpf dead =
                program(Direction.INGRESS, BRIDGE, FastProgram.Life.DEAD).load()) {
            lines.set32(lines.at(LINE, FastLayout.INGRESS_UP), 99);
            assertTrue(passes(dead));
            assertEquals(BpfProgram.DROP, run(dead, stranger(9)).verdict());
            assertEquals(
                    BpfProgram.DROP,
                    run(dead, udp(Direction.INGRESS).wrongChecksum(1)).verdict());
            assertEquals(0, lines.gate(Direction.INGRESS, FastLayout.UP));
            assertEquals(99, lines.up(LINE, Direction.INGRESS));
        }
    }

    @Test
    void pastTheDeadlineALiveProgramIsADeadOne() throws Exception {
        try (Bpf program =
                program(Direction.INGRESS, BRIDGE, FastProgram.Life.LIVE).load()) {
            lines.set64(FastLayout.GATE_DEADLINE, System.nanoTime() + TestLines.TIMEOUT_NS);
            assertEquals(FORWARDED, run(program, stranger(9)).verdict());
            lines.set32(lines.at(LINE, FastLayout.EGRESS_UP), 99);
            assertFalse(passes(program));
            lines.set64(FastLayout.GATE_DEADLINE, System.nanoTime() - TestLines.TIMEOUT_NS);
            assertTrue(passes(program));
            assertEquals(BpfProgram.DROP, run(program, stranger(9)).verdict());
            assertEquals(
                    BpfProgram.DROP,
                    run(program, udp(Direction.INGRESS).wrongChecksum(1)).verdict());
            assertEquals(2, lines.gate(Direction.INGRESS, FastLayout.UP));
        }
    }

    @Test
    void newFlowsAreShedBeforeKnownOnesAndLargeSourcesFirst() throws Exception {
        try (Bpf program =
                program(Direction.INGRESS, BRIDGE, FastProgram.Life.LIVE).load()) {
            lines.set32(FastLayout.GATE_LIMIT_NEW, 100);
            lines.set32(FastLayout.GATE_LIMIT_KNOWN, 200);
            lines.set32(FastLayout.GATE_SHARE, 2);
            lines.set64(FastLayout.GATE_UP, 1051);
            lines.set64(FastLayout.GATE_TAKEN, 1000);
            lines.set64(lines.at(LINE, FastLayout.GRANT), 0);
            for (int i = 0; i < 4; i++) {
                assertEquals(
                        i < 2 ? FORWARDED : BpfProgram.DROP,
                        run(program, stranger(9)).verdict(),
                        "frame " + i);
            }
            assertEquals(FORWARDED, run(program, stranger(10)).verdict());
            assertEquals(2, lines.gate(Direction.INGRESS, FastLayout.SHED_NEW));
            lines.set64(FastLayout.GATE_TAKEN, lines.get64(FastLayout.GATE_UP) - 101);
            assertEquals(BpfProgram.DROP, run(program, stranger(11)).verdict());
            assertEquals(FORWARDED, run(program, udp(Direction.INGRESS)).verdict());
            lines.set64(FastLayout.GATE_TAKEN, lines.get64(FastLayout.GATE_UP) - 201);
            assertEquals(BpfProgram.DROP, run(program, udp(Direction.INGRESS)).verdict());
            assertEquals(1, lines.gate(Direction.INGRESS, FastLayout.SHED_KNOWN));
            assertEquals(1, lines.up(LINE, Direction.INGRESS));
            lines.grant(LINE, 1);
            assertTrue(passes(program), "with a grant");
            lines.set64(FastLayout.GATE_TAKEN, lines.get64(FastLayout.GATE_UP) + 5);
            assertEquals(FORWARDED, run(program, stranger(12)).verdict(), "the daemon has counted ahead");
        }
    }

    @Test
    void aHostsFramesPassWithTheMarksThatItsRouteSays() throws Exception {
        for (Direction direction : Direction.values()) {
            for (boolean marks : new boolean[] {false, true}) {
                for (boolean clears : new boolean[] {false, true}) {
                    FastProgram.Route host = new FastProgram.Route.Host(MARK, marks, clears);
                    lines.set32(lines.at(LINE, FastLayout.INGRESS_UP), 0);
                    lines.grant(LINE, 1);
                    try (Bpf program =
                            program(direction, host, FastProgram.Life.LIVE).load()) {
                        BpfTestRun ours = BpfTestRun.of(
                                program, stranger(9).bytes(), new BpfTestRun.Context(MARK.value() | 7, 0, 77, 0, 0), 1);
                        assertEquals(BpfProgram.NEXT, ours.verdict());
                        assertEquals(
                                clears ? 7 : MARK.value() | 7, ours.context().mark());
                        BpfTestRun granted = run(program, udp(direction));
                        assertEquals(BpfProgram.NEXT, granted.verdict());
                        assertEquals(
                                marks ? MARK.value() | 7 : 7, granted.context().mark());
                        assertEquals(77, granted.context().timeNs());
                        assertEquals(FORWARDED, run(program, stranger(9)).verdict(), "to the tap");
                    }
                }
            }
        }
    }

    @Test
    void everyVariantLoads() throws Exception {
        FastProgram.Route[] routes = {
            new FastProgram.Route.Bridge(1, MARK),
            new FastProgram.Route.Host(MARK, true, false),
            new FastProgram.Route.Host(MARK, false, true)
        };
        try (TestLines large = new TestLines(65_536)) {
            for (FastProgram.Route route : routes) {
                for (Direction direction : Direction.values()) {
                    for (FastProgram.Life life : FastProgram.Life.values()) {
                        for (boolean verifies : new boolean[] {true, false}) {
                            for (FastProgram.Features features : FastProgram.Features.values()) {
                                FastProgram program =
                                        new FastProgram(large.array, 65_536, direction, route, 1, verifies, life);
                                try (Bpf loaded = Bpf.load(program.build(features))) {
                                    assertTrue(loaded.name().startsWith("portcullis_"));
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
