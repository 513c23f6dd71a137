package io.portcullis.conntrack;

import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;

/**
 * Finds the entry of a key: keyed hash, index, comparison of the keys. {@link #prefetch} reads ahead for a batch and notes
 * per hash where its search ended. Such a note is a hint only: {@link #find} checks it before it trusts it, so a hint may be
 * stale or overwritten by another hash.
 */
final class Lookup {
    /** No entry. */
    static final int NONE = -1;

    /** Slots for hints: four times the tuples of a batch, so that few of a batch overwrite each other. */
    private static final int HINTS = 256;

    /** The second word of a hint whose first word names an entry; else it is {@link FlowIndex#removals}. */
    private static final long IS_ENTRY = -1;

    private final Slab slab;
    private final SipHash hash;
    private final FlowIndex index;
    /** Two words per hint: hash in the upper half, entry or free slot of the index in the lower; then the kind. */
    private final long[] hints = new long[2 * HINTS];

    /** Sum of all words that {@link #prefetch} has read: without a use the compiler would remove the reads. */
    private long read;

    Lookup(Slab slab, SipHash hash) {
        this.slab = slab;
        this.hash = hash;
        index = new FlowIndex(slab.capacity());
    }

    SipHash hash() {
        return hash;
    }

    /** Computes the hash of a key, which the other methods need. */
    void hash(Tuple tuple) {
        tuple.hash = hash.of(tuple);
    }

    /**
     * Prefetches the index slot and the entry of each key, so that the cache misses of a batch overlap.
     *
     * @param tuples with their hashes
     * @param which of the tuples, one bit each
     */
    void prefetch(Tuple[] tuples, long which) {
        long sum = 0;
        for (long left = which; left != 0; left &= left - 1) {
            sum += index.word(index.home(tuples[Long.numberOfTrailingZeros(left)].hash));
        }
        for (long left = which; left != 0; left &= left - 1) {
            int wanted = tuples[Long.numberOfTrailingZeros(left)].hash;
            int slot = index.home(wanted);
            long word = index.word(slot);
            while (word != 0 && !FlowIndex.hasHash(word, wanted)) {
                slot = index.next(slot);
                word = index.word(slot);
            }
            if (word != 0) {
                int entry = FlowIndex.entry(word);
                long at = Slab.offset(entry);
                hint(wanted, entry, IS_ENTRY);
                sum += slab.getInt(at) + slab.getInt(at + FlowLayout.ORIGINATOR);
            } else {
                hint(wanted, slot, index.removals());
            }
        }
        read += sum;
    }

    /** Prefetches the index slot of an entry, for its removal. */
    void prefetchSlot(int entry) {
        read += index.word(index.home(slab.getInt(Slab.offset(entry) + FlowLayout.COMMIT)));
    }

    /** Prefetches an entry. */
    void prefetchEntry(int entry) {
        read += slab.getInt(Slab.offset(entry) + FlowLayout.COMMIT);
    }

    /** The sum of all prefetched words; the use that keeps the reads. */
    long read() {
        return read;
    }

    private static int hintOf(int wanted) {
        return (wanted & HINTS - 1) << 1;
    }

    private void hint(int wanted, int value, long kind) {
        int at = hintOf(wanted);
        hints[at] = (long) wanted << 32 | value;
        hints[at + 1] = kind;
    }

    /** The entry of a key, or {@link #NONE}. */
    int find(Tuple tuple) {
        if (tuple.hash == 0) {
            hash(tuple);
        }
        int at = hintOf(tuple.hash);
        long hint = hints[at];
        if ((int) (hint >>> 32) == tuple.hash) {
            int value = (int) hint;
            long kind = hints[at + 1];
            if (kind != IS_ENTRY) {
                if (index.isFree(value, kind)) {
                    return NONE;
                }
            } else if (slab.getInt(Slab.offset(value) + FlowLayout.COMMIT) == tuple.hash && hasKey(value, tuple)) {
                return value;
            }
        }
        return search(tuple);
    }

    private int search(Tuple tuple) {
        int wanted = tuple.hash;
        int slot = index.home(wanted);
        for (long word = index.word(slot); word != 0; word = index.word(slot)) {
            if (FlowIndex.hasHash(word, wanted) && hasKey(FlowIndex.entry(word), tuple)) {
                return FlowIndex.entry(word);
            }
            slot = index.next(slot);
        }
        return NONE;
    }

    private boolean hasKey(int entry, Tuple tuple) {
        long at = Slab.offset(entry);
        return slab.getLong(at + FlowLayout.OUTSIDE_LOW) == tuple.outsideLow
                && slab.getLong(at + FlowLayout.INSIDE_LOW) == tuple.insideLow
                && slab.getLong(at + FlowLayout.SERVICE) == tuple.service
                && (slab.getInt(at + FlowLayout.FLAGS) & FlowLayout.KEY_FLAGS) == tuple.flags
                && slab.getLong(at + FlowLayout.OUTSIDE_HIGH) == tuple.outsideHigh
                && slab.getLong(at + FlowLayout.INSIDE_HIGH) == tuple.insideHigh;
    }

    /** Adds an entry whose key is not in the index. */
    void add(int wanted, int entry) {
        int at = hintOf(wanted);
        long hint = hints[at];
        boolean free =
                (int) (hint >>> 32) == wanted && hints[at + 1] != IS_ENTRY && index.isFree((int) hint, hints[at + 1]);
        index.add(wanted, entry, free ? (int) hint : index.home(wanted));
    }

    /** Removes an entry that is in the index. */
    void remove(int entry) {
        index.remove(slab.getInt(Slab.offset(entry) + FlowLayout.COMMIT), entry);
    }

    /** True: another entry with the same key is in the index. */
    boolean hasKeyOf(int entry) {
        int wanted = slab.getInt(Slab.offset(entry) + FlowLayout.COMMIT);
        int slot = index.home(wanted);
        for (long word = index.word(slot); word != 0; word = index.word(slot)) {
            if (FlowIndex.hasHash(word, wanted) && EntryCheck.haveSameKey(slab, FlowIndex.entry(word), entry)) {
                return true;
            }
            slot = index.next(slot);
        }
        return false;
    }
}
