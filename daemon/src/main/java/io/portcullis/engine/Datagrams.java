package io.portcullis.engine;

import io.portcullis.conntrack.SipHash;
import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import java.util.Arrays;

/**
 * The datagrams whose fragments are arriving: which of their bytes have been seen, and what was decided about them. Known by
 * source, destination, protocol, identification, VLAN ids and direction; a chained hash table on a keyed hash, and a list
 * by age, whose head is the first that ends.
 *
 * <p>Datagrams are numbers from 0. All memory is allocated at the start: an attacker fills the table, and no more. A fragment
 * is compared with those of its datagram that came before, {@value #MOST_FRAGMENTS} at the most. One thread only; time is
 * the caller's.
 */
final class Datagrams {
    /** Stands where a datagram's number does. */
    static final int NONE = -1;

    /** Fragments of a datagram at the most; one more condemns it. */
    static final int MOST_FRAGMENTS = 64;

    private static final int KEY_WORDS = 6;
    private static final int V6_BIT = 1 << 8;
    private static final int EGRESS_BIT = 1 << 9;
    private static final int VLANS_SHIFT = 16;

    /** Stands where the ordinal of a reason does. */
    private static final byte UNDECIDED = -1;

    /** In the hash's last word: five words, and an id of 4 bytes. */
    private static final long LENGTH = 44L << 56;

    private final SipHash hash;
    private final long[] key = new long[KEY_WORDS];
    private final int[] buckets;
    private final long[] keys;
    private final int[] bucket;

    /** The next one in the bucket, or the next free one. */
    private final int[] next;

    private final int[] older;
    private final int[] younger;
    private final long[] sinceNs;

    /** Of each fragment where it begins, in the upper half, and where it ends. */
    private final int[] extents;

    private final byte[] count;
    private final int[] seen;
    private final int[] highest;

    /** Where the last fragment ends; 0: not known. */
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
     * None yet.
     *
     * @param key0 random: first half of the hash's key
     * @param key1 random: second half
     * @param most how many there are at once at the most
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

    /** The one that a fragment belongs to, or {@link #NONE}. */
    int find(Packet packet, Direction direction) {
        int index = indexOf(packet, direction);
        int at = buckets[index];
        while (at != NONE && !hasKey(at)) {
            at = next[at];
        }
        return at;
    }

    /** The one that a fragment is the first to arrive of; {@link #NONE} where there are too many. */
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

    /** The one whose first fragment arrived longest ago, or {@link #NONE}. */
    int oldest() {
        return oldest;
    }

    /** When the first of its fragments to arrive did. */
    long sinceNs(int datagram) {
        return sinceNs[datagram];
    }

    Direction direction(int datagram) {
        return (keys[datagram * KEY_WORDS + 4] & EGRESS_BIT) == 0 ? Direction.INGRESS : Direction.EGRESS;
    }

    /**
     * Notes a fragment.
     *
     * @return {@link Reason#NONE}, or why it is dropped: then it is as if it had not been there, or has condemned the datagram
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
        // Of two that say where it ends, one lies past the other's end.
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

    /** What was decided; {@link Reason#NONE}: it passes. */
    Reason verdict(int datagram) {
        return Reason.of(verdict[datagram]);
    }

    void decide(int datagram, Reason reason) {
        verdict[datagram] = (byte) reason.ordinal();
    }

    /** True: all of its bytes have been seen; never of one that is condemned, since the fragment that did it does not count. */
    boolean isComplete(int datagram) {
        return seen[datagram] == end[datagram] && end[datagram] != 0;
    }

    /**
     * It is a TCP segment, and moves its sender's end on.
     *
     * @param tcpPorts of its flow, as {@link io.portcullis.packet.Tuple#selector}
     * @param firstEnd one past the last sequence number of its first fragment
     * @param firstLength bytes of that
     */
    void carriesTcp(int datagram, int tcpPorts, int firstEnd, int firstLength) {
        movesEnd[datagram] = true;
        ports[datagram] = tcpPorts;
        sequenceOfStart[datagram] = firstEnd - firstLength;
    }

    boolean movesEnd(int datagram) {
        return movesEnd[datagram];
    }

    /** {@link #movesEnd}: the ports of its flow. */
    int ports(int datagram) {
        return ports[datagram];
    }

    /** {@link #movesEnd}: one past the last sequence number that has been seen of it. */
    int sequenceEnd(int datagram) {
        return sequenceOfStart[datagram] + highest[datagram];
    }

    /** Fills in the key, for what comes next. */
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
