package io.portcullis.fastpath;

import io.portcullis.conntrack.FlowLayout;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfArray;
import io.portcullis.net.Direction;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The shared memory of a test, and the daemon's side of it in the simplest form. */
final class TestLines implements AutoCloseable {
    static final int LINES = 1024;
    static final long TIMEOUT_NS = 60_000_000_000L;

    private static final long KEY0 = 0x0123_4567_89ab_cdefL;
    private static final long KEY1 = 0xfedc_ba98_7654_3210L;

    final BpfArray array;
    final MemorySegment memory;
    private final Arena arena = Arena.ofConfined();
    private final SipHash hash = new SipHash(KEY0, KEY1);
    private final int lines;

    TestLines() throws ErrnoException {
        this(LINES);
    }

    TestLines(int lines) throws ErrnoException {
        this.lines = lines;
        array = BpfArray.create("test_lines", FastLayout.bytes(lines));
        memory = array.map(arena);
        set32(FastLayout.GATE_LINES, lines);
        set64(FastLayout.GATE_KEY, KEY0);
        set64(FastLayout.GATE_KEY + 8, KEY1);
        epoch(1);
        set32(FastLayout.GATE_MTU_INGRESS, 1500);
        set32(FastLayout.GATE_MTU_EGRESS, 1500);
    }

    int get32(long at) {
        return memory.get(ValueLayout.JAVA_INT, at);
    }

    long get64(long at) {
        return memory.get(ValueLayout.JAVA_LONG, at);
    }

    void set32(long at, int value) {
        memory.set(ValueLayout.JAVA_INT, at, value);
    }

    void set64(long at, long value) {
        memory.set(ValueLayout.JAVA_LONG, at, value);
    }

    void epoch(int epoch) {
        memory.set(ValueLayout.JAVA_SHORT, FastLayout.GATE_EPOCH, (short) epoch);
    }

    /** Offset of a field of a line. */
    long at(int line, int field) {
        return FastLayout.line(lines, line) + field;
    }

    /** Writes a key to a line and to the index, at one of its places. */
    void key(int line, Tuple tuple, int probe) {
        set64(at(line, FlowLayout.OUTSIDE_HIGH), tuple.outsideHigh);
        set64(at(line, FlowLayout.OUTSIDE_LOW), tuple.outsideLow);
        set64(at(line, FlowLayout.INSIDE_HIGH), tuple.insideHigh);
        set64(at(line, FlowLayout.INSIDE_LOW), tuple.insideLow);
        set64(at(line, FlowLayout.SERVICE), tuple.service);
        set32(at(line, FastLayout.FLAGS), tuple.flags);
        long folded = hash.of(tuple) & 0xffff_ffffL;
        int slot = (int) (folded * FastLayout.slots(lines) >>> 32) + probe;
        set64(FastLayout.slot(slot), folded << 32 | line + 1);
    }

    /** Empties the index. */
    void clearIndex() {
        memory.asSlice(FastLayout.slot(0), FastLayout.slot(FastLayout.slots(lines)) - FastLayout.slot(0))
                .fill((byte) 0);
    }

    /** Allows both directions, from now on, in an epoch. */
    void grant(int line, int epoch) {
        long flags = at(line, FastLayout.FLAGS);
        set32(flags, get32(flags) | FastLayout.ALLOWS_INGRESS | FastLayout.ALLOWS_EGRESS);
        set32(at(line, FastLayout.TIMEOUT), (int) (TIMEOUT_NS >>> FastLayout.TIMEOUT_SHIFT));
        set64(at(line, FastLayout.LAST_SEEN), System.nanoTime());
        long counts =
                (long) (get32(at(line, FastLayout.EGRESS_UP)) & FastLayout.COUNT_MASK) << FastLayout.GRANT_EGRESS_SHIFT
                        | get32(at(line, FastLayout.INGRESS_UP)) & FastLayout.COUNT_MASK;
        set64(at(line, FastLayout.GRANT), (long) epoch << FastLayout.GRANT_EPOCH_SHIFT | counts);
    }

    /** Frames of the flow that have gone up, in this direction. */
    int up(int line, Direction direction) {
        return get32(at(line, direction == Direction.INGRESS ? FastLayout.INGRESS_UP : FastLayout.EGRESS_UP));
    }

    long forwarded(int line, Direction direction, int field) {
        int side = direction == Direction.INGRESS ? 0 : FastLayout.COUNTS_PER_DIRECTION;
        return get64(at(line, FastLayout.FORWARDED + side + field));
    }

    /** The time stamp of a frame that has gone up. */
    static long tag(int line, int count) {
        return (Integer.toUnsignedLong(FastLayout.TAG_BASE) + line) * 1_000_000_000L + (count & FastLayout.COUNT_MASK);
    }

    /** A count of the gate: {@link FastLayout#UP} or one of its neighbours. */
    long gate(Direction direction, int field) {
        return get64(FastLayout.GATE_UP + (direction == Direction.INGRESS ? 0 : FastLayout.PER_DIRECTION) + field);
    }

    @Override
    public void close() {
        arena.close();
        array.close();
    }
}
