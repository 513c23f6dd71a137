package io.portcullis.net;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;

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

        /** Appends a block. */
        public void add(Cidr block) {
            if (size == lengths.length) {
                highs = Arrays.copyOf(highs, 2 * size);
                lows = Arrays.copyOf(lows, 2 * size);
                lengths = Arrays.copyOf(lengths, 2 * size);
            }
            highs[size] = block.network().high();
            lows[size] = block.network().low();
            lengths[size] = (short) (block.prefixLength() | (block.isV6() ? V6 : 0));
            size++;
        }

        /** The blocks added so far. */
        public PackedBlocks build() {
            return new PackedBlocks(
                    Arrays.copyOf(highs, size), Arrays.copyOf(lows, size), Arrays.copyOf(lengths, size));
        }
    }

    /** A list of the same blocks. */
    public static PackedBlocks of(List<Cidr> blocks) {
        if (blocks instanceof PackedBlocks packed) {
            return packed;
        }
        Builder builder = new Builder();
        blocks.forEach(builder::add);
        return builder.build();
    }

    @Override
    public Cidr get(int index) {
        Address network = new Address((lengths[index] & V6) != 0, highs[index], lows[index]);
        return new Cidr(network, prefixLength(index));
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
}
