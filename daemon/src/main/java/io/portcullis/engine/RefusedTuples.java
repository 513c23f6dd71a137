package io.portcullis.engine;

import io.portcullis.packet.Tuple;

/**
 * The tuples whose first packet {@code enforce: audit} would have refused, so that a connection's later packets do not count as new
 * connections. A set-associative cache of fixed size, indexed by the tuple's keyed hash. A new tuple evicts the one of its set of
 * {@value #WAYS} that was quiet for longest: a flood costs other connections their notes and nothing else. Allocates nothing after
 * the constructor. Belongs to the worker's thread.
 */
final class RefusedTuples {
    /** A note expires after this idle time: longer than every flow timeout but that of an established TCP connection. */
    static final long QUIET_NS = 600_000_000_000L;

    static final int PLACES = 4_096;
    private static final int WAYS = 4;
    private static final int SETS = PLACES / WAYS;

    // Words of a note: the tuple; its marks (32 bits), PROGRESSED, IN_USE and the reason (8 bits); time of the last
    // packet.
    private static final int STRIDE = 7;
    private static final int OUTSIDE_LOW = 1;
    private static final int INSIDE_HIGH = 2;
    private static final int INSIDE_LOW = 3;
    private static final int SERVICE = 4;
    private static final int STATE = 5;
    private static final int SEEN_NS = 6;
    private static final int MARKS_SHIFT = 32;
    private static final long IN_USE = 1L << 8;
    private static final long PROGRESSED = 1L << 9;
    private static final int REASON_MASK = 0xff;

    private final long[] notes = new long[PLACES * STRIDE];

    /** The place of a packet in its connection. */
    enum Kind {
        /** It opens one: a SYN. */
        OPENS,
        /** Nothing: a SYN+ACK, or not TCP. */
        NEUTRAL,
        /** Both sides have sent: TCP without SYN. */
        PROGRESSES
    }

    /**
     * Notes a refused packet.
     *
     * @param tuple with its hash
     * @param reason of the refusal
     * @return reason for which the connection's first packet was refused; {@link Reason#NONE}: this packet is the first
     */
    Reason note(Tuple tuple, Reason reason, Kind kind, long nowNs) {
        int at = find(tuple, nowNs);
        if (at < 0) {
            write(oldest(tuple), tuple, reason, kind, nowNs);
            return Reason.NONE;
        }
        Reason first = reason(at);
        // A flow that recheck ends was admitted after the tuple had been refused.
        boolean isAnother = kind == Kind.OPENS && ((notes[at + STATE] & PROGRESSED) != 0 || first != reason)
                || reason == Reason.RECHECK && first != Reason.RECHECK;
        if (isAnother) {
            write(at, tuple, reason, kind, nowNs);
            return Reason.NONE;
        }
        notes[at + SEEN_NS] = nowNs;
        if (kind == Kind.PROGRESSES) {
            notes[at + STATE] |= PROGRESSED;
        }
        return first;
    }

    /** The reason for which a connection's first packet was refused; {@link Reason#NONE}: no note. Changes nothing. */
    Reason first(Tuple tuple, long nowNs) {
        int at = find(tuple, nowNs);
        return at < 0 ? Reason.NONE : reason(at);
    }

    private Reason reason(int at) {
        return Reason.of((int) notes[at + STATE] & REASON_MASK);
    }

    private static int set(Tuple tuple) {
        return (tuple.hash & SETS - 1) * WAYS * STRIDE;
    }

    private int find(Tuple tuple, long nowNs) {
        int set = set(tuple);
        for (int at = set; at < set + WAYS * STRIDE; at += STRIDE) {
            if (isOf(at, tuple)) {
                return nowNs - notes[at + SEEN_NS] < QUIET_NS ? at : -1;
            }
        }
        return -1;
    }

    private boolean isOf(int at, Tuple tuple) {
        return notes[at] == tuple.outsideHigh
                && notes[at + OUTSIDE_LOW] == tuple.outsideLow
                && notes[at + INSIDE_HIGH] == tuple.insideHigh
                && notes[at + INSIDE_LOW] == tuple.insideLow
                && notes[at + SERVICE] == tuple.service
                && notes[at + STATE] >>> MARKS_SHIFT == tuple.flags
                && (notes[at + STATE] & IN_USE) != 0;
    }

    /** The tuple's own place in its set, else a free one, else the one that was quiet for longest. */
    private int oldest(Tuple tuple) {
        int set = set(tuple);
        int oldest = set;
        for (int at = set; at < set + WAYS * STRIDE; at += STRIDE) {
            if (isOf(at, tuple)) {
                return at;
            }
            boolean isFree = (notes[at + STATE] & IN_USE) == 0;
            boolean wasFree = (notes[oldest + STATE] & IN_USE) == 0;
            if (!wasFree && (isFree || notes[at + SEEN_NS] < notes[oldest + SEEN_NS])) {
                oldest = at;
            }
        }
        return oldest;
    }

    private void write(int at, Tuple tuple, Reason reason, Kind kind, long nowNs) {
        notes[at] = tuple.outsideHigh;
        notes[at + OUTSIDE_LOW] = tuple.outsideLow;
        notes[at + INSIDE_HIGH] = tuple.insideHigh;
        notes[at + INSIDE_LOW] = tuple.insideLow;
        notes[at + SERVICE] = tuple.service;
        notes[at + STATE] = (long) tuple.flags << MARKS_SHIFT
                | IN_USE
                | (kind == Kind.PROGRESSES ? PROGRESSED : 0)
                | reason.ordinal();
        notes[at + SEEN_NS] = nowNs;
    }
}
