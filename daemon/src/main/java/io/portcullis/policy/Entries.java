package io.portcullis.policy;

import java.util.Arrays;

/** A growing list of {@link RuleSet}'s entries. */
final class Entries {
    private static final int INITIAL_SIZE = 16;

    private long[] entries = new long[INITIAL_SIZE];
    private int size;

    /** Those that {@link #addDisjoint} has begun and not ended; empty between two calls. */
    private final OpenEntries open = new OpenEntries();

    void add(long entry) {
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, size * 2);
        }
        entries[size++] = entry;
    }

    /** Makes space for a number of entries that follow. */
    void reserve(int count) {
        if (size + count > entries.length) {
            entries = Arrays.copyOf(entries, size + count);
        }
    }

    void addAll(Entries other, int from, int to) {
        int count = to - from;
        if (size + count > entries.length) {
            reserve(Math.max(count, size / 2));
        }
        System.arraycopy(other.entries, from, entries, size, count);
        size += count;
    }

    void clear() {
        size = 0;
    }

    int size() {
        return size;
    }

    long get(int i) {
        return entries[i];
    }

    /** The entries. Nothing can be added after this. */
    long[] toArray() {
        return size == entries.length ? entries : Arrays.copyOf(entries, size);
    }

    /** Adds entries as sorted, disjoint ranges per protocol, each with the lowest rule; sorts {@code from} first. */
    void addDisjoint(Entries from) {
        if (from.size == 1) {
            add(from.entries[0]);
            return;
        }
        Arrays.sort(from.entries, 0, from.size);
        int first = 0;
        for (int i = 1; i <= from.size; i++) {
            if (i == from.size || RuleSet.protocol(from.entries[i]) != RuleSet.protocol(from.entries[first])) {
                addDisjoint(from.entries, first, i);
                first = i;
            }
        }
    }

    /** Entries of one protocol, sorted by their lowest selector. */
    private void addDisjoint(long[] from, int first, int end) {
        int protocol = RuleSet.protocol(from[first]);
        int before = size;
        int next = first;
        int at = RuleSet.lowest(from[first]);
        while (next < end || !open.isEmpty()) {
            while (next < end && RuleSet.lowest(from[next]) == at) {
                open.add(from[next++]);
            }
            while (!open.isEmpty() && RuleSet.highest(open.first()) < at) {
                open.removeFirst();
            }
            int following = next < end ? RuleSet.lowest(from[next]) : Integer.MAX_VALUE;
            if (open.isEmpty()) {
                at = following;
                continue;
            }
            // Up to the start of the next entry or the end of this one; earlier ends are handled in the next step.
            int rule = RuleSet.rule(open.first());
            int last = Math.min(following - 1, RuleSet.highest(open.first()));
            append(before, protocol, at, last, rule);
            at = last + 1;
        }
    }

    private void append(int before, int protocol, int lowest, int highest, int rule) {
        long last = size > before ? entries[size - 1] : 0;
        boolean joins = size > before && RuleSet.rule(last) == rule && RuleSet.highest(last) == lowest - 1;
        if (joins) {
            entries[size - 1] = RuleSet.entry(protocol, RuleSet.lowest(last), highest, rule);
        } else {
            add(RuleSet.entry(protocol, lowest, highest, rule));
        }
    }
}
