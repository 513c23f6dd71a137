package io.portcullis.conntrack.index;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("property")
final class BitTreeTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 4095, 4096, 4097, 300_000})
    void asASetOfBits(int numbers) {
        SplittableRandom random = new SplittableRandom(numbers);
        BitTree tree = new BitTree(numbers);
        BitSet model = new BitSet();
        for (int step = 0; step < 20_000; step++) {
            int number = random.nextInt(numbers);
            // First mostly empty, then full.
            if (random.nextInt(10) < (step < 10_000 ? 3 : 8)) {
                tree.add(number);
                model.set(number);
            } else {
                tree.remove(number);
                model.clear(number);
            }
            int from = random.nextInt(numbers + 1);
            assertEquals(model.nextSetBit(from), tree.next(from), "from " + from);
        }
        assertEquals(model.nextSetBit(0), tree.next(0));
        for (int number = 0; number < numbers; number++) {
            tree.remove(number);
        }
        assertEquals(-1, tree.next(0));
    }
}
