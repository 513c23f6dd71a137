package io.portcullis.policy;

import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Addresses of both families as sorted, disjoint intervals. Lookup takes logarithmic time; used on the datapath. Immutable. */
final class AddressSet {
    private final long[] v4First;
    private final long[] v4Last;
    private final long[] v6FirstHigh;
    private final long[] v6FirstLow;
    private final long[] v6LastHigh;
    private final long[] v6LastLow;

    AddressSet(List<Cidr> blocks) {
        // Blocks nest or are disjoint: a block inside another one is redundant.
        List<Cidr> v4 = outermost(blocks.stream().filter(cidr -> !cidr.isV6()).toList());
        List<Cidr> v6 = outermost(blocks.stream().filter(Cidr::isV6).toList());
        v4First = v4.stream().mapToLong(cidr -> cidr.network().low()).toArray();
        v4Last = v4.stream()
                .mapToLong(cidr -> cidr.network().low() | lowerBits(32 - cidr.prefixLength()))
                .toArray();
        v6FirstHigh = v6.stream().mapToLong(cidr -> cidr.network().high()).toArray();
        v6FirstLow = v6.stream().mapToLong(cidr -> cidr.network().low()).toArray();
        v6LastHigh = v6.stream()
                .mapToLong(cidr -> cidr.network().high() | lowerBits(64 - Math.min(64, cidr.prefixLength())))
                .toArray();
        v6LastLow = v6.stream()
                .mapToLong(cidr -> cidr.network().low() | lowerBits(128 - Math.max(64, cidr.prefixLength())))
                .toArray();
    }

    private static long lowerBits(int count) {
        return count == 0 ? 0 : -1L >>> (64 - count);
    }

    private static List<Cidr> outermost(List<Cidr> blocks) {
        List<Cidr> sorted = blocks.stream()
                .sorted(Comparator.<Cidr>comparingLong(cidr -> cidr.network().high() ^ Long.MIN_VALUE)
                        .thenComparingLong(cidr -> cidr.network().low() ^ Long.MIN_VALUE)
                        .thenComparingInt(Cidr::prefixLength))
                .toList();
        List<Cidr> kept = new ArrayList<>();
        for (Cidr block : sorted) {
            if (kept.isEmpty() || !kept.getLast().encloses(block)) {
                kept.add(block);
            }
        }
        return kept;
    }

    /**
     * True for an address of the set.
     *
     * @param high 0 for IPv4
     * @param low IPv4 in its low 32 bits
     */
    boolean contains(boolean v6, long high, long low) {
        return v6 ? containsV6(high, low) : containsV4(low);
    }

    private boolean containsV4(long address) {
        int from = 0;
        int to = v4First.length - 1;
        while (from <= to) {
            int middle = (from + to) >>> 1;
            if (address < v4First[middle]) {
                to = middle - 1;
            } else if (address > v4Last[middle]) {
                from = middle + 1;
            } else {
                return true;
            }
        }
        return false;
    }

    private boolean containsV6(long high, long low) {
        int from = 0;
        int to = v6FirstHigh.length - 1;
        while (from <= to) {
            int middle = (from + to) >>> 1;
            if (isBelow(high, low, v6FirstHigh[middle], v6FirstLow[middle])) {
                to = middle - 1;
            } else if (isBelow(v6LastHigh[middle], v6LastLow[middle], high, low)) {
                from = middle + 1;
            } else {
                return true;
            }
        }
        return false;
    }

    private static boolean isBelow(long high, long low, long otherHigh, long otherLow) {
        int order = Long.compareUnsigned(high, otherHigh);
        return order < 0 || order == 0 && Long.compareUnsigned(low, otherLow) < 0;
    }
}
