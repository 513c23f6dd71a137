package io.portcullis.net;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collection;

/**
 * A list of blocks in three arrays, 18 bytes a block. {@link #get} makes a new object each time, so the collector sees three
 * objects for a list of 50,000, not 100,000. Immutable.
 */
public final class PackedBlocks extends AbstractList<Cidr> {
    private static final int V6 = 0x100;

    private final long[] highs;
    private final long[] lows;
    /** Prefix length, and {@link #V6}. */
    private final short[] lengths;

    private PackedBlocks(long[] highs, long[] lows, short[] lengths) {
        this.highs = highs;
        this.lows = lows;
        this.lengths = lengths;
    }

    /** Collects blocks. One thread only. */
    public static final class Builder {
        private static final int INITIAL_SIZE = 4;

        private long[] highs = new long[INITIAL_SIZE];
        private long[] lows = new long[INITIAL_SIZE];
        private short[] lengths = new short[INITIAL_SIZE];
        private int size;

        /** Makes space for a number of blocks that follow. */
        public void reserve(int count) {
            if (size + count > lengths.length) {
                resize(Math.max(size + count, size + size / 2));
            }
        }

        private void resize(int capacity) {
            highs = Arrays.copyOf(highs, capacity);
            lows = Arrays.copyOf(lows, capacity);
            lengths = Arrays.copyOf(lengths, capacity);
        }

        /** Appends a block. */
        public void add(Cidr block) {
            add(block.isV6(), block.network().high(), block.network().low(), block.prefixLength());
        }

        /** Appends a block, without its object: the caller has checked that its {@link Cidr} is valid. */
        public void add(boolean isV6, long high, long low, int prefixLength) {
            add(high, low, (short) (prefixLength | (isV6 ? V6 : 0)));
        }

        /** Appends a block of a list. */
        public void add(PackedBlocks list, int index) {
            add(list.highs[index], list.lows[index], list.lengths[index]);
        }

        private void add(long high, long low, short length) {
            if (size == lengths.length) {
                resize(2 * size);
            }
            highs[size] = high;
            lows[size] = low;
            lengths[size] = length;
            size++;
        }

        /** The blocks. Nothing can be added after this. */
        public PackedBlocks build() {
            if (size < lengths.length) {
                resize(size);
            }
            return new PackedBlocks(highs, lows, lengths);
        }
    }

    /** A list of the same blocks. */
    public static PackedBlocks of(Collection<Cidr> blocks) {
        if (blocks instanceof PackedBlocks packed) {
            return packed;
        }
        Builder builder = new Builder();
        builder.reserve(blocks.size());
        blocks.forEach(builder::add);
        return builder.build();
    }

    @Override
    public Cidr get(int index) {
        Address network = new Address(isV6(index), highs[index], lows[index]);
        return new Cidr(network, prefixLength(index));
    }

    /** True: a block is IPv6. */
    public boolean isV6(int index) {
        return (lengths[index] & V6) != 0;
    }

    /** The number of blocks of one family. */
    public int count(boolean isV6) {
        int count = 0;
        for (short length : lengths) {
            count += (length & V6) != 0 == isV6 ? 1 : 0;
        }
        return count;
    }

    /** True if one block of the list has every address of another. */
    public boolean encloses(int outer, int inner) {
        return isIn(inner, isV6(outer), highs[outer], lows[outer], prefixLength(outer));
    }

    /** True if {@code outer} has every address of a block of the list. */
    public boolean isIn(int index, Cidr outer) {
        Address network = outer.network();
        return isIn(index, network.isV6(), network.high(), network.low(), outer.prefixLength());
    }

    private boolean isIn(int index, boolean isV6, long high, long low, int prefixLength) {
        return prefixLength <= prefixLength(index)
                && isV6 == isV6(index)
                && Address.isZero(isV6, high ^ highs[index], low ^ lows[index], prefixLength);
    }

    /** True if two blocks of the list are equal. */
    public boolean areEqual(int one, int other) {
        return highs[one] == highs[other] && lows[one] == lows[other] && lengths[one] == lengths[other];
    }

    /** The upper half of a block's address; 0 for IPv4. */
    public long high(int index) {
        return highs[index];
    }

    /** The lower half of a block's address. */
    public long low(int index) {
        return lows[index];
    }

    /** Bits of a block's prefix. */
    public int prefixLength(int index) {
        return lengths[index] & (V6 - 1);
    }

    @Override
    public int size() {
        return lengths.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PackedBlocks that
                ? Arrays.equals(lengths, that.lengths)
                        && Arrays.equals(highs, that.highs)
                        && Arrays.equals(lows, that.lows)
                : super.equals(other);
    }

    @Override
    public int hashCode() {
        return super.hashCode();
    }
}
