package io.portcullis.conntrack.index;

/**
 * The hash index of a table's entries: open addressing, one word per slot, with the hash in the upper half and entry + 1 in the lower; 0 is
 * a free slot. A word holds the whole hash, so a search reads no entry of another hash, and a removal closes its gap without reading
 * entries. Three slots for two entries: 12 bytes per flow.
 */
public final class FlowIndex {
    private final long[] words;
    /** Number of removals so far. */
    private int removals;

    public FlowIndex(int entries) {
        words = new long[Math.max(4, entries + (entries + 1) / 2)];
    }

    /** The slot at which the search for a hash begins. */
    public int home(int hash) {
        return (int) (Integer.toUnsignedLong(hash) * words.length >>> 32);
    }

    public int next(int slot) {
        int next = slot + 1;
        return next == words.length ? 0 : next;
    }

    /** The word of a slot; 0: the slot is free, and a search ends. */
    public long word(int slot) {
        return words[slot];
    }

    public static boolean hasHash(long word, int hash) {
        return (int) (word >>> 32) == hash;
    }

    public static int entry(long word) {
        return (int) word - 1;
    }

    /** The argument for {@link #isFree}: a counter, modulo 2^32. */
    public int removals() {
        return removals;
    }

    /**
     * True: a failed search that ended at a slot would end there again. Entries added since have left the slot free, and an entry of the
     * searched hash would have used it; only a removal moves entries to earlier slots.
     *
     * @param removalsThen {@link #removals} at the end of that search
     */
    public boolean isFree(int slot, int removalsThen) {
        return words[slot] == 0 && removals == removalsThen;
    }

    /** Adds an entry that is not in the index; {@code from}: first slot to try, {@link #home} or one that {@link #isFree}. */
    public void add(int hash, int entry, int from) {
        int slot = from;
        while (words[slot] != 0) {
            slot = next(slot);
        }
        words[slot] = (long) hash << 32 | entry + 1;
    }

    /** Removes an entry of the index and moves up the words behind it. */
    public void remove(int hash, int entry) {
        long wanted = (long) hash << 32 | entry + 1;
        removals++;
        int gap = home(hash);
        while (words[gap] != wanted) {
            if (words[gap] == 0) {
                throw new IllegalStateException("not a flow of this table");
            }
            gap = next(gap);
        }
        int slot = next(gap);
        for (long word = words[slot]; word != 0; word = words[slot]) {
            int home = home((int) (word >>> 32));
            // A word may move to the gap unless its home lies between the gap and its slot, around the end.
            boolean stays = gap < slot ? gap < home && home <= slot : gap < home || home <= slot;
            if (!stays) {
                words[gap] = word;
                gap = slot;
            }
            slot = next(slot);
        }
        words[gap] = 0;
    }
}
