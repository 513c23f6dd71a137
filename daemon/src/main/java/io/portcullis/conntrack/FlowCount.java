package io.portcullis.conntrack;

import io.portcullis.net.Direction;

/**
 * Packets and bytes of a flow, per direction. The entry has the low bits of both counts in one word, in a cache line that every
 * packet of the flow reads; the flow's record has the high bits, which change once in 1,024 packets or 1 MiB. So hardly any packet
 * needs the record's cache line. (With the whole counts in the record, a packet cost 14 ns more among 10,000 flows and 50 ns more among a million.)
 *
 * <pre>
 * bits of the word
 *  0–9    packets, low    10     lowest of the high bits of packets, once more
 * 11–30   bytes, low      31     lowest of the high bits of bytes, once more
 * </pre>
 *
 * <p>A carry stores the high bits first, then the word. A crash in between leaves high bits that are one too high, which the repeated
 * bit shows. So a packet is counted once or not at all, wherever a crash falls, and its bytes with it. A count of packets is modulo
 * 2^42, of bytes modulo 2^52.
 */
public final class FlowCount {
    private static final int PACKET_BITS = 10;
    private static final int BYTE_BITS = 20;
    private static final int BYTES_SHIFT = PACKET_BITS + 1;
    private static final int MAX_PACKETS = (1 << PACKET_BITS) - 1;
    private static final int MAX_BYTES = (1 << BYTE_BITS) - 1;
    private static final int BYTES_REPEATED = BYTES_SHIFT + BYTE_BITS;

    /** The two repeated bits: a sum that changes neither has no carry. */
    private static final int REPEATED = 1 << PACKET_BITS | 1 << BYTES_REPEATED;

    private FlowCount() {}

    /** Counts packets of one direction, with their bytes. */
    static void add(Slab slab, int entry, Direction direction, int packets, int bytes) {
        long at = wordOf(entry, direction);
        int before = slab.getInt(at);
        int after = before + packets + (bytes << BYTES_SHIFT);
        // One branch: no carry, and no number that is too large for the bits.
        if (((before ^ after) & REPEATED | packets >> PACKET_BITS | bytes >> BYTE_BITS) == 0) {
            slab.putInt(at, after);
        } else {
            addWithCarry(slab, entry, direction, packets, bytes);
        }
    }

    /** A frame with very many packets is counted in several steps, of which a crash may keep the first. */
    private static void addWithCarry(Slab slab, int entry, Direction direction, int packets, int bytes) {
        int packetsLeft = packets;
        int bytesLeft = bytes;
        while ((packetsLeft | bytesLeft) != 0) {
            int somePackets = Math.min(packetsLeft, MAX_PACKETS);
            int someBytes = Math.min(bytesLeft, MAX_BYTES);
            carry(slab, entry, direction, somePackets, someBytes);
            packetsLeft -= somePackets;
            bytesLeft -= someBytes;
        }
    }

    private static void carry(Slab slab, int entry, Direction direction, int packets, int bytes) {
        long at = wordOf(entry, direction);
        long record = recordOf(slab, entry, direction);
        int before = slab.getInt(at);
        int sumOfPackets = (before & MAX_PACKETS) + packets;
        int sumOfBytes = (before >>> BYTES_SHIFT & MAX_BYTES) + bytes;
        int oldPackets = packetsHigh(before, slab.getInt(record + FlowLayout.PACKETS_HIGH));
        int oldBytes = bytesHigh(before, slab.getInt(record + FlowLayout.BYTES_HIGH));
        int newPackets = oldPackets + (sumOfPackets >>> PACKET_BITS);
        int newBytes = oldBytes + (sumOfBytes >>> BYTE_BITS);
        // The word of the carry before this one must not follow these stores.
        slab.fence();
        if (newPackets != oldPackets) {
            slab.putInt(record + FlowLayout.PACKETS_HIGH, newPackets);
        }
        if (newBytes != oldBytes) {
            slab.putInt(record + FlowLayout.BYTES_HIGH, newBytes);
        }
        slab.putIntRelease(at, word(sumOfPackets & MAX_PACKETS, newPackets, sumOfBytes & MAX_BYTES, newBytes));
    }

    /** As {@link #add}, any number at once: in one step, as the entry and its record are saved first. */
    static void addMany(Slab slab, int entry, Direction direction, long packets, long bytes) {
        if (packets >>> PACKET_BITS == 0 && bytes >>> BYTE_BITS == 0) {
            add(slab, entry, direction, (int) packets, (int) bytes);
            return;
        }
        long record = recordOf(slab, entry, direction);
        long allPackets = packets(slab, entry, direction) + packets;
        long allBytes = bytes(slab, entry, direction) + bytes;
        int packetsHigh = (int) (allPackets >>> PACKET_BITS);
        int bytesHigh = (int) (allBytes >>> BYTE_BITS);
        slab.saveUndoWithRecord(entry);
        slab.putInt(record + FlowLayout.PACKETS_HIGH, packetsHigh);
        slab.putInt(record + FlowLayout.BYTES_HIGH, bytesHigh);
        slab.putInt(
                wordOf(entry, direction),
                word((int) allPackets & MAX_PACKETS, packetsHigh, (int) allBytes & MAX_BYTES, bytesHigh));
        slab.dropUndo();
    }

    /** True: the flow has had some packets; of a flow with very many it is sometimes false. Reads the entry's first line only. */
    static boolean isAtLeast(Slab slab, int entry, int packets) {
        return (slab.getInt(wordOf(entry, Direction.INGRESS)) & MAX_PACKETS)
                        + (slab.getInt(wordOf(entry, Direction.EGRESS)) & MAX_PACKETS)
                >= packets;
    }

    private static int word(int packets, int packetsHigh, int bytes, int bytesHigh) {
        return packets | (packetsHigh & 1) << PACKET_BITS | bytes << BYTES_SHIFT | bytesHigh << BYTES_REPEATED;
    }

    /** Packets of one direction. */
    static long packets(Slab slab, int entry, Direction direction) {
        return packets(
                slab.getInt(wordOf(entry, direction)),
                slab.getInt(recordOf(slab, entry, direction) + FlowLayout.PACKETS_HIGH));
    }

    /** Bytes of one direction, from the destination MAC address on. */
    static long bytes(Slab slab, int entry, Direction direction) {
        return bytes(
                slab.getInt(wordOf(entry, direction)),
                slab.getInt(recordOf(slab, entry, direction) + FlowLayout.BYTES_HIGH));
    }

    /**
     * Packets of one direction.
     *
     * @param word of the entry, {@link FlowLayout#INGRESS_COUNT} or {@link FlowLayout#EGRESS_COUNT}
     * @param high of the record, {@link FlowLayout#PACKETS_HIGH} of that direction
     */
    public static long packets(int word, int high) {
        return Integer.toUnsignedLong(packetsHigh(word, high)) << PACKET_BITS | word & MAX_PACKETS;
    }

    /**
     * Bytes of one direction.
     *
     * @param word of the entry, as {@link #packets(int, int)}
     * @param high of the record, {@link FlowLayout#BYTES_HIGH} of that direction
     */
    public static long bytes(int word, int high) {
        return Integer.toUnsignedLong(bytesHigh(word, high)) << BYTE_BITS | word >>> BYTES_SHIFT & MAX_BYTES;
    }

    private static int packetsHigh(int word, int high) {
        return high - ((high ^ word >>> PACKET_BITS) & 1);
    }

    private static int bytesHigh(int word, int high) {
        return high - ((high ^ word >>> BYTES_REPEATED) & 1);
    }

    private static long wordOf(int entry, Direction direction) {
        return Slab.offset(entry)
                + (direction == Direction.INGRESS ? FlowLayout.INGRESS_COUNT : FlowLayout.EGRESS_COUNT);
    }

    /** Where the record has the high bits of one direction. */
    private static long recordOf(Slab slab, int entry, Direction direction) {
        return slab.recordOffset(entry)
                + (direction == Direction.INGRESS ? FlowLayout.INGRESS_HIGH : FlowLayout.EGRESS_HIGH);
    }
}
