package io.portcullis.packet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class InternetChecksumTest {
    private static int folded(byte[] bytes) {
        return InternetChecksum.fold(InternetChecksum.sum(MemorySegment.ofArray(bytes), 0, bytes.length));
    }

    @Test
    void theExampleOfRfc1071() {
        assertEquals(0xddf2, folded(HexFormat.of().parseHex("0001f203f4f5f6f7")));
    }

    @Test
    void anOddLastByteIsTheUpperHalfOfItsWord() {
        assertEquals(0x0100, folded(new byte[] {1}));
        assertEquals(0x0102 + 0x0300, folded(new byte[] {1, 2, 3}));
    }

    @Test
    void nothingSumsToZeroAndOnesToOnes() {
        assertEquals(0, folded(new byte[0]));
        byte[] ones = new byte[65_536];
        Arrays.fill(ones, (byte) -1);
        assertEquals(0xffff, folded(ones));
    }

    @Test
    @Tag("property")
    void asWordByWordAtEveryLengthAndOffset() {
        for (long seed = 1; seed <= 3_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            int from = random.nextInt(bytes.length + 1);
            int to = random.nextInt(from, bytes.length + 1);
            int ours = InternetChecksum.fold(InternetChecksum.sum(MemorySegment.ofArray(bytes), from, to));
            assertEquals(Frame.sum(Arrays.copyOfRange(bytes, from, to)), ours, "seed " + seed);
        }
    }

    @Test
    @Tag("property")
    void theHalvesOfAnAddressSumAsItsBytes() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 1_000; i++) {
            long high = random.nextLong();
            long low = random.nextLong();
            byte[] bytes = new Frame.Octets()
                    .u32((int) (high >>> 32))
                    .u32((int) high)
                    .u32((int) (low >>> 32))
                    .u32((int) low)
                    .toBytes();
            assertEquals(folded(bytes), InternetChecksum.fold(InternetChecksum.sum(high, low)));
        }
    }
}
