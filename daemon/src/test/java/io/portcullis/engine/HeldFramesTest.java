package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.packet.Batch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The memory of held frames. */
final class HeldFramesTest {
    private static final int LEAVING = 3;
    private static final int LONGEST = 70_000;

    private final SplittableRandom random = new SplittableRandom(1);

    private byte[] frame(int length) {
        byte[] bytes = new byte[Batch.VNET_HEADER + length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static boolean append(HeldFrames held, int queue, byte[] withHeader, boolean unmarked) {
        Batch batch = new Batch(MemorySegment.ofArray(withHeader), unmarked);
        batch.add(Batch.VNET_HEADER, withHeader.length - Batch.VNET_HEADER);
        return held.append(queue, batch, 0);
    }

    private static byte[] bytes(Batch batch, int i, int before) {
        return batch.memory()
                .asSlice(batch.offset(i) - before, before + batch.length(i))
                .toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void framesLeaveWholeWithTheirVnetHeadersAndTheirVerdict() {
        HeldFrames held = new HeldFrames(1 << 20, 4);
        int[] lengths = {60, 245, 246, 247, 502, 503, 1514, 9014, LONGEST};
        byte[][] frames = new byte[lengths.length][];
        long bytes = 0;
        for (int i = 0; i < lengths.length; i++) {
            frames[i] = frame(lengths[i]);
            bytes += lengths[i];
            assertTrue(append(held, 1, frames[i], false));
        }
        assertEquals(lengths.length, held.frames());
        assertEquals(bytes, held.bytes());
        assertNull(held.take(LEAVING));
        held.moveAll(1, LEAVING, Reason.FRAGMENT_LIMIT);
        assertEquals(0, held.size(1));
        Batch batch = held.take(LEAVING);
        assertNotNull(batch);
        assertFalse(batch.unmarkedOffload());
        assertEquals(lengths.length, batch.size());
        for (int i = 0; i < lengths.length; i++) {
            assertArrayEquals(frames[i], bytes(batch, i, Batch.VNET_HEADER), "length " + lengths[i]);
            assertEquals(Reason.FRAGMENT_LIMIT.ordinal(), batch.reason(i));
            assertFalse(batch.isAccepted(i));
        }
        assertNull(held.take(LEAVING));
        assertEquals(0, held.frames());
        assertEquals(0, held.bytes());
    }

    @Test
    void framesOfBothKindsOfPortKeepTheirOrder() {
        HeldFrames held = new HeldFrames(1 << 20, 4);
        byte[] marked = frame(100);
        byte[] unmarked = frame(100);
        append(held, 0, marked, false);
        append(held, 1, unmarked, true);
        held.moveAll(0, LEAVING, Reason.NONE);
        held.moveAll(1, LEAVING, Reason.NO_RULE);
        held.moveAll(2, LEAVING, Reason.NONE);
        Batch first = held.take(LEAVING);
        assertNotNull(first);
        assertEquals(1, first.size());
        assertTrue(first.isAccepted(0));
        assertArrayEquals(marked, bytes(first, 0, Batch.VNET_HEADER));
        Batch second = held.take(LEAVING);
        assertNotNull(second);
        assertTrue(second.unmarkedOffload());
        assertEquals(1, second.size());
        assertFalse(second.isAccepted(0));
        assertArrayEquals(
                java.util.Arrays.copyOfRange(unmarked, Batch.VNET_HEADER, unmarked.length), bytes(second, 0, 0));
        assertNull(held.take(LEAVING));
    }

    @Test
    void aBatchHoldsSixtyFourAndNoMoreThanItsMemory() {
        HeldFrames held = new HeldFrames(4 << 20, 4);
        for (int i = 0; i < 70; i++) {
            append(held, 0, frame(60), false);
        }
        for (int i = 0; i < 3; i++) {
            append(held, 0, frame(LONGEST), false);
        }
        held.moveAll(0, LEAVING, Reason.NONE);
        int[] expected = {64, 7, 1, 1};
        for (int size : expected) {
            Batch batch = held.take(LEAVING);
            assertNotNull(batch);
            assertEquals(size, batch.size());
        }
        assertNull(held.take(LEAVING));
    }

    @Test
    void theMemoryOfABatchIsUsedToTheLastByte() {
        int half = 64 * 1024 - Batch.VNET_HEADER;
        for (int excess = 0; excess <= 1; excess++) {
            HeldFrames held = new HeldFrames(1 << 20, 4);
            append(held, 0, frame(half), false);
            append(held, 0, frame(half + excess), false);
            held.moveAll(0, LEAVING, Reason.NONE);
            Batch batch = held.take(LEAVING);
            assertNotNull(batch);
            assertEquals(2 - excess, batch.size());
        }
    }

    /** Frames leave in any order: every cell that no frame occupies can be used. */
    @Test
    @Tag("property")
    void noMemoryIsLostAndNoneIsTooMuch() {
        int cells = 64;
        HeldFrames held = new HeldFrames((long) cells * HeldFrames.CELL, 4);
        int[] used = new int[3];
        for (int step = 0; step < 20_000; step++) {
            int queue = random.nextInt(3);
            int needed = random.nextInt(1, 8);
            int length = needed * HeldFrames.CELL - Batch.VNET_HEADER - random.nextInt(HeldFrames.CELL);
            boolean fits = used[0] + used[1] + used[2] + needed <= cells;
            assertEquals(fits, append(held, queue, frame(length), false), "step " + step);
            used[queue] += fits ? needed : 0;
            if (!fits) {
                int leaving = random.nextInt(3);
                held.moveAll(leaving, LEAVING, Reason.NONE);
                while (held.take(LEAVING) != null) {
                    used[leaving] = 0;
                }
            }
        }
        assertFalse(append(new HeldFrames(0, 4), 0, frame(60), false), "where there is no memory");
        assertFalse(append(new HeldFrames(4 << 20, 4), 0, frame(200_000), false), "longer than any frame");
    }
}
