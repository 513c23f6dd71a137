package io.portcullis.conntrack;

/**
 * When to look at which entry: buckets of 8.4 ms, some 137 s of them; what is due later waits in the last one and is put
 * there again. A packet that renews a flow does not touch it: an entry is looked at when it was due, and put where it is due
 * now. So an entry's bucket is never later than its end. Times are relative to the table's first, and never negative.
 */
final class TimerWheel {
    /** A bucket is 2^23 ns. */
    static final int TICK_SHIFT = 23;

    private static final int BUCKETS = 1 << 14;

    private final Links links;
    private final int[] heads = new int[BUCKETS];
    /** The first tick whose bucket may have entries. */
    private long tick;

    TimerWheel(Links links) {
        this.links = links;
    }

    /** Puts an entry in, which is due at a time that is not before {@link #tick}'s. */
    void add(int entry, long dueNs) {
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

    void remove(int entry) {
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

    /** An entry of a bucket that is wholly past, or -1 when there is none; all of them are past then. */
    int past(long nowNs) {
        long now = nowNs >> TICK_SHIFT;
        if (now - tick > BUCKETS) {
            // Every bucket is past: none has to be looked at twice.
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

    /** The first entry of the bucket that is passing, or -1; to be asked when nothing is {@link #past}. */
    int passing() {
        return heads[(int) tick & (BUCKETS - 1)] - 1;
    }

    /** The entry behind another in its bucket, or -1. */
    int behind(int entry) {
        return links.get(entry, Links.WHEEL_NEXT) - 1;
    }
}
