package io.portcullis.worker;

import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Copies of frames that other workers received, for the worker that decides about them: a bounded queue with many producers and
 * one consumer in preallocated memory. A producer reserves a place before it copies, so that a frame too many costs almost nothing.
 * No thread waits, nothing is allocated.
 *
 * <p>The frame with ticket t, counted from 0, uses place t mod {@link #places}. The place's turn is t while it is free for that
 * frame, t + 1 while it holds the frame, and then t + places.
 */
final class HandOverQueue {
    /** An ICMPv6 error has at most 1,280 bytes (RFC 4443 section 2.4), an ICMP error fewer; VLAN tags come before them. */
    static final int LONGEST = 2_032;

    private static final int FRAME = 16;
    private static final int STRIDE = FRAME + LONGEST;
    private static final int FULL = -1;
    private static final Batch.Checksum[] CHECKSUMS = Batch.Checksum.values();
    private static final Direction[] DIRECTIONS = Direction.values();

    // Facts of each place: written by its producer before the turn, read by the consumer after it.
    private static final int LENGTH = 0;
    private static final int DIRECTION = 1;
    private static final int CHECKSUM = 2;
    private static final int CHECKSUM_START = 3;
    private static final int CHECKSUM_FIELD = 4;
    private static final int SEGMENT_LENGTH = 5;
    private static final int FACTS = 6;

    private final int places;
    private final AtomicLong next = new AtomicLong();
    private final AtomicLongArray turns;
    private final int[] facts;
    private final MemorySegment memory;
    private final Batch[] taken = new Batch[DIRECTIONS.length];
    private long head;
    private int takenFrames;

    /**
     * An empty queue.
     *
     * @param places a power of two, {@link Batch#CAPACITY} at the most; or 0: every frame is refused
     */
    HandOverQueue(int places) {
        if (places > Batch.CAPACITY || Integer.bitCount(places) > 1) {
            throw new IllegalArgumentException(places + " places");
        }
        this.places = places;
        facts = new int[places * FACTS];
        turns = new AtomicLongArray(places);
        for (int place = 0; place < places; place++) {
            turns.setPlain(place, place);
        }
        // Not an arena of the consumer: the last producer may copy after the consumer has ended.
        memory = places == 0 ? MemorySegment.NULL : Arena.ofAuto().allocate((long) places * STRIDE, Long.BYTES);
        for (Direction direction : DIRECTIONS) {
            taken[direction.ordinal()] = new Batch(memory, false);
        }
    }

    /**
     * Copies frame {@code i} of a batch whose frames have vnet headers; any thread.
     *
     * @return false: all places are used, or the frame is too long
     */
    boolean put(Batch batch, int i, Direction direction) {
        int length = batch.length(i);
        long ticket = places == 0 || length > LONGEST ? FULL : reserve();
        if (ticket == FULL) {
            return false;
        }
        int place = place(ticket);
        long vnet = (long) place * STRIDE + FRAME - Batch.VNET_HEADER;
        MemorySegment.copy(
                batch.memory(), batch.offset(i) - Batch.VNET_HEADER, memory, vnet, Batch.VNET_HEADER + length);
        int fact = place * FACTS;
        facts[fact + LENGTH] = length;
        facts[fact + DIRECTION] = direction.ordinal();
        facts[fact + CHECKSUM] = batch.checksum(i).ordinal();
        facts[fact + CHECKSUM_START] = batch.checksumStart(i);
        facts[fact + CHECKSUM_FIELD] = batch.checksumField(i);
        facts[fact + SEGMENT_LENGTH] = batch.segmentLength(i);
        turns.set(place, ticket + 1);
        return true;
    }

    private long reserve() {
        long ticket = next.get();
        while (true) {
            long turn = turns.get(place(ticket));
            if (turn < ticket) {
                return FULL;
            }
            long seen = turn == ticket ? next.compareAndExchange(ticket, ticket + 1) : next.get();
            if (turn == ticket && seen == ticket) {
                return ticket;
            }
            ticket = seen;
        }
    }

    private int place(long ticket) {
        return (int) ticket & places - 1;
    }

    /** Takes the queued frames, up to the first one that is still being copied; returns their number. On the consumer's thread. */
    int take() {
        for (Batch batch : taken) {
            batch.clear();
        }
        takenFrames = 0;
        while (takenFrames < places && turns.get(place(head + takenFrames)) == head + takenFrames + 1) {
            add(place(head + takenFrames));
            takenFrames++;
        }
        return takenFrames;
    }

    private void add(int place) {
        int fact = place * FACTS;
        Batch batch = taken[facts[fact + DIRECTION]];
        batch.add((long) place * STRIDE + FRAME, facts[fact + LENGTH]);
        switch (CHECKSUMS[facts[fact + CHECKSUM]]) {
            case UNKNOWN -> {
                // The batch's default.
            }
            case VERIFIED -> batch.verified();
            case PARTIAL -> batch.partial(facts[fact + CHECKSUM_START], facts[fact + CHECKSUM_FIELD]);
        }
        if (facts[fact + SEGMENT_LENGTH] != 0) {
            batch.segments(facts[fact + SEGMENT_LENGTH]);
        }
    }

    /** The taken frames of one direction, in their order; valid until {@link #release}. */
    Batch taken(Direction direction) {
        return taken[direction.ordinal()];
    }

    /** Frees the places of the taken frames. */
    void release() {
        for (int i = 0; i < takenFrames; i++) {
            turns.set(place(head), head + places);
            head++;
        }
        takenFrames = 0;
    }
}
