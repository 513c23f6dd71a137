package io.portcullis.conntrack;

import io.portcullis.conntrack.index.FlowIndex;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;

/**
 * Finds the entry of a key: keyed hash, index, comparison of the keys. {@link #prefetch} reads ahead for a batch and notes in
 * each tuple where its search ended, as a {@linkplain Tuple#hint hint}: {@link #find} checks it before it trusts it. A hint is
 * 0 if there is none. Its lower half is the entry + 1, or ~slot for a free slot, with {@link FlowIndex#removals} in the upper
 * half. (Hints in an array of this class, by hash, cost 20 ns a packet among a million flows: {@code FlowBenchmark.hit}.)
 */
final class Lookup {
    /** No entry. */
    static final int NONE = -1;

    private final Slab slab;
    private final SipHash hash;
    private final FlowIndex index;

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
        tuple.hint = 0;
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
            Tuple tuple = tuples[Long.numberOfTrailingZeros(left)];
            int wanted = tuple.hash;
            int slot = index.home(wanted);
            long word = index.word(slot);
            while (word != 0 && !FlowIndex.hasHash(word, wanted)) {
                slot = index.next(slot);
                word = index.word(slot);
            }
            if (word != 0) {
                int entry = FlowIndex.entry(word);
                long at = Slab.offset(entry);
                tuple.hint = entry + 1L;
                sum += slab.getInt(at) + slab.getInt(at + FlowLayout.ORIGINATOR);
            } else {
                tuple.hint = (long) index.removals() << 32 | ~slot & 0xffff_ffffL;
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

    /** The entry of a key, or {@link #NONE}. */
    int find(Tuple tuple) {
        if (tuple.hash == 0) {
            hash(tuple);
        }
        int entry = (int) tuple.hint - 1;
        if (entry >= 0 && slab.getInt(Slab.offset(entry) + FlowLayout.COMMIT) == tuple.hash && hasKey(entry, tuple)) {
            return entry;
        }
        return isHintedFree(tuple) ? NONE : search(tuple);
    }

    private boolean isHintedFree(Tuple tuple) {
        return (int) tuple.hint < 0 && index.isFree(~(int) tuple.hint, (int) (tuple.hint >>> 32));
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

    /** Adds an entry whose key, of this tuple with its hash, is not in the index. */
    void add(Tuple tuple, int entry) {
        index.add(tuple.hash, entry, isHintedFree(tuple) ? ~(int) tuple.hint : index.home(tuple.hash));
    }

    /** Adds an entry whose key is not in the index. */
    void add(int wanted, int entry) {
        index.add(wanted, entry, index.home(wanted));
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
