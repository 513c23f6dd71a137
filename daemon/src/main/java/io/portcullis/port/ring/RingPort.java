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
import static io.portcullis.port.PortCounter.UNKNOWN_TUNNEL;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.linux.Errno;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.EtherType;
import io.portcullis.packet.Batch;
import io.portcullis.packet.UdpGsoRun;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.packet.wire.VlanTag;
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
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A NIC through a packet socket ({@link PacketSocket}): frames are read in memory that the kernel shares with us, and what
 * is accepted is sent from there, up to 64 frames a system call. Offloads stay on: a super-frame crosses as one frame, and
 * a checksum that a NIC is to fill in is filled in by the NIC that sends it.
 *
 * <p>What decides how fast frames leave is how often another core has to be woken for them, and how often the kernel is asked.
 * Datagrams of one flow that lie in a batch one after the other leave as one super-frame, a {@link UdpGsoRun}: on two cores, with
 * the far end on the other one, 660,000 instead of 255,000 datagrams of 64 bytes a second went through without loss, and a
 * flood of as many as the generator could send no longer halved that. Left alone after a measurement: generic receive offload
 * on our own NICs ({@code gro}, {@code rx-udp-gro-forwarding}) brought 275,000 for one flow and 145,000 instead of 260,000 for
 * 1,024, since a veth then hands each frame to a NAPI poll of its own. daemon/BENCHMARKS.md has the commands.
 *
 * <p>Several workers have a port each on the same NIC; what these share is {@link RingNic}, which also looks after the link
 * on a thread of its own.
 */
public final class RingPort implements Port {
    private static final Logger LOG = LoggerFactory.getLogger(RingPort.class);

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** What the log names the first time that it happens. Of a link that is down the log tells anyway. */
    private static final Set<PortCounter> NAMED_ONCE = EnumSet.of(
            TOO_BIG,
            UNKNOWN_TUNNEL,
            PortCounter.TRUNCATED,
            PortCounter.UNDESCRIBED,
            RING_FULL,
            SEND_ERROR_EAGAIN,
            SEND_ERROR_ENOBUFS,
            SEND_ERROR_EINVAL,
            SEND_ERROR_OTHER);

    private final RingNic nic;
    private final Transmission transmission;
    private final PortCounters counters = new PortCounters();

    // The messages that are being sent: the batch's frames in each, as bits, and their bytes.
    private final long[] members = new long[Batch.CAPACITY];
    private final int[] lengths = new int[Batch.CAPACITY];
    private final UdpGsoRun train = new UdpGsoRun();
    private final TunnelSender tunnels = new TunnelSender();
    private boolean joins = true;
    private boolean wasDown;

    private volatile int otherErrno;

    /** Changed by the event loop, under the NIC's lock; read by it without. */
    private Ring current;

    private @Nullable Ring pending; // under the NIC's lock
    private boolean closed; // as current

    // The watch's own.
    private final Set<PortCounter> unnamed = EnumSet.copyOf(NAMED_ONCE);
    private boolean unannounced;

    private volatile Runnable reopened = () -> {};

    /** Who takes what is sent: the kernel, or in a test somebody who refuses it. As {@link PacketSocket#send}. */
    @FunctionalInterface
    interface Transmission {
        int send(PacketSocket socket, int from, int count);
    }

    RingPort(RingNic nic, Ring opened, Transmission transmission) {
        this.nic = nic;
        this.transmission = transmission;
        this.current = opened;
        opened.countIn(counters);
    }

    /**
     * Opens a NIC for one worker. One that is down forwards as soon as it is up.
     *
     * @throws PortException if there is no such NIC, no privilege, a kernel that is too old, or the NIC is not Ethernet
     */
    public static RingPort open(String name) throws PortException {
        return open(name, Steering.SINGLE, PacketSocket.SocketOptions.ALONE).getFirst();
    }

    /**
     * Opens a NIC for several workers. The kernel gives each port its share of the frames as soon as all have started.
     *
     * @param steering who gets which frame
     * @param options towards the NIC and towards others that share it
     * @return a port for each worker, in their order; each is closed on its own, and all together
     * @throws PortException as for one
     */
    public static List<RingPort> open(String name, Steering steering, PacketSocket.SocketOptions options)
            throws PortException {
        return RingNic.open(name, steering, options);
    }

    @Override
    public String nic() {
        return nic.name();
    }

    @Override
    public FileDescriptor descriptor() {
        return current.descriptor();
    }

    @Override
    public void start(Runnable whenReopened) {
        reopened = whenReopened;
        nic.arrived(current);
    }

    @Override
    public boolean canBePolled() {
        return true;
    }

    @Override
    public boolean isReady() {
        return !closed && current.isReady();
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
        PacketSocket socket = current.socket();
        long frames = batch.accepted();
        wasDown = false;
        for (long tunnelled = tunnels.among(batch, frames); tunnelled != 0; tunnelled &= tunnelled - 1) {
            long tunnel = Long.lowestOneBit(tunnelled);
            send(batch, frames & tunnel - 1, socket);
            tunnels.send(batch, Long.numberOfTrailingZeros(tunnel), socket, nic.mtuLength(), this);
            frames &= -tunnel << 1;
        }
        send(batch, frames, socket);
    }

    private void send(Batch batch, long frames, PacketSocket socket) {
        long alone = 0;
        long left = frames;
        while (left != 0) {
            int count = gather(batch, left, alone, socket);
            int refused = sendTillTrainIsRefused(batch, count, socket);
            left = 0;
            for (int i = refused; i < count; i++) {
                left |= members[i];
            }
            if (refused < count) {
                alone |= members[refused];
            }
        }
    }

    /**
     * Sends what was gathered, and counts each frame as sent or refused.
     *
     * @param count messages that there are
     * @return the message that was refused though its frames may pass one by one: it and those after it are neither sent nor
     *     counted; or {@code count}
     */
    private int sendTillTrainIsRefused(Batch batch, int count, PacketSocket socket) {
        int at = 0;
        while (at < count) {
            int sent = transmission.send(socket, at, count - at);
            if (sent == -Errno.ENETDOWN && !wasDown) {
                // The socket remembers that the link went down until it is told once, be the link up again or not.
                wasDown = true;
                continue;
            }
            if (sent < 0 && isTrain(at) && !isForAll(-sent)) {
                if (sent == -Errno.EINVAL) {
                    // A kernel before 6.2 knows no such super-frame.
                    joins = false;
                }
                if (sent != -Errno.EAGAIN) {
                    return at;
                }
            }
            if (sent == -Errno.ENOBUFS
                    && nic.bypassesQdisc()
                    && lengths[at] > nic.mtuLength() + Ring.LONGEST_LINK_HEADER) {
                sent = sendThroughQdisc(socket, at);
            } else if (sent == -Errno.EMSGSIZE) {
                sent = sendTagged(batch, Long.numberOfTrailingZeros(members[at]));
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
        return count;
    }

    /** What send(2) finds too long: a packet as long as the MTU at the most, under one or two tags, goes all the same. */
    private int sendTagged(Batch batch, int i) {
        int network = networkHeader(batch, i);
        boolean fits = network > EthernetHeader.LENGTH
                && network <= Ring.LONGEST_LINK_HEADER
                && batch.length(i) - network <= nic.mtuLength()
                && batch.length(i) <= nic.mtuLength() + nic.longestLinkHeader();
        return fits ? current.sendLong(batch, i) : -Errno.EMSGSIZE;
    }

    private boolean isTrain(int message) {
        return (members[message] & members[message] - 1) != 0;
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
        int sent = transmission.send(socket, at, 1);
        socket.bypassQdisc(nic.bypassesQdisc());
        return sent;
    }

    /**
     * Lists frames of a batch for the kernel.
     *
     * @param alone frames that join no train; where they are among {@code frames}, they come first
     * @return how many messages they make
     */
    private int gather(Batch batch, long frames, long alone, PacketSocket socket) {
        MemorySegment memory = batch.memory();
        boolean plain = batch.unmarkedOffload();
        int mtuLength = nic.mtuLength();
        boolean joining = joins && nic.cutsDatagrams() && !plain;
        int count = 0;
        socket.clear();
        for (long left = frames; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            long offset = batch.offset(i);
            if (batch.segmentLength(i) != 0 && packetLength(batch, i) > mtuLength) {
                counters.add(TOO_BIG, 1);
                continue;
            }
            long others = (alone & 1L << i) == 0 ? left & left - 1 : 0;
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
        int network = networkHeader(batch, i);
        int transport = batch.checksumStart(i);
        boolean tcp = batch.checksumField(i) - transport == TcpHeader.CHECKSUM;
        int header = tcp
                ? TcpHeader.length(memory, frame + transport)
                : UdpHeader.LENGTH;
        return transport - network + header + batch.segmentLength(i);
    }

    /** Bytes from the start of a frame to what comes after its tags. */
    private static int networkHeader(Batch batch, int i) {
        MemorySegment memory = batch.memory();
        long frame = batch.offset(i);
        int network = EthernetHeader.LENGTH;
        int type = memory.get(NETWORK_SHORT, frame + EthernetHeader.TYPE) & 0xffff;
        while (EtherType.isVlan(type) && network + VlanTag.LENGTH <= batch.length(i)) {
            type = memory.get(NETWORK_SHORT, frame + network + VlanTag.TYPE) & 0xffff;
            network += VlanTag.LENGTH;
        }
        return network;
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
    static boolean isForAll(int errno) {
        return errno == Errno.ENETDOWN || errno == Errno.ENXIO || errno == Errno.ENODEV;
    }

    /** What counts the frames that the kernel refuses with an errno. */
    PortCounter refusal(int errno) {
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
        return nic.state();
    }

    /** The NIC was opened anew, for {@link #moveOn}. By the watch, under the NIC's lock. */
    void offer(Ring ring) {
        ring.countIn(counters);
        if (pending != null) {
            pending.close();
        }
        pending = ring;
        unannounced = true;
    }

    /** Asks the event loop for {@link #moveOn} where it was not asked yet. By the watch. */
    void announce() {
        if (unannounced) {
            reopened.run();
            unannounced = false;
        }
    }

    @Override
    public void moveOn() {
        synchronized (nic) {
            if (pending == null || closed) {
                return;
            }
            current.countLast();
            current.close();
            current = pending;
            pending = null;
        }
        nic.arrived(current);
    }

    @Override
    public void close() {
        synchronized (nic) {
            if (closed) {
                return;
            }
            closed = true;
            nic.portIsClosed();
            current.close();
            if (pending != null) {
                pending.close();
            }
        }
        nic.endWatch();
    }

    /** Names in the log what has been lost for the first time. By the watch. */
    void nameLosses() {
        unnamed.removeIf(counter -> {
            if (counters.get(counter) == 0) {
                return false;
            }
            String errno = counter == SEND_ERROR_OTHER ? Errno.name(otherErrno) : counter.errno();
            LOG.warn(
                    "{}: {}{}: {} (named once, counted in portcullis_port_lost_frames_total)",
                    nic.name(),
                    counter.label(),
                    errno.isEmpty() ? "" : " " + errno,
                    counter.meaning());
            return true;
        });
    }
}
