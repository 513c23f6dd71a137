package io.portcullis.conntrack;

import static io.portcullis.conntrack.Conversation.ACK;
import static io.portcullis.conntrack.Conversation.FIN;
import static io.portcullis.conntrack.Conversation.SYN;

import io.portcullis.testing.Frame;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * One endpoint of a TCP connection that is correct by RFC 9293, 7323 and 2018, and does no more: a sliding window, a receive
 * buffer that a slow reader empties, selective acknowledgments, retransmission by timer and by third duplicate, probes into
 * a closed window. It counts bytes and has no content. Sequence numbers wrap; offsets ({@code long}) do not.
 */
public final class SimulatedTcp {
    /** A segment. Numbers are as on the wire; the window is unscaled. */
    public record Segment(
            boolean fromOriginator,
            int flags,
            int sequence,
            int acknowledgment,
            int length,
            int window,
            int windowScale,
            boolean sackPermitted,
            int sackLeft,
            int sackRight) {
        /** {@link #windowScale} of a segment without that option. */
        public static final int NO_SCALE = -1;

        boolean has(int flag) {
            return (flags & flag) != 0;
        }

        Frame frame() {
            Frame.Octets options = new Frame.Octets();
            if (windowScale != NO_SCALE) {
                options.hex("010303").u8(windowScale);
            }
            if (sackPermitted) {
                options.hex("04020101");
            }
            if (sackLeft != sackRight) {
                options.hex("0101050a").u32(sackLeft).u32(sackRight);
            }
            return Conversation.segment(fromOriginator, flags, sequence, acknowledgment)
                    .window(window)
                    .tcpOptions(options.toBytes())
                    .payload(length);
        }
    }

    private static final long RETRANSMIT_NS = 1_000_000_000L;
    private static final int MAX_DATA = 1_400;

    private final boolean originator;
    private final SplittableRandom random;
    private final int initial;
    private final int bufferSize;
    private final int offeredScale;
    private final boolean offersSack;
    private final long toSend;
    private final Queue<Segment> out = new ArrayDeque<>();

    private boolean open;
    private boolean synReceived;
    private boolean synAcknowledged;
    private boolean established;
    private int peerInitial;
    private int ownScale;
    private int peerScale;
    private boolean sack;

    // Offsets: 0 is the SYN, 1 the first byte, toSend + 1 the FIN.
    private long unacknowledged;
    private long next;
    private long highest;
    private long peerRightEdge;
    private int duplicates;
    private long timerNs = Long.MAX_VALUE;

    private long received;
    private long offeredRightEdge;
    private long unread;
    private long finAt = Long.MAX_VALUE;
    private final TreeMap<Long, Long> outOfOrder = new TreeMap<>();

    /** An endpoint; {@code random} decides what it offers and sends. */
    public SimulatedTcp(boolean originator, SplittableRandom random) {
        this.originator = originator;
        this.random = random;
        initial = random.nextInt(3) == 0 ? -random.nextInt(100_000) : random.nextInt();
        bufferSize = random.nextInt(3_000, random.nextBoolean() ? 60_000 : 400_000);
        offeredScale = random.nextInt(4) == 0 ? Segment.NO_SCALE : random.nextInt(0, 10);
        offersSack = random.nextInt(4) > 0;
        toSend = random.nextInt(4) == 0 ? 0 : random.nextLong(1, 150_000);
    }

    /** Active open. */
    public void connect(long nowNs) {
        open = true;
        sendSyn(nowNs);
    }

    /** The next segment to send, in order. */
    public Queue<Segment> out() {
        return out;
    }

    /** True: all data is acknowledged, and all data of the peer has arrived. */
    public boolean isDone() {
        return established && unacknowledged == toSend + 2 && received > finAt;
    }

    /** True once the handshake is over on this side. */
    public boolean isEstablished() {
        return established;
    }

    /** Shift of the windows that this side offers. */
    public int scale() {
        return ownScale;
    }

    /** The time at which the timer expires. */
    public long timerNs() {
        return timerNs;
    }

    /** Bytes of the peer's data that arrived in order. */
    long delivered() {
        return Math.min(received, finAt) - 1;
    }

    long toSend() {
        return toSend;
    }

    /** The timer has expired. */
    public void onTimer(long nowNs) {
        timerNs = Long.MAX_VALUE;
        if (!established) {
            sendSyn(nowNs);
            return;
        }
        read(true);
        if (unacknowledged < next) {
            next = unacknowledged;
            duplicates = 0;
            transmit(nowNs, 1);
        } else if (unacknowledged < toSend + 2) {
            probe(nowNs);
        }
        startTimer(nowNs);
    }

    /** A segment of the peer has arrived. */
    public void onSegment(Segment segment, long nowNs) {
        if (segment.has(SYN)) {
            onSyn(segment, nowNs);
            return;
        }
        if (!synReceived) {
            return;
        }
        if (!established) {
            established = offset(segment.acknowledgment(), initial, 1) >= 1;
            if (!established) {
                return;
            }
            onFirstAck();
        }
        long at = offset(segment.sequence(), peerInitial, received);
        long end = at + segment.length() + (segment.has(FIN) ? 1 : 0);
        boolean acceptable = end >= received && at <= Math.max(offeredRightEdge, received);
        if (!acceptable) {
            acknowledge();
            return;
        }
        onAcknowledgment(segment, nowNs);
        if (end > at) {
            onData(at, end, segment.has(FIN));
        }
        read(false);
        transmit(nowNs, Integer.MAX_VALUE);
    }

    private void onSyn(Segment segment, long nowNs) {
        if (synReceived) {
            if (established) {
                acknowledge();
            } else {
                sendSyn(nowNs);
            }
            return;
        }
        boolean answers = segment.has(ACK);
        if (originator && (!answers || segment.acknowledgment() != initial + 1)) {
            return;
        }
        synReceived = true;
        peerInitial = segment.sequence();
        received = 1;
        boolean scaled = offeredScale != Segment.NO_SCALE && segment.windowScale() != Segment.NO_SCALE;
        ownScale = scaled ? offeredScale : 0;
        peerScale = scaled ? segment.windowScale() : 0;
        sack = offersSack && segment.sackPermitted();
        peerRightEdge = 1L + segment.window();
        if (originator) {
            established = true;
            onFirstAck();
            acknowledge();
            transmit(nowNs, Integer.MAX_VALUE);
        } else {
            open = true;
            sendSyn(nowNs);
        }
    }

    private void onFirstAck() {
        if (!synAcknowledged) {
            synAcknowledged = true;
            unacknowledged = 1;
            next = 1;
            highest = 1;
            timerNs = Long.MAX_VALUE;
        }
    }

    private void sendSyn(long nowNs) {
        if (!open) {
            return;
        }
        int window = Math.min(65_535, bufferSize);
        offeredRightEdge = Math.max(offeredRightEdge, 1 + window);
        boolean mayScale = originator || synReceived;
        out.add(new Segment(
                originator,
                originator ? SYN : SYN | ACK,
                initial,
                originator ? 0 : peerInitial + 1,
                0,
                window,
                mayScale ? offeredScale : Segment.NO_SCALE,
                offersSack,
                0,
                0));
        startTimer(nowNs);
    }

    private void onAcknowledgment(Segment segment, long nowNs) {
        long acknowledged = offset(segment.acknowledgment(), initial, unacknowledged);
        if (acknowledged > highest) {
            throw new IllegalStateException("acknowledges what was never sent");
        }
        long rightEdge = acknowledged + ((long) segment.window() << peerScale);
        if (acknowledged > unacknowledged) {
            unacknowledged = acknowledged;
            next = Math.max(next, acknowledged);
            duplicates = 0;
            startTimer(nowNs);
        } else if (acknowledged == unacknowledged && segment.length() == 0 && unacknowledged < next) {
            duplicates++;
            if (duplicates == 3) {
                long resume = next;
                next = unacknowledged;
                transmit(nowNs, 1);
                next = Math.max(next, resume);
            }
        }
        peerRightEdge = Math.max(peerRightEdge, rightEdge);
    }

    private void onData(long at, long end, boolean fin) {
        if (fin) {
            finAt = end - 1;
        }
        outOfOrder.merge(at, end, Math::max);
        long before = received;
        while (!outOfOrder.isEmpty() && outOfOrder.firstKey() <= received) {
            received = Math.max(received, outOfOrder.pollFirstEntry().getValue());
        }
        unread += received - before;
        acknowledge();
    }

    /** The application reads some of the data; a slow one lets the window close. */
    private void read(boolean all) {
        if (all || random.nextInt(3) > 0) {
            boolean wasClosed = offeredRightEdge <= received;
            unread = all ? 0 : unread / 2;
            if (wasClosed && established) {
                acknowledge();
            }
        }
    }

    private void acknowledge() {
        out.add(plain(next, 0, 0));
    }

    private void transmit(long nowNs, int segments) {
        long end = toSend + 2;
        int sent = 0;
        while (established && next < end && sent < segments) {
            boolean fin = next == toSend + 1;
            long room = peerRightEdge - next;
            if (room <= 0) {
                break;
            }
            int length = fin ? 0 : (int) Math.min(Math.min(MAX_DATA, room), toSend + 1 - next);
            boolean withFin = fin || next + length == toSend + 1 && room > length && random.nextBoolean();
            out.add(plain(next, length, withFin ? FIN : 0));
            next += length + (withFin ? 1 : 0);
            highest = Math.max(highest, next);
            sent++;
        }
        if (unacknowledged < end && timerNs == Long.MAX_VALUE) {
            startTimer(nowNs);
        }
    }

    /** One byte into the closed window, or a keep-alive one below it. */
    private void probe(long nowNs) {
        if (random.nextBoolean() || next >= toSend + 1) {
            out.add(plain(unacknowledged - 1, 0, 0));
        } else {
            out.add(plain(next, 1, 0));
            next++;
            highest = Math.max(highest, next);
        }
        startTimer(nowNs);
    }

    private Segment plain(long at, int length, int fin) {
        long free = Math.max(0, bufferSize - unread);
        long edge = Math.max(offeredRightEdge, received + free);
        // Rounded up, so that the right edge never moves back.
        long unit = 1L << ownScale;
        long window = Math.min(0xffff, (edge - received + unit - 1) / unit);
        offeredRightEdge = Math.max(offeredRightEdge, received + window * unit);
        Map.Entry<Long, Long> block = sack ? outOfOrder.lastEntry() : null;
        int left = block == null ? 0 : peerInitial + (int) (long) block.getKey();
        int right = block == null ? 0 : peerInitial + (int) (long) block.getValue();
        return new Segment(
                originator,
                ACK | fin,
                initial + (int) at,
                peerInitial + (int) received,
                length,
                (int) window,
                Segment.NO_SCALE,
                false,
                left,
                right);
    }

    private void startTimer(long nowNs) {
        timerNs = nowNs + RETRANSMIT_NS;
    }

    /** The offset of a sequence number, nearest to {@code around}. */
    private static long offset(int sequence, int initial, long around) {
        int near = initial + (int) around;
        return around + (sequence - near);
    }
}
