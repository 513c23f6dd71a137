package io.portcullis.worker;

import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;

/**
 * Gives frames to the workers that they belong to. The kernel spreads frames by their addresses; an ICMP error goes where the
 * packet that it quotes would go, but the kernel's program can't read every quote (behind many extension headers, in a
 * fragment), and then the engine finds that the flow is another worker's. Rare, unless somebody makes it happen: so it costs
 * a copy, and no more of them than {@link HandOverQueue} has places.
 */
@FunctionalInterface
interface HandOver {
    /** Where there is nobody else. */
    HandOver NOBODY = (batch, direction) -> {
        throw new IllegalStateException("a frame of another worker, and there is none");
    };

    /** Takes copies of the frames that are {@link Batch#elsewhere}. On the loop that received them; never waits. */
    void accept(Batch batch, Direction direction);
}
