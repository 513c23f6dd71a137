package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.SipHash;
import java.util.Arrays;

/**
 * The table of datagrams with fragments in flight: the byte ranges seen of each, and its verdict. The key is source, destination,
 * protocol, identification, VLAN ids and direction. A chained hash table with a keyed hash, and a list by age: the oldest
 * datagram expires first.
 *
 * <p>Datagrams are numbers from 0. All memory is allocated at the start: an attacker can fill the table, not the heap. A fragment
 * is compared with the earlier ones of its datagram, {@value #MOST_FRAGMENTS} at the most. One thread only; the caller passes the
 * time.
 */
final class Datagrams {
    /** No datagram. */
    static final int NONE = -1;

    /** The most fragments of a datagram; one more condemns it. */
    static final int MOST_FRAGMENTS = 64;

    private static final int KEY_WORDS = 6;
    private static final int V6_BIT = 1 << 8;
    private static final int EGRESS_BIT = 1 << 9;
    private static final int VLANS_SHIFT = 16;

    /** {@link #verdict} before the first fragment, in place of a reason's ordinal. */
    private static final byte UNDECIDED = -1;

    /** Length in the hash's last word, bytes: five words, and an id of 4 bytes. */
    private static final long LENGTH = 44L << 56;

    private final SipHash hash;
    private final long[] key = new long[KEY_WORDS];
    private final int[] buckets;
    private final long[] keys;
    private final int[] bucket;

    /** The next datagram of the bucket, or of the free list. */
    private final int[] next;

    private final int[] older;
    private final int[] younger;
    private final long[] sinceNs;

    /** First byte of each fragment in the upper half, one past its last in the lower. */
    private final int[] extents;

    private final byte[] count;
    private final int[] seen;
    private final int[] highest;

    /** One past the last byte of the last fragment; 0: not known. */
    private final int[] end;

    private final byte[] verdict;
    private final boolean[] condemned;
    private final boolean[] movesEnd;
    private final int[] ports;
    private final int[] sequenceOfStart;
    private int free;
    private int oldest = NONE;
    private int youngest = NONE;
    private int size;

    /**
     * An empty table.
     *
     * @param key0 random: first half of the hash's key
     * @param key1 random: second half
     * @param most datagrams at once
     */
    Datagrams(long key0, long key1, int most) {
        hash = new SipHash(key0, key1);
        buckets = new int[Integer.highestOneBit(most) * 2];
        Arrays.fill(buckets, NONE);
        keys = new long[most * KEY_WORDS];
        bucket = new int[most];
        next = new int[most];
        for (int i = 0; i < most; i++) {
            next[i] = i + 1 < most ? i + 1 : NONE;
        }
        older = new int[most];
        younger = new int[most];
        sinceNs = new long[most];
        extents = new int[most * MOST_FRAGMENTS];
        count = new byte[most];
        seen = new int[most];
        highest = new int[most];
        end = new int[most];
        verdict = new byte[most];
        condemned = new boolean[most];
        movesEnd = new boolean[most];
        ports = new int[most];
        sequenceOfStart = new int[most];
    }

    int size() {
        return size;
    }

    /** The datagram of a fragment, or {@link #NONE}. */
    int find(Packet packet, Direction direction) {
        int index = indexOf(packet, direction);
        int at = buckets[index];
        while (at != NONE && !hasKey(at)) {
            at = next[at];
        }
        return at;
    }

    /** Inserts the datagram of the first fragment to arrive; {@link #NONE}: the table is full. */
    int insert(Packet packet, Direction direction, long nowNs) {
        int datagram = free;
        if (datagram == NONE) {
            return NONE;
        }
        free = next[datagram];
        int index = indexOf(packet, direction);
        bucket[datagram] = index;
        next[datagram] = buckets[index];
        buckets[index] = datagram;
        System.arraycopy(key, 0, keys, datagram * KEY_WORDS, KEY_WORDS);
        older[datagram] = youngest;
        younger[datagram] = NONE;
        if (youngest == NONE) {
            oldest = datagram;
        } else {
            younger[youngest] = datagram;
        }
        youngest = datagram;
        sinceNs[datagram] = nowNs;
        count[datagram] = 0;
        seen[datagram] = 0;
        highest[datagram] = 0;
        end[datagram] = 0;
        verdict[datagram] = UNDECIDED;
        condemned[datagram] = false;
        movesEnd[datagram] = false;
        size++;
        return datagram;
    }

    void remove(int datagram) {
        int index = bucket[datagram];
        if (buckets[index] == datagram) {
            buckets[index] = next[datagram];
        } else {
            int before = buckets[index];
            while (next[before] != datagram) {
                before = next[before];
            }
            next[before] = next[datagram];
        }
        next[datagram] = free;
        free = datagram;
        if (older[datagram] == NONE) {
            oldest = younger[datagram];
        } else {
            younger[older[datagram]] = younger[datagram];
        }
        if (younger[datagram] == NONE) {
            youngest = older[datagram];
        } else {
            older[younger[datagram]] = older[datagram];
        }
        size--;
    }

    /** The datagram that was inserted first, or {@link #NONE}. */
    int oldest() {
        return oldest;
    }

    /** Time when its first fragment arrived. */
    long sinceNs(int datagram) {
        return sinceNs[datagram];
    }

    Direction direction(int datagram) {
        return (keys[datagram * KEY_WORDS + 4] & EGRESS_BIT) == 0 ? Direction.INGRESS : Direction.EGRESS;
    }

    /**
     * Adds a fragment to its datagram.
     *
     * @return {@link Reason#NONE}, or the reason for its drop: then it changes nothing, or it has condemned the datagram
     */
    Reason add(int datagram, Packet packet) {
        if (condemned[datagram]) {
            return Reason.of(verdict[datagram]);
        }
        if (packet.isTiny()) {
            return condemn(datagram, Reason.FRAGMENT_TINY);
        }
        int from = packet.fragmentOffset();
        int to = from + packet.fragmentLength();
        boolean last = !packet.hasMoreFragments();
        int first = datagram * MOST_FRAGMENTS;
        for (int i = first; i < first + count[datagram]; i++) {
            int otherFrom = extents[i] >>> 16;
            int otherTo = extents[i] & 0xffff;
            if (from < otherTo && otherFrom < to) {
                boolean repeats = from == otherFrom && to == otherTo && last == (to == end[datagram]);
                return repeats ? Reason.FRAGMENT_OVERLAP : condemn(datagram, Reason.FRAGMENT_OVERLAP);
            }
        }
        // Of two last fragments, one lies past the end of the other.
        boolean pastEnd = end[datagram] == 0 ? last && to < highest[datagram] : last || to > end[datagram];
        if (pastEnd) {
            return condemn(datagram, Reason.FRAGMENT_OVERLAP);
        }
        if (count[datagram] == MOST_FRAGMENTS) {
            return condemn(datagram, Reason.FRAGMENT_LIMIT);
        }
        extents[first + count[datagram]++] = from << 16 | to;
        seen[datagram] += to - from;
        highest[datagram] = Math.max(highest[datagram], to);
        if (last) {
            end[datagram] = to;
        }
        return Reason.NONE;
    }

    private Reason condemn(int datagram, Reason reason) {
        condemned[datagram] = true;
        verdict[datagram] = (byte) reason.ordinal();
        return reason;
    }

    boolean isCondemned(int datagram) {
        return condemned[datagram];
    }

    boolean isDecided(int datagram) {
        return verdict[datagram] != UNDECIDED;
    }

    /** The verdict of a decided datagram; {@link Reason#NONE}: it passes. */
    Reason verdict(int datagram) {
        return Reason.of(verdict[datagram]);
    }

    void decide(int datagram, Reason reason) {
        verdict[datagram] = (byte) reason.ordinal();
    }

    /** True: all its bytes have been seen. Never for a condemned datagram, as the condemning fragment does not count. */
    boolean isComplete(int datagram) {
        return seen[datagram] == end[datagram] && end[datagram] != 0;
    }

    /**
     * Marks a datagram as a TCP segment with later fragments that advance its sender's end.
     *
     * @param tcpPorts of its flow, as {@link io.portcullis.packet.Tuple#selector}
     * @param firstEnd one past the last sequence number of the first fragment
     * @param firstLength bytes of the first fragment
     */
    void carriesTcp(int datagram, int tcpPorts, int firstEnd, int firstLength) {
        movesEnd[datagram] = true;
        ports[datagram] = tcpPorts;
        sequenceOfStart[datagram] = firstEnd - firstLength;
    }

    boolean movesEnd(int datagram) {
        return movesEnd[datagram];
    }

    /** If {@link #movesEnd}: the ports of its flow. */
    int ports(int datagram) {
        return ports[datagram];
    }

    /** If {@link #movesEnd}: one past the highest sequence number seen of the segment. */
    int sequenceEnd(int datagram) {
        return sequenceOfStart[datagram] + highest[datagram];
    }

    /** The bucket of a fragment's datagram. Fills in {@link #key}. */
    private int indexOf(Packet packet, Direction direction) {
        key[0] = packet.sourceHigh();
        key[1] = packet.sourceLow();
        key[2] = packet.destinationHigh();
        key[3] = packet.destinationLow();
        key[4] = packet.fragmentProtocol()
                | (packet.isV6() ? V6_BIT : 0)
                | (direction == Direction.EGRESS ? EGRESS_BIT : 0)
                | (long) packet.vlans() << VLANS_SHIFT;
        key[5] = packet.datagramId();
        return (int) hash.hash(key[0], key[1], key[2], key[3], key[4], LENGTH | key[5] & 0xffff_ffffL)
                & buckets.length - 1;
    }

    private boolean hasKey(int datagram) {
        int at = datagram * KEY_WORDS;
        return Arrays.equals(keys, at, at + KEY_WORDS, key, 0, KEY_WORDS);
    }
}
