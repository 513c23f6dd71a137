package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Compares with a test of one block after the other. */
@Tag("property")
final class AddressSetTest {
    private static Address random(Random random, boolean v6) {
        // Few different bits, so that blocks nest and addresses hit.
        long low = random.nextInt(64) | (long) random.nextInt(4) << 30;
        return v6 ? new Address(true, (long) random.nextInt(4) << 62, low) : new Address(false, 0, low & 0xffff_ffffL);
    }

    @Test
    void containsTheAddressesOfItsBlocks() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            List<Cidr> blocks = new ArrayList<>();
            for (int i = random.nextInt(12); i > 0; i--) {
                Address address = random(random, random.nextBoolean());
                int length = random.nextInt(address.bits() + 1);
                blocks.add(new Cidr(address.network(length), length));
            }
            AddressSet set = new AddressSet(blocks);
            for (int i = 0; i < 300; i++) {
                Address address = random(random, random.nextBoolean());
                assertEquals(
                        blocks.stream().anyMatch(block -> block.contains(address)),
                        set.contains(address.isV6(), address.high(), address.low()),
                        () -> address + " in " + blocks + ", seed " + seed);
            }
        }
        assertFalse(new AddressSet(List.of()).contains(false, 0, 1));
    }
}
