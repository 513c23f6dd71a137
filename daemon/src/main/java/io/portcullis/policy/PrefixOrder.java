package io.portcullis.policy;

import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.Arrays;
import java.util.Comparator;

/** The order and nesting of blocks. */
final class PrefixOrder {
    /** By family, first address (unsigned), then outer blocks before inner ones. */
    static final Comparator<Cidr> ORDER = Comparator.comparing(Cidr::isV6)
            .thenComparing((one, other) -> compare(
                    one.network().high(),
                    one.network().low(),
                    one.prefixLength(),
                    other.network().high(),
                    other.network().low(),
                    other.prefixLength()));

    private PrefixOrder() {}

    /**
     * The indices of blocks of one family in {@link #ORDER}; equal ones keep their order. A merge sort of primitive numbers, as 50,000
     * objects would cost time in garbage collection.
     */
    static int[] sorted(PackedBlocks blocks) {
        int count = blocks.size();
        int[] sorted = new int[count];
        Arrays.setAll(sorted, i -> i);
        int[] merged = new int[count];
        for (int width = 1; width < count; width *= 2) {
            for (int start = 0; start < count; start += 2 * width) {
                merge(blocks, sorted, merged, start, width);
            }
            int[] last = sorted;
            sorted = merged;
            merged = last;
        }
        return sorted;
    }

    /** Merges two adjacent runs of {@code width} indices each; the second may be shorter, or empty. */
    private static void merge(PackedBlocks blocks, int[] from, int[] to, int start, int width) {
        int middle = Math.min(start + width, from.length);
        int end = Math.min(middle + width, from.length);
        int left = start;
        int right = middle;
        for (int at = start; at < end; at++) {
            boolean takesLeft = right == end || left < middle && compare(blocks, from[left], from[right]) <= 0;
            to[at] = takesLeft ? from[left++] : from[right++];
        }
    }

    private static int compare(PackedBlocks blocks, int one, int other) {
        return compare(
                blocks.high(one),
                blocks.low(one),
                blocks.prefixLength(one),
                blocks.high(other),
                blocks.low(other),
                blocks.prefixLength(other));
    }

    private static int compare(long high, long low, int length, long otherHigh, long otherLow, int otherLength) {
        int byHigh = Long.compareUnsigned(high, otherHigh);
        int byAddress = byHigh != 0 ? byHigh : Long.compareUnsigned(low, otherLow);
        return byAddress != 0 ? byAddress : Integer.compare(length, otherLength);
    }

    /** For each block the index of the smallest enclosing one, or -1; {@code sorted} by {@link #ORDER}, without duplicates. */
    static int[] parents(PackedBlocks sorted) {
        int[] parents = new int[sorted.size()];
        int enclosing = -1;
        for (int i = 0; i < parents.length; i++) {
            while (enclosing >= 0 && !sorted.encloses(enclosing, i)) {
                enclosing = parents[enclosing];
            }
            parents[i] = enclosing;
            enclosing = i;
        }
        return parents;
    }
}
