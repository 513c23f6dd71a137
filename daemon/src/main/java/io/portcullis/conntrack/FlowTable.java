package io.portcullis.conntrack;

import io.portcullis.packet.Direction;
import io.portcullis.packet.Tuple;
import org.jspecify.annotations.Nullable;

/**
 * The flows of one worker: a chained hash table on a keyed hash, plus two kinds of age order that make every limit exact
 * without a scan.
 *
 * <ul>
 *   <li>Per {@link Timeout} a list by last packet: its head is the first to expire, as all of a list share one timeout.
 *   <li>A list of the flows without a reply, by creation: its head makes room when the table is full.
 * </ul>
 *
 * <p>Lookups allocate nothing. One thread only. Time is the caller's, in nanoseconds, and never goes back.
 */
public final class FlowTable {
    private static final int FIRST_BUCKETS = 1 << 10;
    private static final int MOST_FREED = 16;

    private final SipHash hash;
    private final Flow[] oldest = new Flow[Timeout.values().length];
    private final Flow[] youngest = new Flow[Timeout.values().length];
    private @Nullable Flow oldestUnreplied;
    private @Nullable Flow youngestUnreplied;
    private Flow[] buckets = new Flow[FIRST_BUCKETS];
    private Timeouts timeouts;
    private long maxFlows;
    private int size;
    private long evictions;
    private long expirations;

    /**
     * An empty table.
     *
     * @param key0 random: first half of the hash's key
     * @param key1 random: second half
     * @param maxFlows how many flows it holds at the most
     */
    public FlowTable(long key0, long key1, long maxFlows, Timeouts timeouts) {
        hash = new SipHash(key0, key1);
        this.maxFlows = maxFlows;
        this.timeouts = timeouts;
    }

    /** Another limit and other timeouts, which hold for all flows from the next packet on. */
    public void configure(long newMaxFlows, Timeouts newTimeouts) {
        maxFlows = newMaxFlows;
        timeouts = newTimeouts;
    }

    /** Number of flows, those included that have expired since the last {@link #expire}. */
    public int size() {
        return size;
    }

    /** Flows that made room for others since the start. */
    public long evictions() {
        return evictions;
    }

    /** Flows forgotten since the start because they were idle for their timeout. */
    public long expirations() {
        return expirations;
    }

    /** The flow of a tuple, or null; one that has been idle for its timeout is gone. */
    public @Nullable Flow find(Tuple tuple, long nowNs) {
        long h = hashOf(tuple);
        for (Flow flow = buckets[index(h)]; flow != null; flow = flow.nextInBucket) {
            if (flow.hash == h && flow.tuple.isSame(tuple)) {
                if (isExpired(flow, nowNs)) {
                    remove(flow);
                    expirations++;
                    return null;
                }
                return flow;
            }
        }
        return null;
    }

    /**
     * A new flow. In a full table the oldest without a reply makes room for it.
     *
     * @param tuple the key, copied; not in the table but for {@code replaced}
     * @param originalDirection in which the first packet travels
     * @param tcp what the tracker learnt from the first packet; null for other protocols
     * @param replaced the flow of this tuple that is over and goes if the new one comes; else null
     * @return null where the table is full of replied flows; it is unchanged then, but for flows that had expired
     */
    public @Nullable Flow insert(
            Tuple tuple,
            Direction originalDirection,
            Timeout timeout,
            long nowNs,
            @Nullable TcpConnection tcp,
            @Nullable Flow replaced) {
        if (!makeRoom(nowNs, replaced)) {
            return null;
        }
        if (replaced != null) {
            remove(replaced);
        }
        Flow flow = new Flow(new Tuple(tuple), hashOf(tuple), originalDirection, timeout, nowNs, tcp);
        if (size >= buckets.length) {
            grow();
        }
        int index = index(flow.hash);
        flow.nextInBucket = buckets[index];
        buckets[index] = flow;
        appendByAge(flow);
        appendUnreplied(flow);
        size++;
        return flow;
    }

    /**
     * Makes room for one flow. After the limit was lowered several have to go for it: a bounded number, so that no packet
     * pays for all of them.
     */
    private boolean makeRoom(long nowNs, @Nullable Flow replaced) {
        long wanted = maxFlows - (replaced == null ? 1 : 0);
        for (int freed = 0; size > wanted; freed++) {
            if (freed == MOST_FREED) {
                return false;
            }
            if (expire(nowNs, 1) == 0) {
                Flow victim =
                        oldestUnreplied == replaced && replaced != null ? replaced.youngerUnreplied : oldestUnreplied;
                if (victim == null) {
                    return false;
                }
                remove(victim);
                evictions++;
            }
        }
        return true;
    }

    /** A packet has passed: the flow lives on for {@code timeout} from now. */
    public void renew(Flow flow, Timeout timeout, long nowNs) {
        unlinkByAge(flow);
        flow.timeout = timeout;
        flow.lastNs = nowNs;
        appendByAge(flow);
    }

    /** A packet of the reply direction has passed: the flow makes room for no other any more. */
    public void replied(Flow flow) {
        if (!flow.replied) {
            flow.replied = true;
            unlinkUnreplied(flow);
        }
    }

    /** Forgets a flow of this table. */
    public void remove(Flow flow) {
        int index = index(flow.hash);
        Flow previous = null;
        for (Flow at = buckets[index]; at != flow; at = at.nextInBucket) {
            if (at == null) {
                throw new IllegalStateException("not a flow of this table");
            }
            previous = at;
        }
        if (previous == null) {
            setBucket(index, flow.nextInBucket);
        } else {
            previous.nextInBucket = flow.nextInBucket;
        }
        unlinkByAge(flow);
        if (!flow.replied) {
            unlinkUnreplied(flow);
        }
        size--;
    }

    /**
     * Forgets flows that have been idle for their timeout.
     *
     * @param limit how many at the most
     * @return how many
     */
    public int expire(long nowNs, int limit) {
        int expired = 0;
        for (int list = 0; list < oldest.length; list++) {
            for (Flow flow = oldest[list]; flow != null && isExpired(flow, nowNs); flow = oldest[list]) {
                if (expired == limit) {
                    return expired;
                }
                remove(flow);
                expirations++;
                expired++;
            }
        }
        return expired;
    }

    private boolean isExpired(Flow flow, long nowNs) {
        return nowNs - flow.lastNs >= timeouts.ns(flow.timeout);
    }

    private long hashOf(Tuple tuple) {
        return hash.hash(
                tuple.outsideHigh,
                tuple.outsideLow,
                tuple.insideHigh,
                tuple.insideLow,
                tuple.meta,
                Integer.toUnsignedLong(tuple.selector));
    }

    private int index(long h) {
        return (int) h & (buckets.length - 1);
    }

    private void grow() {
        Flow[] old = buckets;
        buckets = new Flow[old.length * 2];
        for (Flow first : old) {
            Flow next;
            for (Flow flow = first; flow != null; flow = next) {
                next = flow.nextInBucket;
                int index = index(flow.hash);
                flow.nextInBucket = buckets[index];
                buckets[index] = flow;
            }
        }
    }

    @SuppressWarnings("NullAway") // an empty bucket is null; arrays carry no annotation for it
    private void setBucket(int index, @Nullable Flow flow) {
        buckets[index] = flow;
    }

    @SuppressWarnings("NullAway") // an empty list is null; arrays carry no annotation for it
    private void setEnds(int list, @Nullable Flow first, @Nullable Flow last) {
        oldest[list] = first;
        youngest[list] = last;
    }

    private void appendByAge(Flow flow) {
        int list = flow.timeout.ordinal();
        Flow last = youngest[list];
        flow.older = last;
        flow.younger = null;
        if (last == null) {
            setEnds(list, flow, flow);
        } else {
            last.younger = flow;
            youngest[list] = flow;
        }
    }

    private void unlinkByAge(Flow flow) {
        int list = flow.timeout.ordinal();
        Flow older = flow.older;
        Flow younger = flow.younger;
        if (older != null) {
            older.younger = younger;
        }
        if (younger != null) {
            younger.older = older;
        }
        setEnds(list, older == null ? younger : oldest[list], younger == null ? older : youngest[list]);
    }

    private void appendUnreplied(Flow flow) {
        Flow last = youngestUnreplied;
        flow.olderUnreplied = last;
        if (last == null) {
            oldestUnreplied = flow;
        } else {
            last.youngerUnreplied = flow;
        }
        youngestUnreplied = flow;
    }

    private void unlinkUnreplied(Flow flow) {
        Flow older = flow.olderUnreplied;
        Flow younger = flow.youngerUnreplied;
        if (older == null) {
            oldestUnreplied = younger;
        } else {
            older.youngerUnreplied = younger;
        }
        if (younger == null) {
            youngestUnreplied = older;
        } else {
            younger.olderUnreplied = older;
        }
        flow.olderUnreplied = null;
        flow.youngerUnreplied = null;
    }
}
