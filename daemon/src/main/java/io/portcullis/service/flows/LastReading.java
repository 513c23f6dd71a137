package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.net.Direction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

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

    /**
     * Sets the traffic of a flow since this reading.
     *
     * @return false: it is not known
     */
    boolean since(FlowReader reader, FlowCopy flow, TrafficSum traffic) {
        traffic.set(flow);
        MemorySegment table = tables.get(reader);
        long at = (long) flow.entry() * BYTES;
        if (table == null || at >= table.byteSize() || table.get(INT, at + NUMBER) != flow.number()) {
            return flow.firstSeenNs() != 0 && flow.firstSeenNs() - atNs >= -CLOCK_LAG_NS;
        }
        traffic.subtract(
                table.get(INT, at + INGRESS_PACKETS),
                table.get(LONG, at + INGRESS_BYTES),
                table.get(INT, at + EGRESS_PACKETS),
                table.get(LONG, at + EGRESS_BYTES));
        return true;
    }

    @Override
    public void close() {
        arena.close();
    }
}
