package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TcpOptionsTest {
    private final TcpOptions options = new TcpOptions();

    private TcpOptions read(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        options.read(MemorySegment.ofArray(bytes), 0, bytes.length);
        return options;
    }

    @ParameterizedTest
    @CsvSource({
        "'', -1",
        "030300, 0",
        "030307, 7",
        "03030e, 14",
        "03030f, 14", // RFC 7323: more than 14 counts as 14
        "0303ff, 14",
        "020405b401030308, 8",
        "01010101030302, 2",
        "00030307, -1", // behind the end of the list
        "030207, -1", // a scale has three bytes
        "0304070000, -1",
        "0303, -1", // cut
        "03, -1",
        "0200030307, -1", // a length that does not count itself ends the reading
        "020a030307, -1", // and so does one beyond the header
    })
    void windowScale(String hex, int scale) {
        assertEquals(scale, read(hex).windowScale());
    }

    @Test
    void sackPermitted() {
        assertTrue(read("0402").isSackPermitted());
        assertTrue(read("020405b40402080a0000000000000000").isSackPermitted());
        assertFalse(read("040300").isSackPermitted());
        assertFalse(read("").isSackPermitted(), "what the segment before said is forgotten");
    }

    @Test
    void withoutSackTheAcknowledgmentItselfIsTheHighest() {
        assertEquals(5, read("030307").highestAcknowledged(5));
        assertEquals(5, read("0502").highestAcknowledged(5));
    }

    @Test
    void theHighestRightEdgeOfAllBlocks() {
        String blocks = "0101051a" + "00000064" + "000000c8" + "000003e8" + "000007d0" + "0000012c" + "00000190";
        assertEquals(2000, read(blocks).highestAcknowledged(50));
        assertEquals(3000, read(blocks).highestAcknowledged(3000), "below the acknowledgment: a duplicate (RFC 2883)");
    }

    @Test
    void sackAcrossTheWrap() {
        assertEquals(0x10, read("050afffffff000000010").highestAcknowledged(0xffffff00));
        assertEquals(0x20, read("0512fffffff00000001000000018" + "00000020").highestAcknowledged(0xffffff00));
    }

    @Test
    void aBlockWithoutItsEndIsNone() {
        assertEquals(1, read("0509000000640000").highestAcknowledged(1));
        assertEquals(200, read("050e" + "00000064000000c8" + "00000000").highestAcknowledged(1));
    }

    @Test
    @Tag("property")
    void randomBytesAreReadWithinTheirBounds() {
        for (long seed = 1; seed <= 50_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] bytes = new byte[random.nextInt(41)];
            random.nextBytes(bytes);
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = random.nextBoolean() ? (byte) random.nextInt(12) : bytes[i];
            }
            options.read(MemorySegment.ofArray(bytes), 0, bytes.length);
            int scale = options.windowScale();
            assertTrue(scale >= TcpOptions.ABSENT && scale <= 14, "seed " + seed + ": scale " + scale);
        }
    }
}
