package io.portcullis.hits;

import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleIdentity;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The hits of one interface: of the rules in force, and of those that were. A rule that is gone keeps its slot for {@value
 * #KEPT_DAYS} days, {@value #MOST_GONE} such rules at the most; then the one that is gone for longest is forgotten first. So a rule that is
 * put back has its history. Any thread; the loops of the workers do no more than count ({@link RuleHits}).
 */
public final class HitTable {
    /** How long the hits of a rule are kept that is in no configuration any more. */
    public static final int KEPT_DAYS = 400;

    /** How many such rules are kept. */
    public static final int MOST_GONE = 16_384;

    /** The slot of a rule: the number of its part, then its number there. */
    static final int PART_SHIFT = 24;

    static final int INDEX_MASK = (1 << PART_SHIFT) - 1;

    /** Of one part. */
    static final int MOST_SLOTS = INDEX_MASK + 1 - HitPart.SLOTS_OF_A_PAGE;

    private static final int MOST_PARTS = 1 << Integer.SIZE - 1 - PART_SHIFT;
    private static final long KEPT_NS = TimeUnit.DAYS.toNanos(KEPT_DAYS);

    /** Where a table gets its memory from. */
    @FunctionalInterface
    public interface Growth {
        /**
         * Memory for another part.
         *
         * @param part its number, from 0
         * @return all zero
         */
        MemorySegment zeroes(int part, long bytes);
    }

    /** Receives the records of {@link #forEach}. */
    @FunctionalInterface
    public interface Reader {
        void read(HitRecord record) throws IOException;
    }

    private final HitPart.Owner owner;
    private final int workers;
    private final Growth growth;
    private final LongSupplier nowNs;
    private final RuleKey.Maker keys = new RuleKey.Maker();
    private final SlotIndex index = new SlotIndex(this::key);
    private final AtomicIntegerArray followed;
    private final Deque<Integer> free = new ArrayDeque<>();
    private volatile HitPart[] parts;
    private volatile @Nullable HitSlots last;
    private int prepared;

    /**
     * A table with the slots of some parts.
     *
     * @param workers columns that are in use
     * @param parts with as many columns or more
     * @param nowNs monotonic time, nanoseconds
     */
    public HitTable(HitPart.Owner owner, int workers, List<HitPart> parts, Growth growth, LongSupplier nowNs) {
        this.owner = owner;
        this.workers = workers;
        this.growth = growth;
        this.nowNs = nowNs;
        followed = new AtomicIntegerArray(workers);
        this.parts = parts.toArray(HitPart[]::new);
        readSlots();
    }

    /** A table that ends with the process. Its times are 0: unknown. */
    public static HitTable inMemory(int workers) {
        return new HitTable(
                new HitPart.Owner("", new UUID(0, 0)), workers, List.of(), (_, bytes) -> memory(bytes), () -> 0);
    }

    /** The slots of a policy whose hits nobody asks for: one for all rules. */
    public static HitSlots together(Policy policy) {
        HitTable none = inMemory(1);
        HitPart part = HitPart.create(
                memory(HitPart.bytes(HitPart.SLOTS_OF_A_PAGE, 1)), HitPart.SLOTS_OF_A_PAGE, 1, none.owner);
        return HitSlots.together(policy, none, part);
    }

    /** Memory of zeroes, without a file. */
    public static MemorySegment memory(long bytes) {
        return Arena.ofAuto().allocate(bytes, HitPart.HEADER_BYTES);
    }

    private void readSlots() {
        forEachSlot(slot -> {
            boolean isKnown = !isFree(slot)
                    && part(slot).record(slot & INDEX_MASK).isPossible(nowNs.getAsLong())
                    && index.find(key(slot)) < 0;
            if (isKnown) {
                index.add(slot);
            } else {
                part(slot).free(slot & INDEX_MASK);
                free.add(slot);
            }
        });
    }

    private void forEachSlot(IntConsumer consumer) {
        for (int part = 0; part < parts.length; part++) {
            for (int i = 0; i < parts[part].slots(); i++) {
                consumer.accept(part << PART_SHIFT | i);
            }
        }
    }

    private HitPart part(int slot) {
        return parts[slot >>> PART_SHIFT];
    }

    private RuleKey key(int slot) {
        HitPart part = part(slot);
        return new RuleKey(part.high(slot & INDEX_MASK), part.low(slot & INDEX_MASK));
    }

    private boolean isFree(int slot) {
        return part(slot).isFree(slot & INDEX_MASK);
    }

    /**
     * Adds what is known from elsewhere, before any worker counts. Of a rule that the table knows, the larger count is the later one: hits
     * never become fewer. Impossible records are left out.
     */
    public synchronized void restore(List<HitRecord> records) {
        long now = nowNs.getAsLong();
        List<HitRecord> missing = new ArrayList<>();
        for (HitRecord record : records) {
            int slot = index.find(record.key());
            if (!record.isPossible(now)) {
                continue;
            }
            if (slot < 0) {
                missing.add(record);
            } else {
                part(slot).merge(slot & INDEX_MASK, record);
            }
        }
        grow(missing.size());
        for (HitRecord record : missing) {
            if (index.find(record.key()) < 0) {
                occupy(record);
            }
        }
    }

    /** Passes on all that is known, also of rules that are gone. A reader that waits for a disk makes nobody else wait. */
    public void forEach(Reader reader) throws IOException {
        for (HitPart part : parts) {
            for (int first = 0; first < part.slots(); first += HitPart.SLOTS_OF_A_PAGE) {
                for (HitRecord record : page(part, first)) {
                    reader.read(record);
                }
            }
        }
    }

    private synchronized List<HitRecord> page(HitPart part, int first) {
        List<HitRecord> records = new ArrayList<>();
        for (int i = first; i < first + HitPart.SLOTS_OF_A_PAGE; i++) {
            if (!part.isFree(i)) {
                records.add(part.record(i));
            }
        }
        return records;
    }

    /** The number of rules that it knows. */
    public synchronized int size() {
        return Arrays.stream(parts).mapToInt(HitPart::slots).sum() - free.size();
    }

    /**
     * Gives the rules of a policy their slots: known rules those that they have. Rules that it has no longer are gone from now on.
     * Waits for the memory of new slots: not for a worker's loop, unless it asks for the policy prepared last.
     */
    public HitSlots prepare(Policy next) {
        HitSlots known = last;
        if (known != null && known.policy() == next) {
            return known;
        }
        synchronized (this) {
            HitSlots before = last;
            HitSlots slots =
                    before != null && next.sharesRules(before.policy()) ? before.under(next) : prepareRules(next);
            last = slots;
            return slots;
        }
    }

    private HitSlots prepareRules(Policy next) {
        prepared++;
        Acl acl = next.acl();
        RuleKey[] rules = keys(next.ruleCount(), next::identity);
        RuleKey[] entries = acl == null ? new RuleKey[0] : keys(acl.size(), acl::identity);
        int missing = leave(rules, entries);
        forget();
        grow(missing);
        int[] ruleSlots = slots(rules);
        int[] entrySlots = slots(entries);
        return new HitSlots(next, this, prepared, ruleSlots, entrySlots, parts);
    }

    private RuleKey[] keys(int count, IntFunction<RuleIdentity> identity) {
        RuleKey[] made = new RuleKey[count];
        Map<RuleKey, Integer> seen = new HashMap<>();
        for (int i = 0; i < count; i++) {
            RuleIdentity rule = identity.apply(i);
            RuleKey key = keys.key(rule, 1);
            // Of equal rules the first has all hits, and keeps them where the others leave.
            int ordinal = seen.merge(key, 1, Integer::sum);
            made[i] = ordinal == 1 ? key : keys.key(rule, ordinal);
        }
        return made;
    }

    /** Marks the rules that are gone and those that are back; the number of keys without a slot. */
    private int leave(RuleKey[]... next) {
        BitSet[] inForce = new BitSet[parts.length];
        Arrays.setAll(inForce, part -> new BitSet(parts[part].slots()));
        int missing = 0;
        for (RuleKey[] list : next) {
            for (RuleKey key : list) {
                int slot = index.find(key);
                if (slot < 0) {
                    missing++;
                } else {
                    inForce[slot >>> PART_SHIFT].set(slot & INDEX_MASK);
                }
            }
        }
        long now = Math.max(1, nowNs.getAsLong());
        forEachSlot(slot -> {
            int i = slot & INDEX_MASK;
            HitPart part = part(slot);
            if (!part.isFree(i)) {
                boolean wasGone = part.gone(i) != 0;
                boolean isGone = !inForce[slot >>> PART_SHIFT].get(i);
                if (wasGone && !isGone) {
                    part.gone(i, 0, 0);
                } else if (isGone && !wasGone) {
                    part.gone(i, now, prepared);
                }
            }
        });
        return missing;
    }

    /** Frees slots of rules that are gone for too long, or too many. Not those that a worker with an older policy may count in. */
    private void forget() {
        List<Integer> gone = new ArrayList<>();
        forEachSlot(slot -> {
            if (!isFree(slot) && part(slot).gone(slot & INDEX_MASK) != 0) {
                gone.add(slot);
            }
        });
        gone.sort(Comparator.comparingLong(slot -> part(slot).gone(slot & INDEX_MASK)));
        long oldest = nowNs.getAsLong() - KEPT_NS;
        int followedByAll = followedByAll();
        int left = gone.size();
        boolean freed = false;
        for (int slot : gone) {
            HitPart part = part(slot);
            int i = slot & INDEX_MASK;
            boolean isOld = left > MOST_GONE || part.gone(i) < oldest;
            if (isOld && part.leftWith(i) <= followedByAll) {
                part.free(i);
                free.add(slot);
                left--;
                freed = true;
            }
        }
        if (freed) {
            index.clear();
            forEachSlot(slot -> {
                if (!isFree(slot)) {
                    index.add(slot);
                }
            });
        }
    }

    private int followedByAll() {
        int lowest = Integer.MAX_VALUE;
        for (int worker = 0; worker < workers; worker++) {
            lowest = Math.min(lowest, followed.get(worker));
        }
        return lowest;
    }

    /** Called by the loop of a worker: it counts in the slots of that preparation from now on. */
    void follows(int worker, int number) {
        followed.set(worker, number);
    }

    private void grow(int missing) {
        int lacking = missing - free.size();
        if (lacking <= 0) {
            return;
        }
        if (parts.length == MOST_PARTS) {
            throw new IllegalStateException("too many rules came and went");
        }
        int present = Arrays.stream(parts).mapToInt(HitPart::slots).sum();
        int pages = (Math.max(lacking, present / 2) + HitPart.SLOTS_OF_A_PAGE - 1) / HitPart.SLOTS_OF_A_PAGE;
        int slots = Math.min(pages * HitPart.SLOTS_OF_A_PAGE, MOST_SLOTS);
        int number = parts.length;
        HitPart[] more = Arrays.copyOf(parts, number + 1);
        more[number] = HitPart.create(growth.zeroes(number, HitPart.bytes(slots, workers)), slots, workers, owner);
        parts = more;
        for (int i = 0; i < slots; i++) {
            free.add(number << PART_SHIFT | i);
        }
    }

    private int[] slots(RuleKey... wanted) {
        int[] slots = new int[wanted.length];
        for (int i = 0; i < wanted.length; i++) {
            int found = index.find(wanted[i]);
            slots[i] = found >= 0 ? found : occupy(new HitRecord(wanted[i], 0, 0, nowNs.getAsLong(), 0));
        }
        return slots;
    }

    private int occupy(HitRecord record) {
        int slot = free.remove();
        part(slot).fill(slot & INDEX_MASK, record);
        index.add(slot);
        return slot;
    }
}
