package io.portcullis.policy;

import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** A set of selectors (ports, or type × 256 + code), 0 to 65535, one bit each: 8 KiB. Immutable. */
public final class Selectors {
    private static final int WORDS = 1 << 10;
    private static final int HIGHEST = 0xffff;

    public static final Selectors NONE = new Selectors(new long[WORDS]);
    public static final Selectors ALL = NONE.plus(0, HIGHEST);
    /** The only selector of packets without ports and types. */
    public static final Selectors ZERO = NONE.plus(0, 0);

    private final long[] bits;

    private Selectors(long[] bits) {
        this.bits = bits;
    }

    /** The selectors that packets of a protocol can have. */
    public static Selectors domain(boolean isV6, int protocol) {
        return switch (protocol) {
            case 6, 17, 132 -> ALL;
            case 1 -> isV6 ? ZERO : ALL;
            case 58 -> isV6 ? ALL : ZERO;
            default -> ZERO;
        };
    }

    /** These and a range. */
    Selectors plus(int lowest, int highest) {
        return new Selectors(set(bits.clone(), lowest, highest, true));
    }

    /** Sets or clears a range in {@code bits}. */
    private static long[] set(long[] bits, int lowest, int highest, boolean on) {
        for (int word = lowest >>> 6; word <= highest >>> 6; word++) {
            long mask = -1L;
            mask &= word == lowest >>> 6 ? -1L << lowest : -1L;
            mask &= word == highest >>> 6 ? -1L >>> (63 - highest) : -1L;
            bits[word] = on ? bits[word] | mask : bits[word] & ~mask;
        }
        return bits;
    }

    /** A range that is set or cleared. */
    public record Change(int lowest, int highest, boolean on) {}

    /** These after some changes, applied in order. */
    public Selectors changed(List<Change> changes) {
        long[] result = bits.clone();
        changes.forEach(change -> set(result, change.lowest, change.highest, change.on));
        return new Selectors(result);
    }

    public Selectors or(Selectors other) {
        long[] result = bits.clone();
        for (int i = 0; i < WORDS; i++) {
            result[i] |= other.bits[i];
        }
        return new Selectors(result);
    }

    public Selectors and(Selectors other) {
        if (other.equals(ALL)) {
            return this;
        }
        if (other.equals(ZERO)) {
            return contains(0) ? ZERO : NONE;
        }
        long[] result = bits.clone();
        for (int i = 0; i < WORDS; i++) {
            result[i] &= other.bits[i];
        }
        return new Selectors(result);
    }

    public Selectors without(Selectors other) {
        if (other.isEmpty()) {
            return this;
        }
        long[] result = bits.clone();
        for (int i = 0; i < WORDS; i++) {
            result[i] &= ~other.bits[i];
        }
        return new Selectors(result);
    }

    public boolean isEmpty() {
        return lowest() < 0;
    }

    /** The lowest selector, or -1. */
    public int lowest() {
        for (int i = 0; i < WORDS; i++) {
            if (bits[i] != 0) {
                return i * 64 + Long.numberOfTrailingZeros(bits[i]);
            }
        }
        return -1;
    }

    /** The highest selector, or -1. */
    int highest() {
        for (int i = WORDS - 1; i >= 0; i--) {
            if (bits[i] != 0) {
                return i * 64 + 63 - Long.numberOfLeadingZeros(bits[i]);
            }
        }
        return -1;
    }

    boolean contains(int selector) {
        return (bits[selector >>> 6] >>> selector & 1) != 0;
    }

    /** As ranges, in order. */
    List<PortRange> ranges() {
        List<PortRange> ranges = new ArrayList<>();
        BitSet set = BitSet.valueOf(bits);
        for (int low = set.nextSetBit(0); low >= 0; ) {
            int behind = set.nextClearBit(low);
            ranges.add(new PortRange(low, behind - 1));
            low = set.nextSetBit(behind);
        }
        return ranges;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || other instanceof Selectors set && Arrays.equals(bits, set.bits);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bits);
    }

    @Override
    public String toString() {
        return ranges().toString();
    }
}
