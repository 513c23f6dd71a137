package io.portcullis.engine;

import io.portcullis.packet.Tuple;

/**
 * Notes of tuples that {@code enforce: audit} would have refused, so that the later packets of a connection are not taken for
 * new ones. A cache of a fixed size, by the tuple's keyed hash: a tuple that finds no place takes that of the one that was
 * quiet for longest among {@value #WAYS}, so that a flood costs other connections their notes and nothing else. Nothing is
 * allocated after the constructor. Belongs to the worker's thread.
 */
final class RefusedTuples {
    /** A tuple that was quiet for so long begins anew: longer than any flow lives but an established TCP connection. */
    static final long QUIET_NS = 600_000_000_000L;

    static final int PLACES = 4_096;
    private static final int WAYS = 4;
    private static final int SETS = PLACES / WAYS;

    // A note: the tuple, then its marks (32 bits), PROGRESSED, IN_USE and the reason (8 bits), then when it was seen
    // last.
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

    /** What a packet says of its connection. */
    enum Kind {
        /** It asks for one: TCP's SYN. */
        OPENS,
        /** It answers that, or tells nothing: SYN and ACK, or not TCP. */
        NEUTRAL,
        /** It is of one that both sides know: TCP without SYN. */
        PROGRESSES
    }

    /**
     * Notes a packet that is refused.
     *
     * @param tuple with its hash
     * @param reason why it is refused
     * @return the reason why the first packet of its connection was; {@link Reason#NONE}: it is the first
     */
    Reason note(Tuple tuple, Reason reason, Kind kind, long nowNs) {
        int at = find(tuple, nowNs);
        if (at < 0) {
            write(oldest(tuple), tuple, reason, kind, nowNs);
            return Reason.NONE;
        }
        Reason first = reason(at);
        // A flow that ends by recheck had been admitted after the tuple was refused.
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

    /** Why the first packet of a connection was refused; {@link Reason#NONE}: there is no note of it. Changes nothing. */
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

    /** Of the places for a tuple its own, else a free one, else that which was quiet for longest. */
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
