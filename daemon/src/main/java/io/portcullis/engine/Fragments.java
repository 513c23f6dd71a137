package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import org.jspecify.annotations.Nullable;

/**
 * The state of fragmented IPv4 and IPv6 datagrams (RFC 791, RFC 8200; RFC 1858 and RFC 5722 for refused fragments). The first
 * fragment of a datagram is decided like a packet. The others follow its verdict, and are held if they arrive before it. Nothing is
 * reassembled: frames leave as they came.
 *
 * <p>One fragment at a time: {@link #arrive} selects its datagram for all other methods until {@link #done}. Held frames leave by
 * {@link #take} once their datagram is decided or has expired. The memory is allocated at the start. One thread only. The caller
 * passes the time, which never goes back.
 */
final class Fragments {
    /** The most datagrams at once. */
    static final int MOST_DATAGRAMS = 4_096;

    /** Memory for the held frames of an interface, bytes. */
    static final long MOST_HELD = 4L << 20;

    /** What the engine does with a fragment. */
    enum Step {
        /** Checks it, as it is the first of its datagram, and calls {@link #decided}. */
        FIRST,
        /** Uses {@link #verdict}. */
        FOLLOWS,
        /** Calls {@link #hold}, as the first of its datagram has not arrived. */
        WAITS
    }

    private final Datagrams datagrams;
    private final HeldFrames held;

    /** Number of the first queue of frames that leave, one per direction; below it are the queues of held frames, one per datagram. */
    private final int leaving;

    private long timeoutNs;
    /** If {@link #wasShorter}: datagrams inserted then or earlier have expired under an earlier, shorter timeout. */
    private long overSinceNs;

    private boolean wasShorter;
    private int current = Datagrams.NONE;
    private Reason verdict = Reason.NONE;

    /**
     * An empty state.
     *
     * @param key0 random: first half of a hash's key
     * @param key1 random: second half
     * @param mostDatagrams at once
     * @param heldBytes memory for held frames
     * @param timeoutNs lifetime of a datagram, from the arrival of its first fragment
     */
    Fragments(long key0, long key1, int mostDatagrams, long heldBytes, long timeoutNs) {
        datagrams = new Datagrams(key0, key1, mostDatagrams);
        held = new HeldFrames(heldBytes, mostDatagrams + Direction.values().length);
        leaving = mostDatagrams;
        this.timeoutNs = timeoutNs;
    }

    /** Sets another timeout, also for datagrams already in the table. An expired datagram stays expired. */
    void timeout(long newTimeoutNs, long nowNs) {
        long overNs = nowNs - timeoutNs;
        if (newTimeoutNs > timeoutNs && (!wasShorter || overNs - overSinceNs > 0)) {
            overSinceNs = overNs;
            wasShorter = true;
        }
        timeoutNs = newTimeoutNs;
    }

    /** Selects the datagram of a fragment that arrives, and adds the fragment to it. */
    Step arrive(Packet packet, Direction direction, long nowNs) {
        // Each arrival expires one datagram: the table is never full of expired ones.
        endOldest(nowNs);
        current = datagrams.find(packet, direction);
        if (current != Datagrams.NONE && isOver(current, nowNs)) {
            end(current);
            current = Datagrams.NONE;
        }
        if (current == Datagrams.NONE) {
            current = datagrams.insert(packet, direction, nowNs);
        }
        if (current == Datagrams.NONE) {
            verdict = packet.isTiny() ? Reason.FRAGMENT_TINY : Reason.FRAGMENT_LIMIT;
            return Step.FOLLOWS;
        }
        verdict = datagrams.add(current, packet);
        if (verdict != Reason.NONE) {
            if (datagrams.isCondemned(current)) {
                settle(current, verdict);
            }
            return Step.FOLLOWS;
        }
        if (datagrams.isDecided(current)) {
            verdict = datagrams.verdict(current);
            return Step.FOLLOWS;
        }
        return packet.fragmentOffset() == 0 ? Step.FIRST : Step.WAITS;
    }

    /** For {@link Step#FOLLOWS}: {@link Reason#NONE}, or the reason of the drop. */
    Reason verdict() {
        return verdict;
    }

    /** For {@link Step#FIRST}: sets the verdict of the datagram, held fragments included. */
    void decided(Reason reason) {
        verdict = reason;
        datagrams.decide(current, reason);
        settle(current, reason);
    }

    /**
     * For {@link Step#WAITS}: holds a copy.
     *
     * @return false: no memory is left for it
     */
    boolean hold(Batch batch, int i) {
        return held.append(current, batch, i);
    }

    /**
     * For {@link Step#FIRST} of a TCP segment that passes: later fragments advance its sender's end.
     *
     * @param ports of the flow, as {@link io.portcullis.packet.Tuple#selector}
     * @param end one past the last sequence number of the first fragment
     * @param length bytes of the fragment
     */
    void carriesTcp(int ports, int end, int length) {
        datagrams.carriesTcp(current, ports, end, length);
    }

    /** True: the fragment passes, and {@link #carriesTcp} was called for its datagram. */
    boolean movesEnd() {
        return current != Datagrams.NONE && verdict == Reason.NONE && datagrams.movesEnd(current);
    }

    /** If {@link #movesEnd}: the ports of the flow. */
    int ports() {
        return datagrams.ports(current);
    }

    /** If {@link #movesEnd}: one past the highest sequence number seen of the segment. */
    int sequenceEnd() {
        return datagrams.sequenceEnd(current);
    }

    /** Ends the work on the fragment. A datagram with a verdict and all its bytes is forgotten. */
    void done() {
        if (current != Datagrams.NONE && datagrams.isDecided(current) && datagrams.isComplete(current)) {
            datagrams.remove(current);
        }
        current = Datagrams.NONE;
    }

    /**
     * Expires datagrams, and drops their held fragments as {@link Reason#FRAGMENT_LIMIT}.
     *
     * @param limit on datagrams and frames together; the last datagram's frames may exceed it
     * @return number of both
     */
    int expire(long nowNs, int limit) {
        int ended = 0;
        while (ended < limit && datagrams.oldest() != Datagrams.NONE && isOver(datagrams.oldest(), nowNs)) {
            ended += 1 + held.size(datagrams.oldest());
            end(datagrams.oldest());
        }
        return ended;
    }

    /** Forgets all datagrams; their held fragments are dropped. */
    void forget(Reason reason) {
        while (datagrams.oldest() != Datagrams.NONE) {
            settle(datagrams.oldest(), reason);
            datagrams.remove(datagrams.oldest());
        }
    }

    private void endOldest(long nowNs) {
        int oldest = datagrams.oldest();
        if (oldest != Datagrams.NONE && isOver(oldest, nowNs)) {
            end(oldest);
        }
    }

    private boolean isOver(int datagram, long nowNs) {
        long sinceNs = datagrams.sinceNs(datagram);
        return nowNs - sinceNs >= timeoutNs || wasShorter && sinceNs - overSinceNs <= 0;
    }

    private void end(int datagram) {
        settle(datagram, Reason.FRAGMENT_LIMIT);
        datagrams.remove(datagram);
    }

    private void settle(int datagram, Reason reason) {
        held.moveAll(datagram, leaving + datagrams.direction(datagram).ordinal(), reason);
    }

    /**
     * Takes out held frames that have their verdict, in the order of their arrival, as many as fit into a batch.
     *
     * @return the frames, accepted or dropped; valid until the next call; null where there are none
     */
    @Nullable
    Batch take(Direction direction) {
        return held.take(leaving + direction.ordinal());
    }

    /** Number of datagrams, with those that have expired since the last {@link #expire}. */
    int datagrams() {
        return datagrams.size();
    }

    /** Number of held frames, with those that {@link #take} has not taken out yet. */
    int heldFrames() {
        return held.frames();
    }

    /** Bytes of the held frames. */
    long heldBytes() {
        return held.bytes();
    }
}
