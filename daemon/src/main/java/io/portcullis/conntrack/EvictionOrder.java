package io.portcullis.conntrack;

/**
 * The flows of a table in the order of their creation, and of which class each is: tells which one makes room. Every step
 * takes the same time, however many flows there are.
 *
 * <p>A flow that is created gets the next place of an array, so that places stand for age; a flow that changes its class keeps
 * its own. Each class has a {@link BitTree} of its places. What ends leaves a gap. Before the array ends, each new flow closes
 * some: {@value #LOOKED_AT} places are looked at, from the first on, and flows are moved down, none past another. With {@code
 * n} flows this begins at {@code 5n/4} places, is done after {@code n/4} more flows, and leaves at most {@code n} flows and the
 * gaps of those that ended meanwhile, {@code 5n/4} again: {@code 3n/2} places are enough.
 */
final class EvictionOrder {
    /** Bytes for an entry, at the most, without its place in {@link Links}: 3/2 of 4 bytes, and of 3 bits with what is above. */
    static final int BYTES = 7;

    private static final int LOOKED_AT = 6;
    private static final int SPARE = 4;
    private static final int CLASS_SHIFT = 28;
    private static final int ENTRY_MASK = (1 << CLASS_SHIFT) - 1;
    private static final int SPARED = EvictionClass.SPARED.ordinal();
    private static final EvictionClass[] CLASSES = EvictionClass.values();

    private final Links links;
    /** Class and entry + 1, or 0. */
    private final int[] places;

    private final BitTree[] members = new BitTree[SPARED];
    private final int begin;
    /** The place of the next flow. */
    private int next;

    private boolean closesGaps;
    /** The next place to look at, and where what stands there belongs; between the two nothing stands. */
    private int looked;

    private int closed;

    EvictionOrder(Links links, int entries) {
        this.links = links;
        begin = entries + entries / 4 + SPARE;
        places = new int[entries + entries / 2 + 2 * SPARE];
        for (int i = 0; i < SPARED; i++) {
            members[i] = new BitTree(places.length);
        }
    }

    /** The youngest of all. */
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
        take(links.get(entry, Links.PLACE));
    }

    /** It is of this class from now on, and as old as ever. */
    void change(int entry, EvictionClass toClass) {
        int place = links.get(entry, Links.PLACE);
        if (places[place] >>> CLASS_SHIFT != toClass.ordinal()) {
            take(place);
            put(entry, toClass.ordinal(), place);
        }
    }

    EvictionClass of(int entry) {
        return CLASSES[places[links.get(entry, Links.PLACE)] >>> CLASS_SHIFT];
    }

    /** The one that makes room, and is not {@code but}; or -1. */
    int firstBut(int but) {
        for (BitTree each : members) {
            for (int place = each.next(0); place >= 0; place = each.next(place + 1)) {
                int entry = (places[place] & ENTRY_MASK) - 1;
                if (entry != but) {
                    return entry;
                }
            }
        }
        return -1;
    }

    private void put(int entry, int ofClass, int place) {
        places[place] = ofClass << CLASS_SHIFT | entry + 1;
        links.set(entry, Links.PLACE, place);
        if (ofClass != SPARED) {
            members[ofClass].add(place);
        }
    }

    private void take(int place) {
        int ofClass = places[place] >>> CLASS_SHIFT;
        places[place] = 0;
        if (ofClass != SPARED) {
            members[ofClass].remove(place);
        }
    }

    private void closeGaps() {
        int last = Math.min(looked + LOOKED_AT, next);
        for (; looked < last; looked++) {
            int word = places[looked];
            if (word != 0) {
                if (closed != looked) {
                    take(looked);
                    put((word & ENTRY_MASK) - 1, word >>> CLASS_SHIFT, closed);
                }
                closed++;
            }
        }
        if (looked == next) {
            next = closed;
            looked = 0;
            closed = 0;
            closesGaps = false;
        }
    }
}
