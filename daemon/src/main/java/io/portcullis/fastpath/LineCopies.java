package io.portcullis.fastpath;

import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowLine;
import io.portcullis.net.Direction;

/** Copies flows into their lines, and folds lines into their flows. */
final class LineCopies {
    private static final int ALLOWS = FastLayout.ALLOWS_INGRESS | FastLayout.ALLOWS_EGRESS;
    private static final int ALLOWS_SHIFT = Integer.numberOfTrailingZeros(FastLayout.ALLOWS_INGRESS);
    private static final int[] SIDES = {FlowLayout.ORIGINATOR, FlowLayout.RESPONDER};
    private static final Direction[] DIRECTIONS = Direction.values();

    /** After so many bytes the line is ahead of the flow, and by too much to compare sequence numbers. */
    private static final long FAR = 1L << 30;

    private final FastTable table;
    private final FlowLine flows;

    /** For each line the last segment as the daemon has written or read it: another one is a program's. */
    private final long[] last;

    private final long[] sequences;

    LineCopies(FastTable table, FlowLine flows) {
        this.table = table;
        this.flows = flows;
        last = new long[table.lines()];
        sequences = new long[table.lines()];
    }

    /** Writes a line that no program finds yet. Its counts of frames go on from those of the flow before. */
    void write(int line, int entry) {
        long at = table.line(line);
        table.withdraw(line);
        flows.writeKey(entry, table.memory(), at);
        table.putInt(line, FastLayout.FLAGS, flows.flags(entry) & ~ALLOWS);
        table.putLong(line, FastLayout.LAST_SEEN, flows.seenNs(entry));
        table.putInt(line, FastLayout.ENTRY, entry);
        table.putInt(line, FastLayout.NUMBER, flows.flow(entry).number());
        for (int side : SIDES) {
            table.putLong(line, side + FlowLayout.SIDE_ENDS, flows.word(entry, side + FlowLayout.SIDE_ENDS));
            table.putLong(line, side + FlowLayout.SIDE_WINDOW, flows.word(entry, side + FlowLayout.SIDE_WINDOW));
        }
        for (int i = 0; i < FastLayout.FOLDED - FastLayout.FORWARDED; i += Long.BYTES) {
            table.putLong(line, FastLayout.FOLDED + i, table.getLong(line, FastLayout.FORWARDED + i));
        }
        writeLast(line, entry);
        timeout(line, entry);
    }

    /** Knows the last segment of a line that an earlier daemon wrote as one of a program. */
    void claim(int line) {
        last[line] = 0;
        sequences[line] = 0;
    }

    /** Brings a line to the state of its flow, before a grant. */
    void refresh(int line, int entry, int directions) {
        int flags = flags(entry, directions);
        if (table.getInt(line, FastLayout.FLAGS) != flags) {
            table.withdraw(line);
            table.putInt(line, FastLayout.FLAGS, flags);
        }
        table.seen(line, flows.seenNs(entry));
        timeout(line, entry);
        if (!flows.isTcp(entry)) {
            return;
        }
        for (int side : SIDES) {
            long ends = flows.word(entry, side + FlowLayout.SIDE_ENDS);
            table.joinLater(line, side + FlowLayout.SIDE_ENDS, (int) ends);
            table.joinLater(line, side + FlowLayout.SIDE_ENDS + Integer.BYTES, (int) (ends >>> 32));
            long window = flows.word(entry, side + FlowLayout.SIDE_WINDOW);
            table.joinWider(line, side + FlowLayout.SIDE_WINDOW, (int) window);
            table.joinLater(line, side + FlowLayout.SIDE_WINDOW + Integer.BYTES, (int) (window >>> 32));
        }
        writeLast(line, entry);
    }

    private void writeLast(int line, int entry) {
        last[line] = flows.word(entry, FlowLayout.LAST);
        sequences[line] = flows.word(entry, FlowLayout.LAST_SEQUENCES);
        table.putLong(line, FlowLayout.LAST, last[line]);
        table.putLong(line, FlowLayout.LAST_SEQUENCES, sequences[line]);
    }

    /** Writes the timeout that is in force for the flow. */
    void timeout(int line, int entry) {
        long units = flows.timeoutNs(entry) >>> FastLayout.TIMEOUT_SHIFT;
        table.putInt(line, FastLayout.TIMEOUT, (int) Math.min(units, 0xffff_ffffL));
    }

    /** The flags of a line. */
    private int flags(int entry, int directions) {
        return flows.flags(entry) & ~ALLOWS | directions << ALLOWS_SHIFT;
    }

    /** The directions that a line allows. */
    int allowed(int line) {
        return (table.getInt(line, FastLayout.FLAGS) & ALLOWS) >>> ALLOWS_SHIFT;
    }

    /** True: but for the directions that it allows, a line has the flags of its flow. */
    boolean hasFlags(int line, int entry) {
        return table.getInt(line, FastLayout.FLAGS) == flags(entry, allowed(line));
    }

    /** Folds a line into the entry of its flow. */
    void fold(int line, int entry, long nowNs) {
        long seenNs = table.getLong(line, FastLayout.LAST_SEEN);
        if (seenNs != 0) {
            // The programs read the clock later than this thread did.
            flows.foldSeen(entry, Math.min(seenNs, nowNs));
        }
        // Read before the windows, which programs write first.
        long bytes = foldCounts(line, entry);
        if (!flows.isTcp(entry)) {
            return;
        }
        flows.foldWindows(entry, table.memory(), table.line(line), bytes >= FAR);
        long newLast = table.getLong(line, FlowLayout.LAST);
        long newSequences = table.getLong(line, FlowLayout.LAST_SEQUENCES);
        if (newLast != last[line] || newSequences != sequences[line]) {
            last[line] = newLast;
            sequences[line] = newSequences;
            flows.foldLast(entry, newLast, newSequences);
        }
    }

    /** Counts what programs have forwarded since the last fold; returns its bytes. */
    long foldCounts(int line, int entry) {
        long bytes = 0;
        for (Direction direction : DIRECTIONS) {
            bytes += count(line, entry, direction);
        }
        return bytes;
    }

    private long count(int line, int entry, Direction direction) {
        int way = direction.ordinal() * FastLayout.COUNTS_PER_DIRECTION;
        long packets = table.getLong(line, FastLayout.FORWARDED + FastLayout.PACKETS + way);
        long bytes = table.getLong(line, FastLayout.FORWARDED + FastLayout.BYTES + way);
        long newPackets = packets - table.getLong(line, FastLayout.FOLDED + FastLayout.PACKETS + way);
        long newBytes = bytes - table.getLong(line, FastLayout.FOLDED + FastLayout.BYTES + way);
        if ((newPackets | newBytes) == 0) {
            return 0;
        }
        // First: a daemon that is killed here has counted no packet twice.
        table.putLong(line, FastLayout.FOLDED + FastLayout.PACKETS + way, packets);
        table.putLong(line, FastLayout.FOLDED + FastLayout.BYTES + way, bytes);
        if ((newPackets | newBytes) > 0) {
            flows.count(entry, direction, newPackets, newBytes);
        }
        return newBytes;
    }
}
