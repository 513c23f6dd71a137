package io.portcullis.fastpath;

import io.portcullis.conntrack.FastPath;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowLine;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.net.Direction;
import io.portcullis.packet.Tuple;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;

/**
 * Decides which flows the programs forward, and hands them over without a change of the order of their packets.
 *
 * <p>A flow with some packets that the programs could have forwarded gets a line, without a grant. From then on each of its frames
 * has a tag with its number. When the frame that was decided about last, in each direction, is the last that was sent up, then no
 * frame of the flow is on its way: the flow is granted, one duty cycle later, when all those frames have been sent. A frame that is
 * sent up meanwhile voids the grant by its count, and the flow waits again. A frame that was lost on its way only delays this until
 * the next one. Programs forward in the directions in which a frame with a tag has been seen: those before it, without one, have
 * been seen too.
 *
 * <p>Under a flood, frames of the flow are always on their way. So after {@value #PATIENCE_MS} ms the flow is granted all the same,
 * and those that still come are dropped: {@link #isLate}.
 *
 * <p>For the thread of the flow table. A start calls the constructor, {@link FlowTable#offload}, {@link FlowTable#recover} and
 * {@link #recovered}, in this order, before any program sends frames up.
 */
public final class Grants implements FastPath {
    private static final long PATIENCE_MS = 100;
    static final long PATIENCE_NS = TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
    static final long SWEEP_NS = TimeUnit.SECONDS.toNanos(1);

    /** Where lines are scarce, a flow keeps its line for as long without a packet. */
    static final long IDLE_NS = TimeUnit.SECONDS.toNanos(10);

    /** A program's clock is as far behind at the most, with ticks of 100 Hz. */
    private static final long COARSE_NS = TimeUnit.MILLISECONDS.toNanos(10);

    /** Lines are scarce if less than one of so many is free. */
    private static final int SCARCE = 8;

    private static final int LINES_A_PART = 8;

    // States of a line.

    /** It has no flow. */
    private static final byte EMPTY = 0;
    /** An earlier daemon wrote it; its flow has not been looked at. */
    private static final byte CLAIMED = 1;
    /** Its flow has no valid grant. */
    private static final byte OPEN = 2;

    private static final byte GRANTED = 3;

    private final FastTable table;
    private final FlowLine flows;
    private final LineCopies copies;
    private final LineMap map;
    private final Quarantine quarantine;

    // Of each line.

    private final byte[] state;
    private final int[] entryOf;
    /** Directions that the policy permits. */
    private final byte[] permitted;
    /** Directions in which a frame with a tag has been seen. */
    private final byte[] tagged;
    /** Directions in which frames up to {@link #ingressLate}, {@link #egressLate} are late. */
    private final byte[] late;

    private final int[] ingressSeen;
    private final int[] egressSeen;
    private final int[] ingressLate;
    private final int[] egressLate;
    /** Since when its flow waits for a grant. */
    private final long[] sinceNs;
    /** Time of its last frame. */
    private final long[] notedNs;

    private final boolean[] isNoted;

    /** Lines whose frames have been decided about since the last {@link #settle}. */
    private final int[] noted;

    private int notes;

    private ToIntFunction<Flow> permits = _ -> 0;
    /** Of new grants; the gate's, or the one that it gets when the review is over. */
    private int epoch;
    /** Lines from here on have not been used. */
    private int used;
    /** Lines from here on have not been reviewed; {@link Integer#MAX_VALUE}: the review is over. */
    private int reviewed = Integer.MAX_VALUE;

    private int swept = Integer.MAX_VALUE;
    private long sweepDueNs;
    private long nowNs;
    private long forced;

    /**
     * The lines that are in a table, and none of their flows yet.
     *
     * @param flows of the flow table
     * @param nowNs monotonic time
     */
    public Grants(FastTable table, FlowLine flows, GracePeriod grace, long nowNs) {
        int lines = table.lines();
        this.table = table;
        this.flows = flows;
        this.nowNs = nowNs;
        copies = new LineCopies(table, flows);
        map = new LineMap(flows.entries());
        late = new byte[lines];
        quarantine = new Quarantine(table, grace, late);
        state = new byte[lines];
        entryOf = new int[lines];
        permitted = new byte[lines];
        tagged = new byte[lines];
        ingressSeen = new int[lines];
        egressSeen = new int[lines];
        ingressLate = new int[lines];
        egressLate = new int[lines];
        sinceNs = new long[lines];
        notedNs = new long[lines];
        isNoted = new boolean[lines];
        noted = new int[lines];
        epoch = table.epoch();
        sweepDueNs = nowNs + SWEEP_NS;
        // Downwards: the first flows get the first lines.
        for (int line = lines - 1; line >= 0; line--) {
            claim(line);
        }
        quarantine.step(nowNs);
    }

    private void claim(int line) {
        int entry = table.getInt(line, FastLayout.ENTRY);
        boolean mayBe = table.isInIndex(line) && entry >= 0 && entry < flows.entries() && !map.has(entry);
        if (!mayBe) {
            table.withdraw(line);
            table.remove(line);
            quarantine.add(line);
            return;
        }
        used = Math.max(used, line + 1);
        copies.claim(line);
        entryOf[line] = entry;
        state[line] = CLAIMED;
        map.put(entry, line);
    }

    /** The flow table has recovered its flows: lines without one of them become empty. */
    public void recovered() {
        for (int line = 0; line < used; line++) {
            if (state[line] == CLAIMED) {
                verify(line);
            }
        }
    }

    /** A line of an earlier daemon goes on if its flow does; its grant, if the flow still justifies it. */
    private void verify(int line) {
        int entry = entryOf[line];
        boolean same = flows.hasFlow(entry)
                && flows.flow(entry).number() == table.getInt(line, FastLayout.NUMBER)
                && flows.hasKey(entry, table.memory(), table.line(line));
        boolean inState = same && copies.hasFlags(line, entry);
        // A run without a fast path has followed the flow since: the line's windows are old, by more than can be told.
        boolean isOld = same && flows.seenNs(entry) - table.getLong(line, FastLayout.LAST_SEEN) > COARSE_NS;
        if (!same || isOld || flows.isTcp(entry) && !inState) {
            if (isOld) {
                copies.foldCounts(line, entry);
            }
            retire(line);
            return;
        }
        int allowed = copies.allowed(line);
        boolean justified = inState && isOfThisEpoch(line) && allowed != 0 && (allowed & ~flows.directions(entry)) == 0;
        begin(line, entry);
        tagged[line] = (byte) allowed;
        permitted[line] = (byte) allowed;
        copies.fold(line, entry, nowNs);
        if (justified) {
            grant(line, ingressSeen[line], egressSeen[line], allowed);
        } else {
            table.withdraw(line);
        }
    }

    private boolean isOfThisEpoch(int line) {
        long grant = table.grant(line);
        return grant != 0 && (short) ((int) (grant >>> FastLayout.GRANT_EPOCH_SHIFT) - table.epoch()) >= 0;
    }

    /** A flow has a line, whose frames so far do not matter. */
    private void begin(int line, int entry) {
        entryOf[line] = entry;
        state[line] = OPEN;
        tagged[line] = 0;
        late[line] = 0;
        ingressSeen[line] = table.up(line, Direction.INGRESS);
        egressSeen[line] = table.up(line, Direction.EGRESS);
        sinceNs[line] = nowNs;
        notedNs[line] = nowNs;
    }

    /** Voids a line: its flow has left it. */
    private void retire(int line) {
        int entry = entryOf[line];
        table.withdraw(line);
        if (state[line] >= OPEN) {
            copies.fold(line, entry, nowNs);
        }
        table.remove(line);
        map.remove(entry);
        state[line] = EMPTY;
        quarantine.add(line);
    }

    private void grant(int line, int ingressUp, int egressUp, int directions) {
        copies.refresh(line, entryOf[line], directions);
        table.grant(line, epoch, ingressUp, egressUp);
        state[line] = GRANTED;
    }

    @Override
    public void fold(int entry, long timeNs) {
        if (!map.has(entry)) {
            return;
        }
        int line = map.get(entry);
        if (state[line] == CLAIMED) {
            verify(line);
        }
        if (state[line] >= OPEN) {
            copies.fold(line, entry, timeNs);
        }
    }

    @Override
    public void leave(int entry) {
        if (map.has(entry)) {
            retire(map.get(entry));
        }
    }

    @Override
    public boolean carries(int entry) {
        return map.has(entry) && state[map.get(entry)] == GRANTED && table.isValid(map.get(entry));
    }

    @Override
    public boolean isLate(long tag, Tuple tuple, Direction direction) {
        int line = (int) (tag >>> Integer.SIZE) - 1;
        int way = way(direction);
        // The flow may have left the line meanwhile.
        if (line < 0 || line >= late.length || (late[line] & way) == 0 || !hasKey(line, tuple)) {
            return false;
        }
        boolean ingress = direction == Direction.INGRESS;
        if (isAfter((int) tag, ingress ? ingressLate[line] : egressLate[line])) {
            late[line] &= (byte) ~way;
            return false;
        }
        see(line, (int) tag, direction);
        return true;
    }

    /** The line of a tag, if its flow has this key; else -1. */
    private int lineOf(long tag, Tuple tuple) {
        int line = (int) (tag >>> Integer.SIZE) - 1;
        boolean isOne = line >= 0 && line < state.length && state[line] >= OPEN;
        return isOne && hasKey(line, tuple) ? line : -1;
    }

    private boolean hasKey(int line, Tuple tuple) {
        MemorySegment memory = table.memory();
        long at = table.line(line);
        return memory.get(FastTable.LONG, at + FlowLayout.OUTSIDE_LOW) == tuple.outsideLow
                && memory.get(FastTable.LONG, at + FlowLayout.INSIDE_LOW) == tuple.insideLow
                && memory.get(FastTable.LONG, at + FlowLayout.SERVICE) == tuple.service
                && (memory.get(FastTable.INT, at + FastLayout.FLAGS) & FlowLayout.KEY_FLAGS) == tuple.flags
                && memory.get(FastTable.LONG, at + FlowLayout.OUTSIDE_HIGH) == tuple.outsideHigh
                && memory.get(FastTable.LONG, at + FlowLayout.INSIDE_HIGH) == tuple.insideHigh;
    }

    private static int way(Direction direction) {
        return direction == Direction.INGRESS ? FlowLine.INGRESS : FlowLine.EGRESS;
    }

    /** True: a count of frames is later than another one, modulo 2^24. */
    private static boolean isAfter(int count, int other) {
        return count - other << Integer.SIZE - FastLayout.COUNT_BITS > 0;
    }

    /** False: the frame was sent up for an earlier flow of the line. */
    private boolean see(int line, int count, Direction direction) {
        int[] seen = direction == Direction.INGRESS ? ingressSeen : egressSeen;
        if (!isAfter(count, seen[line])) {
            return false;
        }
        seen[line] = count & FastLayout.COUNT_MASK;
        return true;
    }

    @Override
    public boolean note(long tag, Tuple tuple, Direction direction, long timeNs) {
        int line = lineOf(tag, tuple);
        if (line < 0) {
            return false;
        }
        if (!see(line, (int) tag, direction)) {
            return true;
        }
        tagged[line] |= (byte) way(direction);
        if (state[line] == GRANTED || timeNs - notedNs[line] > PATIENCE_NS) {
            sinceNs[line] = timeNs;
        }
        state[line] = OPEN;
        notedNs[line] = timeNs;
        if (!isNoted[line]) {
            isNoted[line] = true;
            noted[notes] = line;
            notes++;
        }
        return true;
    }

    @Override
    public void offer(int entry, long timeNs) {
        nowNs = timeNs;
        if (map.has(entry) || !flows.hasSomePackets(entry) || quarantine.free() == 0) {
            return;
        }
        int directions = flows.directions(entry);
        int permittedNow = directions == 0 ? 0 : permits.applyAsInt(flows.flow(entry));
        if ((directions & permittedNow) == 0) {
            return;
        }
        int line = quarantine.take();
        copies.write(line, entry);
        if (!table.add(line, flows.hash(entry, table.hash()))) {
            // It has been in no slot, so no program can know it.
            quarantine.giveBack(line);
            return;
        }
        used = Math.max(used, line + 1);
        map.put(entry, line);
        begin(line, entry);
        permitted[line] = (byte) permittedNow;
    }

    @Override
    public void settle(long timeNs) {
        nowNs = timeNs;
        for (int i = 0; i < notes; i++) {
            int line = noted[i];
            isNoted[line] = false;
            if (state[line] == OPEN) {
                tryToGrant(line);
            }
        }
        notes = 0;
        quarantine.step(nowNs);
    }

    private void tryToGrant(int line) {
        int entry = entryOf[line];
        copies.fold(line, entry, nowNs);
        if (line >= reviewed) {
            permitted[line] = (byte) permits.applyAsInt(flows.flow(entry));
        }
        int directions = flows.directions(entry) & permitted[line] & tagged[line];
        if (directions == 0) {
            table.withdraw(line);
            return;
        }
        int ingressUp = table.up(line, Direction.INGRESS);
        int egressUp = table.up(line, Direction.EGRESS);
        if (ingressUp == ingressSeen[line] && egressUp == egressSeen[line]) {
            late[line] = 0;
        } else if (nowNs - sinceNs[line] >= PATIENCE_NS) {
            force(line, directions, ingressUp, egressUp);
        } else {
            return;
        }
        grant(line, ingressUp, egressUp, directions);
    }

    /** Frames of these directions that are on their way are late; those of the other direction may be since an earlier grant. */
    private void force(int line, int directions, int ingressUp, int egressUp) {
        late[line] |= (byte) directions;
        ingressLate[line] = (directions & FlowLine.INGRESS) != 0 ? ingressUp : ingressLate[line];
        egressLate[line] = (directions & FlowLine.EGRESS) != 0 ? egressUp : egressLate[line];
        forced++;
    }

    @Override
    public void review(ToIntFunction<Flow> newPermits, boolean atOnce) {
        permits = newPermits;
        epoch = FastTable.after(epoch);
        reviewed = 0;
        if (atOnce) {
            table.epoch(epoch);
        }
    }

    /** True: grants that the policy in force does not permit may still be valid. */
    boolean isReviewing() {
        return reviewed != Integer.MAX_VALUE;
    }

    @Override
    public boolean isDue(long timeNs) {
        return reviewed != Integer.MAX_VALUE || swept != Integer.MAX_VALUE || timeNs - sweepDueNs >= 0;
    }

    @Override
    public void proceed(long timeNs) {
        nowNs = timeNs;
        if (reviewed != Integer.MAX_VALUE) {
            int end = Math.min(used, reviewed + LINES_A_PART);
            for (; reviewed < end; reviewed++) {
                if (state[reviewed] >= OPEN) {
                    review(reviewed);
                }
            }
            if (reviewed >= used) {
                reviewed = Integer.MAX_VALUE;
                table.epoch(epoch);
            }
        } else if (swept != Integer.MAX_VALUE) {
            int end = Math.min(used, swept + LINES_A_PART);
            for (; swept < end; swept++) {
                if (state[swept] >= OPEN) {
                    sweep(swept);
                }
            }
            swept = swept >= used ? Integer.MAX_VALUE : swept;
        } else if (timeNs - sweepDueNs >= 0) {
            sweepDueNs = timeNs + SWEEP_NS;
            swept = 0;
            table.forgetSources();
        }
    }

    private void review(int line) {
        int entry = entryOf[line];
        boolean isOver = flows.isOver(entry, nowNs);
        permitted[line] = (byte) permits.applyAsInt(flows.flow(entry));
        if (table.grant(line) == 0) {
            return;
        }
        if ((copies.allowed(line) & ~permitted[line]) != 0) {
            // Not the same line with fewer directions: a program may know the old ones.
            retire(line);
        } else if (isOver || !isOfThisEpoch(line)) {
            table.withdraw(line);
        } else {
            copies.timeout(line, entry);
            table.raise(line, epoch);
        }
    }

    private void sweep(int line) {
        int entry = entryOf[line];
        copies.fold(line, entry, nowNs);
        boolean isScarce = quarantine.free() < table.lines() / SCARCE;
        if (isScarce && nowNs - flows.seenNs(entry) > IDLE_NS) {
            retire(line);
        }
    }

    @Override
    public long forwardedPackets(Direction direction) {
        return table.forwarded(direction, FastLayout.PACKETS);
    }

    @Override
    public long forwardedBytes(Direction direction) {
        return table.forwarded(direction, FastLayout.BYTES);
    }

    /** Grants since the start that did not wait for the frames on their way. */
    public long forced() {
        return forced;
    }

    /** Lines with a flow. */
    public int size() {
        int flowsWithLine = 0;
        for (int line = 0; line < used; line++) {
            flowsWithLine += state[line] >= OPEN ? 1 : 0;
        }
        return flowsWithLine;
    }
}
