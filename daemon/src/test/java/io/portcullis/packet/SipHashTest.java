package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.IpProtocol;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares the table's hash with a simple SipHash-c-d of any bytes, and that one with the published vectors. */
final class SipHashTest {
    /** SipHash with {@code c} rounds a word and {@code d} at the end, as its paper writes it. */
    private static final class Reference {
        private final long[] v = new long[4];

        private void round() {
            v[0] += v[1];
            v[1] = Long.rotateLeft(v[1], 13);
            v[1] ^= v[0];
            v[0] = Long.rotateLeft(v[0], 32);
            v[2] += v[3];
            v[3] = Long.rotateLeft(v[3], 16);
            v[3] ^= v[2];
            v[0] += v[3];
            v[3] = Long.rotateLeft(v[3], 21);
            v[3] ^= v[0];
            v[2] += v[1];
            v[1] = Long.rotateLeft(v[1], 17);
            v[1] ^= v[2];
            v[2] = Long.rotateLeft(v[2], 32);
        }

        private void rounds(int count) {
            for (int i = 0; i < count; i++) {
                round();
            }
        }

        long hash(int c, int d, long key0, long key1, byte[] bytes) {
            v[0] = key0 ^ 0x736f6d6570736575L;
            v[1] = key1 ^ 0x646f72616e646f6dL;
            v[2] = key0 ^ 0x6c7967656e657261L;
            v[3] = key1 ^ 0x7465646279746573L;
            for (int at = 0; at <= bytes.length; at += 8) {
                long word = 0;
                for (int i = 0; i < 8 && at + i < bytes.length; i++) {
                    word |= (bytes[at + i] & 0xffL) << 8 * i;
                }
                if (bytes.length - at < 8) {
                    word |= (long) bytes.length << 56;
                }
                v[3] ^= word;
                rounds(c);
                v[0] ^= word;
            }
            v[2] ^= 0xff;
            rounds(d);
            return v[0] ^ v[1] ^ v[2] ^ v[3];
        }
    }

    private static final long KEY_0 = 0x0706050403020100L;
    private static final long KEY_1 = 0x0f0e0d0c0b0a0908L;

    private static byte[] counting(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    /** From the authors' vectors: key 00 to 0f, input 00, 01, …; the output as bytes, the lowest first. */
    @ParameterizedTest
    @CsvSource({
        "2, 4, 0, 310e0edd47db6f72",
        "2, 4, 1, fd67dc93c539f874",
        "2, 4, 2, 5a4fa9d909806c0d",
        "2, 4, 3, 2d7efbd796666785",
        "2, 4, 7, 37d1018bf50002ab",
        "2, 4, 8, 6224939a79f5f593",
        "2, 4, 15, e545be4961ca29a1",
        "1, 3, 0, dcc40f055801acab",
    })
    void theReferenceGivesThePublishedVectors(int c, int d, int length, String expected) {
        long hash = new Reference().hash(c, d, KEY_0, KEY_1, counting(length));
        assertEquals(expected, HexFormat.of().toHexDigits(Long.reverseBytes(hash)));
    }

    private static byte[] bytes(int length, long... words) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (words[i / 8] >>> 8 * (i % 8));
        }
        return bytes;
    }

    @Test
    @Tag("property")
    void theShortFormIsOfSeventeenBytesAndTheLongOneOfFortyOne() {
        for (long seed = 1; seed <= 10_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long[] words = new long[5];
            for (int i = 0; i < words.length; i++) {
                words[i] = random.nextInt(3) == 0 ? random.nextInt(4) : random.nextLong();
            }
            int marks = random.nextInt(4);
            long key0 = random.nextLong();
            long key1 = random.nextLong();
            SipHash hash = new SipHash(key0, key1);
            assertEquals(
                    new Reference().hash(1, 3, key0, key1, bytes(17, words[0], words[1], marks)),
                    hash.hash(words[0], words[1], 17L << 56 | marks),
                    "seed " + seed);
            assertEquals(
                    new Reference()
                            .hash(1, 3, key0, key1, bytes(41, words[0], words[1], words[2], words[3], words[4], marks)),
                    hash.hash(words[0], words[1], words[2], words[3], words[4], 41L << 56 | marks),
                    "seed " + seed);
        }
    }

    @Test
    void everyPartOfAKeyCounts() {
        SipHash hash = new SipHash(KEY_0, KEY_1);
        Set<Integer> hashes = new HashSet<>();
        for (int part = 0; part < 8; part++) {
            Tuple tuple = new Tuple();
            tuple.flags = Tuple.V6;
            int protocol = IpProtocol.TCP;
            int vlans = 0;
            int selector = 0;
            switch (part) {
                case 0 -> tuple.outsideHigh = 1;
                case 1 -> tuple.outsideLow = 1;
                case 2 -> tuple.insideHigh = 1;
                case 3 -> tuple.insideLow = 1;
                case 4 -> selector = 1;
                case 5 -> protocol = IpProtocol.UDP;
                case 6 -> tuple.flags |= Tuple.REQUEST_FROM_INSIDE;
                default -> vlans = 1;
            }
            tuple.service = Tuple.service(protocol, vlans, selector);
            assertTrue(hashes.add(hash.of(tuple)), "part " + part);
        }
    }
}
