package io.portcullis.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class AutoFlowsTest {
    private static final long MIB = 1 << 20;
    private static final long PLENTY = 1L << 50;

    @Test
    void aQuarterOfTheFreeSpaceAnEighthOfTheMemoryAQuarterOfTheHeap() {
        assertEquals(100 * MIB / 4 / 160, AutoFlows.flows(100 * MIB, PLENTY, PLENTY, 0));
        assertEquals(512 * MIB / 8 / 195, AutoFlows.flows(PLENTY, 512 * MIB, PLENTY, 0));
        assertEquals(256 * MIB / 4 / 13, AutoFlows.flows(PLENTY, PLENTY, 256 * MIB, 0));
    }

    /** 512 MiB of memory, a tmpfs of a tenth of it, a heap of a quarter. */
    @Test
    void aSmallHostKeepsItsMemory() {
        long flows = AutoFlows.flows(51 * MIB, 512 * MIB, 128 * MIB, 0);
        assertTrue(flows >= 80_000, flows + " flows are few");
        assertTrue(flows * 195 <= 512 * MIB / 8, flows + " flows starve it");
    }

    @Test
    void existingTablesCount() {
        assertEquals(0, AutoFlows.flows(PLENTY, 512 * MIB, PLENTY, 1_000_000));
        assertEquals(512 * MIB / 8 / 195 - 1000, AutoFlows.flows(PLENTY, 512 * MIB, PLENTY, 1000));
    }
}
