package io.portcullis.hits;

import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Finds the slot of a key: open addressing with linear probing. The keys themselves are in the slots, so an entry takes 8 bytes on average,
 * where a map of objects would take 90.
 */
final class SlotIndex {
    private static final int FEWEST = 64;

    private final IntFunction<RuleKey> keys;

    /** 1 + slot; 0: none. */
    private int[] entries = new int[FEWEST];

    private int size;

    /**
     * An empty index.
     *
     * @param keys the key of a slot
     */
    SlotIndex(IntFunction<RuleKey> keys) {
        this.keys = keys;
    }

    /** The slot of a key, or -1. */
    int find(RuleKey key) {
        int at = start(key);
        while (entries[at] != 0) {
            if (keys.apply(entries[at] - 1).equals(key)) {
                return entries[at] - 1;
            }
            at = at + 1 & entries.length - 1;
        }
        return -1;
    }

    /** Adds a slot whose key is not in it yet. */
    void add(int slot) {
        if (2 * ++size > entries.length) {
            int[] before = entries;
            entries = new int[2 * before.length];
            for (int entry : before) {
                if (entry != 0) {
                    insert(entry);
                }
            }
        }
        insert(slot + 1);
    }

    private void insert(int entry) {
        int at = start(keys.apply(entry - 1));
        while (entries[at] != 0) {
            at = at + 1 & entries.length - 1;
        }
        entries[at] = entry;
    }

    private int start(RuleKey key) {
        // Any bits of a SHA-256 are as good as others.
        return (int) key.low() & entries.length - 1;
    }

    /** Forgets all slots. */
    void clear() {
        Arrays.fill(entries, 0);
        size = 0;
    }
}
