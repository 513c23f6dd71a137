package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.FlowsReport.Traffic;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The counters of all flows at one moment, {@value #BYTES} bytes for each entry of their tables, outside the heap. For one thread at a
 * time.
 */
final class LastReading implements AutoCloseable {
    /** Of all tables together: 64 MiB. Flows in entries behind them have a rate only if they began after the reading. */
    private static final int MOST_ENTRIES = 1 << 21;

    /** A worker reads the clock once a round: a flow may be younger than it says. */
    private static final long CLOCK_LAG_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final int BYTES = 32;
    private static final int NUMBER = 0;
    private static final int INGRESS_PACKETS = 4;
    private static final int EGRESS_PACKETS = 8;
    private static final int INGRESS_BYTES = 16;
    private static final int EGRESS_BYTES = 24;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final Arena arena = Arena.ofShared();
    private final Map<FlowReader, MemorySegment> tables = new HashMap<>();
    private final long atNs;

    /** An empty one; {@link #note} fills it. */
    LastReading(List<FlowReader> readers, long atNs) {
        this.atNs = atNs;
        int left = MOST_ENTRIES;
        for (FlowReader reader : readers) {
            int entries = Math.min(left, reader.entries());
            tables.put(reader, arena.allocate((long) entries * BYTES, BYTES));
            left -= entries;
        }
    }

    long atNs() {
        return atNs;
    }

    void note(FlowReader reader, FlowCopy flow) {
        MemorySegment table = tables.get(reader);
        long at = (long) flow.entry() * BYTES;
        if (table != null && at < table.byteSize()) {
            table.set(INT, at + NUMBER, flow.number());
            table.set(INT, at + INGRESS_PACKETS, (int) flow.packets(Direction.INGRESS));
            table.set(INT, at + EGRESS_PACKETS, (int) flow.packets(Direction.EGRESS));
            table.set(LONG, at + INGRESS_BYTES, flow.bytes(Direction.INGRESS));
            table.set(LONG, at + EGRESS_BYTES, flow.bytes(Direction.EGRESS));
        }
    }

    /** The traffic of a flow since this reading; null: it is not known. */
    @Nullable
    Traffic since(FlowReader reader, FlowCopy flow) {
        MemorySegment table = tables.get(reader);
        long at = (long) flow.entry() * BYTES;
        if (table != null && at < table.byteSize() && table.get(INT, at + NUMBER) == flow.number()) {
            return new Traffic(
                    // Less than 2^32 packets between two readings: the lower half is enough.
                    Integer.toUnsignedLong(
                            (int) flow.packets(Direction.INGRESS) - table.get(INT, at + INGRESS_PACKETS)),
                    flow.bytes(Direction.INGRESS) - table.get(LONG, at + INGRESS_BYTES),
                    Integer.toUnsignedLong((int) flow.packets(Direction.EGRESS) - table.get(INT, at + EGRESS_PACKETS)),
                    flow.bytes(Direction.EGRESS) - table.get(LONG, at + EGRESS_BYTES));
        }
        boolean isNew = flow.firstSeenNs() != 0 && flow.firstSeenNs() - atNs >= -CLOCK_LAG_NS;
        return isNew ? FlowText.total(flow) : null;
    }

    @Override
    public void close() {
        arena.close();
    }
}
