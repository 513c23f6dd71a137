package io.portcullis.linux.packet;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nic;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * A packet socket with a transmit ring (PACKET_TX_RING, TPACKET_V2), for frames that are longer than send(2) lets through: the
 * kernel allows four bytes beyond MTU and Ethernet header there, and only behind a tag of 0x8100, so that a whole packet under
 * an 802.1ad tag, or under two tags, is refused with EMSGSIZE ({@code packet_snd} in net/packet/af_packet.c). From a transmit
 * ring with vnet headers it takes a frame of any length ({@code tpacket_snd}): the port compares
 * with the MTU. What the NIC's driver does not carry, it drops.
 *
 * <p>Each frame is copied into a slot. The kernel gives the slot back when the NIC has sent it. One thread at a time, but for
 * {@link #bypassQdisc}, which one other may call until {@link #close}.
 */
public final class TransmitRing implements AutoCloseable {
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

    private final int fd;
    private final int slotLength;
    private final int slots;
    private final Arena arena = Arena.ofShared();

    /** struct mmsghdr, of nothing: what is sent stands in the ring. */
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
     * Opens one, which hears nothing.
     *
     * @param frameLength bytes of the longest frame
     * @param slots of them, at the least
     * @param mark that what is sent carries (SO_MARK); 0: none
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

    @SuppressWarnings("restricted") // this length was mapped at this address a moment ago
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
     * @param from where it lies
     * @param at offset of the frame there
     * @param length bytes of the frame
     * @param plain true: it has no vnet header, and asks for no offload; false: its vnet header stands right before it
     * @return 1; or a negated errno: EMSGSIZE (longer than a slot), EAGAIN (no slot is free, or the send buffer is full), and
     *     those of {@link SendQueue#send}
     */
    public int send(MemorySegment from, long at, int length, boolean plain) {
        long slot = (long) head * slotLength;
        int total = PacketSocket.VNET_HEADER + length;
        if (total > slotLength - DATA) {
            return -Errno.EMSGSIZE;
        }
        if ((int) STATUS.getAcquire(memory, slot) != TP_STATUS_AVAILABLE) {
            return -Errno.EAGAIN;
        }
        long data = slot + DATA;
        if (plain) {
            memory.asSlice(data, PacketSocket.VNET_HEADER).fill((byte) 0);
            MemorySegment.copy(from, JAVA_BYTE, at, memory, JAVA_BYTE, data + PacketSocket.VNET_HEADER, length);
        } else {
            MemorySegment.copy(from, JAVA_BYTE, at - PacketSocket.VNET_HEADER, memory, JAVA_BYTE, data, total);
        }
        memory.set(JAVA_INT, slot + TP_LEN, total);
        STATUS.setRelease(memory, slot, TP_STATUS_SEND_REQUEST);
        int sent = Libc.sendmmsg(fd, message.address(), 1, Libc.MSG_DONTWAIT);
        if (sent > 0) {
            head = head + 1 == slots ? 0 : head + 1;
        } else {
            // The kernel stays at this slot.
            STATUS.setRelease(memory, slot, TP_STATUS_AVAILABLE);
        }
        return sent;
    }

    /** Gives memory and socket back. Once. */
    @Override
    public void close() {
        arena.close();
        Libc.close(fd);
    }
}
