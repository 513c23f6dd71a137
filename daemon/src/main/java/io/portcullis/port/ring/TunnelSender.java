package io.portcullis.port.ring;

import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static io.portcullis.port.PortCounter.UNKNOWN_TUNNEL;

import io.portcullis.linux.Errno;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.SendQueue;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Segmenter;
import io.portcullis.port.PortCounters;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Sends a super-frame of a tunnel as its single packets. The kernel accepts none of them whole: it would cut them by the wrong
 * header (net/ipv4/tcp_offload.c, {@code tcp_gso_segment}; net/ipv4/gre_offload.c, {@code gre_gso_segment}). Headers and checksums
 * are written anew, the payload stays in place. Each packet is sent without an offload: not every NIC that fills in checksums can
 * do so in a tunnel.
 */
final class TunnelSender {
    /** Bytes for an empty vnet header and the headers of a packet. */
    private static final int HEADERS = 512;

    private final Sender sender;
    private final PortCounters counters;
    private final Segmenter segmenter = new Segmenter();
    private final MemorySegment headers = Arena.ofAuto().allocate((long) SendQueue.CAPACITY * HEADERS, Long.BYTES);

    TunnelSender(Sender sender, PortCounters counters) {
        this.sender = sender;
        this.counters = counters;
    }

    /** The frames of a batch that are super-frames of tunnels, as bits. */
    long among(Batch batch, long frames) {
        long found = 0;
        for (long left = frames & batch.superFrames(); left != 0; left &= left - 1) {
            if (segmenter.isTunnel(batch, Long.numberOfTrailingZeros(left))) {
                found |= Long.lowestOneBit(left);
            }
        }
        return found;
    }

    /**
     * Sends one such super-frame. Counts each packet; or one frame where it is too long or of an unknown kind.
     *
     * @param mtuLength of the NIC, bytes from layer 3 on
     */
    void send(Batch batch, int i, SendQueue queue, int mtuLength) {
        if (!segmenter.begin(batch, i)) {
            counters.add(UNKNOWN_TUNNEL, 1);
            return;
        }
        if (segmenter.packetLength() > mtuLength) {
            counters.add(TOO_BIG, 1);
            return;
        }
        int segments = segmenter.segments();
        for (int from = 0; from < segments; from += SendQueue.CAPACITY) {
            int count = Math.min(SendQueue.CAPACITY, segments - from);
            put(batch, from, count, queue);
            int errno = sendAll(from, count, queue);
            if (errno != 0) {
                counters.add(sender.refusal(errno), segments - from - count);
                return;
            }
        }
    }

    /** Puts packets into the queue. */
    private void put(Batch batch, int from, int count, SendQueue queue) {
        long payload = batch.memory().address();
        queue.clear();
        for (int i = 0; i < count; i++) {
            long at = (long) i * HEADERS + PacketSocket.VNET_HEADER;
            segmenter.writeHeaders(from + i, headers, at);
            queue.put(headers.address() + at, segmenter.headersLength());
            queue.addPiece(payload + segmenter.payload(from + i), segmenter.payloadLength(from + i));
        }
    }

    /** Sends the queue; returns 0, or the errno with which the kernel would refuse all later packets as well. */
    private int sendAll(int from, int count, SendQueue queue) {
        int at = 0;
        boolean wasDown = false;
        while (at < count) {
            int sent = queue.send(at, count - at);
            if (sent > 0) {
                counters.add(SENT_FRAMES, sent);
                counters.add(SENT_BYTES, bytes(from + at, sent));
                at += sent;
            } else if (sent == -Errno.ENETDOWN && !wasDown) {
                // As in Sender: the socket reports once that the link went down.
                wasDown = true;
            } else if (Sender.isForAll(-sent)) {
                counters.add(sender.refusal(-sent), count - at);
                return -sent;
            } else {
                counters.add(sender.refusal(-sent), 1);
                at++;
            }
        }
        return 0;
    }

    private long bytes(int from, int count) {
        long bytes = (long) count * segmenter.headersLength();
        for (int i = from; i < from + count; i++) {
            bytes += segmenter.payloadLength(i);
        }
        return bytes;
    }
}
