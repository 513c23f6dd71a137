package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the order of packed blocks with the library's stable sort. */
@Tag("property")
final class PrefixOrderTest {
    private static final long SEED = 20261129;

    private static Cidr block(Random random, boolean isV6) {
        // Few addresses, of both halves of the unsigned range: many blocks are equal, or lie in one another.
        long bits = (long) random.nextInt(8) << 61;
        int length = random.nextInt(isV6 ? 129 : 33);
        Address address = isV6 ? new Address(true, bits, bits) : new Address(false, 0, bits >>> 32);
        return new Cidr(address.network(length), length);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 7, 8, 9, 1000, 1024, 1025})
    void packedBlocksHaveTheOrderOfTheLibrarysSort(int count) {
        Random random = new Random(SEED + count);
        for (boolean isV6 : new boolean[] {false, true}) {
            List<Cidr> blocks = new ArrayList<>();
            PackedBlocks.Builder packed = new PackedBlocks.Builder();
            for (int i = 0; i < count; i++) {
                blocks.add(block(random, isV6));
                packed.add(blocks.getLast());
            }
            List<Integer> expected = IntStream.range(0, count)
                    .boxed()
                    .sorted(Comparator.comparing(blocks::get, PrefixOrder.ORDER))
                    .toList();
            List<Integer> sorted =
                    Arrays.stream(PrefixOrder.sorted(packed.build())).boxed().toList();
            assertEquals(expected, sorted, () -> "seed " + SEED + ", IPv6 " + isV6);
        }
    }
}
