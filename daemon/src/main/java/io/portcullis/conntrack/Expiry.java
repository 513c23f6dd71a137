package io.portcullis.conntrack;

/**
 * When flows end: by the timeouts in force, and by those of before, as longer ones bring back nothing that is gone. Of each
 * state it is known until when those of before let no flow live on; that, and the timeouts in force, stand in the table's
 * memory for the process that comes after. A wheel tells which flows to look at.
 */
public final class Expiry {
    private static final int STATES = Timeout.values().length;
    private static final int MOST_PASSING = 1024;
    private static final int MOST_LOOKED_AT = 64;

    /** In a word that is else as {@link Slab#SEEN}: there is a time. */
    private static final long HOLDS = 1;

    private final Slab slab;
    private final TimerWheel wheel;
    private final long baseNs;

    /** Of each state: the flows that no packet renewed after this are gone; 0: there was no such reload. */
    private final long[] goneSince = new long[STATES];

    private FlowTimeouts timeouts;
    /** No flow ends before that, by the wheel's time, unless one is past. */
    private long nextEndNs;
    /** The entries from here on are still in the wheel by timeouts that were longer; {@link Slab#capacity}: none. */
    private int reseated;

    Expiry(Slab slab, Links links, FlowTimeouts timeouts, long nowNs) {
        this.slab = slab;
        this.timeouts = timeouts;
        wheel = new TimerWheel(links);
        baseNs = nowNs;
        reseated = slab.capacity();
        if (slab.getLong(Slab.TIMEOUTS) == 0) {
            recordTimeouts();
        }
    }

    /**
     * Other timeouts, for all flows from now on.
     *
     * @param unused the entries from here on have never been used
     */
    void configure(FlowTimeouts next, long nowNs, int unused) {
        for (int state = 0; state < STATES; state++) {
            if (next.ns(state) > timeouts.ns(state)) {
                long gone = nowNs - timeouts.ns(state) << 4 | HOLDS;
                if (goneSince[state] == 0 || gone - goneSince[state] > 0) {
                    goneSince[state] = gone;
                    slab.putLong(Slab.GONE + (long) state * Long.BYTES, gone);
                }
            }
        }
        boolean shorter = next.anyShorterThan(timeouts);
        timeouts = next;
        // Whatever a crash leaves of the two: it is no longer than what was in force.
        slab.fence();
        recordTimeouts();
        if (shorter) {
            reseated = 0;
            nextEndNs = 0;
            reseat(MOST_PASSING, unused);
        }
    }

    private void recordTimeouts() {
        for (int state = 0; state < STATES; state++) {
            slab.putLong(Slab.TIMEOUTS + (long) state * Long.BYTES, timeouts.ns(state));
        }
    }

    /** Every flow that was gone has ended: nothing of the timeouts of before is needed any more. */
    void recordAnew() {
        for (int state = 0; state < STATES; state++) {
            slab.putLong(Slab.GONE + (long) state * Long.BYTES, 0);
        }
        recordTimeouts();
    }

    /**
     * True for a flow that was over while an earlier process ran, or would be if it still did.
     *
     * @param seen of the flow, with a state that there is
     */
    public static boolean wasOver(Slab slab, long seen, long nowNs) {
        long at = (long) Flow.state(seen) * Long.BYTES;
        long timeoutNs = slab.getLong(Slab.TIMEOUTS + at);
        long gone = slab.getLong(Slab.GONE + at);
        // What stands there may be anything: only what this program can have written is believed.
        boolean isTime = (gone & 15) == HOLDS && Flow.idleNs(gone, nowNs) >= 0;
        return timeoutNs > 0 && Flow.idleNs(seen, nowNs) >= timeoutNs || isTime && isSeenBefore(seen, gone);
    }

    private static boolean isSeenBefore(long seen, long gone) {
        return (seen & ~15L) - gone <= 0;
    }

    boolean isOver(int entry, long nowNs) {
        return leftNs(entry, nowNs) <= 0;
    }

    private long leftNs(int entry, long nowNs) {
        long seen = slab.getLong(Slab.offset(entry) + Slab.SEEN);
        int state = Flow.state(seen);
        long gone = goneSince[state];
        return gone != 0 && isSeenBefore(seen, gone) ? 0 : timeouts.ns(state) - Flow.idleNs(seen, nowNs);
    }

    /** Looks at a flow when its time has come. */
    void add(int entry, long nowNs) {
        long end = nowNs - baseNs + leftNs(entry, nowNs);
        wheel.add(entry, end);
        nextEndNs = Math.min(nextEndNs, end);
    }

    void remove(int entry) {
        wheel.remove(entry);
    }

    /** A flow that was past or whose end is another one now. */
    void addAgain(int entry, long nowNs) {
        wheel.remove(entry);
        add(entry, nowNs);
    }

    /** A packet has renewed a flow, and taken it from one state to another. */
    void renewed(int entry, Timeout before, Timeout after, long nowNs) {
        if (before != after && timeouts.ns(after) < timeouts.ns(before)) {
            addAgain(entry, nowNs);
        }
    }

    /** A flow that is over, also in the bucket that is passing now; -1: none is found. */
    int findOver(long nowNs) {
        long now = nowNs - baseNs;
        if (now < nextEndNs) {
            return -1;
        }
        int entry = wheel.past(now);
        for (int looked = 0; entry >= 0; looked++) {
            if (looked == MOST_LOOKED_AT) {
                return -1;
            }
            if (isOver(entry, nowNs)) {
                return entry;
            }
            addAgain(entry, nowNs);
            entry = wheel.past(now);
        }
        long next = (now >> TimerWheel.TICK_SHIFT) + 1 << TimerWheel.TICK_SHIFT;
        int looked = 0;
        for (entry = wheel.passing(); entry >= 0 && looked < MOST_PASSING; entry = wheel.behind(entry)) {
            looked++;
            long left = leftNs(entry, nowNs);
            if (left <= 0) {
                return entry;
            }
            next = Math.min(next, now + left);
        }
        nextEndNs = next;
        return -1;
    }

    /** As {@link TimerWheel#past}. */
    int past(long nowNs) {
        return wheel.past(nowNs - baseNs);
    }

    /** As {@link TimerWheel#passing}. */
    int passing() {
        return wheel.passing();
    }

    /** As {@link TimerWheel#behind}. */
    int behind(int entry) {
        return wheel.behind(entry);
    }

    /** After timeouts became shorter: flows that wait too long in the wheel; returns how many entries it looked at. */
    int reseat(int limit, int unused) {
        int looked = 0;
        while (reseated < unused && looked < limit) {
            int entry = reseated++;
            if (slab.getInt(Slab.offset(entry) + Slab.COMMIT) != 0) {
                wheel.remove(entry);
                long seen = slab.getLong(Slab.offset(entry) + Slab.SEEN);
                long gone = goneSince[Flow.state(seen)];
                // Its end, as seen from its last packet: may be past.
                long end = gone != 0 && isSeenBefore(seen, gone)
                        ? 0
                        : timeouts.ns(Flow.state(seen)) - Flow.idleNs(seen, baseNs);
                wheel.add(entry, end);
                nextEndNs = Math.min(nextEndNs, end);
            }
            looked++;
        }
        return looked;
    }
}
