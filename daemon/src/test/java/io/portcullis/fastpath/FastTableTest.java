package io.portcullis.fastpath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The index and the words of the shared memory. */
final class FastTableTest {
    private static final int LINES = 16;

    private final MemorySegment memory = Arena.ofAuto().allocate(FastLayout.bytes(LINES), 64);
    private final FastTable table = FastTable.open(memory, LINES, 1, 2);

    private long slot(int number) {
        return memory.get(FastTable.LONG, FastLayout.slot(number));
    }

    @Test
    void aHashHasItsSlotAndSevenBehindIt() {
        for (int line = 0; line < FastLayout.PROBES; line++) {
            assertTrue(table.add(line, 1));
            assertEquals(1L << 32 | line + 1, slot(line));
        }
        assertFalse(table.add(FastLayout.PROBES, 1), "all are taken");
        table.remove(3);
        assertEquals(0, slot(3));
        assertTrue(table.add(FastLayout.PROBES, 1), "a hole is used again");
        assertEquals(1L << 32 | FastLayout.PROBES + 1, slot(3));
    }

    @Test
    void theLastSlotsDoNotWrap() {
        int slots = FastLayout.slots(LINES);
        assertTrue(table.add(0, -1));
        assertEquals(0xffff_ffff_0000_0001L, slot(slots - 1));
        assertFalse(table.add(1, -1));
        assertEquals(0, table.grant(0), "the first line is behind the last slot");
    }

    @Test
    void aGrantIsValidFromItsEpochOnAndForItsCounts() {
        table.grant(2, table.epoch(), 0, 0);
        assertTrue(table.isValid(2));
        table.epoch(FastTable.after(table.epoch()));
        assertFalse(table.isValid(2));
        table.raise(2, table.epoch());
        assertTrue(table.isValid(2));
        table.putInt(2, FastLayout.EGRESS_UP, 1);
        assertFalse(table.isValid(2));
        table.grant(2, table.epoch(), 1 << FastLayout.COUNT_BITS, 1);
        assertTrue(table.isValid(2), "counts are modulo 2^24");
        table.withdraw(2);
        assertFalse(table.isValid(2));
    }

    @Test
    void theEpochIsNever0() {
        table.epoch(0xffff);
        table.grant(2, FastTable.after(0xffff), 0, 0);
        assertTrue(table.isValid(2), "it is later");
        table.epoch(FastTable.after(table.epoch()));
        assertEquals(1, table.epoch());
        assertTrue(table.isValid(2));
    }

    @Test
    void joinsKeepTheLaterSequenceAndTheWiderWindow() {
        table.putInt(1, 64, -10);
        table.joinLater(1, 64, 10);
        assertEquals(10, table.getInt(1, 64));
        table.joinLater(1, 64, -10);
        assertEquals(10, table.getInt(1, 64));
        table.joinWider(1, 72, 5);
        table.joinWider(1, 72, 4);
        assertEquals(5, table.getInt(1, 72));
    }
}
