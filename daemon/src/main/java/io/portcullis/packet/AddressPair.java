package io.portcullis.packet;

/**
 * The hash of a pair of addresses, by which the flows of an interface are distributed over its workers. It is the same for both directions.
 * The kernel computes it too: {@code port.ring} generates a classic BPF program from these constants, so only the 32-bit arithmetic of such
 * a program is used.
 *
 * <p>Each address is folded by a multilinear hash of its 16-bit pieces; the multipliers come from the seed (Lemire and Kaser, "Strongly
 * universal string hashing is fast"). Without the seed nobody can choose addresses that collide more often than by chance. The finaliser of
 * MurmurHash3 (fmix32) follows; the two addresses are added before its second multiplication. The steps before the addition keep the
 * addresses from cancelling out: with a plain sum or exclusive or, all pairs of two subnets that talk one to one could have the same hash.
 * The steps after it make every bit of the hash as good as any other.
 *
 * <p>Addresses are two big-endian halves, as in {@link Packet} and {@link QuotedPacket}; IPv4 is the low 32 bits of the low half.
 */
public final class AddressPair {
    /** 16-bit pieces of an address, counted from its first byte; IPv4 is the last two. */
    public static final int PIECES = 8;
    /** First step for the sum of each address: exclusive or with itself, shifted right by so many bits. */
    public static final int FIRST_SHIFT = 16;
    /** Factor of the multiplication after that. */
    public static final int FIRST_FACTOR = 0x85ebca6b;
    /** Shift after that, as the first. */
    public static final int SECOND_SHIFT = 13;
    /** Factor for the sum of both. */
    public static final int SECOND_FACTOR = 0xc2b2ae35;
    /** Shift after that, as the first. */
    public static final int THIRD_SHIFT = 16;

    private static final int PIECE_BITS = 16;
    private static final int PIECES_OF_HALF = 4;

    /** 2³² divided by the golden ratio: close seeds give multipliers far apart. */
    private static final int STEP = 0x9e3779b9;

    private AddressPair() {}

    /** The multiplier of a piece: odd, so that two addresses that differ in one piece never have the same sum. */
    public static int multiplier(int seed, int piece) {
        return second(first(seed + (piece + 1) * STEP)) | 1;
    }

    /** The hash of two addresses, in either order. */
    public static int hash(int seed, long high, long low, long otherHigh, long otherLow) {
        int sum = 0;
        int otherSum = 0;
        for (int piece = 0; piece < PIECES; piece++) {
            int multiplier = multiplier(seed, piece);
            sum += multiplier * piece(high, low, piece);
            otherSum += multiplier * piece(otherHigh, otherLow, piece);
        }
        return second(first(sum) + first(otherSum));
    }

    /** The hash of a packet's source and destination; only where {@link Packet#isIp}. */
    public static int hash(int seed, Packet packet) {
        return hash(seed, packet.sourceHigh(), packet.sourceLow(), packet.destinationHigh(), packet.destinationLow());
    }

    /** The hash of a quoted packet's source and destination, and so of the flow that an ICMP error is about. */
    public static int hash(int seed, QuotedPacket quote) {
        return hash(seed, quote.sourceHigh(), quote.sourceLow(), quote.destinationHigh(), quote.destinationLow());
    }

    /**
     * The worker of the flows with this hash: the unsigned remainder, as in the kernel (net/packet/af_packet.c, {@code fanout_demux_bpf}).
     *
     * @param workers their number, at least 1
     * @return 0 to {@code workers} - 1
     */
    public static int worker(int hash, int workers) {
        return Integer.remainderUnsigned(hash, workers);
    }

    private static int piece(long high, long low, int piece) {
        long half = piece < PIECES_OF_HALF ? high : low;
        int after = PIECES_OF_HALF - 1 - piece % PIECES_OF_HALF;
        return (int) (half >>> after * PIECE_BITS) & 0xffff;
    }

    private static int first(int sum) {
        int mixed = (sum ^ sum >>> FIRST_SHIFT) * FIRST_FACTOR;
        return mixed ^ mixed >>> SECOND_SHIFT;
    }

    private static int second(int sum) {
        int mixed = sum * SECOND_FACTOR;
        return mixed ^ mixed >>> THIRD_SHIFT;
    }
}
