package io.portcullis.packet;

import io.portcullis.conntrack.FlowLayout;

/**
 * SipHash-1-3 of a flow's key: a keyed hash, so that no sender can choose addresses and ports that collide
 * (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). Its input is words of 64 bits, then a byte with the flags of the
 * key ({@link FlowLayout#KEY_FLAGS}). IPv4: outside and inside address as one word, {@link Tuple#service} as another. IPv6: four
 * words of addresses (outside high, low, inside high, low), then the service.
 */
public final class SipHash {
    private final long key0;
    private final long key1;

    /** A hash with this key, two random halves. */
    public SipHash(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** The hash of a key, folded to 32 bits: upper XOR lower half, 1 in place of 0. */
    public int of(Tuple tuple) {
        return tuple.isV6()
                ? v6(tuple.outsideHigh, tuple.outsideLow, tuple.insideHigh, tuple.insideLow, tuple.service, tuple.flags)
                : v4(tuple.outsideLow, tuple.insideLow, tuple.service, tuple.flags);
    }

    public int v4(long outside, long inside, long service, int keyFlags) {
        return fold(hash(outside << 32 | inside & 0xffff_ffffL, service, 17L << 56 | keyFlags));
    }

    public int v6(long outsideHigh, long outsideLow, long insideHigh, long insideLow, long service, int keyFlags) {
        return fold(hash(outsideHigh, outsideLow, insideHigh, insideLow, service, 41L << 56 | keyFlags));
    }

    private static int fold(long hash) {
        int folded = (int) (hash ^ hash >>> 32);
        return folded == 0 ? 1 : folded;
    }

    /** Hash of two words and SipHash's last word: the length in its upper byte, and the rest of the bytes. */
    public long hash(long a, long b, long last) {
        return hash(3, a, b, last, 0, 0, 0);
    }

    /** Hash of five words and the last word. */
    public long hash(long a, long b, long c, long d, long e, long last) {
        return hash(6, a, b, c, d, e, last);
    }

    // Locals in one method: fields, or a method that returns four values, would cost stores and loads.
    private long hash(int words, long a, long b, long c, long d, long e, long f) {
        long v0 = key0 ^ 0x736f6d6570736575L;
        long v1 = key1 ^ 0x646f72616e646f6dL;
        long v2 = key0 ^ 0x6c7967656e657261L;
        long v3 = key1 ^ 0x7465646279746573L;
        long word = a;
        for (int i = 1; i <= words; i++) {
            v3 ^= word;
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32) + v3;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= word;
            word = switch (i) {
                case 1 -> b;
                case 2 -> c;
                case 3 -> d;
                case 4 -> e;
                default -> f;
            };
        }
        return finish(v0, v1, v2, v3);
    }

    private static long finish(long s0, long s1, long s2, long s3) {
        long v0 = s0;
        long v1 = s1;
        long v2 = s2 ^ 0xff;
        long v3 = s3;
        for (int i = 0; i < 3; i++) {
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32) + v3;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
