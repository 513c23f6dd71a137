package io.portcullis.linux.packet;

import static io.portcullis.linux.packet.SocketFilter.BPF_ABS;
import static io.portcullis.linux.packet.SocketFilter.BPF_ALU;
import static io.portcullis.linux.packet.SocketFilter.BPF_AND;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_LD;
import static io.portcullis.linux.packet.SocketFilter.BPF_RET;
import static io.portcullis.linux.packet.SocketFilter.BPF_W;
import static io.portcullis.linux.packet.SocketFilter.PACKET_OUTGOING;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_MARK;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_OFF;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_PKTTYPE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.packet.SocketFilter.Assembly;
import io.portcullis.linux.packet.SocketFilter.Label;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A packet socket, packet(7), bound to one NIC; a second socket sends where that is another NIC. Received frames lie in a ring that the
 * kernel and this process share (TPACKET_V2). Every frame, in and out, follows a struct virtio_net_hdr (PACKET_VNET_HDR), so that super-frames and unfinished
 * checksums cross unchanged. The socket does not receive frames that leave the NIC (PACKET_IGNORE_OUTGOING), and frames that it
 * sends bypass the NIC's qdisc while {@link #bypassQdisc} is on. No call waits.
 *
 * <p>{@link #memory} is one piece: first the ring's slots, {@link RingGeometry#slots} of {@link RingGeometry#slotLength} bytes, then
 * {@link RingGeometry#sideLength} bytes for {@link #receiveWhole}. A slot begins with a struct tpacket2_hdr
 * (include/uapi/linux/if_packet.h; the constants below). If a frame is longer than its slot, the slot holds its beginning and
 * {@link #TP_STATUS_COPY}, and the whole frame waits in the socket's queue, in the order of the slots (PACKET_COPY_THRESH;
 * net/packet/af_packet.c, {@code tpacket_rcv}).
 *
 * <p>Sockets of one NIC may form a group (PACKET_FANOUT): {@link #createGroup}, {@link #joinGroup}. A program then selects one of
 * them for each received frame. Sending is not affected.
 *
 * <p>One thread at a time; {@link #statistics}, {@link #isBound} and {@link #bypassQdisc} may be called by one other thread until
 * {@link #close}.
 */
public final class PacketSocket implements AutoCloseable {
    /**
     * Sizes of the ring and the buffers.
     *
     * @param slotLength bytes of a slot; a power of two
     * @param slots number of slots; together their bytes are a multiple of {@link #BLOCK}
     * @param sideLength bytes behind the ring; a multiple of 4096
     * @param receiveBufferLength most bytes of queued frames longer than a slot, as the kernel counts them
     * @param sendBufferLength most bytes of frames being sent, as the kernel counts them
     */
    public record RingGeometry(
            int slotLength, int slots, int sideLength, int receiveBufferLength, int sendBufferLength) {
        private long ringLength() {
            return (long) slotLength * slots;
        }
    }

    /**
     * How the socket uses a NIC that others may share.
     *
     * @param promiscuous true: the NIC also receives frames for other MAC addresses while the socket is open
     * @param mayBypassQdisc true: sent frames may bypass the NIC's qdisc and its tc programs
     * @param mark packet mark of sent frames (SO_MARK); 0: none
     * @param ignoredMark value under the mask: frames with this mark are not received
     * @param ignoredMask 0: all frames are received
     */
    public record SocketOptions(
            boolean promiscuous, boolean mayBypassQdisc, int mark, int ignoredMark, int ignoredMask) {
        /** A NIC that nobody else uses. */
        public static final SocketOptions ALONE = new SocketOptions(true, true, 0, 0, 0);
    }

    /**
     * Counters since the last read.
     *
     * @param received frames that got a slot
     * @param lost frames that got no slot, or that a vnet header can't describe
     */
    public record Statistics(int received, int lost) {}

    /** Offset in a slot, u32: TP_STATUS_…; written last by the side that hands the slot over. */
    public static final int TP_STATUS = 0;
    /** Offset, u32: bytes of the frame. */
    public static final int TP_LEN = 4;
    /** Offset, u32: bytes of the frame in the slot. */
    public static final int TP_SNAPLEN = 8;
    /** Offset, u16: offset of the frame in the slot; the vnet header lies right before it. */
    public static final int TP_MAC = 12;
    /** Offset, u32: seconds of the frame's time stamp. */
    public static final int TP_SEC = 16;
    /** Offset, u32: its nanoseconds. */
    public static final int TP_NSEC = 20;
    /** Offset, u16: the VLAN tag that the kernel removed. */
    public static final int TP_VLAN_TCI = 24;
    /** Offset, u16: that tag's ethertype. */
    public static final int TP_VLAN_TPID = 26;

    /** The slot belongs to the kernel. */
    public static final int TP_STATUS_KERNEL = 0;
    /** The slot belongs to this process. */
    public static final int TP_STATUS_USER = 1;
    /** The frame is longer than the slot; the whole frame waits for {@link #receiveWhole}. */
    public static final int TP_STATUS_COPY = 1 << 1;
    /** A VLAN tag was removed from the frame. */
    public static final int TP_STATUS_VLAN_VALID = 1 << 4;

    /** Bytes of struct virtio_net_hdr (include/uapi/linux/virtio_net.h), in the byte order of this machine. */
    public static final int VNET_HEADER = 10;
    /** Offset in it, u8. */
    public static final int VNET_FLAGS = 0;
    /** Offset, u8: VIRTIO_NET_HDR_GSO_…; 0: no super-frame. */
    public static final int VNET_GSO_TYPE = 1;
    /** Offset, u16: length of the headers, a hint. */
    public static final int VNET_HDR_LEN = 2;
    /** Offset, u16: bytes of payload in each packet of a super-frame. */
    public static final int VNET_GSO_SIZE = 4;
    /** Offset, u16: first summed byte of the checksum, from the frame's first byte. */
    public static final int VNET_CSUM_START = 6;
    /** Offset, u16: offset of the checksum field, from there. */
    public static final int VNET_CSUM_OFFSET = 8;
    /** {@link #VNET_FLAGS}: the layer 4 checksum is unfinished. */
    public static final int VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
    /** {@link #VNET_FLAGS}: the layer 4 checksum was verified. */
    public static final int VIRTIO_NET_HDR_F_DATA_VALID = 2;

    /** {@link #VNET_GSO_TYPE}: UDP datagrams of the same length, except the last (Linux 6.2). */
    public static final int VIRTIO_NET_HDR_GSO_UDP_L4 = 5;

    private static final short ETH_P_ALL = 3;
    private static final int SOCKADDR_LL = 20;
    /** Offset in it. The kernel sets it to -1 if the NIC is gone. */
    private static final int SLL_IFINDEX = 4;

    private static final int SOL_SOCKET = 1;
    private static final int SO_ERROR = 4;
    private static final int SO_ATTACH_FILTER = 26;
    private static final int SO_DETACH_FILTER = 27;
    private static final int SO_SNDBUF = 7;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int SO_MARK = 36;

    private static final int SOL_PACKET = 263;
    private static final int PACKET_ADD_MEMBERSHIP = 1;
    private static final int PACKET_RX_RING = 5;
    private static final int PACKET_STATISTICS = 6;
    private static final int PACKET_COPY_THRESH = 7;
    private static final int PACKET_VERSION = 10;
    private static final int PACKET_VNET_HDR = 15;
    private static final int PACKET_FANOUT = 18;
    private static final int PACKET_QDISC_BYPASS = 20;
    private static final int PACKET_FANOUT_DATA = 22;
    private static final int PACKET_IGNORE_OUTGOING = 23;
    private static final int PACKET_MR_PROMISC = 1;
    private static final int TPACKET_V2 = 1;
    private static final int PACKET_FANOUT_CBPF = 6;
    private static final int PACKET_FANOUT_FLAG_UNIQUEID = 0x2000;
    private static final int PACKET_FANOUT_FLAG_IGNORE_OUTGOING = 0x4000;

    private static final SocketFilter NO_FRAME = new Assembly().add(BPF_RET, 0).done();

    /** Bytes of a ring that the kernel allocates in one piece; a power of two. */
    public static final int BLOCK = 1 << 17;

    private final int fd;

    /** The same descriptor, unless frames leave by another NIC. */
    private final int sendFd;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment statistics = arena.allocate(8, 4);
    private final MemorySegment statisticsLength = arena.allocate(4, 4);
    private final MemorySegment error = arena.allocate(4, 4);
    private final MemorySegment errorLength = arena.allocate(4, 4);
    private final MemorySegment on = arena.allocateFrom(JAVA_INT, 1);
    private final MemorySegment off = arena.allocateFrom(JAVA_INT, 0);
    private MemorySegment memory = MemorySegment.NULL;
    private final SendQueue sendQueue;
    private final SocketOptions options;
    private boolean inGroup;

    private PacketSocket(int fd, int sendFd, SocketOptions options) {
        this.fd = fd;
        this.sendFd = sendFd;
        this.options = options;
        this.sendQueue = new SendQueue(sendFd, arena);
    }

    private static int socket() throws ErrnoException {
        // Protocol 0: it receives nothing before it is bound.
        return (int) ErrnoException.check(
                Libc.socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0),
                "socket(AF_PACKET)");
    }

    /**
     * Opens a socket that receives nothing before {@link #startReceiving}.
     *
     * @param nic as it is now; a NIC that is down receives once it is up
     * @throws ErrnoException EPERM without CAP_NET_RAW, or without CAP_NET_ADMIN (buffers beyond the limits of
     *     {@code net.core}); ENOPROTOOPT if the kernel is older than 4.20; ENODEV if the NIC is gone; ENOMEM
     */
    public static PacketSocket open(Nic nic, RingGeometry geometry, SocketOptions options) throws ErrnoException {
        return open(nic, nic, geometry, options);
    }

    /**
     * As {@link #open(Nic, RingGeometry, SocketOptions)}, with two NICs.
     *
     * @param from receives
     * @param by frames leave by it, and the options hold for it
     */
    public static PacketSocket open(Nic from, Nic by, RingGeometry geometry, SocketOptions options)
            throws ErrnoException {
        int fd = socket();
        PacketSocket socket = new PacketSocket(fd, from.index() == by.index() ? fd : another(fd), options);
        boolean done = false;
        try {
            socket.prepare(from, by, geometry);
            done = true;
            return socket;
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    private static int another(int first) throws ErrnoException {
        try {
            return socket();
        } catch (ErrnoException refused) {
            Libc.close(first);
            throw refused;
        }
    }

    private void prepare(Nic from, Nic by, RingGeometry geometry) throws ErrnoException {
        set(SOL_PACKET, PACKET_VERSION, "PACKET_VERSION", TPACKET_V2);
        set(SOL_PACKET, PACKET_VNET_HDR, "PACKET_VNET_HDR", 1);
        set(SOL_PACKET, PACKET_IGNORE_OUTGOING, "PACKET_IGNORE_OUTGOING", 1);
        set(SOL_PACKET, PACKET_COPY_THRESH, "PACKET_COPY_THRESH", 1);
        set(SOL_SOCKET, SO_RCVBUFFORCE, "SO_RCVBUFFORCE", geometry.receiveBufferLength / 2);
        set(
                SOL_PACKET,
                PACKET_RX_RING,
                "PACKET_RX_RING",
                BLOCK,
                (int) (geometry.ringLength() / BLOCK),
                geometry.slotLength,
                geometry.slots);
        map(geometry);
        set(SOL_SOCKET, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", NO_FRAME);
        bind(fd, from, ETH_P_ALL);
        set(sendFd, SOL_SOCKET, SO_SNDBUFFORCE, "SO_SNDBUFFORCE", geometry.sendBufferLength / 2);
        if (sendFd != fd) {
            set(sendFd, SOL_PACKET, PACKET_VNET_HDR, "PACKET_VNET_HDR", 1);
            bind(sendFd, by, (short) 0);
        }
        if (options.mark != 0) {
            set(sendFd, SOL_SOCKET, SO_MARK, "SO_MARK", options.mark);
        }
        if (options.promiscuous) {
            String call = "PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC";
            set(sendFd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, call, by.index(), PACKET_MR_PROMISC, 0, 0);
        }
    }

    /** A socket of another family with the memory of a packet socket, for {@link RehearsalSocket}. Owns the descriptor. */
    static PacketSocket over(int fd, RingGeometry geometry) throws ErrnoException {
        PacketSocket socket = new PacketSocket(fd, fd, SocketOptions.ALONE);
        boolean done = false;
        try {
            socket.set(SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF", geometry.sendBufferLength / 2);
            long length = geometry.ringLength() + geometry.sideLength;
            long start = ErrnoException.check(
                    Libc.mmap(0, length, Libc.PROT_READ_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0),
                    "mmap(" + length + " bytes)");
            socket.memory = socket.memory(start, length);
            done = true;
            return socket;
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    /** Sets an option whose value is a C struct of ints (for PACKET_ADD_MEMBERSHIP: of the same length). */
    private void set(int level, int option, String name, int... value) throws ErrnoException {
        set(fd, level, option, name, value);
    }

    private static void set(int fd, int level, int option, String name, int... value) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            ErrnoException.check(
                    Libc.setsockopt(fd, level, option, call.allocateFrom(JAVA_INT, value)), "setsockopt(" + name + ")");
        }
    }

    private void set(int level, int option, String name, SocketFilter program) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            ErrnoException.check(Libc.setsockopt(fd, level, option, program.program(call)), "setsockopt(" + name + ")");
        }
    }

    /** Accepts whole frames that the NIC receives; refuses frames that leave it or have the ignored mark. */
    private static SocketFilter received(SocketOptions options) {
        Assembly program = new Assembly();
        Label refuse = program.label();
        program.add(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE)
                .jump(BPF_JEQ, PACKET_OUTGOING, refuse, Assembly.NEXT);
        if (options.ignoredMask != 0) {
            program.add(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_MARK)
                    .add(BPF_ALU | BPF_AND, options.ignoredMask)
                    .jump(BPF_JEQ, options.ignoredMark & options.ignoredMask, refuse, Assembly.NEXT);
        }
        return program.add(BPF_RET, -1).mark(refuse).add(BPF_RET, 0).done();
    }

    private void map(RingGeometry geometry) throws ErrnoException {
        long length = geometry.ringLength() + geometry.sideLength;
        long start = ErrnoException.check(
                Libc.mmap(0, length, Libc.PROT_NONE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0),
                "mmap(" + length + " addresses)");
        memory = memory(start, length);
        ErrnoException.check(
                Libc.mmap(start, geometry.ringLength(), Libc.PROT_READ_WRITE, Libc.MAP_SHARED | Libc.MAP_FIXED, fd, 0),
                "mmap(receive ring)");
        ErrnoException.check(
                Libc.mmap(
                        start + geometry.ringLength(),
                        geometry.sideLength,
                        Libc.PROT_READ_WRITE,
                        Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_FIXED | Libc.MAP_POPULATE,
                        -1,
                        0),
                "mmap(" + geometry.sideLength + " bytes)");
    }

    @SuppressWarnings("restricted") // this length has just been mapped at this address
    private MemorySegment memory(long start, long length) {
        return MemorySegment.ofAddress(start).reinterpret(length, arena, mapped -> Libc.munmap(start, length));
    }

    /**
     * Binds a packet socket to a NIC.
     *
     * @param protocol ethertype of the received frames; 0: none
     */
    public static void bind(int fd, Nic nic, short protocol) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            // struct sockaddr_ll: u16 family, u16 protocol in network order, int index, …
            MemorySegment address = call.allocate(SOCKADDR_LL, 4);
            address.set(JAVA_SHORT, 0, (short) Libc.AF_PACKET);
            address.set(JAVA_SHORT, 2, Short.reverseBytes(protocol));
            address.set(JAVA_INT, SLL_IFINDEX, nic.index());
            ErrnoException.check(Libc.bind(fd, address), "bind(AF_PACKET, " + nic.name() + ")");
        }
    }

    /** True: a packet socket is still bound to its NIC. */
    public static boolean isBound(int fd) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment address = call.allocate(SOCKADDR_LL, 4);
            ErrnoException.check(
                    Libc.getsockname(fd, address, call.allocateFrom(JAVA_INT, SOCKADDR_LL)), "getsockname(AF_PACKET)");
            return address.get(JAVA_INT, SLL_IFINDEX) > 0;
        }
    }

    /**
     * False: the NIC, or one of two, has left this network namespace, if only for a moment. Then this socket receives and sends nothing any more
     * (ENXIO), even if a NIC of the same index arrives. Down and up, another name and another MAC address change nothing
     * ({@code packet_notifier} in net/packet/af_packet.c). Any thread, until {@link #close}.
     */
    public boolean isBound() throws ErrnoException {
        return isBound(fd) && (sendFd == fd || isBound(sendFd));
    }

    /** The descriptor: readable while the ring's newest frame is not released, in error when the NIC went down. */
    public int fd() {
        return fd;
    }

    /** Slots and side area; unmapped by {@link #close}. */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * Sets whether sent frames bypass the NIC's qdisc and its tc programs (PACKET_QDISC_BYPASS); off at first. The kernel does not
     * cut such frames: it refuses a super-frame with ENOBUFS if the NIC does not cut it itself (net/core/dev.c,
     * {@code __dev_direct_xmit}). Any thread.
     */
    public void bypassQdisc(boolean bypass) {
        Libc.setsockopt(sendFd, SOL_PACKET, PACKET_QDISC_BYPASS, bypass ? on : off);
    }

    /**
     * Creates a group with this socket as its first member. A frame goes to member {@code program(frame) % members}, unsigned,
     * counted from 0 in the order of joining. The program reads the frame from the network header on, without the VLAN tag that
     * the kernel removed; a second tag comes first: its control information, then the ethertype. Fragments are not reassembled.
     *
     * <p>While the NIC is down its groups are empty. When it is up again the sockets return in the order in which they were
     * <em>opened</em>, one after the other, so that for some microseconds there are fewer members. The last member gets the number
     * of a closed one. So members have to join in the order in which they were opened, and to be closed together.
     *
     * @return argument of {@link #joinGroup}
     * @throws ErrnoException EINVAL if the kernel refuses the program; before Linux 6.13 also if the NIC is down. Then the socket
     *     can only be closed
     */
    public int createGroup(SocketFilter program) throws ErrnoException {
        // Kernels before 6.2 accept and ignore the flags that they don't know: startReceiving sets a filter for them.
        int flags = PACKET_FANOUT_FLAG_UNIQUEID | PACKET_FANOUT_FLAG_IGNORE_OUTGOING;
        joinGroup((PACKET_FANOUT_CBPF | flags) << 16);
        set(SOL_PACKET, PACKET_FANOUT_DATA, "PACKET_FANOUT_DATA", program);
        try (Arena call = Arena.ofConfined()) {
            // u16 id, u8 type, u8 flags: the next member passes them back
            MemorySegment group = call.allocate(JAVA_INT);
            ErrnoException.check(
                    Libc.getsockopt(fd, SOL_PACKET, PACKET_FANOUT, group, call.allocateFrom(JAVA_INT, 4)),
                    "getsockopt(PACKET_FANOUT)");
            return group.get(JAVA_INT, 0);
        }
    }

    /**
     * Joins a group as its next member; it receives from {@link #startReceiving} on. The frames of members that have not called
     * it yet are lost.
     *
     * @param group from {@link #createGroup} of a socket that is still open: if the group is gone, the kernel creates a new one
     *     without a program
     * @throws ErrnoException EINVAL if the group is another NIC's; before Linux 6.13 also if the NIC is down
     */
    public void joinGroup(int group) throws ErrnoException {
        set(SOL_PACKET, PACKET_FANOUT, "PACKET_FANOUT", group);
        inGroup = true;
    }

    /** Starts to receive. */
    public void startReceiving() throws ErrnoException {
        if (inGroup || options.ignoredMask != 0) {
            // PACKET_IGNORE_OUTGOING is an option of the socket; a group ignores it.
            set(SOL_SOCKET, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", received(options));
        } else {
            set(SOL_SOCKET, SO_DETACH_FILTER, "SO_DETACH_FILTER", 0);
        }
    }

    /**
     * Receives the oldest frame longer than its slot, vnet header first.
     *
     * @param at offset in {@link #memory}
     * @param length bytes of space; a longer frame is cut
     * @return bytes of header and frame before cutting; or a negated errno: -EAGAIN if no frame waits, -ENETDOWN (once) if the
     *     NIC went down
     */
    public long receiveWhole(long at, int length) {
        return Libc.recv(fd, memory.address() + at, length, Libc.MSG_DONTWAIT | Libc.MSG_TRUNC);
    }

    /** The queue that sends frames through this socket. */
    public SendQueue sendQueue() {
        return sendQueue;
    }

    /** Reads and clears the socket's error (SO_ERROR), which epoll would report for ever: an errno, 0 if there was none. */
    public int clearError() {
        errorLength.set(JAVA_INT, 0, 4);
        int refused = Libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, error, errorLength);
        return refused < 0 ? -refused : error.get(JAVA_INT, 0);
    }

    /** Reads the kernel's counters and resets them to 0 (PACKET_STATISTICS). */
    public Statistics statistics() throws ErrnoException {
        statisticsLength.set(JAVA_INT, 0, 8);
        ErrnoException.check(
                Libc.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, statistics, statisticsLength),
                "getsockopt(PACKET_STATISTICS)");
        // struct tpacket_stats: packets, the lost ones among them; drops
        int lost = statistics.get(JAVA_INT, 4);
        return new Statistics(statistics.get(JAVA_INT, 0) - lost, lost);
    }

    /** Closes the socket and unmaps its memory. Once. */
    @Override
    public void close() {
        arena.close();
        Libc.close(fd);
        if (sendFd != fd) {
            Libc.close(sendFd);
        }
    }
}
