package io.portcullis.fastpath;

import io.portcullis.net.Direction;
import java.util.concurrent.TimeUnit;

/**
 * The lines without a flow. A line that a flow has left may still be used by a program that found it before, so it waits for a
 * {@link GracePeriod} that began later; then another flow may have it. A line with late frames keeps them known until those that
 * are in the rings by then have been taken.
 */
final class Quarantine {
    /** No frame is in a ring for longer. Where a ring loses frames and is never empty, its lost ones are waited for in vain. */
    static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(10);

    /** A frame is in its ring as long after it was counted as sent up, at the most, unless the processor is taken away. */
    static final long SHORTEST_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private final FastTable table;
    private final GracePeriod grace;

    /** For each line the directions in which late frames may come. */
    private final byte[] late;

    private final int[] free;
    private int frees;
    private int[] leaving;
    private int leavers;
    private int[] waiting;
    private int waiters;

    /** Lines whose late frames may be in a ring, in the order in which their grace periods ended. */
    private final int[] cooling;

    private final long[] coolsUntilNs;
    private final long[] coolsUntilIngress;
    private final long[] coolsUntilEgress;
    private int firstCooling;
    private int coolers;

    Quarantine(FastTable table, GracePeriod grace, byte[] late) {
        int lines = table.lines();
        this.table = table;
        this.grace = grace;
        this.late = late;
        free = new int[lines];
        leaving = new int[lines];
        waiting = new int[lines];
        cooling = new int[lines];
        coolsUntilNs = new long[lines];
        coolsUntilIngress = new long[lines];
        coolsUntilEgress = new long[lines];
    }

    /** Number of lines that a flow may have. */
    int free() {
        return frees;
    }

    /** Takes a line; there must be one. */
    int take() {
        frees--;
        return free[frees];
    }

    /** Gives a line back without a wait: one that was taken and that no program can have seen. */
    void giveBack(int line) {
        free[frees] = line;
        frees++;
    }

    /** A line that a flow has left, and that is in no slot of the index any longer. */
    void add(int line) {
        leaving[leavers] = line;
        leavers++;
    }

    /** Frees lines that have waited long enough, and begins another period if there are lines to wait. */
    void step(long nowNs) {
        while (coolers != 0 && isCool(firstCooling, nowNs)) {
            giveBack(cooling[firstCooling]);
            firstCooling = firstCooling + 1 & cooling.length - 1;
            coolers--;
        }
        if (waiters + leavers == 0 || !grace.isOver()) {
            return;
        }
        for (int i = 0; i < waiters; i++) {
            if (late[waiting[i]] == 0) {
                giveBack(waiting[i]);
            } else {
                cool(waiting[i], nowNs);
            }
        }
        int[] empty = waiting;
        waiting = leaving;
        waiters = leavers;
        leaving = empty;
        leavers = 0;
        if (waiters != 0) {
            grace.begin();
        }
    }

    private void cool(int line, long nowNs) {
        int place = firstCooling + coolers & cooling.length - 1;
        cooling[place] = line;
        coolsUntilNs[place] = nowNs + LONGEST_NS;
        coolsUntilIngress[place] = table.sentUp(Direction.INGRESS);
        coolsUntilEgress[place] = table.sentUp(Direction.EGRESS);
        coolers++;
    }

    private boolean isCool(int place, long nowNs) {
        boolean areTaken = table.taken(Direction.INGRESS) - coolsUntilIngress[place] >= 0
                && table.taken(Direction.EGRESS) - coolsUntilEgress[place] >= 0;
        long leftNs = coolsUntilNs[place] - nowNs;
        return late[cooling[place]] == 0 || leftNs <= (areTaken ? LONGEST_NS - SHORTEST_NS : 0);
    }
}
