package io.portcullis.conntrack;

import io.portcullis.conntrack.index.EntryPool;
import io.portcullis.conntrack.index.Links;
import io.portcullis.conntrack.index.RuleAnswers;
import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The flows of one worker. The entries are in a {@link Slab}, memory that may outlive the process. Index ({@link Lookup}), timer
 * wheel ({@link Expiry}) and order of eviction ({@link EvictionOrder}) are derived from the entries, at most
 * {@value #DERIVED_BYTES} bytes per flow; {@link #recover} derives them again.
 *
 * <p>A table allocates nothing after its construction. No step waits or scans: a lookup uses a keyed hash, expiry a wheel, and
 * a full table evicts the oldest flow of its first {@link EvictionClass}. For one thread. Time is an argument, in nanoseconds,
 * and never goes back.
 */
public final class FlowTable {
    /** Upper bound per entry: 12 for the index, {@link Links#BYTES}, {@link EvictionOrder#BYTES}. */
    public static final int DERIVED_BYTES = 12 + Links.BYTES + EvictionOrder.BYTES;

    /** The part of {@link #DERIVED_BYTES} that is in the heap: the index, and the trees of {@link EvictionOrder}. */
    public static final int HEAP_BYTES = DERIVED_BYTES - Links.BYTES - EvictionOrder.SLOT_BYTES;

    /** A flag for {@link #insert}: a failsafe rule has admitted the flow. */
    public static final int ADMITTED_BY_FAILSAFE = FlowLayout.FAILSAFE;

    /** A flag for {@link #insert}: both sides have sent. */
    public static final int BOTH_SPOKE = FlowLayout.REPLIED;

    private static final int MAX_FREED = 16;

    private final Slab slab;
    private final EntryPool pool;
    private final Lookup lookup;
    private final Expiry expiry;
    private final EvictionOrder order;
    private final RuleAnswers answers;
    private final ConnectionStore connections;
    private final Flow view;
    /** For {@link #flowEnd}: {@link #view} may be in use then. */
    private final Flow ending;

    private long maxFlows;
    private FlowEnd flowEnd = (_, _) -> {};
    /** Null: there is no fast path. */
    private @Nullable FastLines lines;

    private long lookups;
    private long hits;
    private long evicted;
    private long ended;
    private long expirations;

    /**
     * A table over memory that may have entries of an earlier process: {@link #recover} reads them.
     *
     * @param memory with this header, of {@link TableHeader#bytes} bytes
     * @param maxFlows largest number of flows; no more than the entries count
     * @param nowNs monotonic time of the machine
     */
    public FlowTable(MemorySegment memory, TableHeader header, long maxFlows, FlowTimeouts timeouts, long nowNs) {
        this(new Slab(memory), header.key0(), header.key1(), maxFlows, timeouts, nowNs);
    }

    /** As the other constructor; {@code derived}: {@link #derivedBytes} zeroes, 16-byte aligned. */
    public FlowTable(
            MemorySegment memory,
            MemorySegment derived,
            TableHeader header,
            long maxFlows,
            FlowTimeouts timeouts,
            long nowNs) {
        this(new Slab(memory), derived, header.key0(), header.key1(), maxFlows, timeouts, nowNs);
    }

    FlowTable(Slab slab, long key0, long key1, long maxFlows, FlowTimeouts timeouts, long nowNs) {
        this(slab, zeroes(slab.capacity()), key0, key1, maxFlows, timeouts, nowNs);
    }

    private FlowTable(
            Slab slab, MemorySegment derived, long key0, long key1, long maxFlows, FlowTimeouts timeouts, long nowNs) {
        this.slab = slab;
        long linksBytes = (long) slab.capacity() * Links.BYTES;
        Links links = new Links(derived.asSlice(0, linksBytes));
        pool = new EntryPool(links);
        lookup = new Lookup(slab, new SipHash(key0, key1));
        expiry = new Expiry(slab, lookup, links, timeouts, nowNs);
        order = new EvictionOrder(links, slab.capacity(), derived.asSlice(linksBytes));
        answers = new RuleAnswers(links);
        connections = new ConnectionStore(slab, expiry, order);
        view = new Flow(this, slab);
        ending = new Flow(this, slab);
        this.maxFlows = Math.min(maxFlows, slab.capacity());
    }

    private static MemorySegment zeroes(int entries) {
        return Arena.ofAuto().allocate(derivedBytes(entries), Links.BYTES);
    }

    /** Bytes of what is derived from the entries, but for the index and small parts, which are in the heap. */
    public static long derivedBytes(int entries) {
        return (long) entries * Links.BYTES + EvictionOrder.bytes(entries);
    }

    /**
     * An empty table in memory that ends with the process.
     *
     * @param key0 random: first half of the hash's key
     * @param key1 random: second half
     * @param maxFlows largest number of flows
     */
    public static FlowTable inMemory(long key0, long key1, long maxFlows, FlowTimeouts timeouts, long nowNs) {
        TableHeader header = new TableHeader(
                (int) Math.min(maxFlows, TableHeader.MAX_ENTRIES), key0, key1, new UUID(0, 0), "", 0, 1, 0);
        MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(header.entries()), FlowLayout.ENTRY_BYTES);
        header.writeTo(memory);
        return new FlowTable(memory, header, maxFlows, timeouts, nowNs);
    }

    /** Sets limit and timeouts. They hold at once for all flows, also for idle ones; no flow that is over comes back. */
    public void configure(long newMaxFlows, FlowTimeouts newTimeouts, long nowNs) {
        maxFlows = Math.min(newMaxFlows, slab.capacity());
        expiry.configure(newTimeouts, nowNs, pool.unused());
    }

    /** Sets who is told about the flows that end from now on; {@link #recover} tells about those that expired before it, too. */
    public void onEnd(FlowEnd newFlowEnd) {
        flowEnd = newFlowEnd;
    }

    /** From now on folds the lines of a fast path. Before {@link #recover}, if the lines are older than this process. */
    public void offload(FastLines newLines) {
        lines = newLines;
        expiry.offload(newLines);
        connections.offload(newLines);
    }

    /** The part of its flows that lines of a fast path have copies of. */
    public FlowLine line() {
        return new FlowLine(slab, expiry, new Flow(this, slab));
    }

    /** True: programs in the kernel forward packets of a flow. */
    boolean isCarried(int entry) {
        return lines != null && lines.carries(entry);
    }

    /** Number of flows, with those that are over and have not been checked since. */
    public int size() {
        return pool.size();
    }

    /** Number of entries. */
    public int capacity() {
        return slab.capacity();
    }

    /** Largest number of flows. */
    public long limit() {
        return maxFlows;
    }

    /** Flows of a class, in a state, that were evicted since the start. */
    public long evictions(EvictionClass of, Timeout state) {
        return order.evictions(of, state);
    }

    /** Flows that were evicted since the start. */
    public long evictions() {
        return evicted;
    }

    /** Flows that were removed or replaced since the start. */
    public long ended() {
        return ended;
    }

    /** Flows that expired since the start. */
    public long expirations() {
        return expirations;
    }

    /** Lookups since the start. */
    public long lookups() {
        return lookups;
    }

    /** Lookups that found a flow, since the start. */
    public long hits() {
        return hits;
    }

    /** A key for another hash, as secret as the table's own; each number yields another key. */
    public long derivedKey(int number) {
        return lookup.hash().hash(number, 0, 0);
    }

    /** Computes the hash of a key, which {@link #prefetch} needs. */
    public void hash(Tuple tuple) {
        lookup.hash(tuple);
    }

    /**
     * Prefetches the index slot and the entry of each key for {@link #find}, so that the cache misses of a batch overlap.
     *
     * @param tuples with their hashes
     * @param which of the tuples, one bit each
     */
    public void prefetch(Tuple[] tuples, long which) {
        lookup.prefetch(tuples, which);
    }

    /** The flow of a tuple, or null. A flow that is over is removed. */
    public @Nullable Flow find(Tuple tuple, long nowNs) {
        lookups++;
        int entry = lookup.find(tuple);
        if (entry == Lookup.NONE) {
            return null;
        }
        if (expiry.isOver(entry, nowNs)) {
            expired(entry);
            return null;
        }
        hits++;
        return view.moveTo(entry);
    }

    /** As {@link #find}, but counts and removes nothing. */
    public @Nullable Flow peek(Tuple tuple, long nowNs) {
        int entry = lookup.find(tuple);
        return entry == Lookup.NONE || expiry.isOver(entry, nowNs) ? null : view.moveTo(entry);
    }

    /**
     * Inserts a flow. A full table first ends a flow that is over, else evicts the oldest flow of the first
     * {@link EvictionClass} that has any.
     *
     * @param tuple the key; not in the table except for {@code replaced}
     * @param originalDirection direction of the first packet
     * @param rule hash of the text of the rule that admits the flow; 0: no rule does
     * @param flags {@link #ADMITTED_BY_FAILSAFE}, {@link #BOTH_SPOKE}
     * @param tcp the connection after its first packet; null for other protocols
     * @param replaced the flow of this tuple that is over, and that the new one replaces; else null
     * @return null if the table is full and no flow can be evicted; then only flows that were over have ended
     */
    public @Nullable Flow insert(
            Tuple tuple,
            Direction originalDirection,
            Timeout timeout,
            long nowNs,
            int rule,
            int flags,
            @Nullable TcpConnection tcp,
            @Nullable Flow replaced) {
        int old = replaced == null ? -1 : replaced.entry;
        if (!makeSpace(nowNs, old)) {
            return null;
        }
        if (tuple.hash == 0) {
            hash(tuple);
        }
        int entry = old >= 0 ? old : pool.take();
        int all = tuple.flags | flags | (originalDirection == Direction.EGRESS ? FlowLayout.BEGAN_INSIDE : 0);
        int stored = tcp == null ? all : tcp.flags(all);
        if (old >= 0) {
            tell(entry, FlowEnd.Reason.REPLACED);
            expiry.remove(entry);
            order.remove(entry);
            slab.saveUndoWithRecord(entry);
            ended++;
        }
        Flow flow = view.moveTo(entry);
        flow.write(tuple, stored, Flow.seen(nowNs, timeout), tcp);
        flow.writeRecord(nowNs, pool.nextNumber(), rule);
        if (old >= 0) {
            slab.dropUndo();
        } else {
            slab.putIntRelease(Slab.offset(entry) + FlowLayout.COMMIT, tuple.hash);
            lookup.add(tuple, entry);
        }
        expiry.add(entry, nowNs);
        order.append(entry, EvictionClass.of(tuple.service, stored));
        answers.forget(entry);
        return flow;
    }

    /**
     * Makes space for one flow. After a lower limit several flows have to go for it: a bounded number, so that no packet pays
     * for all of them.
     */
    private boolean makeSpace(long nowNs, int replaced) {
        long wanted = maxFlows - (replaced < 0 ? 1 : 0);
        for (int freed = 0; pool.size() > wanted; freed++) {
            if (freed == MAX_FREED) {
                return false;
            }
            if (!expireOne(nowNs) && !evictOne(replaced)) {
                return false;
            }
        }
        return true;
    }

    private boolean expireOne(long nowNs) {
        int entry = expiry.findOver(nowNs);
        if (entry < 0) {
            return false;
        }
        expired(entry);
        return true;
    }

    private boolean evictOne(int replaced) {
        int victim = order.firstBut(replaced);
        if (victim < 0) {
            return false;
        }
        order.countEviction(victim, Flow.state(slab.getLong(Slab.offset(victim) + FlowLayout.SEEN)));
        evicted++;
        free(victim, FlowEnd.Reason.EVICTED);
        return true;
    }

    /** A packet has passed: the flow lives for {@code timeout} from now. */
    public void renew(Flow flow, Timeout timeout, long nowNs) {
        long at = flow.at + FlowLayout.SEEN;
        Timeout before = Flow.timeout(slab.getLong(at));
        slab.putLong(at, Flow.seen(nowNs, timeout));
        expiry.renewed(flow.entry, before, timeout, nowNs);
    }

    /**
     * Counts packets that have passed.
     *
     * @param entry of their flow ({@link Flow#entry})
     * @param bytes of all of them, from the destination MAC address on
     */
    public void count(int entry, Direction direction, int packets, int bytes) {
        FlowCount.add(slab, entry, direction, packets, bytes);
    }

    /** A packet of the reply direction has passed. */
    public void replied(Flow flow) {
        int flags = flow.flags();
        if ((flags & FlowLayout.REPLIED) == 0) {
            slab.putInt(flow.at + FlowLayout.FLAGS, flags | FlowLayout.REPLIED);
            classify(flow.entry);
        }
    }

    /** The flags of a flow have changed, and with them perhaps its class. */
    void classify(int entry) {
        order.change(entry, EvictionClass.of(slab, entry));
    }

    /**
     * Follows a segment of a TCP connection, and stores the result if the segment passes. A connection that the segment ends
     * stays until {@link #remove}.
     *
     * @param tracker of this worker
     * @param packet a whole TCP segment with possible flags
     * @param fromOriginator true in the direction of the connection's first segment
     */
    public TcpTracker.Step follow(Flow flow, TcpTracker tracker, Packet packet, boolean fromOriginator, long nowNs) {
        if (PlainSegment.follow(slab, flow.at, packet, fromOriginator, nowNs)) {
            return TcpTracker.Step.RENEW;
        }
        TcpTracker.Step step = tracker.follow(flow, packet, fromOriginator);
        if (step == TcpTracker.Step.RENEW || step == TcpTracker.Step.PASS) {
            update(flow, tracker, fromOriginator, step == TcpTracker.Step.RENEW, nowNs);
        }
        return step;
    }

    /** Stores a TCP connection after a segment that passes; {@code renews}: the flow lives for its timeout from now. */
    void update(Flow flow, TcpTracker tracker, boolean fromOriginator, boolean renews, long nowNs) {
        connections.store(flow, tracker, fromOriginator, renews, nowNs, flow.flags(), ConnectionStore.SAME_RULE);
    }

    /**
     * Stores a SYN inside a connection with an unknown opener, which the rules admit.
     *
     * @param tracker which followed the SYN last
     * @param fromOriginator true: the originator sent the SYN
     * @param byFailsafe true: a failsafe rule admits the SYN
     */
    public void rememberSyn(Flow flow, TcpTracker tracker, boolean fromOriginator, boolean byFailsafe) {
        int flags = flow.flags() & ~FlowLayout.SYN_BY_FAILSAFE;
        int next = byFailsafe ? flags | FlowLayout.SYN_BY_FAILSAFE : flags;
        connections.store(flow, tracker, fromOriginator, false, 0, next, ConnectionStore.SAME_RULE);
    }

    /**
     * The SYN of {@link #rememberSyn} has been answered: from now on the flow is as if that SYN had opened it, except for its
     * age.
     *
     * @param tracker which followed the answer last
     * @param answeredIn direction of the answer
     * @param rule hash of the text of the rule that admits such a SYN; 0: no rule does
     */
    public void startOver(Flow flow, TcpTracker tracker, Direction answeredIn, int rule, long nowNs) {
        int others = flow.flags() & ~(FlowLayout.BEGAN_INSIDE | FlowLayout.FAILSAFE | FlowLayout.SYN_BY_FAILSAFE);
        int began = answeredIn == Direction.INGRESS ? FlowLayout.BEGAN_INSIDE : 0;
        int failsafe = (flow.flags() & FlowLayout.SYN_BY_FAILSAFE) != 0 ? FlowLayout.FAILSAFE : 0;
        connections.store(flow, tracker, false, true, nowNs, others | began | failsafe, Integer.toUnsignedLong(rule));
    }

    /** Removes a flow of this table. */
    public void remove(Flow flow, FlowEnd.Reason why) {
        free(flow.entry, why);
        ended++;
    }

    /** Removes a flow that is over. */
    void expired(int entry) {
        free(entry, FlowEnd.Reason.EXPIRED);
        expirations++;
    }

    private void tell(int entry, FlowEnd.Reason why) {
        if (lines != null) {
            lines.leave(entry);
        }
        flowEnd.ended(ending.moveTo(entry), why);
    }

    private void free(int entry, FlowEnd.Reason why) {
        tell(entry, why);
        lookup.remove(entry);
        slab.end(entry);
        expiry.remove(entry);
        order.remove(entry);
        pool.giveBack(entry);
    }

    /**
     * Removes flows that are over.
     *
     * @param limit largest number of due flows to check: bounds the time that this takes
     * @return how many it checked; fewer than {@code limit}: nothing is left to do
     */
    public int expire(long nowNs, int limit) {
        return expiry.expire(this, nowNs, limit, pool.unused());
    }

    /** Entries from here on have never been used. Any thread: it may get an earlier number. */
    public int used() {
        return pool.unused();
    }

    /** Drops the cached rule answers of all flows: other rules are in force. */
    public void forgetAnswers() {
        answers.forget(slab.capacity(), pool.unused());
    }

    RuleAnswers answers() {
        return answers;
    }

    /** Keeps the flows that an earlier process left in the memory. Call it once, before any other method. */
    public Recovery recover(long nowNs) {
        return Recovery.of(slab, pool, lookup, expiry, order, entry -> tell(entry, FlowEnd.Reason.EXPIRED), nowNs);
    }

    /**
     * Forgets the sequence numbers of every TCP connection, for a table whose flows have gone on unseen: each side's windows are
     * learnt anew from its next segment, as for an adopted connection.
     */
    public void relearn() {
        Recovery.relearn(slab, pool, order);
    }

    /**
     * Visits the flows of {@code entries} entries from {@code from} on that are not over, by a view that is valid during the call;
     * changes nothing. Returns the entry to go on from; 0: all have been visited.
     */
    public int visit(int from, int entries, long nowNs, Consumer<Flow> visitor) {
        int end = (int) Math.min((long) from + entries, pool.unused());
        for (int entry = from; entry < end; entry++) {
            if (slab.hasFlow(entry) && !expiry.isOver(entry, nowNs)) {
                visitor.accept(view.moveTo(entry));
            }
        }
        return end < pool.unused() ? end : 0;
    }
}
