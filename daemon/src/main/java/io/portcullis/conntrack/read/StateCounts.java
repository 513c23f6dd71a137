package io.portcullis.conntrack.read;

import io.portcullis.conntrack.Timeout;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The flows of some tables by their states, at most {@value #FRESH_S} seconds old: however often somebody asks, the entries are counted once in
 * that time. Flows that are over are not counted, even if they are still in their table. Any thread.
 */
public final class StateCounts {
    private static final int FRESH_S = 10;
    private static final long FRESH_NS = TimeUnit.SECONDS.toNanos(FRESH_S);

    private final List<FlowReader> tables;
    private long[] counts = new long[Timeout.values().length];
    private long countedNs;
    private boolean counted;

    /** Counts nothing yet. */
    public StateCounts(List<FlowReader> tables) {
        this.tables = List.copyOf(tables);
    }

    /**
     * Counts, or returns the counts of before.
     *
     * @param nowNs monotonic time of the machine
     * @return in the order of {@link Timeout}
     */
    public synchronized long[] at(long nowNs) {
        if (!counted || nowNs - countedNs >= FRESH_NS) {
            long[] sum = new long[counts.length];
            for (FlowReader table : tables) {
                long[] ofTable = table.states(nowNs);
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += ofTable[i];
                }
            }
            counts = sum;
            countedNs = nowNs;
            counted = true;
        }
        return counts.clone();
    }
}
