package io.portcullis.conntrack;

import io.portcullis.net.Direction;

/**
 * What has passed of a flow ({@link FlowLayout}).
 *
 * @param ageNs time since its first packet, ns; -1: unknown, as the flow is from a version without statistics
 * @param ingressPackets packets of ingress
 * @param ingressBytes their bytes, from the destination MAC address on
 * @param egressPackets packets of egress
 * @param egressBytes their bytes
 */
public record FlowStatistics(long ageNs, long ingressPackets, long ingressBytes, long egressPackets, long egressBytes) {
    private static final int BYTES_BITS = 48;
    private static final long BYTES_MASK = (1L << BYTES_BITS) - 1;

    static FlowStatistics of(Slab slab, int entry, long nowNs) {
        long at = slab.statistics(entry);
        long first = slab.getLong(at + FlowLayout.FIRST_SEEN);
        long ingress = slab.getLong(at + FlowLayout.INGRESS_COUNTS);
        long egress = slab.getLong(at + FlowLayout.EGRESS_COUNTS);
        return new FlowStatistics(
                first == 0 ? -1 : nowNs - first,
                packets(ingress, slab.getInt(at + FlowLayout.INGRESS_PACKETS_HIGH)),
                ingress & BYTES_MASK,
                packets(egress, slab.getInt(at + FlowLayout.EGRESS_PACKETS_HIGH)),
                egress & BYTES_MASK);
    }

    private static long packets(long counts, int high) {
        return Integer.toUnsignedLong(high) << 16 | counts >>> BYTES_BITS;
    }

    /** Begins the statistics of a new flow. */
    static void begin(Slab slab, int entry, long nowNs) {
        long at = slab.statistics(entry);
        slab.putLong(at + FlowLayout.FIRST_SEEN, nowNs);
        slab.putLong(at + FlowLayout.INGRESS_COUNTS, 0);
        slab.putLong(at + FlowLayout.EGRESS_COUNTS, 0);
        slab.putLong(at + FlowLayout.INGRESS_PACKETS_HIGH, 0);
    }

    /** Counts packets that pass. */
    static void count(Slab slab, int entry, Direction direction, int packets, int bytes) {
        boolean ingress = direction == Direction.INGRESS;
        long at = slab.statistics(entry) + (ingress ? FlowLayout.INGRESS_COUNTS : FlowLayout.EGRESS_COUNTS);
        long before = slab.getLong(at);
        long after = before + ((long) packets << BYTES_BITS) + bytes;
        slab.putLong(at, after);
        if (Long.compareUnsigned(after, before) < 0) {
            long high = slab.statistics(entry)
                    + (ingress ? FlowLayout.INGRESS_PACKETS_HIGH : FlowLayout.EGRESS_PACKETS_HIGH);
            int carried = slab.getInt(high);
            slab.putInt(high, carried + 1);
        }
    }
}
