package io.portcullis.port.ring;

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

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.packet.PacketSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * A NIC that is not there: a {@link RingPort} that reads from memory in which this class plays the kernel, and whose frames
 * end in a socket that nobody reads for what it says. So the whole way of a frame, system calls included, can be walked, and
 * compiled, before there is one. Used by one thread, beside the port's own.
 */
public final class RingRehearsal implements AutoCloseable {
    /** What a frame has besides its bytes. Lengths and offsets in bytes, from the start of the frame. */
    public record Offload(
            int flags, int gsoType, int segmentLength, int checksumStart, int checksumOffset, int vlanTag) {
        /** Nothing. */
        public static final Offload NONE = new Offload(0, 0, 0, 0, 0, -1);
    }

    private static final int MTU = 1_500;

    /** Where the kernel puts a frame: after the slot's headers, and room for the vnet header and a tag. */
    private static final int FRAME = 96;

    private static final int LARGEST_READ = 1 << 20;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final VarHandle STATUS = ValueLayout.JAVA_INT.varHandle();

    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(LARGEST_READ);
    private final PacketSocket socket;
    private final PacketSocket.RingGeometry geometry;
    private final MemorySegment memory;
    private final RingPort port;
    private int head;

    private RingRehearsal(PacketSocket socket, PacketSocket.RingGeometry geometry, RingPort.Transmission transmission) {
        this.socket = socket;
        this.geometry = geometry;
        this.memory = socket.memory();
        Nic nic = new Nic(
                0, "rehearsal", "", Nic.ARPHRD_ETHER, Nic.IFF_UP | Nic.IFF_RUNNING, true, MTU, "", 0, 0, "", "");
        this.port = RingNic.standIn(nic, Ring.standIn(socket, geometry), transmission);
    }

    /** A NIC that does not exist. */
    public static RingRehearsal open() throws ErrnoException {
        return open(PacketSocket::send);
    }

    /** A NIC that does not exist, and takes what is sent as it is told. */
    static RingRehearsal open(RingPort.Transmission transmission) throws ErrnoException {
        PacketSocket.RingGeometry geometry = Ring.geometry(1);
        return new RingRehearsal(PacketSocket.standIn(geometry), geometry, transmission);
    }

    /** The port on it. */
    public RingPort port() {
        return port;
    }

    /**
     * A frame comes in.
     *
     * @return false: the ring is full
     */
    public boolean receive(byte[] frame, Offload offload) {
        long slot = (long) head * geometry.slotLength();
        if ((int) STATUS.getAcquire(memory, slot + TP_STATUS) != TP_STATUS_KERNEL) {
            return false;
        }
        long at = slot + FRAME;
        long vnet = at - VNET_HEADER;
        memory.asSlice(vnet, VNET_HEADER).fill((byte) 0);
        memory.set(ValueLayout.JAVA_BYTE, vnet + VNET_FLAGS, (byte) offload.flags);
        memory.set(ValueLayout.JAVA_BYTE, vnet + VNET_GSO_TYPE, (byte) offload.gsoType);
        memory.set(SHORT, vnet + VNET_GSO_SIZE, (short) offload.segmentLength);
        memory.set(SHORT, vnet + VNET_CSUM_START, (short) offload.checksumStart);
        memory.set(SHORT, vnet + VNET_CSUM_OFFSET, (short) offload.checksumOffset);
        MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, at, frame.length);
        memory.set(ValueLayout.JAVA_INT, slot + TP_LEN, frame.length);
        memory.set(ValueLayout.JAVA_INT, slot + TP_SNAPLEN, frame.length);
        memory.set(SHORT, slot + TP_MAC, (short) FRAME);
        memory.set(SHORT, slot + TP_VLAN_TCI, (short) offload.vlanTag);
        memory.set(SHORT, slot + TP_VLAN_TPID, (short) 0);
        int status = TP_STATUS_USER | (offload.vlanTag >= 0 ? TP_STATUS_VLAN_VALID : 0);
        STATUS.setRelease(memory, slot + TP_STATUS, status);
        head = head + 1 == geometry.slots() ? 0 : head + 1;
        return true;
    }

    /** True: the port has given back what came in last. */
    public boolean isEmpty() {
        long last = (long) (head == 0 ? geometry.slots() - 1 : head - 1) * geometry.slotLength();
        return (int) STATUS.getAcquire(memory, last + TP_STATUS) == TP_STATUS_KERNEL;
    }

    /** Throws away what was sent. */
    public void swallow() {
        socket.swallow(buffer);
    }

    /** What was sent since the last time, 1 MiB at the most: each message's vnet header and its frame. */
    byte[] sent() {
        return buffer.asSlice(0, socket.swallow(buffer)).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Frees its own memory; the port is closed by whoever has it. */
    @Override
    public void close() {
        arena.close();
    }
}
