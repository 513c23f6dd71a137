package io.portcullis.port.ring;

import static io.portcullis.linux.packet.PacketSocket.TP_LEN;
import static io.portcullis.linux.packet.PacketSocket.TP_MAC;
import static io.portcullis.linux.packet.PacketSocket.TP_SNAPLEN;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS_COPY;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS_KERNEL;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS_USER;
import static io.portcullis.linux.packet.PacketSocket.TP_STATUS_VLAN_VALID;
import static io.portcullis.linux.packet.PacketSocket.TP_VLAN_TCI;
import static io.portcullis.linux.packet.PacketSocket.TP_VLAN_TPID;
import static io.portcullis.linux.packet.PacketSocket.VIRTIO_NET_HDR_F_DATA_VALID;
import static io.portcullis.linux.packet.PacketSocket.VIRTIO_NET_HDR_F_NEEDS_CSUM;
import static io.portcullis.linux.packet.PacketSocket.VNET_CSUM_OFFSET;
import static io.portcullis.linux.packet.PacketSocket.VNET_CSUM_START;
import static io.portcullis.linux.packet.PacketSocket.VNET_FLAGS;
import static io.portcullis.linux.packet.PacketSocket.VNET_GSO_SIZE;
import static io.portcullis.linux.packet.PacketSocket.VNET_GSO_TYPE;
import static io.portcullis.linux.packet.PacketSocket.VNET_HDR_LEN;
import static io.portcullis.linux.packet.PacketSocket.VNET_HEADER;
import static io.portcullis.port.PortCounter.RECEIVED_BYTES;
import static io.portcullis.port.PortCounter.RECEIVED_FRAMES;
import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.TRUNCATED;
import static io.portcullis.port.PortCounter.UNDESCRIBED;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.TransmitRing;
import io.portcullis.net.EtherType;
import io.portcullis.packet.Batch;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.SctpHeader;
import io.portcullis.packet.wire.VlanTag;
import io.portcullis.port.PortCounters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One opened NIC: its packet socket, and the frames in the memory that the kernel shares with us. It takes frames from the
 * slots in their order, makes each what it was on the wire (the kernel takes the VLAN tag out, and leaves a frame that is
 * longer than its slot in a queue), and gives the slots back in the same order, always: a slot that is held while later ones
 * are free stops the kernel there, and a newest one that is held keeps the descriptor readable.
 *
 * <p>Belongs to the event loop, but for what says otherwise.
 */
final class Ring implements AutoCloseable {
    /** Takes a frame of an MTU of 1,500 with its tags, and 76 bytes of the kernel's headers. */
    private static final int SLOT = 2_048;

    /**
     * Of all workers of a NIC together: 16 MiB, 12 ms at the highest rate without loss that was seen on two cores (680,000
     * frames a second). The scheduler may take a core away for 8 ms.
     */
    private static final int SLOTS = 8_192;

    /** All rings of an interface, of two NICs, have so many bytes at the most. */
    private static final long INTERFACE_BYTES = 40L << 20;

    /** The kernel takes blocks of memory, each in one piece. */
    private static final int BLOCK_SLOTS = PacketSocket.BLOCK / SLOT;

    /**
     * For whole copies of frames that are longer than a slot, of all workers together. One batch of a single worker has at
     * least 15 super-frames of 64 KiB: more would spare few system calls and use more of the cache.
     */
    private static final int SIDE = 1 << 20;

    /** Takes a super-frame. */
    private static final int LEAST_SIDE = 72 << 10;

    private static final int PAGE = 1 << 12;
    private static final int RECEIVE_BUFFER = 32 << 20;
    private static final int SEND_BUFFER = 16 << 20;
    private static final int LEAST_BUFFER = 1 << 20;

    /** Before the frame in the side area: its vnet header, and room to move down by a VLAN tag. */
    private static final int HEADROOM = 16;

    private static final int TAG = VlanTag.LENGTH;
    private static final int MAC_ADDRESSES = EthernetHeader.TYPE;

    /** Ethernet with one tag. */
    static final int LINK_HEADER_WITH_TAG = EthernetHeader.LENGTH + VlanTag.LENGTH;

    /** Ethernet with two tags. */
    static final int LONGEST_LINK_HEADER = EthernetHeader.LENGTH + 2 * VlanTag.LENGTH;

    /** {@link PacketSocket#VNET_CSUM_OFFSET} of SCTP. */
    private static final int SCTP_CHECKSUM = SctpHeader.CHECKSUM;

    /** Of all workers of a NIC together, for frames that send(2) refuses though their packets are no longer than the MTU. */
    private static final int TRANSMIT = 256 << 10;

    private static final int LEAST_TRANSMIT_SLOTS = 4;

    /**
     * Those frames have slots for this MTU, or for the NIC's when it is opened, if that is larger. Where it grows beyond both,
     * the longest of them are too big until the NIC is opened anew.
     */
    private static final int LEAST_MTU = 1_500;

    /** How often an error of the socket may come in the place of a frame. */
    private static final int ERRORS = 3;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort NETWORK_SHORT = SHORT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final VarHandle STATUS = ValueLayout.JAVA_INT.varHandle();

    private final PacketSocket socket;
    private final @Nullable TransmitRing transmit;
    private final int slots;
    private final FileDescriptor descriptor;
    private final MemorySegment memory;
    private final Batch batch;

    /** The slot from which the next frame comes. */
    private int head;

    /** Slots before {@link #head} that the kernel has not got back. */
    private int held;

    private boolean out;
    private boolean closing;
    private PortCounters counters = new PortCounters();

    // The watch's own.
    private long takenBefore;
    private boolean blocked;
    private boolean heard;

    private Ring(PacketSocket socket, PacketSocket.RingGeometry geometry, @Nullable TransmitRing transmit) {
        this.socket = socket;
        this.transmit = transmit;
        this.slots = geometry.slots();
        this.descriptor = new FileDescriptor(socket.fd());
        this.memory = socket.memory();
        this.batch = new Batch(memory, false);
    }

    /** Of one worker's ring on one NIC, where so many share an interface. */
    static PacketSocket.RingGeometry geometry(int workers) {
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

    /**
     * Opens a NIC; no frame comes before {@link #admit}. Any thread.
     *
     * @throws ErrnoException see {@link PacketSocket#open}
     */
    static Ring open(Nic nic, PacketSocket.RingGeometry geometry, PacketSocket.SocketOptions options)
            throws ErrnoException {
        int longest = LONGEST_LINK_HEADER + Math.max(nic.mtu(), LEAST_MTU);
        int bytes = TRANSMIT / Math.ceilDiv(SLOTS, geometry.slots());
        int slots = Math.max(bytes / Integer.highestOneBit(2 * longest), LEAST_TRANSMIT_SLOTS);
        TransmitRing transmit = TransmitRing.open(nic, longest, slots, options.mark());
        boolean done = false;
        try {
            Ring ring = new Ring(PacketSocket.open(nic, geometry, options), geometry, transmit);
            done = true;
            return ring;
        } finally {
            if (!done) {
                transmit.close();
            }
        }
    }

    /** A ring without a NIC, for a {@link RingRehearsal}. */
    static Ring rehearsal(PacketSocket socket, PacketSocket.RingGeometry geometry) {
        return new Ring(socket, geometry, null);
    }

    /** Where it counts what it receives and loses: to be said before the first frame. */
    void countIn(PortCounters where) {
        counters = where;
    }

    /**
     * Reads what the kernel has lost since the last look, and counts it. By the watch.
     *
     * @return true: the kernel lost a frame though the ring was not full. A frame of a kind that a vnet header has no word for
     *     marks its slot as taken and never fills it, and there the kernel stops for good ({@code rx_owner_map} in
     *     {@code tpacket_rcv}, from Linux 5.6 on)
     */
    boolean isBlocked() throws ErrnoException {
        PacketSocket.Statistics since = socket.statistics();
        long taken = counters.get(RECEIVED_FRAMES) + counters.get(TRUNCATED);
        long takenSince = taken - takenBefore;
        takenBefore = taken;
        heard |= since.received() != 0 || since.lost() != 0;
        if (since.lost() == 0) {
            return blocked;
        }
        int full = since.lost();
        // Had it been full, all its frames but one batch would have been taken since.
        if (!blocked && takenSince < Math.max(1, slots - Batch.CAPACITY) && isEmpty()) {
            blocked = true;
            full--;
            counters.add(UNDESCRIBED, 1);
        }
        counters.add(RING_FULL, full);
        return blocked;
    }

    /** Counts what was lost until now: nobody will look again. Under the lock that the watch looks under. */
    void countLast() {
        try {
            counters.add(RING_FULL, socket.statistics().lost());
        } catch (ErrnoException impossible) {
            throw new IllegalStateException("PACKET_STATISTICS of an open socket", impossible);
        }
    }

    /** True: a frame came since this was asked last, if only to be lost. By the watch. */
    boolean takeHeard() {
        boolean did = heard;
        heard = false;
        return did;
    }

    FileDescriptor descriptor() {
        return descriptor;
    }

    void admit() throws ErrnoException {
        socket.admit();
    }

    PacketSocket socket() {
        return socket;
    }

    /** See {@link PacketSocket#bypassQdisc}. Any thread, while the ring is open. */
    void bypassQdisc(boolean bypass) {
        socket.bypassQdisc(bypass);
        if (transmit != null) {
            transmit.bypassQdisc(bypass);
        }
    }

    /** Sends one frame that send(2) finds too long: 1, or a negated errno. */
    int sendLong(Batch of, int i) {
        return transmit == null
                ? -Errno.EMSGSIZE
                : transmit.send(of.memory(), of.offset(i), of.length(i), of.unmarkedOffload());
    }

    /** True: a frame is there. */
    boolean isReady() {
        return ((int) STATUS.getAcquire(memory, (long) head * SLOT + TP_STATUS) & TP_STATUS_USER) != 0;
    }

    /** The next frames, or null if there are none. */
    @Nullable
    Batch receive() {
        batch.clear();
        long side = (long) SLOT * slots;
        long received = 0;
        int truncated = 0;
        while (held < Batch.CAPACITY) {
            long slot = (long) head * SLOT;
            int status = (int) STATUS.getAcquire(memory, slot + TP_STATUS);
            if ((status & TP_STATUS_USER) == 0) {
                break;
            }
            int length = memory.get(INT, slot + TP_LEN);
            long frame = slot + u16(slot + TP_MAC);
            if (memory.get(INT, slot + TP_SNAPLEN) < length) {
                if (side + HEADROOM + length > memory.byteSize() && batch.size() > 0) {
                    break;
                }
                frame = (status & TP_STATUS_COPY) == 0 ? -1 : receiveWhole(side, length);
                if (frame >= 0) {
                    side = frame + length + Long.BYTES & -Long.BYTES;
                }
            }
            held++;
            head = head + 1 == slots ? 0 : head + 1;
            if (frame < 0) {
                truncated++;
                continue;
            }
            if ((status & TP_STATUS_VLAN_VALID) != 0) {
                frame = putTagBack(frame, u16(slot + TP_VLAN_TPID), u16(slot + TP_VLAN_TCI));
                length += TAG;
            }
            batch.add(frame, length);
            describe(frame, length);
            received += length;
        }
        if (truncated > 0) {
            counters.add(TRUNCATED, truncated);
        }
        if (batch.size() == 0) {
            giveSlotsBack();
            return null;
        }
        counters.add(RECEIVED_FRAMES, batch.size());
        counters.add(RECEIVED_BYTES, received);
        out = true;
        return batch;
    }

    /**
     * Fetches the copy of a frame that is longer than its slot.
     *
     * @return where it begins; -1: it is not there
     */
    private long receiveWhole(long side, int length) {
        long header = side + HEADROOM - VNET_HEADER;
        int room = (int) Math.min(Integer.MAX_VALUE, memory.byteSize() - header);
        for (int i = 0; i < ERRORS; i++) {
            long got = socket.receiveWhole(header, room);
            if (got == VNET_HEADER + length && got <= room) {
                return side + HEADROOM;
            }
            if (got >= 0) {
                // Not the one that belongs to this slot, or longer than all the room: from here on they would be out of
                // step with the slots.
                skipCopies(header, room);
                return -1;
            }
            if (got == -Errno.EAGAIN) {
                return -1;
            }
            // The socket's own error (the link went down) comes first, once, and the frame is still there.
        }
        return -1;
    }

    /** Each is counted when the turn of its slot comes. */
    private void skipCopies(long header, int room) {
        int skipped = 0;
        while (skipped < slots && socket.receiveWhole(header, room) >= 0) {
            skipped++;
        }
    }

    /** Moves the MAC addresses and the vnet header down and writes the tag after them; returns where the frame begins now. */
    private long putTagBack(long frame, int tpid, int tci) {
        long header = frame - VNET_HEADER;
        long first = memory.get(LONG, header);
        long second = memory.get(LONG, header + 8);
        int third = memory.get(INT, header + 16);
        short last = memory.get(SHORT, header + 20);
        memory.set(LONG, header - TAG, first);
        memory.set(LONG, header - TAG + 8, second);
        memory.set(INT, header - TAG + 16, third);
        memory.set(SHORT, header - TAG + 20, last);
        long moved = frame - TAG;
        memory.set(NETWORK_SHORT, moved + MAC_ADDRESSES, (short) (tpid == 0 ? EtherType.VLAN : tpid));
        memory.set(NETWORK_SHORT, moved + MAC_ADDRESSES + 2, (short) tci);
        long vnet = moved - VNET_HEADER;
        if ((u8(vnet + VNET_FLAGS) & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
            memory.set(SHORT, vnet + VNET_CSUM_START, (short) (u16(vnet + VNET_CSUM_START) + TAG));
        }
        int headers = u16(vnet + VNET_HDR_LEN);
        if (headers != 0) {
            memory.set(SHORT, vnet + VNET_HDR_LEN, (short) Math.min(headers + TAG, 0xffff));
        }
        return moved;
    }

    /** Tells the batch what the vnet header says of the frame that was added last. */
    private void describe(long frame, int length) {
        long vnet = frame - VNET_HEADER;
        // Not from the slot's status: TP_STATUS_CSUM_VALID meant in older kernels that the NIC had summed the frame,
        // not
        // that the sum was right.
        int flags = u8(vnet + VNET_FLAGS);
        if ((flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
            int start = u16(vnet + VNET_CSUM_START);
            int field = u16(vnet + VNET_CSUM_OFFSET);
            if (field == SCTP_CHECKSUM && start + SCTP_CHECKSUM + Integer.BYTES <= length) {
                finishSctp(frame + start, length - start);
                memory.set(ValueLayout.JAVA_BYTE, vnet + VNET_FLAGS, (byte) (flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM));
            } else {
                batch.partial(start, start + field);
            }
        } else if ((flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0) {
            batch.verified();
        }
        if (u8(vnet + VNET_GSO_TYPE) != 0) {
            batch.segments(u16(vnet + VNET_GSO_SIZE));
        }
    }

    /** SCTP has a CRC32c (RFC 9260, appendix A); a NIC that reads our vnet header would fill in an Internet checksum. */
    private void finishSctp(long packet, int length) {
        memory.set(INT, packet + SCTP_CHECKSUM, 0);
        CRC32C crc = new CRC32C();
        crc.update(memory.asSlice(packet, length).asByteBuffer());
        memory.set(INT, packet + SCTP_CHECKSUM, (int) crc.getValue());
    }

    /** Takes the batch back. */
    void release() {
        out = false;
        giveSlotsBack();
        if (closing) {
            closeSockets();
        }
    }

    private void giveSlotsBack() {
        for (int slot = head - held; slot < head; slot++) {
            long at = (long) (slot < 0 ? slot + slots : slot) * SLOT;
            STATUS.setRelease(memory, at + TP_STATUS, TP_STATUS_KERNEL);
        }
        held = 0;
    }

    /** True: no slot has a frame. Any thread, while the ring is open. */
    boolean isEmpty() {
        for (int slot = 0; slot < slots; slot++) {
            if ((int) STATUS.getAcquire(memory, (long) slot * SLOT + TP_STATUS) != TP_STATUS_KERNEL) {
                return false;
            }
        }
        return true;
    }

    private int u8(long at) {
        return memory.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    private int u16(long at) {
        return memory.get(SHORT, at) & 0xffff;
    }

    /** Gives the NIC back, and the memory as soon as no batch is out. Once. */
    @Override
    public void close() {
        if (out) {
            closing = true;
        } else {
            closeSockets();
        }
    }

    private void closeSockets() {
        socket.close();
        if (transmit != null) {
            transmit.close();
        }
    }
}
