package io.portcullis.policy;

import java.util.Arrays;

/** Entries of {@link RuleSet} by their rule, the lowest first: a binary heap of primitive numbers. */
final class OpenEntries {
    private long[] heap = new long[4];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    /** The entry of the lowest rule; there must be one. */
    long first() {
        return heap[0];
    }

    void add(long entry) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
        }
        int at = size++;
        while (at > 0 && RuleSet.rule(heap[(at - 1) / 2]) > RuleSet.rule(entry)) {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        heap[at] = entry;
    }

    void removeFirst() {
        long last = heap[--size];
        int at = 0;
        int child = lowestChild(at);
        while (child < size && RuleSet.rule(heap[child]) < RuleSet.rule(last)) {
            heap[at] = heap[child];
            at = child;
            child = lowestChild(at);
        }
        heap[at] = last;
    }

    /** At least {@link #size}: there is no child. */
    private int lowestChild(int at) {
        int left = 2 * at + 1;
        boolean rightIsLower = left + 1 < size && RuleSet.rule(heap[left + 1]) < RuleSet.rule(heap[left]);
        return rightIsLower ? left + 1 : left;
    }
}
