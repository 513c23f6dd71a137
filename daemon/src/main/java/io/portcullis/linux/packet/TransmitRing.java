package io.portcullis.linux.packet;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nic;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A packet socket with a transmit ring (PACKET_TX_RING, TPACKET_V2), for frames that send(2) refuses as too long. send(2) allows
 * four bytes beyond MTU and Ethernet header, and only behind a tag of 0x8100: it refuses a whole packet behind an 802.1ad tag, or
 * behind two tags, with EMSGSIZE ({@code packet_snd} in net/packet/af_packet.c). From a transmit ring with vnet headers the kernel
 * accepts a frame of any length ({@code tpacket_snd}), so the port compares it with the MTU. The NIC's driver drops frames that it
 * can't send.
 *
 * <p>Each frame is copied into a slot. The kernel releases the slot when the NIC has sent the frame. One thread at a time;
 * {@link #bypassQdisc} may be called by one other thread until {@link #close}.
 */
public final class TransmitRing implements AutoCloseable {
    /**
     * A tag of the reserved VLAN 4095 (IEEE 802.1Q-2022, table 9-2), as in a frame: ethertype and control information. No frame of a
     * network begins with it.
     */
    public static final int SPARE_TAG = 0x88a8_ffff;

    private static final int TAG = 4;
    private static final int MAC_ADDRESSES = 12;

    private static final int SOL_SOCKET = 1;
    private static final int SO_MARK = 36;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_VERSION = 10;
    private static final int PACKET_TX_RING = 13;
    private static final int PACKET_VNET_HDR = 15;
    private static final int PACKET_QDISC_BYPASS = 20;
    private static final int TPACKET_V2 = 1;

    /** Offset in a slot, u32: bytes of vnet header and frame. */
    private static final int TP_LEN = 4;

    /** Offset in a slot: vnet header and frame (TPACKET2_HDRLEN without the address). */
    private static final int DATA = 32;

    private static final int TP_STATUS_AVAILABLE = 0;
    private static final int TP_STATUS_SEND_REQUEST = 1;
    private static final int PAGE = 1 << 12;
    private static final VarHandle STATUS = JAVA_INT.varHandle();
    private static final ValueLayout.OfShort JAVA_SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt NETWORK_INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final int fd;
    private final int slotLength;
    private final int slots;
    private final Arena arena = Arena.ofShared();

    /** An empty struct mmsghdr: the frame lies in the ring. */
    private final MemorySegment message = arena.allocate(64, 8);

    private final MemorySegment on = arena.allocateFrom(JAVA_INT, 1);
    private final MemorySegment off = arena.allocateFrom(JAVA_INT, 0);
    private MemorySegment memory = MemorySegment.NULL;
    private int head;

    private TransmitRing(int fd, int slotLength, int slots) {
        this.fd = fd;
        this.slotLength = slotLength;
        this.slots = slots;
    }

    /**
     * Opens a transmit ring; its socket receives nothing.
     *
     * @param frameLength bytes of the longest frame
     * @param slots least number of slots
     * @param mark packet mark of sent frames (SO_MARK); 0: none
     * @throws ErrnoException as {@link PacketSocket#open}
     */
    public static TransmitRing open(Nic nic, int frameLength, int slots, int mark) throws ErrnoException {
        int least = DATA + PacketSocket.VNET_HEADER + frameLength;
        int slotLength = Integer.highestOneBit(least - 1) << 1;
        int length = Math.ceilDiv(slotLength * slots, PAGE) * PAGE;
        int fd = (int) ErrnoException.check(
                Libc.socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0),
                "socket(AF_PACKET)");
        TransmitRing ring = new TransmitRing(fd, slotLength, length / slotLength);
        boolean done = false;
        try {
            ring.set(SOL_PACKET, PACKET_VERSION, "PACKET_VERSION", TPACKET_V2);
            ring.set(SOL_PACKET, PACKET_VNET_HDR, "PACKET_VNET_HDR", 1);
            ring.set(SOL_PACKET, PACKET_TX_RING, "PACKET_TX_RING", length, 1, slotLength, ring.slots);
            if (mark != 0) {
                ring.set(SOL_SOCKET, SO_MARK, "SO_MARK", mark);
            }
            ring.map(length);
            PacketSocket.bind(fd, nic, (short) 0);
            done = true;
            return ring;
        } finally {
            if (!done) {
                ring.close();
            }
        }
    }

    private void set(int level, int option, String name, int... value) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            ErrnoException.check(
                    Libc.setsockopt(fd, level, option, call.allocateFrom(JAVA_INT, value)), "setsockopt(" + name + ")");
        }
    }

    @SuppressWarnings("restricted") // this length has just been mapped at this address
    private void map(long length) throws ErrnoException {
        long start = ErrnoException.check(
                Libc.mmap(0, length, Libc.PROT_READ_WRITE, Libc.MAP_SHARED, fd, 0), "mmap(transmit ring)");
        memory = MemorySegment.ofAddress(start).reinterpret(length, arena, mapped -> Libc.munmap(start, length));
    }

    /** As {@link PacketSocket#bypassQdisc}. Any thread. */
    public void bypassQdisc(boolean bypass) {
        Libc.setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, bypass ? on : off);
    }

    /**
     * Sends a frame.
     *
     * @param from memory of the frame
     * @param at offset of the frame in it
     * @param length bytes of the frame
     * @param plain true: it has no vnet header and needs no offload; false: its vnet header lies right before it
     * @param spare true: with a {@link #SPARE_TAG} before its own tags
     * @return 1; or a negated errno: EMSGSIZE (longer than a slot), EAGAIN (no slot is free, or the send buffer is full), and
     *     those of {@link SendQueue#send}
     */
    public int send(MemorySegment from, long at, int length, boolean plain, boolean spare) {
        long slot = (long) head * slotLength;
        int total = PacketSocket.VNET_HEADER + length + (spare ? TAG : 0);
        if (total > slotLength - DATA) {
            return -Errno.EMSGSIZE;
        }
        if ((int) STATUS.getAcquire(memory, slot) != TP_STATUS_AVAILABLE) {
            return -Errno.EAGAIN;
        }
        long data = slot + DATA;
        long frame = data + PacketSocket.VNET_HEADER;
        if (plain) {
            memory.asSlice(data, PacketSocket.VNET_HEADER).fill((byte) 0);
        } else {
            MemorySegment.copy(
                    from, JAVA_BYTE, at - PacketSocket.VNET_HEADER, memory, JAVA_BYTE, data, PacketSocket.VNET_HEADER);
        }
        if (spare) {
            MemorySegment.copy(from, JAVA_BYTE, at, memory, JAVA_BYTE, frame, MAC_ADDRESSES);
            memory.set(NETWORK_INT, frame + MAC_ADDRESSES, SPARE_TAG);
            MemorySegment.copy(
                    from,
                    JAVA_BYTE,
                    at + MAC_ADDRESSES,
                    memory,
                    JAVA_BYTE,
                    frame + MAC_ADDRESSES + TAG,
                    length - MAC_ADDRESSES);
            moveOffload(data);
        } else {
            MemorySegment.copy(from, JAVA_BYTE, at, memory, JAVA_BYTE, frame, length);
        }
        memory.set(JAVA_INT, slot + TP_LEN, total);
        STATUS.setRelease(memory, slot, TP_STATUS_SEND_REQUEST);
        int sent = Libc.sendmmsg(fd, message.address(), 1, Libc.MSG_DONTWAIT);
        if (sent > 0) {
            head = head + 1 == slots ? 0 : head + 1;
        } else {
            // The kernel does not advance to the next slot.
            STATUS.setRelease(memory, slot, TP_STATUS_AVAILABLE);
        }
        return sent;
    }

    /** Lets the vnet header describe the frame with a tag more. The program that removes the tag can read the bytes of HDR_LEN only. */
    private void moveOffload(long vnet) {
        int headers = Short.toUnsignedInt(memory.get(JAVA_SHORT, vnet + PacketSocket.VNET_HDR_LEN));
        memory.set(JAVA_SHORT, vnet + PacketSocket.VNET_HDR_LEN, (short)
                Math.max(headers + TAG, MAC_ADDRESSES + TAG + TAG));
        if ((memory.get(JAVA_BYTE, vnet + PacketSocket.VNET_FLAGS) & PacketSocket.VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
            int start = Short.toUnsignedInt(memory.get(JAVA_SHORT, vnet + PacketSocket.VNET_CSUM_START));
            memory.set(JAVA_SHORT, vnet + PacketSocket.VNET_CSUM_START, (short) (start + TAG));
        }
    }

    /** Closes the socket and unmaps its memory. Once. */
    @Override
    public void close() {
        arena.close();
        Libc.close(fd);
    }
}
