package io.portcullis.port.ring;

import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.SEND_ERROR_EAGAIN;
import static io.portcullis.port.PortCounter.SEND_ERROR_EINVAL;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENETDOWN;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENOBUFS;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENXIO;
import static io.portcullis.port.PortCounter.SEND_ERROR_OTHER;
import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LinkWatch;
import io.portcullis.linux.Nic;
import io.portcullis.linux.Nics;
import io.portcullis.linux.Offloads;
import io.portcullis.linux.PacketSocket;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Train;
import io.portcullis.port.Port;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortCounters;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A NIC through a packet socket ({@link PacketSocket}): frames are read in memory that the kernel shares with us, and what
 * is accepted is sent from there, up to 64 frames a system call. Offloads stay on: a super-frame crosses as one frame, and
 * a checksum that a NIC is to fill in is filled in by the NIC that sends it.
 *
 * <p>A second thread, the <em>watch</em>, waits for what rtnetlink tells of the NIC, and reads the kernel's count of lost
 * frames once a second; it alone opens a NIC. Link down and up, and another MTU, are nothing to the socket. A NIC that was
 * made again under the same name is another NIC: the watch opens it, and the event loop goes over to it
 * ({@link #moveOn}). To bind the old socket to it would be simpler, and is refused to a socket that is a member of a fanout
 * group; nor would it free a ring that is blocked (see {@link #isBlocked}).
 */
public final class RingPort implements Port {
    private static final Logger LOG = LoggerFactory.getLogger(RingPort.class);

    private static final int WATCH_MS = 1_000;
    private static final long END_MS = 2_000;

    /** Where one of these is off, the kernel has to cut the super-frames of TCP for the NIC. */
    private static final List<String> CUTTING = List.of("tx-tcp-segmentation", "tx-tcp6-segmentation");

    /** Where this one is on, datagrams of one flow are sent as one super-frame. */
    private static final String CUTTING_DATAGRAMS = "tx-udp-segmentation";

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final int ETHERNET_HEADER = 14;
    private static final int LONGEST_LINK_HEADER = 22;
    private static final int TYPE = 12;
    private static final int TAG = 4;
    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int TCP_CHECKSUM = 16;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int UDP_HEADER = 8;
    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** What the log names the first time that it happens. Of a link that is down the log tells anyway. */
    private static final Set<PortCounter> NAMED_ONCE = EnumSet.of(
            TOO_BIG,
            PortCounter.TRUNCATED,
            RING_FULL,
            SEND_ERROR_EAGAIN,
            SEND_ERROR_ENOBUFS,
            SEND_ERROR_EINVAL,
            SEND_ERROR_OTHER);

    private final String nic;
    private final PortCounters counters;
    private final LinkWatch links;
    private final Thread watch;

    // The messages that are being sent: the batch's frames in each, as bits, and their bytes.
    private final long[] members = new long[Batch.CAPACITY];
    private final int[] lengths = new int[Batch.CAPACITY];
    private final Train train = new Train();
    private boolean joins = true;

    private volatile PortState state;
    private volatile int mtuLength;
    private volatile int otherErrno;
    private volatile boolean cutsSuperFrames;
    private volatile boolean cutsDatagrams;

    /** Changed by the event loop, under the lock; read by it without, and under the lock by the watch. */
    private Ring current;

    private @Nullable Ring pending; // under the lock
    private boolean closed; // as current

    // The watch's own.
    private boolean allLostBefore;
    private List<String> namedMissing = List.of();
    private final Set<PortCounter> unnamed = EnumSet.copyOf(NAMED_ONCE);

    private Runnable reopened = () -> {};

    private RingPort(Nic nic, Ring opened, PortCounters counters, LinkWatch links) {
        this.nic = nic.name();
        this.counters = counters;
        this.links = links;
        this.current = opened;
        this.mtuLength = nic.mtu();
        this.state = stateOf(nic);
        this.watch = Thread.ofPlatform()
                .daemon()
                .name("portcullis-watch-" + nic.name())
                .unstarted(this::watch);
    }

    /**
     * Opens a NIC. One that is down forwards as soon as it is up.
     *
     * @throws PortException if there is no such NIC, no privilege, a kernel that is too old, or the NIC is not Ethernet
     */
    public static RingPort open(String name) throws PortException {
        LinkWatch links = null;
        RingPort port = null;
        try {
            links = LinkWatch.open();
            Nic nic = Nics.named(name);
            if (!nic.ethernet()) {
                throw new PortException(name + ": not an Ethernet interface (hardware type " + nic.hardwareType()
                        + "); ports are Ethernet only");
            }
            PortCounters counters = new PortCounters();
            port = new RingPort(nic, Ring.open(nic, counters), counters, links);
            port.chooseWayOut();
            return port;
        } catch (ErrnoException refused) {
            throw new PortException(explain(name, refused), refused);
        } finally {
            if (port == null && links != null) {
                links.close();
            }
        }
    }

    private static String explain(String nic, ErrnoException refused) {
        return switch (refused.errno()) {
            case Errno.ENODEV -> nic + ": no such network interface; `ip link` lists those that there are";
            case Errno.EPERM ->
                nic + ": no privilege to open a packet socket; run as root, or with CAP_NET_RAW and CAP_NET_ADMIN";
            case Errno.ENOPROTOOPT -> nic + ": this kernel is too old for datapath ring: " + refused.getMessage();
            default -> nic + ": " + refused.getMessage();
        };
    }

    private static PortState stateOf(Nic nic) {
        return PortState.of(nic.name(), nic.up(), nic.carrier());
    }

    @Override
    public String nic() {
        return nic;
    }

    @Override
    public FileDescriptor descriptor() {
        return current.descriptor();
    }

    @Override
    public void start(Runnable whenReopened) {
        reopened = whenReopened;
        admit(current);
        watch.start();
    }

    private void admit(Ring ring) {
        try {
            ring.admit();
        } catch (ErrnoException refused) {
            throw new IllegalStateException(nic, refused);
        }
    }

    @Override
    public @Nullable Batch receive() {
        return closed ? null : current.receive();
    }

    @Override
    public void release(Batch batch) {
        current.release();
    }

    @Override
    public void takeError() {
        // What it says, the watch knows from rtnetlink, with a reason.
        current.socket().takeError();
    }

    @Override
    public void send(Batch batch) {
        if (closed) {
            counters.add(SEND_ERROR_ENXIO, Long.bitCount(batch.accepted()));
            return;
        }
        send(batch, batch.accepted(), current.socket());
    }

    private void send(Batch batch, long frames, PacketSocket socket) {
        int count = gather(batch, frames, socket);
        int at = 0;
        boolean wasDown = false;
        while (at < count) {
            int sent = socket.send(at, count - at);
            if (sent == -Errno.ENETDOWN && !wasDown) {
                // The socket remembers that the link went down until it is told once, be the link up again or not.
                wasDown = true;
                continue;
            }
            boolean refusedTrain = sent < 0 && isTrain(at) && !isForAll(-sent);
            if (refusedTrain && sent == -Errno.EINVAL) {
                // A kernel before 6.2 knows no such super-frame.
                joins = false;
            }
            if (refusedTrain && sent != -Errno.EAGAIN) {
                long train = members[at];
                sendApart(batch, train, socket);
                long rest = 0;
                for (int i = at + 1; i < count; i++) {
                    rest |= members[i];
                }
                send(batch, rest, socket);
                return;
            }
            if (sent == -Errno.ENOBUFS && lengths[at] > mtuLength + LONGEST_LINK_HEADER) {
                sent = sendThroughQdisc(socket, at);
            }
            if (sent > 0) {
                countSent(at, sent);
                at += sent;
            } else {
                int lost = isForAll(-sent) ? count - at : 1;
                counters.add(refusal(-sent), framesOf(at, lost));
                at += lost;
            }
        }
    }

    private boolean isTrain(int message) {
        return (members[message] & members[message] - 1) != 0;
    }

    /** What was refused as a super-frame. */
    private void sendApart(Batch batch, long frames, PacketSocket socket) {
        boolean before = joins;
        joins = false;
        send(batch, frames, socket);
        joins = before;
    }

    private int framesOf(int from, int count) {
        int frames = 0;
        for (int i = from; i < from + count; i++) {
            frames += Long.bitCount(members[i]);
        }
        return frames;
    }

    /** A super-frame that the NIC can't cut as it is, though it cuts others (tagged, of UDP): there the kernel cuts it. */
    private int sendThroughQdisc(PacketSocket socket, int at) {
        socket.bypassQdisc(false);
        int sent = socket.send(at, 1);
        socket.bypassQdisc(cutsSuperFrames);
        return sent;
    }

    /** Lists frames of a batch for the kernel; returns how many messages they make. */
    private int gather(Batch batch, long frames, PacketSocket socket) {
        MemorySegment memory = batch.memory();
        boolean plain = batch.unmarkedOffload();
        boolean joining = joins && cutsDatagrams && !plain;
        int count = 0;
        socket.clear();
        for (long left = frames; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            long offset = batch.offset(i);
            if (batch.segmentLength(i) != 0 && packetLength(batch, i) > mtuLength) {
                counters.add(TOO_BIG, 1);
                continue;
            }
            long others = left & left - 1;
            if (joining && others != 0 && train.begin(batch, i, mtuLength)) {
                long after = others;
                while (after != 0 && train.append(batch, Long.numberOfTrailingZeros(after))) {
                    after &= after - 1;
                }
                if (after != others) {
                    put(batch, left ^ after, socket, count++);
                    left ^= others ^ after;
                    continue;
                }
            }
            if (plain) {
                socket.putPlain(memory.address() + offset, batch.length(i));
            } else {
                socket.put(memory.address() + offset, batch.length(i));
            }
            members[count] = 1L << i;
            lengths[count++] = batch.length(i);
        }
        return count;
    }

    /** The frames of the {@link #train} as one message. */
    private void put(Batch batch, long frames, PacketSocket socket, int message) {
        MemorySegment headers = socket.headers();
        long vnet = (long) message * PacketSocket.HEADERS;
        int headersLength = train.headersLength();
        headers.set(
                ValueLayout.JAVA_BYTE, vnet + PacketSocket.VNET_FLAGS, (byte) PacketSocket.VIRTIO_NET_HDR_F_NEEDS_CSUM);
        headers.set(ValueLayout.JAVA_BYTE, vnet + PacketSocket.VNET_GSO_TYPE, (byte)
                PacketSocket.VIRTIO_NET_HDR_GSO_UDP_L4);
        headers.set(SHORT, vnet + PacketSocket.VNET_HDR_LEN, (short) headersLength);
        headers.set(SHORT, vnet + PacketSocket.VNET_GSO_SIZE, (short) train.segmentLength());
        headers.set(SHORT, vnet + PacketSocket.VNET_CSUM_START, (short) train.checksumStart());
        headers.set(SHORT, vnet + PacketSocket.VNET_CSUM_OFFSET, (short) train.checksumField());
        train.writeHeaders(headers, vnet + PacketSocket.VNET_HEADER);
        socket.putInPieces(vnet, PacketSocket.VNET_HEADER + headersLength);
        long memory = batch.memory().address();
        int length = 0;
        for (long left = frames; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            socket.addPiece(memory + batch.offset(i) + headersLength, train.payloadLength(batch, i));
            length += batch.length(i);
        }
        members[message] = frames;
        lengths[message] = length;
    }

    /**
     * Bytes from layer 3 on of each packet that a super-frame stands for. The kernel does not compare them with the MTU, and
     * not every NIC does.
     */
    private static int packetLength(Batch batch, int i) {
        if (batch.checksum(i) != Batch.Checksum.PARTIAL) {
            return 0;
        }
        MemorySegment memory = batch.memory();
        long frame = batch.offset(i);
        int network = ETHERNET_HEADER;
        int type = memory.get(NETWORK_SHORT, frame + TYPE) & 0xffff;
        while ((type == VLAN || type == SERVICE_VLAN) && network + TAG <= batch.length(i)) {
            type = memory.get(NETWORK_SHORT, frame + network + 2) & 0xffff;
            network += TAG;
        }
        int transport = batch.checksumStart(i);
        boolean tcp = batch.checksumField(i) - transport == TCP_CHECKSUM;
        int header = tcp
                ? (memory.get(ValueLayout.JAVA_BYTE, frame + transport + TCP_DATA_OFFSET) >>> 4 & 0xf) * 4
                : UDP_HEADER;
        return transport - network + header + batch.segmentLength(i);
    }

    private void countSent(int from, int count) {
        long bytes = 0;
        for (int i = from; i < from + count; i++) {
            bytes += lengths[i];
        }
        counters.add(SENT_FRAMES, framesOf(from, count));
        counters.add(SENT_BYTES, bytes);
    }

    /** True: the frames after this one would be refused as well. */
    private static boolean isForAll(int errno) {
        return errno == Errno.ENETDOWN || errno == Errno.ENXIO || errno == Errno.ENODEV;
    }

    private PortCounter refusal(int errno) {
        return switch (errno) {
            case Errno.EMSGSIZE -> TOO_BIG;
            case Errno.EAGAIN -> SEND_ERROR_EAGAIN;
            case Errno.ENOBUFS -> SEND_ERROR_ENOBUFS;
            case Errno.ENETDOWN -> SEND_ERROR_ENETDOWN;
            case Errno.ENXIO, Errno.ENODEV -> SEND_ERROR_ENXIO;
            case Errno.EINVAL -> SEND_ERROR_EINVAL;
            default -> {
                otherErrno = errno;
                yield SEND_ERROR_OTHER;
            }
        };
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public PortState state() {
        return state;
    }

    @Override
    public void moveOn() {
        synchronized (this) {
            Ring next = pending;
            if (next == null || closed) {
                return;
            }
            pending = null;
            current.close();
            current = next;
            admit(next);
            mtuLength = next.nic().mtu();
            current.socket().bypassQdisc(cutsSuperFrames);
            changeTo(stateOf(next.nic()));
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            current.close();
            if (pending != null) {
                pending.close();
            }
        }
        links.close();
        try {
            watch.join(END_MS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch() {
        boolean failed = false;
        while (true) {
            try {
                if (!look()) {
                    return;
                }
                links.next(WATCH_MS);
                failed = false;
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.ECANCELED) {
                    return;
                }
                if (!failed) {
                    LOG.error("{}: its link can't be watched now: {}", nic, refused.getMessage());
                }
                failed = true;
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(WATCH_MS));
            }
        }
    }

    /** False: the port is closed. */
    private boolean look() throws ErrnoException {
        Optional<Nic> found = Nics.find(nic);
        boolean open;
        synchronized (this) {
            if (closed) {
                return false;
            }
            boolean blocked = isBlocked();
            boolean same =
                    found.isPresent() && found.get().index() == current.nic().index() && !blocked;
            boolean awaited = pending != null
                    && found.isPresent()
                    && found.get().index() == pending.nic().index();
            open = found.isPresent() && !same && !awaited;
            if (blocked) {
                LOG.warn(
                        "{}: a frame of a kind that a packet socket can't describe has blocked the receive ring; it is"
                                + " opened anew. An offload of the far end makes such frames (SCTP, UDP fragmentation)",
                        nic);
            }
            if (same) {
                noteMtu(found.get());
                chooseWayOut();
                changeTo(stateOf(found.get()));
            } else if (found.isEmpty()) {
                changeTo(PortState.gone(nic));
            }
        }
        nameLosses();
        if (open) {
            reopen(found.get());
        }
        return true;
    }

    /**
     * Reads what the kernel has lost. True: at two looks it had lost all that came, though every slot was free. A frame with an offload that a vnet header has no word for marks its slot as taken and never fills it, and there the
     * kernel stands still ({@code rx_owner_map} in {@code tpacket_rcv}, from Linux 5.6 on).
     */
    private boolean isBlocked() throws ErrnoException {
        PacketSocket.Statistics since = current.socket().statistics();
        counters.add(RING_FULL, since.lost());
        boolean allLost = since.lost() > 0 && since.received() == 0 && current.isEmpty();
        boolean blocked = allLost && allLostBefore;
        allLostBefore = allLost;
        return blocked;
    }

    private void reopen(Nic found) {
        Ring opened;
        try {
            opened = Ring.open(found, counters);
        } catch (ErrnoException refused) {
            changeTo(new PortState.NotForwarding(explain(nic, refused)));
            return;
        }
        synchronized (this) {
            if (closed) {
                opened.close();
                return;
            }
            if (pending != null) {
                pending.close();
            }
            pending = opened;
        }
        reopened.run();
    }

    /** Past the NIC's qdisc, which spares time, where the NIC cuts super-frames itself; else through it. */
    private void chooseWayOut() {
        List<String> active = activeOffloads();
        List<String> missing =
                CUTTING.stream().filter(feature -> !active.contains(feature)).toList();
        if (!missing.isEmpty() && !missing.equals(namedMissing)) {
            LOG.info(
                    "{}: {} off: what is sent goes through its qdisc, where the kernel cuts super-frames",
                    nic,
                    String.join(", ", missing));
        }
        namedMissing = missing;
        cutsSuperFrames = missing.isEmpty();
        cutsDatagrams = cutsSuperFrames && active.contains(CUTTING_DATAGRAMS);
        current.socket().bypassQdisc(cutsSuperFrames);
    }

    private List<String> activeOffloads() {
        try {
            return Offloads.read(nic).names(Offloads.Feature::active);
        } catch (ErrnoException refused) {
            LOG.debug("{}: offloads are unknown", nic, refused);
            return List.of();
        }
    }

    private void noteMtu(Nic found) {
        if (found.mtu() != mtuLength) {
            LOG.info("{}: MTU {} (was {})", nic, found.mtu(), mtuLength);
            mtuLength = found.mtu();
        }
    }

    private synchronized void changeTo(PortState next) {
        if (next.equals(state)) {
            return;
        }
        state = next;
        switch (next) {
            case PortState.Forwarding _ -> LOG.info("{} forwards again", nic);
            case PortState.NotForwarding(String reason) -> LOG.warn("no frame passes: {}", reason);
        }
    }

    private void nameLosses() {
        unnamed.removeIf(counter -> {
            if (counters.get(counter) == 0) {
                return false;
            }
            String errno = counter == SEND_ERROR_OTHER ? Errno.name(otherErrno) : counter.errno();
            LOG.warn(
                    "{}: {}{}: {} (named once, counted in portcullis_port_lost_frames_total)",
                    nic,
                    counter.label(),
                    errno.isEmpty() ? "" : " " + errno,
                    counter.meaning());
            return true;
        });
    }
}
