package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import org.jspecify.annotations.Nullable;

/**
 * Fragments of IPv4 and IPv6: the first of a datagram is decided about like a packet, the others follow its verdict, and
 * those that come before it are held (RFC 791, RFC 8200; RFC 1858 and RFC 5722 for what is refused). Nothing is put
 * together: frames leave as they came.
 *
 * <p>One at a time: after {@link #arrive} all the others speak of that fragment's datagram, until {@link #done}. What was
 * held and is not any more, whatever became of it, leaves by {@link #take}. The memory is allocated at the start; one thread
 * only; time is the caller's, and never goes back.
 */
final class Fragments {
    /** Datagrams at once at the most. */
    static final int MOST_DATAGRAMS = 4_096;

    /** Bytes of memory for the frames that an interface holds. */
    static final long MOST_HELD = 4L << 20;

    /** What a fragment is. */
    enum Step {
        /** A datagram's first: to be decided about, and {@link #decided} to be told. */
        FIRST,
        /** One that has its {@link #verdict}. */
        FOLLOWS,
        /** One whose datagram's first has not come. */
        WAITS
    }

    private final Datagrams datagrams;
    private final HeldFrames held;

    /** Queues of the held frames: one for each datagram, then one of each direction for those that leave. */
    private final int leaving;

    private long timeoutNs;
    /** Shorter timeouts of before let no datagram live on that arrived then or earlier; if there were any. */
    private long overSinceNs;

    private boolean wasShorter;
    private int current = Datagrams.NONE;
    private Reason verdict = Reason.NONE;

    /**
     * No fragments yet.
     *
     * @param key0 random: first half of a hash's key
     * @param key1 random: second half
     * @param mostDatagrams at once
     * @param heldBytes of memory for the frames that wait
     * @param timeoutNs how long a datagram is remembered, from the first of its fragments to arrive
     */
    Fragments(long key0, long key1, int mostDatagrams, long heldBytes, long timeoutNs) {
        datagrams = new Datagrams(key0, key1, mostDatagrams);
        held = new HeldFrames(heldBytes, mostDatagrams + Direction.values().length);
        leaving = mostDatagrams;
        this.timeoutNs = timeoutNs;
    }

    /** Another timeout, for those that are there too; none comes back whose time is over. */
    void timeout(long newTimeoutNs, long nowNs) {
        long overNs = nowNs - timeoutNs;
        if (newTimeoutNs > timeoutNs && (!wasShorter || overNs - overSinceNs > 0)) {
            overSinceNs = overNs;
            wasShorter = true;
        }
        timeoutNs = newTimeoutNs;
    }

    /** A fragment has arrived. */
    Step arrive(Packet packet, Direction direction, long nowNs) {
        // One goes for each that may come: so the table is never full of what is over.
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

    /** {@link Step#FOLLOWS}: {@link Reason#NONE} where it passes. */
    Reason verdict() {
        return verdict;
    }

    /** {@link Step#FIRST}: what was decided about it; those that waited for it follow. */
    void decided(Reason reason) {
        verdict = reason;
        datagrams.decide(current, reason);
        settle(current, reason);
    }

    /**
     * {@link Step#WAITS}: holds a copy.
     *
     * @return false: there is no room for it
     */
    boolean hold(Batch batch, int i) {
        return held.append(current, batch, i);
    }

    /**
     * {@link Step#FIRST} of a TCP segment that passes: the sequence numbers of what follows it count for its flow.
     *
     * @param ports of the flow, as {@link io.portcullis.packet.Tuple#selector}
     * @param end one past the last sequence number that it takes itself
     * @param length bytes of the fragment
     */
    void carriesTcp(int ports, int end, int length) {
        datagrams.carriesTcp(current, ports, end, length);
    }

    /** True: the fragment passes, and is of a TCP segment that {@link #carriesTcp} told of. */
    boolean movesEnd() {
        return current != Datagrams.NONE && verdict == Reason.NONE && datagrams.movesEnd(current);
    }

    /** {@link #movesEnd}: the ports of the flow. */
    int ports() {
        return datagrams.ports(current);
    }

    /** {@link #movesEnd}: one past the last sequence number that has been seen of the segment. */
    int sequenceEnd() {
        return datagrams.sequenceEnd(current);
    }

    /** Nothing more is asked about the fragment. */
    void done() {
        if (current != Datagrams.NONE && datagrams.isDecided(current) && datagrams.isComplete(current)) {
            datagrams.remove(current);
        }
        current = Datagrams.NONE;
    }

    /**
     * Forgets datagrams whose time is over; what they held is dropped for it.
     *
     * @param limit how many of them and of their frames at the most, but for the frames of the last
     * @return how many
     */
    int expire(long nowNs, int limit) {
        int ended = 0;
        while (ended < limit && datagrams.oldest() != Datagrams.NONE && isOver(datagrams.oldest(), nowNs)) {
            ended += 1 + held.size(datagrams.oldest());
            end(datagrams.oldest());
        }
        return ended;
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
     * Takes out frames that were held and are not any more, in the order in which they arrived, as many as a batch holds.
     *
     * @return they, accepted or dropped; valid until the next call; null where there are none
     */
    @Nullable
    Batch take(Direction direction) {
        return held.take(leaving + direction.ordinal());
    }

    /** Datagrams that are remembered, those included whose time is over since the last {@link #expire}. */
    int datagrams() {
        return datagrams.size();
    }

    /** Frames that are held now, those included that nobody has taken out yet. */
    int heldFrames() {
        return held.frames();
    }

    /** Bytes of those. */
    long heldBytes() {
        return held.bytes();
    }
}
