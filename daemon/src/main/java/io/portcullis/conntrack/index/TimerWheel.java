package io.portcullis.conntrack.index;

/**
 * A timer wheel of entries: {@value #BUCKETS} buckets of 2^{@value #TICK_SHIFT} ns (8.4 ms), 137 s in all. An entry that is due
 * later is in the last bucket and is added again from there. A packet that renews a flow does not touch the wheel: the entry is
 * checked at its old time and added again at its new one, so its bucket is never later than its end. Times are relative to the
 * table's first and never negative.
 */
public final class TimerWheel {
    /** A bucket is 2^23 ns. */
    public static final int TICK_SHIFT = 23;

    private static final int BUCKETS = 1 << 14;

    private final Links links;
    private final int[] heads = new int[BUCKETS];
    /** The first tick whose bucket may have entries. */
    private long tick;

    /** An empty wheel. */
    public TimerWheel(Links links) {
        this.links = links;
    }

    /** Adds an entry that is due at a time; a time before {@code tick} counts as that tick. */
    public void add(int entry, long dueNs) {
        long due = Math.max(tick, Math.min(dueNs >> TICK_SHIFT, tick + BUCKETS - 1));
        int bucket = (int) due & (BUCKETS - 1);
        int head = heads[bucket];
        links.set(entry, Links.WHEEL_NEXT, head);
        links.set(entry, Links.WHEEL_PREVIOUS, -1 - bucket);
        if (head != 0) {
            links.set(head - 1, Links.WHEEL_PREVIOUS, entry + 1);
        }
        heads[bucket] = entry + 1;
    }

    /** Removes an entry that is in the wheel. */
    public void remove(int entry) {
        int next = links.get(entry, Links.WHEEL_NEXT);
        int previous = links.get(entry, Links.WHEEL_PREVIOUS);
        if (previous < 0) {
            heads[-1 - previous] = next;
        } else {
            links.set(previous - 1, Links.WHEEL_NEXT, next);
        }
        if (next != 0) {
            links.set(next - 1, Links.WHEEL_PREVIOUS, previous);
        }
    }

    /** An entry of a bucket that is past as a whole; -1: there is none. */
    public int past(long nowNs) {
        long now = nowNs >> TICK_SHIFT;
        if (now - tick > BUCKETS) {
            // Every bucket is past: one turn reaches each of them.
            tick = now - BUCKETS;
        }
        while (tick < now) {
            int head = heads[(int) tick & (BUCKETS - 1)];
            if (head != 0) {
                return head - 1;
            }
            tick++;
        }
        return -1;
    }

    /** The first entry of the bucket that is passing, or -1. Valid when no entry is {@link #past}. */
    public int passing() {
        return heads[(int) tick & (BUCKETS - 1)] - 1;
    }

    /** The next entry of the same bucket, or -1. */
    public int behind(int entry) {
        return links.get(entry, Links.WHEEL_NEXT) - 1;
    }
}
