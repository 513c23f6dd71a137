package io.portcullis.reference;

import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The fragment rules of security-groups.md, line by line, with maps and lists. */
public final class NaiveFragments {
    /** A fragment. */
    public record Piece(
            Direction direction,
            boolean v6,
            int source,
            int protocol,
            int id,
            int vlan,
            int offset,
            int length,
            boolean more,
            boolean admitted) {
        int end() {
            return offset + length;
        }

        boolean isTiny() {
            int minimum = protocol == 6 ? 20 : 8;
            return offset == 0 ? length < minimum : offset < minimum;
        }

        boolean repeats(Piece other) {
            return offset == other.offset && length == other.length && more == other.more;
        }

        boolean overlaps(Piece other) {
            return offset < other.end() && other.offset < end();
        }
    }

    /** A frame that was held, with its final verdict. */
    public record Left(String hex, Reason reason) {}

    private record Key(Direction direction, boolean v6, int source, int protocol, int id, int vlan) {
        static Key of(Piece piece) {
            return new Key(piece.direction, piece.v6, piece.source, piece.protocol, piece.id, piece.vlan);
        }
    }

    private static final class Datagram {
        private final long firstNs;
        private final List<Piece> seen = new ArrayList<>();
        private final List<byte[]> waiting = new ArrayList<>();
        private @Nullable Reason verdict;
        private boolean condemned;

        Datagram(long firstNs) {
            this.firstNs = firstNs;
        }

        int bytes() {
            return seen.stream().mapToInt(Piece::length).sum();
        }

        boolean isComplete() {
            return seen.stream().anyMatch(piece -> !piece.more && piece.end() == bytes());
        }
    }

    private final Map<Key, Datagram> datagrams = new HashMap<>();
    private final int mostDatagrams;
    private final int mostCells;
    private final int cell;
    private final long timeoutNs;
    private final Map<Direction, List<Left>> left = new HashMap<>();

    /** @param cell bytes in which held frames are counted, rounded up */
    public NaiveFragments(int mostDatagrams, int mostCells, int cell, long timeoutNs) {
        this.cell = cell;
        this.mostDatagrams = mostDatagrams;
        this.mostCells = mostCells;
        this.timeoutNs = timeoutNs;
    }

    public int size() {
        return datagrams.size();
    }

    /** The frames released since the call before; those of one datagram in order. */
    public List<Left> left(Direction direction) {
        List<Left> those = left.getOrDefault(direction, List.of());
        left.remove(direction);
        return those;
    }

    public void expire(long nowNs) {
        for (Key key : List.copyOf(datagrams.keySet())) {
            Datagram datagram = Objects.requireNonNull(datagrams.get(key));
            if (nowNs - datagram.firstNs >= timeoutNs) {
                leave(key, datagram, Reason.FRAGMENT_LIMIT);
                datagrams.remove(key);
            }
        }
    }

    private void leave(Key key, Datagram datagram, Reason reason) {
        for (byte[] frame : datagram.waiting) {
            left.computeIfAbsent(key.direction, _ -> new ArrayList<>())
                    .add(new Left(HexFormat.of().formatHex(frame), reason));
        }
        datagram.waiting.clear();
    }

    /** The verdict; null: the fragment is held. */
    @Nullable
    public Reason arrive(Piece piece, byte[] frame, long nowNs) {
        expire(nowNs);
        Key key = Key.of(piece);
        Datagram datagram = datagrams.get(key);
        if (datagram == null) {
            if (datagrams.size() == mostDatagrams) {
                return piece.isTiny() ? Reason.FRAGMENT_TINY : Reason.FRAGMENT_LIMIT;
            }
            datagram = new Datagram(nowNs);
            datagrams.put(key, datagram);
        }
        Reason reason = judge(key, datagram, piece, frame);
        if (datagram.verdict != null && !datagram.condemned && datagram.isComplete()) {
            datagrams.remove(key);
        }
        return reason;
    }

    private @Nullable Reason judge(Key key, Datagram datagram, Piece piece, byte[] frame) {
        if (datagram.condemned) {
            return datagram.verdict;
        }
        if (piece.isTiny()) {
            return condemn(key, datagram, Reason.FRAGMENT_TINY);
        }
        if (datagram.seen.stream().anyMatch(piece::repeats)) {
            return Reason.FRAGMENT_OVERLAP;
        }
        boolean pastAnEnd = datagram.seen.stream()
                .anyMatch(
                        other -> !other.more && piece.end() > other.end() || !piece.more && other.end() > piece.end());
        if (pastAnEnd || datagram.seen.stream().anyMatch(piece::overlaps)) {
            return condemn(key, datagram, Reason.FRAGMENT_OVERLAP);
        }
        if (datagram.seen.size() == 64) {
            return condemn(key, datagram, Reason.FRAGMENT_LIMIT);
        }
        datagram.seen.add(piece);
        if (piece.offset == 0) {
            datagram.verdict = piece.admitted ? Reason.NONE : Reason.NO_RULE;
            leave(key, datagram, datagram.verdict);
        }
        if (datagram.verdict != null) {
            return datagram.verdict;
        }
        int cells = 0;
        for (Datagram other : datagrams.values()) {
            cells += other.waiting.stream().mapToInt(held -> cells(held.length)).sum();
        }
        if (cells + cells(frame.length) > mostCells) {
            return Reason.FRAGMENT_LIMIT;
        }
        datagram.waiting.add(frame);
        return null;
    }

    private int cells(int length) {
        return Math.ceilDiv(length, cell);
    }

    private Reason condemn(Key key, Datagram datagram, Reason reason) {
        datagram.condemned = true;
        datagram.verdict = reason;
        leave(key, datagram, reason);
        return reason;
    }
}
