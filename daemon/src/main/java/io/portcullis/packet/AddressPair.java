package io.portcullis.packet;

/**
 * The hash of a pair of addresses that spreads the flows of an interface over its workers. It is the same for both
 * directions, and the kernel computes it too: {@code port.ring} makes a classic BPF program of what stands here, so there is
 * nothing in it that the 32-bit arithmetic of such a program can't do.
 *
 * <p>Each address is folded by a multilinear hash of its 16-bit pieces, whose multipliers come from the seed (Lemire and
 * Kaser, "Strongly universal string hashing is fast"): whoever does not know the seed can't choose addresses that meet more
 * often than chance has it. Then comes MurmurHash3's finaliser (fmix32), and the two addresses are added before its second
 * multiplication. What is before that keeps them from cancelling out: of a plain sum or exclusive or, all pairs of two
 * subnets that talk one to one could be the same. What is after it makes every bit of the hash as good as any other.
 *
 * <p>Addresses are two big-endian halves, as {@link Packet} and {@link QuotedPacket} have them; IPv4 is the low 32 bits of the low
 * half.
 */
public final class AddressPair {
    /** 16-bit pieces of an address, counted from its first byte; IPv4 is the last two. */
    public static final int PIECES = 8;
    /** How far right each address's sum is shifted before it is exclusive-ored with itself. */
    public static final int FIRST_SHIFT = 16;
    /** What each address's sum is multiplied by then. */
    public static final int FIRST_FACTOR = 0x85ebca6b;
    /** The shift after that. */
    public static final int SECOND_SHIFT = 13;
    /** What the two together are multiplied by. */
    public static final int SECOND_FACTOR = 0xc2b2ae35;
    /** The shift after that. */
    public static final int THIRD_SHIFT = 16;

    private static final int PIECE_BITS = 16;
    private static final int PIECES_OF_HALF = 4;

    /** 2³² divided by the golden ratio: the multipliers are far apart where the seeds are not. */
    private static final int STEP = 0x9e3779b9;

    private AddressPair() {}

    /** What a piece is multiplied by: odd, so that two addresses with one piece that differs never get the same sum. */
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

    /** The hash of a packet's source and destination; it holds where {@link Packet#isIp}. */
    public static int hash(int seed, Packet packet) {
        return hash(seed, packet.sourceHigh(), packet.sourceLow(), packet.destinationHigh(), packet.destinationLow());
    }

    /** The hash of a quoted packet's source and destination: that of the flow which an ICMP error is about. */
    public static int hash(int seed, QuotedPacket quote) {
        return hash(seed, quote.sourceHigh(), quote.sourceLow(), quote.destinationHigh(), quote.destinationLow());
    }

    /**
     * Whose the flows with this hash are: the unsigned remainder, as the kernel takes it (net/packet/af_packet.c,
     * {@code fanout_demux_bpf}).
     *
     * @param workers of them, at least 1
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
