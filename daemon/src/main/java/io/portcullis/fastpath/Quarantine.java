package io.portcullis.fastpath;

/**
 * The lines without a flow. A line that a flow has left may still be used by a program that found it before, so it waits for a
 * {@link GracePeriod} that began later; then another flow may have it.
 */
final class Quarantine {
    private final GracePeriod grace;
    private final int[] free;
    private int frees;
    private int[] leaving;
    private int leavers;
    private int[] waiting;
    private int waiters;

    Quarantine(int lines, GracePeriod grace) {
        this.grace = grace;
        free = new int[lines];
        leaving = new int[lines];
        waiting = new int[lines];
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

    /** Gives a line back that was taken and that no program can have seen. */
    void giveBack(int line) {
        free[frees] = line;
        frees++;
    }

    /** A line that a flow has left, and that is in no slot of the index any longer. */
    void add(int line) {
        leaving[leavers] = line;
        leavers++;
    }

    /** Frees lines whose period is over, and begins another one if there are lines to wait. */
    void step() {
        if (waiters + leavers == 0 || !grace.isOver()) {
            return;
        }
        for (int i = 0; i < waiters; i++) {
            free[frees] = waiting[i];
            frees++;
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
}
