package io.portcullis.conntrack;

/**
 * Where the entry of a key is: open addressing, one word per place, hash in the upper half and entry + 1 in the lower, 0
 * where nothing is. A word knows its whole hash, so nobody looks at an entry in vain, and a deletion closes its gap without
 * looking at any. Three places for two entries: 12 bytes a flow.
 */
final class FlowIndex {
    private final long[] words;
    /** How often something was removed, modulo 2^32. */
    private int removals;

    FlowIndex(int entries) {
        words = new long[Math.max(4, entries + (entries + 1) / 2)];
    }

    /** The place at which the search for a hash begins. */
    int home(int hash) {
        return (int) (Integer.toUnsignedLong(hash) * words.length >>> 32);
    }

    int next(int at) {
        int next = at + 1;
        return next == words.length ? 0 : next;
    }

    /** The word at a place; 0: nothing is here, and the search ends. */
    long word(int at) {
        return words[at];
    }

    static boolean hasHash(long word, int hash) {
        return (int) (word >>> 32) == hash;
    }

    static int entry(long word) {
        return (int) word - 1;
    }

    /** What {@link #isFree} asks about. */
    int removals() {
        return removals;
    }

    /**
     * True: a search that ended at a place, in vain, would end there still. What was added since has left the place free, and a
     * key of the searched hash would have taken it; only a removal moves what stands before.
     *
     * @param removalsThen {@link #removals} when it ended
     */
    boolean isFree(int place, int removalsThen) {
        return words[place] == 0 && removals == removalsThen;
    }

    /**
     * Adds an entry that is not here.
     *
     * @param from where the search for it may begin: {@link #home}, or a place that {@link #isFree}
     */
    void add(int hash, int entry, int from) {
        int at = from;
        while (words[at] != 0) {
            at = next(at);
        }
        words[at] = (long) hash << 32 | entry + 1;
    }

    /** Forgets an entry that is here, and moves up what stood behind it. */
    void remove(int hash, int entry) {
        long wanted = (long) hash << 32 | entry + 1;
        removals++;
        int gap = home(hash);
        while (words[gap] != wanted) {
            if (words[gap] == 0) {
                throw new IllegalStateException("not a flow of this table");
            }
            gap = next(gap);
        }
        int at = next(gap);
        for (long word = words[at]; word != 0; word = words[at]) {
            int home = home((int) (word >>> 32));
            // It may stand in the gap if its home is not between the gap and its place, seen round the end.
            boolean stays = gap < at ? gap < home && home <= at : gap < home || home <= at;
            if (!stays) {
                words[gap] = word;
                gap = at;
            }
            at = next(at);
        }
        words[gap] = 0;
    }
}
