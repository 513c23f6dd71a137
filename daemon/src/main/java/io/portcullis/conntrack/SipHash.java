package io.portcullis.conntrack;

/**
 * SipHash-1-3 of whole 64-bit words: a keyed hash, so that nobody outside can choose addresses and ports that meet in one
 * bucket (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). One thread only: it keeps its state between steps.
 */
public final class SipHash {
    private static final long LENGTH_BYTES = 48;

    private final long key0;
    private final long key1;
    private long v0;
    private long v1;
    private long v2;
    private long v3;

    /** A hash with a key of its own, two random halves. */
    public SipHash(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** The hash of six words. */
    public long hash(long a, long b, long c, long d, long e, long f) {
        v0 = key0 ^ 0x736f6d6570736575L;
        v1 = key1 ^ 0x646f72616e646f6dL;
        v2 = key0 ^ 0x6c7967656e657261L;
        v3 = key1 ^ 0x7465646279746573L;
        mix(a);
        mix(b);
        mix(c);
        mix(d);
        mix(e);
        mix(f);
        mix(LENGTH_BYTES << 56);
        v2 ^= 0xff;
        round();
        round();
        round();
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private void mix(long word) {
        v3 ^= word;
        round();
        v0 ^= word;
    }

    private void round() {
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
}
