package io.portcullis.linux.packet;

import static io.portcullis.linux.packet.PacketSocket.TP_LEN;
import static io.portcullis.linux.packet.PacketSocket.TP_MAC;
import static io.portcullis.linux.packet.PacketSocket.TP_SNAPLEN;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS_KERNEL;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS_USER;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS_VLAN_VALID;
import static io.portcullis.linux.packet.PacketSocket.TP_VLAN_TCI;
import static io.portcullis.linux.packet.PacketSocket.TP_VLAN_TPID;
import static io.portcullis.linux.packet.PacketSocket.VNET_CSUM_OFFSET;
import static io.portcullis.linux.packet.PacketSocket.VNET_CSUM_START;
import static io.portcullis.linux.packet.PacketSocket.VNET_FLAGS;
import static io.portcullis.linux.packet.PacketSocket.VNET_GSO_SIZE;
import static io.portcullis.linux.packet.PacketSocket.VNET_GSO_TYPE;
import static io.portcullis.linux.packet.PacketSocket.VNET_HEADER;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Plays the kernel and the NIC of a {@link PacketSocket} without either: {@link #deliver} fills the slots of the ring, and
 * {@link #drain} reads what the socket sent. The socket is one end of an AF_UNIX pair. Its descriptor is always readable, and
 * it has no packet options. Used by one thread, beside the one that uses the socket.
 */
public final class RehearsalSocket implements AutoCloseable {
    /** What a frame has besides its bytes. Lengths and offsets in bytes, from the start of the frame; no tag: -1. */
    public record Offload(
            int flags, int gsoType, int segmentLength, int checksumStart, int checksumOffset, int vlanTag) {
        /** No offload and no tag. */
        public static final Offload NONE = new Offload(0, 0, 0, 0, 0, -1);
    }

    /** Offset of a frame in its slot: after the slot's headers, the vnet header and space for a tag. */
    private static final int FRAME = 96;

    private static final int LARGEST_READ = 1 << 20;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final VarHandle STATUS = JAVA_INT.varHandle();

    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(LARGEST_READ);
    private final PacketSocket socket;
    private final PacketSocket.RingGeometry geometry;
    private final MemorySegment memory;
    private final int farEnd;
    private int head;

    private RehearsalSocket(PacketSocket socket, PacketSocket.RingGeometry geometry, int farEnd) {
        this.socket = socket;
        this.geometry = geometry;
        this.memory = socket.memory();
        this.farEnd = farEnd;
    }

    /** A socket with an empty ring. */
    public static RehearsalSocket open(PacketSocket.RingGeometry geometry) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment pair = call.allocate(8, 4);
            int type = Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK;
            ErrnoException.check(Libc.socketpair(Libc.AF_UNIX, type, 0, pair), "socketpair");
            int farEnd = pair.get(JAVA_INT, 4);
            boolean done = false;
            try {
                PacketSocket socket = PacketSocket.over(pair.get(JAVA_INT, 0), geometry);
                RehearsalSocket rehearsal = new RehearsalSocket(socket, geometry, farEnd);
                ErrnoException.check(Libc.write(farEnd, call.allocate(1)), "write(socketpair)");
                done = true;
                return rehearsal;
            } finally {
                if (!done) {
                    Libc.close(farEnd);
                }
            }
        }
    }

    /** The socket; its user closes it. */
    public PacketSocket socket() {
        return socket;
    }

    /**
     * A frame arrives.
     *
     * @return false: the ring is full
     */
    public boolean deliver(byte[] frame, Offload offload) {
        long slot = (long) head * geometry.slotLength();
        if ((int) STATUS.getAcquire(memory, slot + TP_STATUS) != TP_STATUS_KERNEL) {
            return false;
        }
        long at = slot + FRAME;
        long vnet = at - VNET_HEADER;
        memory.asSlice(vnet, VNET_HEADER).fill((byte) 0);
        memory.set(JAVA_BYTE, vnet + VNET_FLAGS, (byte) offload.flags);
        memory.set(JAVA_BYTE, vnet + VNET_GSO_TYPE, (byte) offload.gsoType);
        memory.set(SHORT, vnet + VNET_GSO_SIZE, (short) offload.segmentLength);
        memory.set(SHORT, vnet + VNET_CSUM_START, (short) offload.checksumStart);
        memory.set(SHORT, vnet + VNET_CSUM_OFFSET, (short) offload.checksumOffset);
        MemorySegment.copy(frame, 0, memory, JAVA_BYTE, at, frame.length);
        memory.set(JAVA_INT, slot + TP_LEN, frame.length);
        memory.set(JAVA_INT, slot + TP_SNAPLEN, frame.length);
        memory.set(SHORT, slot + TP_MAC, (short) FRAME);
        memory.set(SHORT, slot + TP_VLAN_TCI, (short) offload.vlanTag);
        memory.set(SHORT, slot + TP_VLAN_TPID, (short) 0);
        int status = TP_STATUS_USER | (offload.vlanTag >= 0 ? TP_STATUS_VLAN_VALID : 0);
        STATUS.setRelease(memory, slot + TP_STATUS, status);
        head = head + 1 == geometry.slots() ? 0 : head + 1;
        return true;
    }

    /** True: the slot of the newest frame is the kernel's again. */
    public boolean isEmpty() {
        long last = (long) (head == 0 ? geometry.slots() - 1 : head - 1) * geometry.slotLength();
        return (int) STATUS.getAcquire(memory, last + TP_STATUS) == TP_STATUS_KERNEL;
    }

    /** Reads and discards what was sent. */
    public void drain() {
        var _ = read();
    }

    /** What was sent since the last time, 1 MiB at the most: each message's vnet header and its frame. */
    public byte[] sent() {
        return buffer.asSlice(0, read()).toArray(JAVA_BYTE);
    }

    /** Reads until the pair is empty. Returns the bytes of the last read: all of them where they fit the buffer. */
    private long read() {
        long last = Libc.recv(farEnd, buffer, Libc.MSG_DONTWAIT);
        while (last == buffer.byteSize()) {
            last = Libc.recv(farEnd, buffer, Libc.MSG_DONTWAIT);
        }
        return Math.max(last, 0);
    }

    /** Closes the far end. After {@link PacketSocket#close}; once. */
    @Override
    public void close() {
        arena.close();
        Libc.close(farEnd);
    }
}
