package io.portcullis.fastpath;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowEnd;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.PlainSegments;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.TcpSide;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.conntrack.TcpTracker.Step;
import io.portcullis.conntrack.UdpTracker;
import io.portcullis.fastpath.RandomTraffic.Kind;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Instruction;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfTestRun;
import io.portcullis.net.Direction;
import io.portcullis.packet.ChecksumState;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The same frames for the program and for the engine: what the program forwards, the engine passes, and both have the same windows
 * afterwards. {@code -Dportcullis.fastpath.frames=N -Dportcullis.fastpath.seed=S} for a longer run.
 */
@Tag("netns")
@Timeout(3600)
final class NamespaceFastDifferenceTest {
    private static final int FRAMES = Integer.getInteger("portcullis.fastpath.frames", 20_000);
    private static final int FRAMES_PER_FLOW = 16;
    private static final int MTU = 1500;
    private static final int OURS = 0x5043_0000;
    private static final int LINE = 5;
    private static final int VLAN_PRIORITY = 32;
    private static final int WINDOW_BYTES = 32;

    private final MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(4), FlowLayout.ENTRY_BYTES);
    private final TcpTracker tracker = new TcpTracker();
    private final Packet packet = new Packet();
    private final Tuple tuple = new Tuple();
    private final PlainSegments plains = new PlainSegments();
    private final long seed = Long.getLong("portcullis.fastpath.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final FlowTable table;

    private int forwarded;
    private int mustForward;
    private int passed;
    private int selective;

    NamespaceFastDifferenceTest() {
        TableHeader header = new TableHeader(4, 1, 2, new UUID(0, 0), "", 0, 1, 0);
        header.writeTo(memory);
        table = new FlowTable(memory, header, 4, new FlowTimeouts(_ -> 1L << 50), 1);
    }

    /** Tags a frame with the priority of its context, as a kernel keeps a tag that has arrived: a test can't set that. */
    private static Bpf load(FastProgram program) throws Exception {
        BpfProgram.Label untagged = new BpfProgram.Label("test");
        List<Instruction> all = new ArrayList<>(List.of(
                new Instruction.Copy(Register.R6, Register.R1),
                new Instruction.Load(BpfProgram.Size.WORD, Register.R3, Register.R1, VLAN_PRIORITY),
                new Instruction.Jump(BpfProgram.Condition.IS, Register.R3, 0, untagged),
                new Instruction.Set(Register.R2, 0x0081),
                new Instruction.Call(Function.SKB_VLAN_PUSH),
                new Instruction.Place(untagged),
                new Instruction.Copy(Register.R1, Register.R6)));
        BpfProgram own = program.build(FastProgram.Features.COARSE_CLOCK);
        all.addAll(own.instructions());
        return Bpf.load(new BpfProgram(own.name(), all));
    }

    @Test
    void bothEnginesHaveOneVerdictAndOneState() throws Exception {
        System.out.println("seed " + seed);
        long start = System.nanoTime();
        try (TestLines lines = new TestLines()) {
            Map<Direction, Bpf> programs = new EnumMap<>(Direction.class);
            try {
                for (Direction direction : Direction.values()) {
                    programs.put(
                            direction,
                            load(new FastProgram(
                                    lines.array,
                                    TestLines.LINES,
                                    direction,
                                    new FastProgram.Route.Bridge(1, new FastProgram.Mark(OURS, 0xffff_0000)),
                                    1,
                                    true,
                                    FastProgram.Life.LIVE)));
                }
                for (int frames = 0; frames < FRAMES; frames += FRAMES_PER_FLOW) {
                    runFlow(lines, programs);
                }
            } finally {
                programs.values().forEach(Bpf::close);
            }
        }
        System.out.printf(
                "%d frames in %d ms: the engine passed %d, the program forwarded %d, of them %d that it must, %d with SACK%n",
                FRAMES, (System.nanoTime() - start) / 1_000_000, passed, forwarded, mustForward, selective);
        assertTrue(mustForward > FRAMES / 10, mustForward + " frames");
        assertTrue(selective > FRAMES / 100, selective + " frames");
    }

    private boolean parse(byte[] bytes, Direction direction) {
        if (packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length) != Packet.Fault.NONE
                || !packet.hasTransport()) {
            return false;
        }
        tuple.of(packet, direction);
        return true;
    }

    private void runFlow(TestLines lines, Map<Direction, Bpf> programs) throws Exception {
        RandomTraffic traffic = new RandomTraffic(random);
        Direction original = traffic.beganInside ? Direction.EGRESS : Direction.INGRESS;
        Flow flow = open(traffic, original);
        int entry = flow.entry();
        lines.clearIndex();
        Tuple key = new Tuple();
        parse(
                tagged(
                        traffic,
                        traffic.kind == Kind.TCP
                                ? traffic.tcp(original, TcpFlags.ACK)
                                : traffic.kind == Kind.UDP ? traffic.udp(original) : traffic.echo(original)),
                original);
        key.outsideHigh = tuple.outsideHigh;
        key.outsideLow = tuple.outsideLow;
        key.insideHigh = tuple.insideHigh;
        key.insideLow = tuple.insideLow;
        key.service = tuple.service;
        key.flags = tuple.flags;
        lines.key(LINE, key, 0);
        RandomTraffic.Sent sent = null;
        for (int i = 0; i < FRAMES_PER_FLOW; i++) {
            if (table.peek(key, 1) == null) {
                return;
            }
            if (sent == null || random.nextInt(3) != 0) {
                Direction direction = traffic.anyDirection();
                sent = traffic.next(direction, windows(entry, direction == original));
            }
            copyToLine(lines, entry);
            exchange(lines, programs, traffic, sent, original, entry);
        }
        Flow left = table.peek(key, 1);
        if (left != null) {
            table.remove(left, FlowEnd.Reason.FLUSHED);
        }
    }

    private byte[] tagged(RandomTraffic traffic, Frame frame) {
        return traffic.vlan == 0 ? frame.bytes() : tag(frame.bytes(), traffic.vlan);
    }

    private static byte[] tag(byte[] frame, int vlan) {
        byte[] tagged = new byte[frame.length + 4];
        System.arraycopy(frame, 0, tagged, 0, 12);
        Frame.put16(tagged, 12, 0x8100);
        Frame.put16(tagged, 14, vlan);
        System.arraycopy(frame, 12, tagged, 16, frame.length - 12);
        return tagged;
    }

    private Flow open(RandomTraffic traffic, Direction original) {
        if (traffic.kind == Kind.TCP) {
            return openTcp(traffic, original);
        }
        boolean udp = traffic.kind == Kind.UDP;
        parse(tagged(traffic, udp ? traffic.udp(original) : traffic.echo(original)), original);
        Flow flow = table.insert(tuple, original, io.portcullis.conntrack.Timeout.UDP, 1, 0, 0, null, null);
        assertNotNull(flow);
        for (int i = random.nextInt(5); i > 0; i--) {
            boolean fromOriginator = random.nextBoolean();
            if (udp) {
                UdpTracker.follow(flow, fromOriginator);
            }
            if (!fromOriginator) {
                table.replied(flow);
            }
        }
        return flow;
    }

    private Flow openTcp(RandomTraffic traffic, Direction original) {
        Direction back = original.opposite();
        byte[] options = new Frame.Octets().hex("01030300" + "0402" + "0101").toBytes();
        int scale = random.nextInt(15);
        options[3] = (byte) scale;
        parse(
                tagged(
                        traffic,
                        traffic.tcp(original, TcpFlags.SYN).numbers(100, 0).tcpOptions(options)),
                original);
        assertNotNull(table.insert(
                tuple, original, io.portcullis.conntrack.Timeout.TCP_SYN_SENT, 1, 0, 0, tracker.open(packet), null));
        options[3] = (byte) random.nextInt(15);
        Frame answer = traffic.tcp(back, TcpFlags.SYN | TcpFlags.ACK).numbers(500, 101);
        follow(traffic, random.nextInt(8) == 0 ? answer : answer.tcpOptions(options), back, false);
        follow(traffic, traffic.tcp(original, TcpFlags.ACK).numbers(101, 501), original, true);
        Flow flow = follow(traffic, traffic.tcp(back, TcpFlags.ACK).numbers(501, 101), back, false);
        long at = Slab.offset(flow.entry());
        int ours = random.nextInt(3) == 0 ? -random.nextInt(5000) : random.nextInt();
        int theirs = random.nextInt(3) == 0 ? -random.nextInt(5000) : random.nextInt();
        side(at + FlowLayout.ORIGINATOR, ours, theirs);
        side(at + FlowLayout.RESPONDER, theirs, ours);
        return flow;
    }

    private void side(long at, int end, int peerEnd) {
        memory.set(JAVA_INT, at, end);
        memory.set(JAVA_INT, at + 4, end + random.nextInt(200_000) - (random.nextInt(10) == 0 ? 5000 : 0));
        memory.set(JAVA_INT, at + 8, random.nextInt(8) == 0 ? TcpSide.MAX_WINDOW : 1 + random.nextInt(200_000));
        memory.set(JAVA_INT, at + 12, peerEnd - random.nextInt(70_000));
    }

    private Flow follow(RandomTraffic traffic, Frame frame, Direction direction, boolean fromOriginator) {
        assertTrue(parse(tagged(traffic, frame), direction));
        Flow flow = table.find(tuple, 1);
        assertNotNull(flow);
        assertEquals(Step.RENEW, table.follow(flow, tracker, packet, fromOriginator, 1));
        return flow;
    }

    private RandomTraffic.Windows windows(int entry, boolean fromOriginator) {
        long at = Slab.offset(entry);
        long sender = at + (fromOriginator ? FlowLayout.ORIGINATOR : FlowLayout.RESPONDER);
        long receiver = at + (fromOriginator ? FlowLayout.RESPONDER : FlowLayout.ORIGINATOR);
        return new RandomTraffic.Windows(
                memory.get(JAVA_INT, sender),
                memory.get(JAVA_INT, sender + 4),
                memory.get(JAVA_INT, receiver),
                memory.get(JAVA_INT, receiver + 4),
                memory.get(JAVA_INT, receiver + 8),
                memory.get(JAVA_INT, sender + 8));
    }

    private void copyToLine(TestLines lines, int entry) {
        long at = Slab.offset(entry);
        lines.set32(lines.at(LINE, FastLayout.FLAGS), flags(entry) & ~(FlowLayout.FAILSAFE | FlowLayout.REPLIED));
        MemorySegment.copy(memory, at + 64, lines.memory, lines.at(LINE, 64), WINDOW_BYTES);
        MemorySegment.copy(memory, at + FlowLayout.LAST, lines.memory, lines.at(LINE, FlowLayout.LAST), 16);
        lines.grant(LINE, 1);
    }

    private int flags(int entry) {
        return memory.get(JAVA_INT, Slab.offset(entry) + FlowLayout.FLAGS);
    }

    /** Number of the flow's timeout. */
    private long timeout(int entry) {
        long seen = memory.get(JAVA_LONG, Slab.offset(entry) + FlowLayout.SEEN);
        return seen & (1 << FlowLayout.TIMEOUT_BITS) - 1;
    }

    /** The directions in which nothing changes: both for TCP, as its segments are checked one by one. */
    private static void allow(TestLines lines, RandomTraffic traffic, int entryFlags, Direction original) {
        if (traffic.kind == Kind.TCP) {
            return;
        }
        boolean originator = true;
        boolean responder = (entryFlags & FlowLayout.REPLIED) != 0;
        if (traffic.kind == Kind.UDP) {
            int phase = (entryFlags & FlowLayout.UDP_PHASE_MASK) >>> FlowLayout.UDP_PHASE_SHIFT;
            originator = phase != 1;
            responder = phase % 2 == 1;
        }
        boolean ingress = original == Direction.INGRESS ? originator : responder;
        boolean egress = original == Direction.INGRESS ? responder : originator;
        long at = lines.at(LINE, FastLayout.FLAGS);
        lines.set32(
                at,
                lines.get32(at)
                        & ~((ingress ? 0 : FastLayout.ALLOWS_INGRESS) | (egress ? 0 : FastLayout.ALLOWS_EGRESS)));
    }

    private void exchange(
            TestLines lines,
            Map<Direction, Bpf> programs,
            RandomTraffic traffic,
            RandomTraffic.Sent sent,
            Direction original,
            int entry)
            throws Exception {
        Direction direction = sent.direction();
        boolean fromOriginator = direction == original;
        allow(lines, traffic, flags(entry), original);
        boolean allowed = (lines.get32(lines.at(LINE, FastLayout.FLAGS))
                        & (direction == Direction.INGRESS ? FastLayout.ALLOWS_INGRESS : FastLayout.ALLOWS_EGRESS))
                != 0;
        byte[] bytes = sent.frame().bytes();
        byte[] wire = traffic.vlan == 0 ? bytes : tag(bytes, traffic.vlan);
        boolean inPayload = traffic.vlan != 0 && random.nextInt(20) == 0;
        boolean whole =
                parse(wire, direction) && !packet.isFragment() && packet.verifyChecksum() != ChecksumState.WRONG;
        boolean plain = whole && (traffic.kind != Kind.TCP || plains.follows(memory, entry, packet, fromOriginator));
        boolean must = plain && allowed && !sent.odd() && !inPayload && bytes.length - 14 <= MTU;

        byte[] line = line(lines);
        long packets = lines.forwarded(LINE, direction, FastLayout.PACKETS);
        long counted = lines.forwarded(LINE, direction, FastLayout.BYTES);
        int up = lines.up(LINE, direction);
        long gate = lines.gate(direction, FastLayout.UP);
        BpfTestRun run = BpfTestRun.of(
                Objects.requireNonNull(programs.get(direction)),
                inPayload ? wire : bytes,
                new BpfTestRun.Context(0, inPayload ? 0 : traffic.vlan, 77, 0, 0),
                1);
        int before = flags(entry);
        long timeout = timeout(entry);
        Step step = whole ? step(traffic, fromOriginator) : Step.BAD_STATE;
        boolean passes = step == Step.RENEW || step == Step.PASS || step == Step.END;
        passed += passes ? 1 : 0;
        Supplier<@Nullable String> what = () -> "seed " + seed + ", " + traffic.kind + " " + direction + " " + step
                + " " + HexFormat.of().formatHex(wire);
        if (lines.forwarded(LINE, direction, FastLayout.PACKETS) == packets) {
            assertTrue(!must, what);
            assertEquals(gate + 1, lines.gate(direction, FastLayout.UP), what);
            assertArrayEquals(line, line(lines), what);
            boolean known = lines.up(LINE, direction) != up;
            assertEquals(known ? TestLines.tag(LINE, up + 1) : 0, run.context().timeNs(), what);
            assertTrue(known || !plain || sent.odd() || inPayload, what);
        } else {
            forwarded++;
            mustForward += must ? 1 : 0;
            selective += plain ? 0 : 1;
            assertTrue(allowed && !inPayload && step == Step.RENEW, what);
            assertEquals(before, flags(entry), what);
            assertEquals(timeout, timeout(entry), what);
            assertEquals(OURS, run.context().mark(), what);
            assertEquals(packets + 1, lines.forwarded(LINE, direction, FastLayout.PACKETS), what);
            assertEquals(counted + wire.length, lines.forwarded(LINE, direction, FastLayout.BYTES), what);
            assertEquals(up, lines.up(LINE, direction), what);
            assertEquals(gate, lines.gate(direction, FastLayout.UP), what);
            assertSameState(lines, traffic, entry, what);
        }
        if (step == Step.END) {
            table.remove(Objects.requireNonNull(table.peek(tuple, 1)), FlowEnd.Reason.RESET);
        }
    }

    private static byte[] line(TestLines lines) {
        return lines.memory.asSlice(lines.at(LINE, 0), FastLayout.INGRESS_UP).toArray(JAVA_BYTE);
    }

    private void assertSameState(TestLines lines, RandomTraffic traffic, int entry, Supplier<@Nullable String> what) {
        if (traffic.kind != Kind.TCP) {
            return;
        }
        for (int offset = FlowLayout.ORIGINATOR; offset < FlowLayout.PENDING_SYN; offset += 8) {
            // Up to the starts, which the program has no use for.
            if (offset != FlowLayout.STARTS) {
                assertEquals(
                        Long.toHexString(memory.get(JAVA_LONG, Slab.offset(entry) + offset)),
                        Long.toHexString(lines.get64(lines.at(LINE, offset))),
                        what);
            }
        }
    }

    /** What the engine makes of the packet that was parsed last. */
    private Step step(RandomTraffic traffic, boolean fromOriginator) {
        Flow flow = table.find(tuple, 1);
        if (flow == null) {
            return Step.BAD_STATE;
        }
        if (traffic.kind == Kind.TCP) {
            return TcpFlags.isPossible(packet.tcpFlags())
                    ? table.follow(flow, tracker, packet, fromOriginator, 1)
                    : Step.BAD_STATE;
        }
        if (traffic.kind == Kind.UDP) {
            UdpTracker.follow(flow, fromOriginator);
        }
        if (!fromOriginator) {
            table.replied(flow);
        }
        return Step.RENEW;
    }
}
