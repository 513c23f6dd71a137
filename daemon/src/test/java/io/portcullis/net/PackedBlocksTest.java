package io.portcullis.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PackedBlocksTest {
    private static List<Cidr> random(int count) {
        SplittableRandom random = new SplittableRandom(3);
        List<Cidr> blocks = new ArrayList<>(List.of(Cidr.ALL_V4, Cidr.ALL_V6));
        for (int i = 0; i < count; i++) {
            boolean isV6 = random.nextBoolean();
            // Few different bits, so that blocks nest and repeat.
            long bits = random.nextLong(8);
            Address address = isV6 ? new Address(true, bits << 61, bits << 60) : new Address(false, 0, bits << 29);
            int length = random.nextInt(address.bits() + 1);
            blocks.add(new Cidr(address.network(length), length));
        }
        return blocks;
    }

    @Test
    void answersAsTheObjectsDo() {
        List<Cidr> blocks = random(200);
        PackedBlocks packed = PackedBlocks.of(blocks);
        assertEquals(blocks, packed);
        assertEquals(blocks.stream().filter(Cidr::isV6).count(), packed.count(true));
        for (int one = 0; one < blocks.size(); one++) {
            for (int other = 0; other < blocks.size(); other++) {
                boolean encloses = blocks.get(one).encloses(blocks.get(other));
                assertEquals(encloses, packed.encloses(one, other));
                assertEquals(encloses, packed.isIn(other, blocks.get(one)));
                assertEquals(blocks.get(one).equals(blocks.get(other)), packed.areEqual(one, other));
            }
        }
    }

    @Test
    void isEqualToAListOfTheSameBlocks() {
        List<Cidr> blocks = random(50);
        PackedBlocks packed = PackedBlocks.of(blocks);
        assertEquals(packed, blocks);
        assertEquals(packed.hashCode(), blocks.hashCode());
        assertEquals(packed, PackedBlocks.of(List.copyOf(blocks)));
        assertNotEquals(packed, PackedBlocks.of(blocks.reversed()));
        assertNotEquals(packed, PackedBlocks.of(blocks.subList(1, blocks.size())));
    }
}
