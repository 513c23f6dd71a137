package io.portcullis.port;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The {@link PortCounter}s of one port since it was opened. Each counter has one writing thread; any thread may read without a
 * lock, and sees each counter whole, but not all counters of one moment.
 */
@SuppressWarnings("EnumOrdinal") // an index into a private array
public final class PortCounters {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] cells = new long[PortCounter.values().length];

    /** Adds {@code n}. Called by the one thread that writes this counter. */
    public void add(PortCounter counter, long n) {
        int i = counter.ordinal();
        CELL.setOpaque(cells, i, cells[i] + n);
    }

    /** Its value now. */
    public long get(PortCounter counter) {
        return (long) CELL.getOpaque(cells, counter.ordinal());
    }
}
