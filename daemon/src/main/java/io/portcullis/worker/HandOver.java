package io.portcullis.worker;

import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;

/**
 * Passes frames to the workers that they belong to. The kernel spreads frames by their addresses, and an ICMP error by those of
 * the packet that it quotes. But the kernel's program can't read every quote (behind many extension headers, in a fragment), and
 * then the engine finds that the flow is another worker's. Such frames are rare unless an attacker sends them: each costs a copy,
 * and a {@link HandOverQueue} holds a limited number.
 */
@FunctionalInterface
interface HandOver {
    /** For an interface with one worker. */
    HandOver NOBODY = (batch, direction) -> {
        throw new IllegalStateException("a frame of another worker, but there is only one worker");
    };

    /** Copies the frames that are {@link Batch#elsewhere}. On the loop that received them; never waits. */
    void accept(Batch batch, Direction direction);
}
