package io.portcullis.worker;

import io.portcullis.packet.Batch;
import io.portcullis.packet.Direction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Gives frames to the workers that they belong to. The kernel spreads frames by their addresses; an ICMP error goes where the
 * packet that it quotes would go, but the kernel's program can't read every quote (behind many extension headers, in a
 * fragment), and then the engine finds that the flow is another worker's. Rare, so it may cost a copy.
 */
@FunctionalInterface
interface HandOver {
    /** Where there is nobody else. */
    HandOver NOBODY = (batch, direction) -> {
        throw new IllegalStateException("a frame of another worker, and there is none");
    };

    /** Takes copies of the frames that are {@link Batch#elsewhere}. On the loop that received them; never waits. */
    void accept(Batch batch, Direction direction);

    /**
     * One frame on its way.
     *
     * @param batch it alone, in memory of its own
     * @param direction in which it travels
     */
    record Frame(Batch batch, Direction direction) {
        /** A copy of frame {@code i} of a batch whose frames have vnet headers. */
        static Frame copy(Batch batch, int i, Direction direction) {
            int length = batch.length(i);
            MemorySegment memory = Arena.ofAuto().allocate(Batch.VNET_HEADER + length, Long.BYTES);
            MemorySegment.copy(
                    batch.memory(), batch.offset(i) - Batch.VNET_HEADER, memory, 0, Batch.VNET_HEADER + length);
            Batch alone = new Batch(memory, false);
            alone.add(Batch.VNET_HEADER, length);
            switch (batch.checksum(i)) {
                case UNKNOWN -> {
                    // Nothing to say of it.
                }
                case VERIFIED -> alone.verified();
                case PARTIAL -> alone.partial(batch.checksumStart(i), batch.checksumField(i));
            }
            if (batch.segmentLength(i) != 0) {
                alone.segments(batch.segmentLength(i));
            }
            return new Frame(alone, direction);
        }
    }
}
