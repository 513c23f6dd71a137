package io.portcullis.port.ring;

import static io.portcullis.linux.packet.PacketSocket.TP_LEN;
import static io.portcullis.linux.packet.PacketSocket.TP_MAC;
import static io.portcullis.linux.packet.PacketSocket.TP_NSEC;
import static io.portcullis.linux.packet.PacketSocket.TP_SEC;
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
import io.portcullis.port.LinkHeader;
import io.portcullis.port.PortCounters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The receive ring of one opened NIC: its packet socket, and the frames in memory shared with the kernel. It reads the slots in
 * order, and restores each frame as it was on the wire (the kernel removes the VLAN tag, and leaves a frame longer than its slot
 * in a queue). It always releases the slots in the same order: the kernel stops at a held slot even if later ones are free, and
 * the descriptor stays readable while the newest slot is held.
 *
 * <p>Used by the event loop, except for methods that say otherwise.
 */
final class Ring implements AutoCloseable {
    private static final int SLOT = Geometry.SLOT;
    private static final int SLOTS = Geometry.SLOTS;

    /** Bytes before a frame in the side area: its vnet header, and space to move it down by a VLAN tag. */
    private static final int HEADROOM = 16;

    private static final int TAG = VlanTag.LENGTH;
    private static final int MAC_ADDRESSES = EthernetHeader.TYPE;

    /** {@link PacketSocket#VNET_CSUM_OFFSET} of SCTP. */
    private static final int SCTP_CHECKSUM = SctpHeader.CHECKSUM;

    /** Bytes of all workers' transmit rings of a NIC, for frames that send(2) refuses although their packets fit the MTU. */
    private static final int TRANSMIT = 256 << 10;

    private static final int LEAST_TRANSMIT_SLOTS = 4;

    /**
     * The transmit slots fit this MTU, or the NIC's MTU at opening, if that is larger. If the MTU grows beyond both, the longest
     * of these frames are too big until the NIC is reopened.
     */
    private static final int LEAST_MTU = 1_500;

    /** Most socket errors in a row instead of a frame. */
    private static final int ERRORS = 3;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort NETWORK_SHORT = SHORT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final VarHandle STATUS = ValueLayout.JAVA_INT.varHandle();

    private final PacketSocket socket;
    private final @Nullable TransmitRing transmit;
    private final @Nullable Tap tap;
    private volatile @Nullable OuterTag outerTag; // written by the watch
    private final int slots;
    private final FileDescriptor descriptor;
    private final MemorySegment memory;
    private final Batch batch;

    /** The slot of the next frame. */
    private int head;

    /** Slots before {@link #head} that are not released to the kernel. */
    private int held;

    private boolean batchOut;
    private boolean closing;
    private PortCounters counters = new PortCounters();

    // Used by the watch only.
    private long takenBefore;
    /** One of the frames lost since {@link #takenBefore} is not counted yet: a later check knows why it was lost. */
    private boolean suspected;

    private boolean blocked;
    private boolean received;

    private Ring(
            PacketSocket socket,
            PacketSocket.RingGeometry geometry,
            @Nullable TransmitRing transmit,
            @Nullable Tap tap) {
        this.socket = socket;
        this.transmit = transmit;
        this.tap = tap;
        this.slots = geometry.slots();
        this.descriptor = new FileDescriptor(socket.fd());
        this.memory = socket.memory();
        this.batch = new Batch(memory, false);
    }

    /**
     * Opens a NIC; no frame arrives before {@link #startReceiving}. Any thread.
     *
     * @param tap on which frames are received; null: on the NIC
     * @throws ErrnoException see {@link PacketSocket#open}
     */
    static Ring open(Nic nic, @Nullable Tap tap, PacketSocket.RingGeometry geometry, PacketSocket.SocketOptions options)
            throws ErrnoException {
        Nic from = tap == null ? nic : tap.open();
        int longest = LinkHeader.LONGEST + TAG + Math.max(nic.mtu(), LEAST_MTU);
        int bytes = TRANSMIT / Math.ceilDiv(SLOTS, geometry.slots());
        int slots = Math.max(bytes / Integer.highestOneBit(2 * longest), LEAST_TRANSMIT_SLOTS);
        TransmitRing transmit = TransmitRing.open(nic, longest, slots, options.mark());
        boolean done = false;
        try {
            Ring ring = new Ring(PacketSocket.open(from, nic, geometry, options), geometry, transmit, tap);
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
        return new Ring(socket, geometry, null, null);
    }

    /** The NIC's program for frames under two tags; the ring closes it. On the watch, while the ring is open. */
    void share(OuterTag program) {
        outerTag = program;
        if (transmit != null) {
            transmit.bypassQdisc(false);
        }
    }

    /** True: a whole packet under two tags can leave by a veth. */
    boolean movesOuterTag() {
        return outerTag != null;
    }

    /** Sets the counters of received and lost frames. Before the first frame. */
    void countInto(PortCounters where) {
        counters = where;
    }

    /**
     * Reads and counts the frames that the kernel lost since the last check. On the watch.
     *
     * @return true: the kernel lost a frame although the ring was not full. A frame that a vnet header can't describe marks its
     *     slot as used and never fills it, and the kernel stops there for good ({@code rx_owner_map} in {@code tpacket_rcv}, since
     *     Linux 5.6)
     */
    boolean isBlocked() throws ErrnoException {
        PacketSocket.Statistics since = socket.statistics();
        received |= since.received() != 0 || since.lost() != 0;
        int lost = since.lost() + (suspected ? 1 : 0);
        // Before the count: what the worker takes meanwhile must not look like frames that were never there.
        boolean empty = lost != 0 && isEmpty();
        long taken = counters.get(RECEIVED_FRAMES) + counters.get(TRUNCATED);
        // After a full ring, all its frames but one batch would have been received since.
        boolean wasFull = taken - takenBefore >= Math.max(1, slots - Batch.CAPACITY);
        boolean suspicious = lost != 0 && !blocked && !wasFull;
        // While the worker is behind, a later check knows: where traffic is light, no other loss would come to ask
        // again.
        suspected = suspicious && !empty;
        if (suspicious) {
            lost--;
        }
        if (suspicious && empty) {
            blocked = true;
            counters.add(UNDESCRIBED, 1);
        }
        counters.add(RING_FULL, lost);
        if (!suspected) {
            takenBefore = taken;
        }
        return blocked;
    }

    /** Counts the frames lost until now, for the last time. Under the watch's lock. */
    void countLast() {
        try {
            counters.add(RING_FULL, (suspected ? 1 : 0) + socket.statistics().lost());
            suspected = false;
        } catch (ErrnoException impossible) {
            throw new IllegalStateException("PACKET_STATISTICS of an open socket", impossible);
        }
    }

    /** True: a frame arrived since the last call, even if it was lost. On the watch. */
    boolean takeReceived() {
        boolean did = received;
        received = false;
        return did;
    }

    FileDescriptor descriptor() {
        return descriptor;
    }

    void startReceiving() throws ErrnoException {
        socket.startReceiving();
    }

    PacketSocket socket() {
        return socket;
    }

    /** See {@link PacketSocket#bypassQdisc}. Any thread, while the ring is open. */
    void bypassQdisc(boolean bypass) {
        socket.bypassQdisc(bypass);
        if (transmit != null) {
            transmit.bypassQdisc(bypass && outerTag == null);
        }
    }

    /**
     * Sends one frame that send(2) finds too long: 1, or a negated errno.
     *
     * @param spare for {@link OuterTag}
     */
    int sendLong(Batch of, int i, boolean spare) {
        return transmit == null
                ? -Errno.EMSGSIZE
                : transmit.send(of.memory(), of.offset(i), of.length(i), of.unmarkedOffload(), spare);
    }

    /** True: the next slot holds a frame. */
    boolean isReady() {
        if (tap == null) {
            return isFilled();
        }
        long sentUp = tap.sentUp();
        boolean filled = isFilled();
        if (!filled) {
            tap.foundEmpty(sentUp);
        }
        return filled;
    }

    private boolean isFilled() {
        return ((int) STATUS.getAcquire(memory, (long) head * SLOT + TP_STATUS) & TP_STATUS_USER) != 0;
    }

    /** The next frames, or null if there are none. */
    @Nullable
    Batch receive() {
        batch.clear();
        long sentUp = tap == null ? 0 : tap.sentUp();
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
                frame = restoreTag(frame, u16(slot + TP_VLAN_TPID), u16(slot + TP_VLAN_TCI));
                length += TAG;
            }
            batch.add(frame, length);
            describe(frame, length);
            received += length;
            if (tap != null && tap.isTag(memory.get(INT, slot + TP_SEC))) {
                tap.tag(batch, memory.get(INT, slot + TP_SEC), memory.get(INT, slot + TP_NSEC));
            }
        }
        if (tap != null) {
            answer(tap, batch.size() + truncated, sentUp);
        }
        return counted(received, truncated);
    }

    private @Nullable Batch counted(long bytes, int truncated) {
        if (truncated > 0) {
            counters.add(TRUNCATED, truncated);
        }
        if (batch.size() == 0) {
            releaseSlots();
            return null;
        }
        counters.add(RECEIVED_FRAMES, batch.size());
        counters.add(RECEIVED_BYTES, bytes);
        batchOut = true;
        return batch;
    }

    private void answer(Tap of, int taken, long sentUp) {
        if (isFilled()) {
            of.took(taken, sentUp);
        } else {
            of.foundEmpty(sentUp);
        }
    }

    /**
     * Fetches the copy of a frame that is longer than its slot.
     *
     * @return its offset; -1: the copy is missing
     */
    private long receiveWhole(long side, int length) {
        long header = side + HEADROOM - VNET_HEADER;
        int space = (int) Math.min(Integer.MAX_VALUE, memory.byteSize() - header);
        for (int i = 0; i < ERRORS; i++) {
            long got = socket.receiveWhole(header, space);
            if (got == VNET_HEADER + length && got <= space) {
                return side + HEADROOM;
            }
            if (got >= 0) {
                // Not the copy of this slot, or longer than the side area: from here on copies and slots would not
                // match.
                skipCopies(header, space);
                return -1;
            }
            if (got == -Errno.EAGAIN) {
                return -1;
            }
            // The socket's own error (the link went down) is returned first, once; the frame is still queued.
        }
        return -1;
    }

    /** Discards all copies; each frame is counted when its slot is read. */
    private void skipCopies(long header, int space) {
        int skipped = 0;
        while (skipped < slots && socket.receiveWhole(header, space) >= 0) {
            skipped++;
        }
    }

    /** Moves the MAC addresses and the vnet header down and writes the tag after them; returns the frame's new offset. */
    private long restoreTag(long frame, int tpid, int tci) {
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

    /** Copies the vnet header's offloads of the last frame into the batch. */
    private void describe(long frame, int length) {
        long vnet = frame - VNET_HEADER;
        // Not from the slot's status: in older kernels TP_STATUS_CSUM_VALID meant that the NIC had summed the frame,
        // not that
        // the sum was right.
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

    /** SCTP has a CRC32c (RFC 9260, appendix A); a NIC that gets the vnet header would fill in an Internet checksum. */
    private void finishSctp(long packet, int length) {
        memory.set(INT, packet + SCTP_CHECKSUM, 0);
        CRC32C crc = new CRC32C();
        crc.update(memory.asSlice(packet, length).asByteBuffer());
        memory.set(INT, packet + SCTP_CHECKSUM, (int) crc.getValue());
    }

    /** Releases the batch. */
    void release() {
        batchOut = false;
        releaseSlots();
        if (closing) {
            closeSockets();
        }
    }

    private void releaseSlots() {
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

    /** Closes the NIC, and frees the memory once the batch is released. Once. */
    @Override
    public void close() {
        if (batchOut) {
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
        OuterTag shared = outerTag;
        if (shared != null) {
            shared.close();
        }
    }
}
