package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** A frame has one verdict, the last. */
final class BatchTest {
    private final Batch batch = new Batch(MemorySegment.ofArray(new byte[100]), true);

    BatchTest() {
        batch.add(0, 60);
        batch.add(0, 60);
    }

    private void isHeld() {
        assertTrue(batch.isHeld(1));
        assertFalse(batch.isAccepted(1));
        assertEquals(0, batch.reason(1));
        assertFalse(batch.isHeld(0), "another frame");
    }

    @Test
    void heldIsNeitherAcceptedNorDropped() {
        batch.hold(1);
        isHeld();
        assertEquals(0, batch.accepted());
        batch.drop(1, 3);
        assertFalse(batch.isHeld(1));
        assertEquals(3, batch.reason(1));
        batch.hold(1);
        isHeld();
        batch.accept(1, Batch.NO_RULE);
        assertFalse(batch.isHeld(1));
        assertTrue(batch.isAccepted(1));
        batch.hold(1);
        isHeld();
        batch.wouldDrop(1, 3);
        assertFalse(batch.isHeld(1));
        assertTrue(batch.isAccepted(1));
    }

    @Test
    void aClearedBatchHoldsNothing() {
        batch.hold(1);
        batch.clear();
        batch.add(0, 60);
        batch.add(0, 60);
        assertFalse(batch.isHeld(1));
    }
}
