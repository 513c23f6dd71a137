package io.portcullis.conntrack;

import io.portcullis.conntrack.index.Links;
import io.portcullis.conntrack.index.TimerWheel;
import org.jspecify.annotations.Nullable;

/**
 * Decides when flows end, and ends them. A flow is over when no packet has renewed it for its timeout. When a reload makes a
 * timeout longer, flows that were over by the shorter one stay over: per timeout the latest time is kept at which that was
 * so. That time and the timeouts in force are in the header page too, for the next process ({@link TableHeader}). A
 * {@link TimerWheel} yields the entries to check.
 */
public final class Expiry {
    private static final int TIMEOUTS = Timeout.values().length;
    private static final int MAX_PASSING = 1024;
    private static final int MAX_CHECKED = 64;
    private static final int PREFETCHED = 16;

    /** In place of the timeout's number in a word that is otherwise as {@link FlowLayout#SEEN}: the word holds a time. */
    private static final long IS_TIME = 1;

    private final Slab slab;
    private final Lookup lookup;
    private final TimerWheel wheel;
    private final long baseNs;

    /** Per timeout: flows that no packet renewed after this are over; 0: there was no such reload. */
    private final long[] goneSince = new long[TIMEOUTS];

    private FlowTimeouts timeouts;
    private @Nullable FastLines lines;
    /** In the wheel's time: before this no flow ends, unless an entry of the wheel is past. */
    private long nextEndNs;
    /** Entries from here on are still in the wheel by longer timeouts of before; {@link Slab#capacity}: none. */
    private int reseated;

    Expiry(Slab slab, Lookup lookup, Links links, FlowTimeouts timeouts, long nowNs) {
        this.slab = slab;
        this.lookup = lookup;
        this.timeouts = timeouts;
        wheel = new TimerWheel(links);
        baseNs = nowNs;
        reseated = slab.capacity();
        if (slab.getLong(TableHeader.TIMEOUTS) == 0) {
            recordTimeouts();
        }
    }

    /**
     * Sets the timeouts of all flows.
     *
     * @param unused the first entry that has never been used
     */
    void configure(FlowTimeouts next, long nowNs, int unused) {
        for (int timeout = 0; timeout < TIMEOUTS; timeout++) {
            if (next.ns(timeout) > timeouts.ns(timeout)) {
                long gone = nowNs - timeouts.ns(timeout) << FlowLayout.TIMEOUT_BITS | IS_TIME;
                if (goneSince[timeout] == 0 || gone - goneSince[timeout] > 0) {
                    goneSince[timeout] = gone;
                    slab.putLong(TableHeader.GONE + (long) timeout * Long.BYTES, gone);
                }
            }
        }
        boolean shorter = next.anyShorterThan(timeouts);
        timeouts = next;
        // A crash leaves the longer timeouts only together with the times that limit them.
        slab.fence();
        recordTimeouts();
        if (shorter) {
            reseated = 0;
            nextEndNs = 0;
            reseat(MAX_PASSING, unused);
        }
    }

    private void recordTimeouts() {
        for (int timeout = 0; timeout < TIMEOUTS; timeout++) {
            slab.putLong(TableHeader.TIMEOUTS + (long) timeout * Long.BYTES, timeouts.ns(timeout));
        }
    }

    /** At a start, after every flow that was over has been ended: writes the timeouts in force, without times of before. */
    void recordAnew() {
        for (int timeout = 0; timeout < TIMEOUTS; timeout++) {
            slab.putLong(TableHeader.GONE + (long) timeout * Long.BYTES, 0);
        }
        recordTimeouts();
    }

    /**
     * True for a flow that was over by the timeouts of an earlier process, or would be now by those timeouts.
     *
     * @param seen of the flow ({@link FlowLayout#SEEN}), with the number of a timeout that exists
     */
    public static boolean wasOver(Slab slab, long seen, long nowNs) {
        return leftNs(slab, seen, nowNs) <= 0;
    }

    /**
     * Time until a flow is over by the timeouts in the header page, unless a packet renews it; not positive: it is over. Any thread.
     *
     * @param seen of the flow ({@link FlowLayout#SEEN}), with the number of a timeout that exists
     * @return {@code Long.MAX_VALUE}: its timeout is not known
     */
    public static long leftNs(Slab slab, long seen, long nowNs) {
        long at = (long) Flow.state(seen) * Long.BYTES;
        long timeoutNs = slab.getLong(TableHeader.TIMEOUTS + at);
        long gone = slab.getLong(TableHeader.GONE + at);
        // The page may hold any bytes: a word is used only if this program can have written it.
        boolean isTime = (gone & 15) == IS_TIME && Flow.idleNs(gone, nowNs) >= 0;
        if (isTime && isSeenBefore(seen, gone)) {
            return 0;
        }
        return timeoutNs > 0 ? timeoutNs - Flow.idleNs(seen, nowNs) : Long.MAX_VALUE;
    }

    private static boolean isSeenBefore(long seen, long gone) {
        return (seen & ~15L) - gone <= 0;
    }

    boolean isOver(int entry, long nowNs) {
        return leftNs(entry, nowNs) <= 0;
    }

    /** Every use of a flow begins here: it is asked first whether it is over. */
    private long leftNs(int entry, long nowNs) {
        if (lines != null) {
            lines.fold(entry, nowNs);
        }
        long seen = slab.getLong(Slab.offset(entry) + FlowLayout.SEEN);
        int timeout = Flow.state(seen);
        long gone = goneSince[timeout];
        return gone != 0 && isSeenBefore(seen, gone) ? 0 : timeouts.ns(timeout) - Flow.idleNs(seen, nowNs);
    }

    void offload(FastLines newLines) {
        lines = newLines;
    }

    /** The timeout in force of a flow, ns. */
    long timeoutNs(int entry) {
        return timeouts.ns(Flow.state(slab.getLong(Slab.offset(entry) + FlowLayout.SEEN)));
    }

    /** Adds a flow to the wheel, at its end. */
    void add(int entry, long nowNs) {
        long end = nowNs - baseNs + leftNs(entry, nowNs);
        wheel.add(entry, end);
        nextEndNs = Math.min(nextEndNs, end);
    }

    void remove(int entry) {
        wheel.remove(entry);
    }

    private void addAgain(int entry, long nowNs) {
        wheel.remove(entry);
        add(entry, nowNs);
    }

    /** A packet has renewed a flow, with this timeout in place of another. */
    void renewed(int entry, Timeout before, Timeout after, long nowNs) {
        if (before != after && timeouts.ns(after) < timeouts.ns(before)) {
            addAgain(entry, nowNs);
        }
    }

    /**
     * Ends flows that are over.
     *
     * @param limit largest number of due flows to check: bounds the time that this takes
     * @return how many it checked; fewer than {@code limit}: nothing is left to do
     */
    int expire(FlowTable table, long nowNs, int limit, int unused) {
        int checked = reseat(limit, unused);
        int prefetched = checked;
        long now = nowNs - baseNs;
        for (int entry = wheel.past(now); entry >= 0 && checked < limit; entry = wheel.past(now)) {
            if (checked == prefetched) {
                prefetched += prefetchFrom(entry);
            }
            if (isOver(entry, nowNs)) {
                table.expired(entry);
            } else {
                addAgain(entry, nowNs);
            }
            checked++;
        }
        return checked + expirePassing(table, nowNs, limit - checked);
    }

    /** Prefetches an entry that is due and some behind it; returns how many. */
    private int prefetchFrom(int first) {
        int count = 0;
        for (int entry = first; entry >= 0 && count < PREFETCHED; entry = wheel.behind(entry)) {
            lookup.prefetchEntry(entry);
            count++;
        }
        int entry = first;
        for (int i = 0; i < count; i++) {
            lookup.prefetchSlot(entry);
            entry = wheel.behind(entry);
        }
        return count;
    }

    /** Ends the flows of the passing bucket that are over. */
    private int expirePassing(FlowTable table, long nowNs, int limit) {
        int expired = 0;
        int checked = 0;
        for (int entry = wheel.passing(); entry >= 0 && checked < limit; checked++) {
            int next = wheel.behind(entry);
            if (isOver(entry, nowNs)) {
                table.expired(entry);
                expired++;
            }
            entry = next;
        }
        return expired;
    }

    /** A flow that is over, also of the passing bucket; -1: none is found. */
    int findOver(long nowNs) {
        long now = nowNs - baseNs;
        if (now < nextEndNs) {
            return -1;
        }
        int entry = wheel.past(now);
        for (int checked = 0; entry >= 0; checked++) {
            if (checked == MAX_CHECKED) {
                return -1;
            }
            if (isOver(entry, nowNs)) {
                return entry;
            }
            addAgain(entry, nowNs);
            entry = wheel.past(now);
        }
        long next = (now >> TimerWheel.TICK_SHIFT) + 1 << TimerWheel.TICK_SHIFT;
        int checked = 0;
        for (entry = wheel.passing(); entry >= 0 && checked < MAX_PASSING; entry = wheel.behind(entry)) {
            checked++;
            long left = leftNs(entry, nowNs);
            if (left <= 0) {
                return entry;
            }
            next = Math.min(next, now + left);
        }
        nextEndNs = next;
        return -1;
    }

    /** After timeouts became shorter: moves flows that are too late in the wheel; returns how many entries it checked. */
    private int reseat(int limit, int unused) {
        int checked = 0;
        while (reseated < unused && checked < limit) {
            int entry = reseated++;
            if (slab.hasFlow(entry)) {
                wheel.remove(entry);
                long seen = slab.getLong(Slab.offset(entry) + FlowLayout.SEEN);
                int timeout = Flow.state(seen);
                long gone = goneSince[timeout];
                // The end of the flow counted from its last packet: it may be past.
                long end = gone != 0 && isSeenBefore(seen, gone) ? 0 : timeouts.ns(timeout) - Flow.idleNs(seen, baseNs);
                wheel.add(entry, end);
                nextEndNs = Math.min(nextEndNs, end);
            }
            checked++;
        }
        return checked;
    }
}
