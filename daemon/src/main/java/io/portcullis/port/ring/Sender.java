package io.portcullis.port.ring;

import static io.portcullis.port.PortCounter.SEND_ERROR_EAGAIN;
import static io.portcullis.port.PortCounter.SEND_ERROR_EINVAL;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENETDOWN;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENOBUFS;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENXIO;
import static io.portcullis.port.PortCounter.SEND_ERROR_OTHER;
import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;

import io.portcullis.linux.Errno;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.SendQueue;
import io.portcullis.packet.Batch;
import io.portcullis.packet.UdpGsoRun;
import io.portcullis.port.LinkHeader;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortCounters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Sends the accepted frames of a batch, in order, and counts each as sent or refused. Successive datagrams of one flow leave
 * as one super-frame ({@link UdpGsoRun}); super-frames of tunnels leave packet by packet ({@link TunnelSender}).
 *
 * <p>One port's; on its event loop.
 */
final class Sender {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final RingNic nic;
    private final PortCounters counters;
    private final Transmission transmission;
    private final TunnelSender tunnels;
    private final UdpGsoRun run = new UdpGsoRun();

    // Of each message in the queue: the batch's frames in it, as bits, and their bytes.
    private final long[] members = new long[Batch.CAPACITY];
    private final int[] lengths = new int[Batch.CAPACITY];

    private boolean joins = true;
    private boolean wasDown;
    private volatile int otherErrno;

    /** {@link SendQueue#send}, or a test's refusal in its place. */
    @FunctionalInterface
    interface Transmission {
        int send(SendQueue queue, int from, int count);
    }

    Sender(RingNic nic, PortCounters counters, Transmission transmission) {
        this.nic = nic;
        this.counters = counters;
        this.transmission = transmission;
        this.tunnels = new TunnelSender(this, counters);
    }

    /** Sends the accepted frames through the socket of a ring. */
    void send(Batch batch, Ring ring) {
        PacketSocket socket = ring.socket();
        SendQueue queue = socket.sendQueue();
        wasDown = false;
        long left = batch.accepted();
        long tunnelled = tunnels.among(batch, left);
        // Frames of a run that was refused: they leave one by one.
        long alone = 0;
        while (left != 0) {
            long first = Long.lowestOneBit(left);
            if ((tunnelled & first) != 0) {
                tunnels.send(batch, Long.numberOfTrailingZeros(first), queue, nic.mtuLength());
                left ^= first;
                continue;
            }
            long untilTunnel = left & Long.lowestOneBit(left & tunnelled) - 1;
            int count = gather(batch, untilTunnel, alone, queue);
            int refused = sendUntilRunIsRefused(batch, count, ring);
            left ^= untilTunnel;
            for (int i = refused; i < count; i++) {
                left |= members[i];
            }
            if (refused < count) {
                alone |= members[refused];
            }
        }
    }

    /**
     * Puts frames of a batch into the queue.
     *
     * @param alone frames that join no run
     * @return number of messages
     */
    private int gather(Batch batch, long frames, long alone, SendQueue queue) {
        long memory = batch.memory().address();
        boolean plain = batch.unmarkedOffload();
        int mtuLength = nic.mtuLength();
        boolean joining = joins && nic.cutsDatagrams() && !plain;
        int count = 0;
        queue.clear();
        for (long left = frames; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            if (batch.segmentLength(i) != 0 && PacketLength.ofSegment(batch, i) > mtuLength) {
                counters.add(TOO_BIG, 1);
                continue;
            }
            long others = (alone & 1L << i) == 0 ? left & left - 1 : 0;
            if (joining && others != 0 && run.begin(batch, i, mtuLength)) {
                long after = others;
                while (after != 0 && run.append(batch, Long.numberOfTrailingZeros(after))) {
                    after &= after - 1;
                }
                if (after != others) {
                    putRun(batch, left ^ after, queue, count++);
                    left ^= others ^ after;
                    continue;
                }
            }
            if (plain) {
                queue.putPlain(memory + batch.offset(i), batch.length(i));
            } else {
                queue.put(memory + batch.offset(i), batch.length(i));
            }
            members[count] = 1L << i;
            lengths[count++] = batch.length(i);
        }
        return count;
    }

    /** Puts the frames of the {@link #run} as one message. */
    private void putRun(Batch batch, long frames, SendQueue queue, int message) {
        MemorySegment headers = queue.headers();
        long vnet = (long) message * SendQueue.HEADERS;
        int headersLength = run.headersLength();
        headers.set(
                ValueLayout.JAVA_BYTE, vnet + PacketSocket.VNET_FLAGS, (byte) PacketSocket.VIRTIO_NET_HDR_F_NEEDS_CSUM);
        headers.set(ValueLayout.JAVA_BYTE, vnet + PacketSocket.VNET_GSO_TYPE, (byte)
                PacketSocket.VIRTIO_NET_HDR_GSO_UDP_L4);
        headers.set(SHORT, vnet + PacketSocket.VNET_HDR_LEN, (short) headersLength);
        headers.set(SHORT, vnet + PacketSocket.VNET_GSO_SIZE, (short) run.segmentLength());
        headers.set(SHORT, vnet + PacketSocket.VNET_CSUM_START, (short) run.checksumStart());
        headers.set(SHORT, vnet + PacketSocket.VNET_CSUM_OFFSET, (short) run.checksumField());
        run.writeHeaders(headers, vnet + PacketSocket.VNET_HEADER);
        queue.putInPieces(vnet, PacketSocket.VNET_HEADER + headersLength);
        long memory = batch.memory().address();
        int length = 0;
        for (long left = frames; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            queue.addPiece(memory + batch.offset(i) + headersLength, run.payloadLength(batch, i));
            length += batch.length(i);
        }
        members[message] = frames;
        lengths[message] = length;
    }

    /**
     * Sends the messages of the queue, and counts each frame as sent or refused.
     *
     * @return {@code count}; or the number of a run that was refused although its frames may pass one by one: neither it nor
     *     the messages after it are sent or counted
     */
    private int sendUntilRunIsRefused(Batch batch, int count, Ring ring) {
        SendQueue queue = ring.socket().sendQueue();
        int at = 0;
        while (at < count) {
            int sent = transmission.send(queue, at, count - at);
            if (sent == -Errno.ENETDOWN && !wasDown) {
                // The socket reports once that the link went down, even where it is up again.
                wasDown = true;
                continue;
            }
            if (sent < 0 && isRun(at) && !isForAll(-sent)) {
                if (sent == -Errno.EINVAL) {
                    // Kernels before 6.2 have no UDP_L4 super-frames.
                    joins = false;
                }
                if (sent != -Errno.EAGAIN) {
                    return at;
                }
            }
            if (sent == -Errno.ENOBUFS && nic.bypassesQdisc() && lengths[at] > nic.mtuLength() + LinkHeader.LONGEST) {
                sent = sendThroughQdisc(ring.socket(), at);
            } else if (sent == -Errno.EMSGSIZE) {
                sent = sendTagged(batch, Long.numberOfTrailingZeros(members[at]), ring);
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

    /**
     * Sends a frame that send(2) refused as too long through the transmit ring, where it is a packet no longer than the MTU
     * behind one or two tags.
     */
    private int sendTagged(Batch batch, int i, Ring ring) {
        if (!LinkHeader.carries(batch, i, nic.mtuLength(), nic.longestLinkHeader())) {
            if (LinkHeader.carries(batch, i, nic.mtuLength(), LinkHeader.LONGEST)) {
                nic.wantOuterTag();
            }
            return -Errno.EMSGSIZE;
        }
        boolean spare = nic.movesOuterTag() && batch.length(i) > nic.mtuLength() + LinkHeader.WITH_TAG;
        return ring.sendLong(batch, i, spare);
    }

    /** Has the kernel cut a super-frame of a kind that the NIC does not cut (UDP behind a tag), though it cuts others. */
    private int sendThroughQdisc(PacketSocket socket, int at) {
        socket.bypassQdisc(false);
        int sent = transmission.send(socket.sendQueue(), at, 1);
        socket.bypassQdisc(nic.bypassesQdisc());
        return sent;
    }

    private boolean isRun(int message) {
        return (members[message] & members[message] - 1) != 0;
    }

    private int framesOf(int from, int count) {
        int frames = 0;
        for (int i = from; i < from + count; i++) {
            frames += Long.bitCount(members[i]);
        }
        return frames;
    }

    private void countSent(int from, int count) {
        long bytes = 0;
        for (int i = from; i < from + count; i++) {
            bytes += lengths[i];
        }
        counters.add(SENT_FRAMES, framesOf(from, count));
        counters.add(SENT_BYTES, bytes);
    }

    /** True: the kernel would refuse the frames after this one as well. */
    static boolean isForAll(int errno) {
        return errno == Errno.ENETDOWN || errno == Errno.ENXIO || errno == Errno.ENODEV;
    }

    /** The counter of frames that the kernel refuses with an errno. */
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

    /** The last errno counted in {@link PortCounter#SEND_ERROR_OTHER}. Any thread. */
    int otherErrno() {
        return otherErrno;
    }
}
