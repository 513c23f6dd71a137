package io.portcullis.conntrack;

import io.portcullis.conntrack.index.BitTree;
import io.portcullis.conntrack.index.Links;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The flows of a table in the order of their creation, each with its class: yields the flow to evict. Every step takes the same
 * time, whatever the number of flows.
 *
 * <p>A new flow gets the next slot of an array, so slots are in the order of age; a flow that changes its class keeps its slot.
 * Each class has a {@link BitTree} of its slots. A flow that ends leaves a gap. Before the array is full, each new flow closes
 * some gaps: it checks {@value #CHECKED} slots, from the first on, and moves their flows down, none past another. With {@code n}
 * entries this begins at slot {@code 5n/4} and is done after {@code n/4} more flows; it leaves at most {@code n} flows and the
 * gaps of those that ended meanwhile, {@code 5n/4} slots again. So {@code 3n/2} slots are enough.
 */
final class EvictionOrder {
    /** Upper bound of bytes per entry, without {@link Links}: 3/2 of 4 bytes for slots and of 3 bits for the trees. */
    static final int BYTES = 7;

    /** Bytes per entry of the slots: three for two entries. */
    static final int SLOT_BYTES = 6;

    private static final int CHECKED = 6;
    private static final int SPARE = 4;
    private static final int CLASS_SHIFT = 28;
    private static final int ENTRY_MASK = (1 << CLASS_SHIFT) - 1;
    private static final int STATES = Timeout.values().length;
    private static final int SPARED = EvictionClass.SPARED.ordinal();
    private static final EvictionClass[] CLASSES = EvictionClass.values();

    private final Links links;
    /** Class and entry + 1, or 0 for a gap. */
    private final MemorySegment slots;

    private final long[] evictions = new long[CLASSES.length * STATES];
    private final BitTree[] members = new BitTree[SPARED];
    private final int begin;
    /** The slot of the next flow. */
    private int next;

    private boolean closesGaps;
    /** The next slot to check. */
    private int checked;
    /** The slot to which the next flow moves; there are only gaps between it and {@link #checked}. */
    private int closed;

    /** {@code slots}: zeroes, {@link #bytes} of them. */
    EvictionOrder(Links links, int entries, MemorySegment slots) {
        this.links = links;
        this.slots = slots;
        begin = entries + entries / 4 + SPARE;
        for (int i = 0; i < SPARED; i++) {
            members[i] = new BitTree(slots(entries));
        }
    }

    /** Bytes of the slots for a number of entries. */
    static long bytes(int entries) {
        return (long) slots(entries) * Integer.BYTES;
    }

    private static int slots(int entries) {
        return entries + entries / 2 + 2 * SPARE;
    }

    private int word(int slot) {
        return slots.get(ValueLayout.JAVA_INT, (long) slot * Integer.BYTES);
    }

    private void store(int slot, int word) {
        slots.set(ValueLayout.JAVA_INT, (long) slot * Integer.BYTES, word);
    }

    /** Adds a flow that is younger than all others. */
    void append(int entry, EvictionClass ofClass) {
        put(entry, ofClass.ordinal(), next++);
        if (next >= begin) {
            closesGaps = true;
        }
        if (closesGaps) {
            closeGaps();
        }
    }

    void remove(int entry) {
        take(links.get(entry, Links.SLOT));
    }

    /** Changes the class of a flow; its age stays. */
    void change(int entry, EvictionClass toClass) {
        int slot = links.get(entry, Links.SLOT);
        if (word(slot) >>> CLASS_SHIFT != toClass.ordinal()) {
            take(slot);
            put(entry, toClass.ordinal(), slot);
        }
    }

    EvictionClass of(int entry) {
        return CLASSES[word(links.get(entry, Links.SLOT)) >>> CLASS_SHIFT];
    }

    /** The flow to evict, other than {@code but}; -1: there is none. */
    int firstBut(int but) {
        for (BitTree ofClass : members) {
            for (int slot = ofClass.next(0); slot >= 0; slot = ofClass.next(slot + 1)) {
                int entry = (word(slot) & ENTRY_MASK) - 1;
                if (entry != but) {
                    return entry;
                }
            }
        }
        return -1;
    }

    /** Counts a flow that is evicted in a state. */
    void countEviction(int entry, int state) {
        evictions[of(entry).ordinal() * STATES + state]++;
    }

    /** Flows of a class that were evicted in a state. */
    long evictions(EvictionClass ofClass, Timeout state) {
        return evictions[ofClass.ordinal() * STATES + state.ordinal()];
    }

    private void put(int entry, int ofClass, int slot) {
        store(slot, ofClass << CLASS_SHIFT | entry + 1);
        links.set(entry, Links.SLOT, slot);
        if (ofClass != SPARED) {
            members[ofClass].add(slot);
        }
    }

    private void take(int slot) {
        int ofClass = word(slot) >>> CLASS_SHIFT;
        store(slot, 0);
        if (ofClass != SPARED) {
            members[ofClass].remove(slot);
        }
    }

    private void closeGaps() {
        int last = Math.min(checked + CHECKED, next);
        for (; checked < last; checked++) {
            int word = word(checked);
            if (word != 0) {
                if (closed != checked) {
                    take(checked);
                    put((word & ENTRY_MASK) - 1, word >>> CLASS_SHIFT, closed);
                }
                closed++;
            }
        }
        if (checked == next) {
            next = closed;
            checked = 0;
            closed = 0;
            closesGaps = false;
        }
    }
}
