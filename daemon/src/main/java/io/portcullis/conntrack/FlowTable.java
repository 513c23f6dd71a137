package io.portcullis.conntrack;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The flows of one worker. The entries lie in a {@link Slab}, memory that may outlive the process; what finds them (index,
 * timer wheel, order of creation) is derived from them, at most {@value #DERIVED_BYTES} bytes a flow, and made again by
 * {@link #recover}.
 *
 * <p>Nothing is allocated after the start, and no step waits or scans: lookups go by a keyed hash, expiry by a wheel, and the
 * flow that makes room when the table is full is the first of its {@link EvictionClass} by the order of creation. One thread
 * only. Time is the caller's, in nanoseconds, and never goes back.
 */
public final class FlowTable {
    /** Of every entry, at the most: 12 for the index, {@link Links#BYTES}, {@link EvictionOrder#BYTES}. */
    public static final int DERIVED_BYTES = 12 + Links.BYTES + EvictionOrder.BYTES;

    /** A mark for {@link #insert}: a failsafe rule has admitted it. */
    public static final int ADMITTED_BY_FAILSAFE = Flow.FAILSAFE;

    /** A mark for {@link #insert}: both sides have spoken already. */
    public static final int BOTH_SPOKE = Flow.REPLIED;

    private static final int MOST_FREED = 16;
    private static final int TOUCHED_AHEAD = 16;

    private static final int STATES = Timeout.values().length;

    private final Slab slab;
    private final SipHash hash;
    private final FlowIndex index;
    private final Links links;
    private final Expiry expiry;
    private final EvictionOrder order;
    private final Answers answers;
    private final Flow view;
    private final long[] evictions = new long[EvictionClass.values().length * STATES];

    private long maxFlows;
    private int size;
    /** The entries from here on have never been used. */
    private int unused;
    /** Free entries below that, as a list through the wheel's links: entry + 1, or 0. */
    private int free;
    /** Number of the youngest flow, modulo 2^32. */
    private int creations;

    private long lookups;
    private long hits;
    private long evicted;
    private long ended;
    private long expirations;
    private long touched;

    /**
     * A table over memory with entries of an earlier process, or none: {@link #recover} looks for them.
     *
     * @param memory what the header describes, of {@link TableHeader#bytes} bytes
     * @param maxFlows how many flows it holds at the most; no more than it has entries
     * @param nowNs monotonic time of the machine
     */
    public FlowTable(MemorySegment memory, TableHeader header, long maxFlows, FlowTimeouts timeouts, long nowNs) {
        this(new Slab(memory), header.key0(), header.key1(), maxFlows, timeouts, nowNs);
    }

    FlowTable(Slab slab, long key0, long key1, long maxFlows, FlowTimeouts timeouts, long nowNs) {
        this.slab = slab;
        hash = new SipHash(key0, key1);
        index = new FlowIndex(slab.capacity());
        links = new Links(slab.capacity());
        expiry = new Expiry(slab, links, timeouts, nowNs);
        order = new EvictionOrder(links, slab.capacity());
        answers = new Answers(links);
        view = new Flow(this, slab);
        this.maxFlows = Math.min(maxFlows, slab.capacity());
    }

    /**
     * An empty table in memory that goes with the process.
     *
     * @param key0 random: first half of the hash's key
     * @param key1 random: second half
     * @param maxFlows how many flows it holds at the most
     */
    public static FlowTable inMemory(long key0, long key1, long maxFlows, FlowTimeouts timeouts, long nowNs) {
        TableHeader header = new TableHeader(
                (int) Math.min(maxFlows, TableHeader.MOST_ENTRIES), key0, key1, new UUID(0, 0), "", 0, 1, 0);
        MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(header.entries()), Slab.ENTRY);
        header.writeTo(memory);
        return new FlowTable(memory, header, maxFlows, timeouts, nowNs);
    }

    /**
     * Another limit and other timeouts, which hold for all flows from now on: also for those that are idle, and none comes back
     * that is gone.
     */
    public void configure(long newMaxFlows, FlowTimeouts newTimeouts, long nowNs) {
        maxFlows = Math.min(newMaxFlows, slab.capacity());
        expiry.configure(newTimeouts, nowNs, unused);
    }

    /** Number of flows, those included that have expired and have not been looked at since. */
    public int size() {
        return size;
    }

    /** How many flows it has room for. */
    public int capacity() {
        return slab.capacity();
    }

    /** How many flows it may hold. */
    public long limit() {
        return maxFlows;
    }

    /** Flows of a class, in a state, that made room for others since the start. */
    public long evictions(EvictionClass of, Timeout state) {
        return evictions[of.ordinal() * STATES + state.ordinal()];
    }

    /** Flows that made room for others since the start. */
    public long evictions() {
        return evicted;
    }

    /** Flows that ended before their time since the start: removed, or replaced. */
    public long ended() {
        return ended;
    }

    /** Flows forgotten since the start because they were idle for their timeout. */
    public long expirations() {
        return expirations;
    }

    /** How often a flow was looked for since the start. */
    public long lookups() {
        return lookups;
    }

    /** How often it was found. */
    public long hits() {
        return hits;
    }

    /** A key for another hash, as secret as the table's own; each number makes another. */
    public long derivedKey(int number) {
        return hash.hash(number, 0, 0);
    }

    /** Computes the hash of a key, which the next three steps need. */
    public void hash(Tuple tuple) {
        tuple.hash = hash.of(tuple);
        tuple.seenAt = Tuple.NOWHERE;
        tuple.freeAt = Tuple.NOWHERE;
    }

    /**
     * Reads the places where the search for keys begins, and then what those name, so that they are near when {@link #find}
     * comes: many of these one after the other wait for memory together.
     *
     * @param tuples with their hashes
     * @param which of them, one bit each
     */
    public void touch(Tuple[] tuples, long which) {
        long read = 0;
        for (long left = which; left != 0; left &= left - 1) {
            read += index.word(index.home(tuples[Long.numberOfTrailingZeros(left)].hash));
        }
        for (long left = which; left != 0; left &= left - 1) {
            Tuple tuple = tuples[Long.numberOfTrailingZeros(left)];
            int place = index.home(tuple.hash);
            long word = index.word(place);
            while (word != 0 && !FlowIndex.hasHash(word, tuple.hash)) {
                place = index.next(place);
                word = index.word(place);
            }
            if (word != 0) {
                int entry = FlowIndex.entry(word);
                long at = Slab.offset(entry);
                tuple.seenAt = entry;
                read += slab.getInt(at) + slab.getInt(at + Slab.TCP);
            } else {
                tuple.freeAt = place;
                tuple.freeAfter = index.removals();
            }
        }
        touched += read;
    }

    /** What the touching has read; nobody needs it, and so nobody can leave it out. */
    long touched() {
        return touched;
    }

    /** The flow of a tuple, or null; one that has been idle for its timeout is gone. */
    public @Nullable Flow find(Tuple tuple, long nowNs) {
        lookups++;
        int entry = entryOf(tuple);
        if (entry == Tuple.NOWHERE) {
            return null;
        }
        if (expiry.isOver(entry, nowNs)) {
            forget(entry);
            expirations++;
            return null;
        }
        hits++;
        return view.moveTo(entry);
    }

    /** As {@link #find}, and nothing is counted or forgotten. */
    public @Nullable Flow peek(Tuple tuple, long nowNs) {
        int entry = entryOf(tuple);
        return entry == Tuple.NOWHERE || expiry.isOver(entry, nowNs) ? null : view.moveTo(entry);
    }

    private int entryOf(Tuple tuple) {
        if (tuple.hash == 0) {
            hash(tuple);
        }
        int seenAt = tuple.seenAt;
        boolean isThere = seenAt != Tuple.NOWHERE
                && slab.getInt(Slab.offset(seenAt) + Slab.COMMIT) == tuple.hash
                && isSame(seenAt, tuple);
        if (isThere) {
            return seenAt;
        }
        return isKnownToBeFree(tuple) ? Tuple.NOWHERE : search(tuple);
    }

    private boolean isKnownToBeFree(Tuple tuple) {
        return tuple.freeAt != Tuple.NOWHERE && index.isFree(tuple.freeAt, tuple.freeAfter);
    }

    private int search(Tuple tuple) {
        int wanted = tuple.hash;
        int at = index.home(wanted);
        for (long word = index.word(at); word != 0; word = index.word(at)) {
            if (FlowIndex.hasHash(word, wanted) && isSame(FlowIndex.entry(word), tuple)) {
                return FlowIndex.entry(word);
            }
            at = index.next(at);
        }
        return Tuple.NOWHERE;
    }

    private boolean isSame(int entry, Tuple tuple) {
        long at = Slab.offset(entry);
        return slab.getLong(at + Slab.OUTSIDE_LOW) == tuple.outsideLow
                && slab.getLong(at + Slab.INSIDE_LOW) == tuple.insideLow
                && slab.getLong(at + Slab.SERVICE) == tuple.service
                && (slab.getInt(at + Slab.MARKS) & Flow.OF_KEY) == tuple.flags
                && slab.getLong(at + Slab.OUTSIDE_HIGH) == tuple.outsideHigh
                && slab.getLong(at + Slab.INSIDE_HIGH) == tuple.insideHigh;
    }

    /**
     * A new flow. In a full table another makes room for it: the oldest of the first {@link EvictionClass} that has any.
     *
     * @param tuple the key; not in the table but for {@code replaced}
     * @param originalDirection in which the first packet travels
     * @param rule hash of the text of the rule that admits it; 0: none does
     * @param marks {@link #ADMITTED_BY_FAILSAFE}, {@link #BOTH_SPOKE}
     * @param tcp what the tracker learnt from the first packet; null for other protocols
     * @param replaced the flow of this tuple that is over and goes if the new one comes; else null
     * @return null where the table is full of flows that make no room; it is unchanged then, but for flows that had expired
     */
    public @Nullable Flow insert(
            Tuple tuple,
            Direction originalDirection,
            Timeout timeout,
            long nowNs,
            int rule,
            int marks,
            @Nullable TcpConnection tcp,
            @Nullable Flow replaced) {
        int old = replaced == null ? -1 : replaced.entry;
        if (!makeRoom(nowNs, old)) {
            return null;
        }
        if (tuple.hash == 0) {
            hash(tuple);
        }
        int entry = old >= 0 ? old : take();
        long at = Slab.offset(entry);
        int all = tuple.flags | marks | (originalDirection == Direction.EGRESS ? Flow.BEGAN_INSIDE : 0);
        if (old >= 0) {
            expiry.remove(entry);
            order.remove(entry);
            slab.guard(entry);
            ended++;
        }
        slab.putInt(at + Slab.CREATED, ++creations);
        slab.putLong(at + Slab.OUTSIDE_HIGH, tuple.outsideHigh);
        slab.putLong(at + Slab.OUTSIDE_LOW, tuple.outsideLow);
        slab.putLong(at + Slab.INSIDE_HIGH, tuple.insideHigh);
        slab.putLong(at + Slab.INSIDE_LOW, tuple.insideLow);
        slab.putLong(at + Slab.SERVICE, tuple.service);
        int stored = tcp == null ? all : tcp.marks(all);
        slab.putInt(at + Slab.MARKS, stored);
        slab.putInt(at + Slab.RULE, rule);
        slab.putLong(at + Slab.SEEN, Flow.seen(nowNs, timeout));
        if (tcp != null) {
            tcp.store(slab, at);
        }
        if (old >= 0) {
            slab.unguard();
        } else {
            slab.putIntRelease(at + Slab.COMMIT, tuple.hash);
            index.add(tuple.hash, entry, isKnownToBeFree(tuple) ? tuple.freeAt : index.home(tuple.hash));
            size++;
        }
        expiry.add(entry, nowNs);
        order.append(entry, EvictionClass.of(tuple.service, stored));
        answers.forget(entry);
        return view.moveTo(entry);
    }

    private int take() {
        if (free == 0) {
            return unused++;
        }
        int entry = free - 1;
        free = links.get(entry, Links.WHEEL_NEXT);
        return entry;
    }

    private void giveBack(int entry) {
        links.set(entry, Links.WHEEL_NEXT, free);
        free = entry + 1;
    }

    /**
     * Makes room for one flow. After the limit was lowered several have to go for it: a bounded number, so that no packet
     * pays for all of them.
     */
    private boolean makeRoom(long nowNs, int replaced) {
        long wanted = maxFlows - (replaced < 0 ? 1 : 0);
        for (int freed = 0; size > wanted; freed++) {
            if (freed == MOST_FREED) {
                return false;
            }
            if (!expireOne(nowNs)) {
                int victim = order.firstBut(replaced);
                if (victim < 0) {
                    return false;
                }
                int state = Flow.state(slab.getLong(Slab.offset(victim) + Slab.SEEN));
                evictions[order.of(victim).ordinal() * STATES + state]++;
                evicted++;
                forget(victim);
            }
        }
        return true;
    }

    /** Forgets a flow that has expired, if there is one. */
    private boolean expireOne(long nowNs) {
        int entry = expiry.findOver(nowNs);
        if (entry < 0) {
            return false;
        }
        forget(entry);
        expirations++;
        return true;
    }

    /** A packet has passed: the flow lives on for {@code timeout} from now. */
    public void renew(Flow flow, Timeout timeout, long nowNs) {
        long at = flow.at + Slab.SEEN;
        Timeout before = Flow.timeout(slab.getLong(at));
        slab.putLong(at, Flow.seen(nowNs, timeout));
        expiry.renewed(flow.entry, before, timeout, nowNs);
    }

    /** A packet of the reply direction has passed. */
    public void replied(Flow flow) {
        int marks = flow.marks();
        if ((marks & Flow.REPLIED) == 0) {
            slab.putInt(flow.at + Slab.MARKS, marks | Flow.REPLIED);
            classify(flow.entry);
        }
    }

    /** The marks of a flow have changed: it may be of another class now. */
    void classify(int entry) {
        long at = Slab.offset(entry);
        order.change(entry, EvictionClass.of(slab.getLong(at + Slab.SERVICE), slab.getInt(at + Slab.MARKS)));
    }

    /**
     * Follows a segment of a TCP connection, and keeps what it makes of that where the segment passes. A connection that it
     * ends stays until somebody removes it.
     *
     * @param tracker this worker's
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

    /**
     * Keeps what a tracker has made of a TCP connection by a segment that passes.
     *
     * @param tracker which has followed it last
     * @param fromOriginator who has sent the segment
     * @param renews false: its timer stays as it is
     */
    void update(Flow flow, TcpTracker tracker, boolean fromOriginator, boolean renews, long nowNs) {
        update(flow, tracker, fromOriginator, renews, nowNs, flow.marks(), flow.rule());
    }

    /**
     * Keeps a SYN in mind that came inside a connection of which nobody knows who opened it, and that the rules admit.
     *
     * @param tracker which has followed it last
     * @param fromOriginator who has sent it
     * @param byFailsafe true: a failsafe rule admits it
     */
    public void rememberSyn(Flow flow, TcpTracker tracker, boolean fromOriginator, boolean byFailsafe) {
        int marks = flow.marks() & ~Flow.SYN_BY_FAILSAFE;
        int next = byFailsafe ? marks | Flow.SYN_BY_FAILSAFE : marks;
        update(flow, tracker, fromOriginator, false, 0, next, flow.rule());
    }

    /**
     * The SYN of {@link #rememberSyn} has its answer: the flow is from now on as if that SYN had opened it, but for its age.
     *
     * @param tracker which has followed the answer last
     * @param answeredIn in which direction the answer travels
     * @param rule hash of the text of the rule that admits such a SYN; 0: none does
     */
    public void startOver(Flow flow, TcpTracker tracker, Direction answeredIn, int rule, long nowNs) {
        int others = flow.marks() & ~(Flow.BEGAN_INSIDE | Flow.FAILSAFE | Flow.SYN_BY_FAILSAFE);
        int began = answeredIn == Direction.INGRESS ? Flow.BEGAN_INSIDE : 0;
        int failsafe = (flow.marks() & Flow.SYN_BY_FAILSAFE) != 0 ? Flow.FAILSAFE : 0;
        update(flow, tracker, false, true, nowNs, others | began | failsafe, rule);
    }

    private void update(
            Flow flow, TcpTracker tracker, boolean fromOriginator, boolean renews, long nowNs, int others, int rule) {
        TcpConnection tcp = tracker.connection();
        long at = flow.at;
        int marks = flow.marks();
        boolean replies = !fromOriginator && (marks & Flow.REPLIED) == 0;
        int next = tcp.marks(replies ? others | Flow.REPLIED : others);
        long seen = slab.getLong(at + Slab.SEEN);
        Timeout before = Flow.timeout(seen);
        Timeout after = renews ? tracker.timeout((next & Flow.REPLIED) != 0) : before;
        boolean inPlace =
                before == after && next == marks && rule == flow.rule() && tcp.onlyWidens(slab, at, fromOriginator);
        if (!inPlace) {
            slab.guard(flow.entry);
        }
        tcp.store(slab, at);
        if (next != marks) {
            slab.putInt(at + Slab.MARKS, next);
        }
        if (rule != flow.rule()) {
            slab.putInt(at + Slab.RULE, rule);
        }
        if (renews) {
            slab.putLong(at + Slab.SEEN, Flow.seen(nowNs, after));
        }
        if (!inPlace) {
            slab.unguard();
        }
        if (next != marks) {
            classify(flow.entry);
        }
        if (renews) {
            expiry.renewed(flow.entry, before, after, nowNs);
        }
    }

    /** Forgets a flow of this table. */
    public void remove(Flow flow) {
        forget(flow.entry);
        ended++;
    }

    private void forget(int entry) {
        long at = Slab.offset(entry);
        int itsHash = slab.getInt(at + Slab.COMMIT);
        index.remove(itsHash, entry);
        slab.end(entry);
        expiry.remove(entry);
        order.remove(entry);
        giveBack(entry);
        size--;
    }

    /**
     * Forgets flows that have been idle for their timeout.
     *
     * @param limit how many flows that are due it looks at, at the most: bounds the time that this takes
     * @return how many those were; fewer than {@code limit}: there is nothing left to do
     */
    public int expire(long nowNs, int limit) {
        int looked = expiry.reseat(limit, unused);
        int near = looked;
        for (int entry = expiry.past(nowNs); entry >= 0 && looked < limit; entry = expiry.past(nowNs)) {
            if (looked == near) {
                near += touchBehind(entry);
            }
            if (expiry.isOver(entry, nowNs)) {
                forget(entry);
                expirations++;
            } else {
                expiry.addAgain(entry, nowNs);
            }
            looked++;
        }
        return looked + expirePassing(nowNs, limit - looked);
    }

    /** As {@link #touch}, for an entry that is due and some of those behind it; returns how many. */
    private int touchBehind(int first) {
        long read = 0;
        int count = 0;
        for (int entry = first; entry >= 0 && count < TOUCHED_AHEAD; entry = expiry.behind(entry)) {
            read += slab.getInt(Slab.offset(entry) + Slab.COMMIT);
            count++;
        }
        int entry = first;
        for (int i = 0; i < count; i++) {
            read += index.word(index.home(slab.getInt(Slab.offset(entry) + Slab.COMMIT)));
            entry = expiry.behind(entry);
        }
        touched += read;
        return count;
    }

    /** Of the bucket that is passing now, whatever has expired. */
    private int expirePassing(long nowNs, int limit) {
        int expired = 0;
        int looked = 0;
        for (int entry = expiry.passing(); entry >= 0 && looked < limit; looked++) {
            int next = expiry.behind(entry);
            if (expiry.isOver(entry, nowNs)) {
                forget(entry);
                expirations++;
                expired++;
            }
            entry = next;
        }
        return expired;
    }

    /** What stands in the memory of a flow. */
    byte[] bytes(Flow flow) {
        return slab.copy(flow.entry);
    }

    /** Other rules are in force: what is kept of their answers holds no more. */
    public void forgetAnswers() {
        answers.forget(slab.capacity(), unused);
    }

    Answers answers() {
        return answers;
    }

    /**
     * What an earlier process has left.
     *
     * @param flows that go on
     * @param expired that had been idle for their timeout
     * @param damaged entries that no process can have written, or that stand twice; they are no flows
     * @param restored true: the process ended while it wrote an entry, which is as it was before
     */
    public record Recovery(int flows, int expired, int damaged, boolean restored) {}

    /** Takes up the flows that stand in the memory; once, before anything else. */
    public Recovery recover(long nowNs) {
        boolean restored = slab.restore();
        int expired = 0;
        int damaged = 0;
        for (int entry = 0; entry < slab.capacity(); entry++) {
            if (slab.getInt(Slab.offset(entry) + Slab.COMMIT) == 0) {
                continue;
            }
            if (EntryCheck.fault(slab, hash, entry, nowNs) != null || isKnown(entry)) {
                slab.end(entry);
                damaged++;
            } else if (expiry.isOver(entry, nowNs)
                    || Expiry.wasOver(slab, slab.getLong(Slab.offset(entry) + Slab.SEEN), nowNs)) {
                slab.end(entry);
                expired++;
            } else {
                for (int hole = unused; hole < entry; hole++) {
                    giveBack(hole);
                }
                unused = entry + 1;
                int itsHash = slab.getInt(Slab.offset(entry) + Slab.COMMIT);
                index.add(itsHash, entry, index.home(itsHash));
                expiry.add(entry, nowNs);
                int created = slab.getInt(Slab.offset(entry) + Slab.CREATED);
                creations = size == 0 || created - creations > 0 ? created : creations;
                size++;
            }
        }
        expiry.recordAnew();
        orderByAge();
        return new Recovery(size, expired, damaged, restored);
    }

    /**
     * Forgets what is known of the sequence numbers of every TCP connection, for a table whose flows have gone on while nobody
     * followed them: each side's windows are learnt anew from its next segment, as those of an adopted connection.
     */
    public void relearn() {
        TcpConnection connection = new TcpConnection();
        for (int entry = 0; entry < unused; entry++) {
            long at = Slab.offset(entry);
            if (slab.getInt(at + Slab.COMMIT) == 0
                    || Tuple.protocol(slab.getLong(at + Slab.SERVICE)) != IpProtocol.TCP) {
                continue;
            }
            connection.load(slab, at);
            if (connection.forgetSequences()) {
                slab.guard(entry);
                connection.store(slab, at);
                slab.putInt(at + Slab.MARKS, connection.marks(slab.getInt(at + Slab.MARKS)));
                slab.unguard();
                classify(entry);
            }
        }
    }

    private void orderByAge() {
        long[] byAge = new long[size];
        int found = 0;
        for (int entry = 0; entry < unused; entry++) {
            long at = Slab.offset(entry);
            if (slab.getInt(at + Slab.COMMIT) != 0) {
                long age = Integer.toUnsignedLong(creations - slab.getInt(at + Slab.CREATED));
                byAge[found++] = (0xffff_ffffL - age) << 31 | entry;
            }
        }
        Arrays.sort(byAge);
        for (long each : byAge) {
            int entry = (int) each & Integer.MAX_VALUE;
            long at = Slab.offset(entry);
            order.append(entry, EvictionClass.of(slab.getLong(at + Slab.SERVICE), slab.getInt(at + Slab.MARKS)));
        }
    }

    private boolean isKnown(int entry) {
        long at = Slab.offset(entry);
        int itsHash = slab.getInt(at + Slab.COMMIT);
        int place = index.home(itsHash);
        for (long word = index.word(place); word != 0; word = index.word(place)) {
            if (FlowIndex.hasHash(word, itsHash) && EntryCheck.haveSameKey(slab, FlowIndex.entry(word), entry)) {
                return true;
            }
            place = index.next(place);
        }
        return false;
    }
}
