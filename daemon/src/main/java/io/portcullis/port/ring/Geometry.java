package io.portcullis.port.ring;

import io.portcullis.linux.packet.PacketSocket;

/** The sizes of the rings of an interface. */
final class Geometry {
    /** Bytes: holds a frame of an MTU of 1,500 with its tags, and 76 bytes of the kernel's headers. */
    static final int SLOT = 2_048;

    /**
     * Slots of all workers of a NIC together: 16 MiB, or 12 ms at the highest rate measured without loss on two cores (680,000
     * frames a second). The scheduler may give a core to another thread for 8 ms.
     */
    static final int SLOTS = 8_192;

    /** Most bytes of all rings of an interface, which has two NICs. */
    private static final long INTERFACE_BYTES = 40L << 20;

    /** Slots in a block that the kernel allocates in one piece. */
    private static final int BLOCK_SLOTS = PacketSocket.BLOCK / SLOT;

    /**
     * Bytes for whole copies of frames longer than a slot, of all workers together. One batch of a single worker has at least 15
     * super-frames of 64 KiB: more would save few system calls and use more of the cache.
     */
    private static final int SIDE = 1 << 20;

    /** Bytes: holds one super-frame. */
    private static final int LEAST_SIDE = 72 << 10;

    private static final int PAGE = 1 << 12;
    private static final int RECEIVE_BUFFER = 32 << 20;
    private static final int SEND_BUFFER = 16 << 20;
    private static final int LEAST_BUFFER = 1 << 20;

    private Geometry() {}

    /** Geometry of one worker's ring on one NIC of an interface with so many workers. */
    static PacketSocket.RingGeometry of(int workers) {
        int side = Math.max(SIDE / workers / PAGE * PAGE, LEAST_SIDE);
        long most = INTERFACE_BYTES / 2 / workers - side;
        int blocks = (int) Math.min(Math.ceilDiv(Math.ceilDiv(SLOTS, workers), BLOCK_SLOTS), most / PacketSocket.BLOCK);
        return new PacketSocket.RingGeometry(
                SLOT,
                blocks * BLOCK_SLOTS,
                side,
                Math.max(RECEIVE_BUFFER / workers, LEAST_BUFFER),
                Math.max(SEND_BUFFER / workers, LEAST_BUFFER));
    }
}
