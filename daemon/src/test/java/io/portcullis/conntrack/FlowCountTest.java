package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.net.Direction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packets and bytes of a flow. */
final class FlowCountTest {
    private static final int FLOWS = 4;
    private static final int STEPS = 200_000;

    private final Slab slab = new Slab(memory());

    private static MemorySegment memory() {
        MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(FLOWS), 128);
        new TableHeader(FLOWS, 1, 2, new UUID(0, 0), "", 0, 1, 0).writeTo(memory);
        return memory;
    }

    private void assertCounts(int entry, Direction direction, long packets, long bytes) {
        assertEquals(packets, FlowCount.packets(slab, entry, direction), "packets");
        assertEquals(bytes, FlowCount.bytes(slab, entry, direction), "bytes");
    }

    /** Random frames, among them super-frames with more packets and bytes than the low bits of the counts. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void areTheSumsOfAllFrames(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Direction[] directions = Direction.values();
        long[][] packets = new long[FLOWS][directions.length];
        long[][] bytes = new long[FLOWS][directions.length];
        for (int step = 0; step < STEPS; step++) {
            int entry = random.nextInt(FLOWS);
            Direction direction = directions[random.nextInt(directions.length)];
            int size = random.nextInt(100);
            int morePackets = size == 0 ? random.nextInt(1, 70_000) : size < 20 ? random.nextInt(1, 100) : 1;
            int moreBytes = size == 0 ? random.nextInt(1, 5_000_000) : random.nextInt(60, 66_000);
            FlowCount.add(slab, entry, direction, morePackets, moreBytes);
            packets[entry][direction.ordinal()] += morePackets;
            bytes[entry][direction.ordinal()] += moreBytes;
            assertCounts(entry, direction, packets[entry][direction.ordinal()], bytes[entry][direction.ordinal()]);
        }
        for (int entry = 0; entry < FLOWS; entry++) {
            for (Direction direction : directions) {
                int way = direction.ordinal();
                assertCounts(entry, direction, packets[entry][way], bytes[entry][way]);
            }
        }
    }

    /** At the borders of the low bits: each packet, one after the other. */
    @Test
    void carryAtEveryBorder() {
        for (int packet = 1; packet <= 5_000; packet++) {
            FlowCount.add(slab, 0, Direction.EGRESS, 1, 1_048);
            assertCounts(0, Direction.EGRESS, packet, packet * 1_048L);
            assertCounts(0, Direction.INGRESS, 0, 0);
        }
        FlowCount.add(slab, 1, Direction.INGRESS, 1_023, (1 << 20) - 1);
        assertCounts(1, Direction.INGRESS, 1_023, (1 << 20) - 1);
        FlowCount.add(slab, 1, Direction.INGRESS, 1, 1);
        assertCounts(1, Direction.INGRESS, 1_024, 1 << 20);
        FlowCount.add(slab, 1, Direction.INGRESS, 1_024, 1 << 20);
        assertCounts(1, Direction.INGRESS, 2_048, 2 << 20);
    }

    /** A flow of 4 TiB and 4 billion packets, as a carry finds it. */
    @Test
    void areWideEnoughForMonthsOfTraffic() {
        long record = slab.recordOffset(2) + FlowLayout.INGRESS_HIGH;
        slab.putInt(record + FlowLayout.PACKETS_HIGH, 0x7fff_fffe);
        slab.putInt(record + FlowLayout.BYTES_HIGH, 0xffff_fffe);
        FlowCount.add(slab, 2, Direction.INGRESS, 1_024, 1 << 20);
        assertCounts(2, Direction.INGRESS, 0x7fff_ffffL << 10, 0xffff_ffffL << 20);
    }

    /** Where a crash has fallen between the stores of a carry, the frame is not counted, and counting goes on from there. */
    @Test
    void goOnAfterHalfACarry() {
        FlowCount.add(slab, 3, Direction.INGRESS, 1_000, 1_000_000);
        long record = slab.recordOffset(3) + FlowLayout.INGRESS_HIGH;
        slab.putInt(record + FlowLayout.PACKETS_HIGH, 1);
        slab.putInt(record + FlowLayout.BYTES_HIGH, 1);
        assertCounts(3, Direction.INGRESS, 1_000, 1_000_000);
        FlowCount.add(slab, 3, Direction.INGRESS, 1, 1);
        assertCounts(3, Direction.INGRESS, 1_001, 1_000_001);
        FlowCount.add(slab, 3, Direction.INGRESS, 100, 1);
        assertCounts(3, Direction.INGRESS, 1_101, 1_000_002);
        FlowCount.add(slab, 3, Direction.INGRESS, 1, 100_000);
        assertCounts(3, Direction.INGRESS, 1_102, 1_100_002);
    }
}
