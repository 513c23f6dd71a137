package io.portcullis.fastpath;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.FlowLine;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;

/** An engine with grants over plain memory; the test is the program, the ring and the grace period. */
final class FastPathBench {
    static final int LINES = 8;
    static final int ENTRIES = 16;
    static final long MS = 1_000_000L;
    static final String OPEN = "security-groups: {web: {ingress: [{protocol: all, from: any}]}}\n";
    static final int NO_LINE = -1;

    final MemorySegment fast;
    final TableHeader header = new TableHeader(ENTRIES, 1, 2, new UUID(0, 0), "", 0, 1, 0);
    final MemorySegment slab = Arena.ofAuto().allocate(TableHeader.bytes(ENTRIES), 128);
    final FlowTable table;
    final FlowLine flows;
    final Engine engine;
    final FastTable fastTable;
    final Grants grants;
    boolean graceIsOver = true;
    long nowNs = 1_000 * MS;

    private final MemorySegment frames = Arena.ofAuto().allocate(2_048, 8);
    private final Batch batch = new Batch(frames, false);

    FastPathBench(Policy policy) {
        this(policy, Arena.ofAuto().allocate(FastLayout.bytes(LINES), 64));
    }

    FastPathBench() throws ConfigException {
        this(EngineBench.policy("", OPEN, 1));
    }

    private FastPathBench(Policy policy, MemorySegment fast) {
        this.fast = fast;
        header.writeTo(slab);
        table = table(policy);
        flows = table.line();
        fastTable = open();
        grants = new Grants(fastTable, flows, grace(), nowNs);
        table.offload(grants);
        table.recover(nowNs);
        grants.recovered();
        engine = new Engine(policy, Shard.ALL, table);
        engine.offload(grants);
        proceed();
        grants.settle(nowNs);
    }

    FlowTable table(Policy policy) {
        return new FlowTable(slab, header, ENTRIES, new FlowTimeouts(policy::timeoutNs), nowNs);
    }

    FastTable open() {
        return FastTable.open(fast, LINES, table.derivedKey(2), table.derivedKey(3));
    }

    GracePeriod grace() {
        return new GracePeriod() {
            @Override
            public void begin() {
                // The test ends it.
            }

            @Override
            public boolean isOver() {
                return graceIsOver;
            }
        };
    }

    /** Does all work that is due. */
    void proceed() {
        while (grants.isReviewing()) {
            grants.proceed(nowNs);
        }
    }

    void install(Policy policy) {
        engine.install(policy, nowNs);
    }

    /** Decides about a frame without a tag; true: it passes. */
    boolean decide(Frame frame, Direction direction) {
        return decide(frame, direction, NO_LINE, 0);
    }

    boolean decide(Frame frame, Direction direction, int line, int count) {
        byte[] bytes = frame.bytes();
        MemorySegment.copy(bytes, 0, frames, ValueLayout.JAVA_BYTE, 16, bytes.length);
        batch.clear();
        batch.add(16, bytes.length);
        batch.verified();
        if (line != NO_LINE) {
            batch.tag(line, count & FastLayout.COUNT_MASK);
        }
        engine.decide(batch, direction, nowNs);
        return batch.isAccepted(0);
    }

    /** A program sends a frame up that finds this line; the count of its tag. */
    int up(int line, Direction direction) {
        long offset = FastLayout.line(LINES, line)
                + (direction == Direction.INGRESS ? FastLayout.INGRESS_UP : FastLayout.EGRESS_UP);
        int count = fast.get(FastTable.INT, offset) + 1;
        fast.set(FastTable.INT, offset, count);
        return count;
    }

    /** A frame is sent up, decided about, and the cycle ends. */
    boolean pass(Frame frame, Direction direction, int line) {
        boolean passes = decide(frame, direction, line, line == NO_LINE ? 0 : up(line, direction));
        grants.settle(nowNs);
        return passes;
    }

    /** The only line that programs find. */
    int line() {
        int found = NO_LINE;
        for (int slot = 0; slot < FastLayout.slots(LINES); slot++) {
            int line = (int) fast.get(FastTable.LONG, FastLayout.slot(slot)) - 1;
            if (line >= 0) {
                if (found != NO_LINE) {
                    throw new AssertionError("lines " + found + " and " + line);
                }
                found = line;
            }
        }
        return found;
    }

    int allowed(int line) {
        return (fast.get(FastTable.INT, FastLayout.line(LINES, line) + FastLayout.FLAGS) & 3 << 3) >> 3;
    }

    long late() {
        return engine.counters().total(Counters.Total.LATE_FRAMES);
    }

    /** As a program that forwards packets. */
    void forward(int line, Direction direction, int packets, int bytes) {
        long at = FastLayout.line(LINES, line)
                + FastLayout.FORWARDED
                + (direction == Direction.INGRESS ? 0 : FastLayout.COUNTS_PER_DIRECTION);
        fast.set(FastTable.LONG, at, fast.get(FastTable.LONG, at) + packets);
        fast.set(FastTable.LONG, at + FastLayout.BYTES, fast.get(FastTable.LONG, at + FastLayout.BYTES) + bytes);
        fast.set(FastTable.LONG, FastLayout.line(LINES, line) + FastLayout.LAST_SEEN, nowNs);
    }
}
