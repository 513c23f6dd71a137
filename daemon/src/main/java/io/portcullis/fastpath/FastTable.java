package io.portcullis.fastpath;

import io.portcullis.conntrack.FlowLayout;
import io.portcullis.net.Direction;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The memory of {@link FastLayout}, as the daemon writes it: the gate, the index, and words of the lines. Programs read and write it at
 * the same time. One thread of the daemon writes.
 */
public final class FastTable {
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = INT.varHandle();
    private static final VarHandle LONGS = LONG.varHandle();
    private static final VarHandle SHORTS = SHORT.varHandle();
    private static final int NO_SLOT = -1;
    private static final int HASH_SHIFT = 32;

    private final MemorySegment memory;
    private final int lines;
    private final SipHash hash;

    /** The slot of each line. */
    private final int[] slotOf;

    private FastTable(MemorySegment memory, int lines, SipHash hash) {
        this.memory = memory;
        this.lines = lines;
        this.hash = hash;
        slotOf = new int[lines];
        Arrays.fill(slotOf, NO_SLOT);
    }

    /**
     * Opens memory that may have lines of an earlier daemon, whose programs may still use it. Memory of another version, of another
     * number of lines or with another key, or that holds anything else, is made empty.
     *
     * @param memory of {@link FastLayout#bytes} bytes, 8-byte aligned
     * @param lines a power of two, at most 2^24
     * @param key0 first half of the key of the index's hash; secret, and the same at the next start
     * @param key1 second half
     */
    public static FastTable open(MemorySegment memory, int lines, long key0, long key1) {
        if (Integer.bitCount(lines) != 1 || lines > 1 << 24 || memory.byteSize() < FastLayout.bytes(lines)) {
            throw new IllegalArgumentException(lines + " lines in " + memory.byteSize() + " bytes");
        }
        FastTable table = new FastTable(memory, lines, new SipHash(key0, key1));
        boolean isOurs = memory.get(INT, FastLayout.GATE_MAGIC) == FastLayout.MAGIC
                && memory.get(INT, FastLayout.GATE_VERSION) == FastLayout.VERSION
                && memory.get(INT, FastLayout.GATE_LINES) == lines
                && memory.get(LONG, FastLayout.GATE_KEY) == key0
                && memory.get(LONG, FastLayout.GATE_KEY + Long.BYTES) == key1
                && table.epoch() != 0;
        if (isOurs) {
            table.readIndex();
        } else {
            table.format(key0, key1);
        }
        return table;
    }

    /** No line is found and no grant is valid before the rest is written. */
    private void format(long key0, long key1) {
        for (int slot = 0; slot < FastLayout.slots(lines); slot++) {
            memory.set(LONG, FastLayout.slot(slot), 0);
        }
        for (int line = 0; line < lines; line++) {
            memory.set(LONG, line(line) + FastLayout.GRANT, 0);
        }
        VarHandle.fullFence();
        memory.asSlice(FastLayout.GATE_EPOCH, FastLayout.GATE_UP - FastLayout.GATE_EPOCH)
                .fill((byte) 0);
        memory.set(LONG, FastLayout.GATE_KEY, key0);
        memory.set(LONG, FastLayout.GATE_KEY + Long.BYTES, key1);
        memory.set(INT, FastLayout.GATE_VERSION, FastLayout.VERSION);
        memory.set(INT, FastLayout.GATE_LINES, lines);
        epoch(1);
        INTS.setRelease(memory, (long) FastLayout.GATE_MAGIC, FastLayout.MAGIC);
    }

    /** Keeps the slots that name a line by the hash of its key, each line once; clears all others. */
    private void readIndex() {
        for (int slot = 0; slot < FastLayout.slots(lines); slot++) {
            long word = memory.get(LONG, FastLayout.slot(slot));
            int line = (int) word - 1;
            int wanted = (int) (word >>> HASH_SHIFT);
            boolean fits = line >= 0
                    && line < lines
                    && slotOf[line] == NO_SLOT
                    && wanted == hashOf(line)
                    && slot - home(wanted) >= 0
                    && slot - home(wanted) < FastLayout.PROBES;
            if (fits) {
                slotOf[line] = slot;
            } else if (word != 0) {
                LONGS.setRelease(memory, FastLayout.slot(slot), 0L);
            }
        }
    }

    private int hashOf(int line) {
        long at = line(line);
        int keyFlags = memory.get(INT, at + FastLayout.FLAGS) & FlowLayout.KEY_FLAGS;
        long outside = memory.get(LONG, at + FlowLayout.OUTSIDE_LOW);
        long inside = memory.get(LONG, at + FlowLayout.INSIDE_LOW);
        long service = memory.get(LONG, at + FlowLayout.SERVICE);
        return (keyFlags & Tuple.V6) == 0
                ? hash.v4(outside, inside, service, keyFlags)
                : hash.v6(
                        memory.get(LONG, at + FlowLayout.OUTSIDE_HIGH),
                        outside,
                        memory.get(LONG, at + FlowLayout.INSIDE_HIGH),
                        inside,
                        service,
                        keyFlags);
    }

    private int home(int wanted) {
        return (int) (Integer.toUnsignedLong(wanted) * FastLayout.slots(lines) >>> HASH_SHIFT);
    }

    MemorySegment memory() {
        return memory;
    }

    /** Number of lines. */
    public int lines() {
        return lines;
    }

    SipHash hash() {
        return hash;
    }

    /** Offset of a line. */
    long line(int line) {
        return FastLayout.line(lines, line);
    }

    /** True: the index has a slot for the line. */
    boolean isInIndex(int line) {
        return slotOf[line] != NO_SLOT;
    }

    /**
     * Adds a line whose words are written to the index.
     *
     * @param wanted hash of its key, which no other line has
     * @return false: the slots for this hash are full, and nothing has changed
     */
    boolean add(int line, int wanted) {
        int first = home(wanted);
        int end = Math.min(first + FastLayout.PROBES, FastLayout.slots(lines));
        for (int slot = first; slot < end; slot++) {
            if (memory.get(LONG, FastLayout.slot(slot)) == 0) {
                slotOf[line] = slot;
                LONGS.setRelease(memory, FastLayout.slot(slot), (long) wanted << HASH_SHIFT | line + 1L);
                return true;
            }
        }
        return false;
    }

    /** Removes a line from the index, if it is in it. Running programs may still use it. */
    void remove(int line) {
        int slot = slotOf[line];
        if (slot != NO_SLOT) {
            slotOf[line] = NO_SLOT;
            LONGS.setRelease(memory, FastLayout.slot(slot), 0L);
        }
    }

    /** The grant of a line; 0: none. */
    long grant(int line) {
        return memory.get(LONG, line(line) + FastLayout.GRANT);
    }

    /** Grants, after all that the line must have is written. */
    void grant(int line, int epoch, int ingressUp, int egressUp) {
        LONGS.setRelease(
                memory,
                line(line) + FastLayout.GRANT,
                (long) epoch << FastLayout.GRANT_EPOCH_SHIFT
                        | (long) (egressUp & FastLayout.COUNT_MASK) << FastLayout.GRANT_EGRESS_SHIFT
                        | ingressUp & FastLayout.COUNT_MASK);
    }

    /** Raises the epoch of a grant; its counts stay. */
    void raise(int line, int epoch) {
        long counts = grant(line) & (1L << FastLayout.GRANT_EPOCH_SHIFT) - 1;
        LONGS.setRelease(memory, line(line) + FastLayout.GRANT, (long) epoch << FastLayout.GRANT_EPOCH_SHIFT | counts);
    }

    /** Takes the grant of a line away, before all later stores. */
    void withdraw(int line) {
        LONGS.setVolatile(memory, line(line) + FastLayout.GRANT, 0L);
    }

    /** Frames of the flow sent up in a direction, modulo 2^24. */
    int up(int line, Direction direction) {
        int offset = direction == Direction.INGRESS ? FastLayout.INGRESS_UP : FastLayout.EGRESS_UP;
        return (int) INTS.getAcquire(memory, line(line) + offset) & FastLayout.COUNT_MASK;
    }

    /** True: programs forward by this grant, in the directions that the line allows. */
    boolean isValid(int line) {
        long grant = grant(line);
        int counts = up(line, Direction.EGRESS);
        return grant != 0
                && (short) ((int) (grant >>> FastLayout.GRANT_EPOCH_SHIFT) - epoch()) >= 0
                && ((int) grant & FastLayout.COUNT_MASK) == up(line, Direction.INGRESS)
                && ((int) (grant >>> FastLayout.GRANT_EGRESS_SHIFT) & FastLayout.COUNT_MASK) == counts;
    }

    int getInt(int line, int offset) {
        return (int) INTS.getOpaque(memory, line(line) + offset);
    }

    long getLong(int line, int offset) {
        return (long) LONGS.getOpaque(memory, line(line) + offset);
    }

    void putInt(int line, int offset, int value) {
        INTS.setOpaque(memory, line(line) + offset, value);
    }

    void putLong(int line, int offset, long value) {
        LONGS.setOpaque(memory, line(line) + offset, value);
    }

    /** Joins a sequence number: the later one stays, modulo 2^32. */
    void joinLater(int line, int offset, int value) {
        long at = line(line) + offset;
        int before = (int) INTS.getOpaque(memory, at);
        while (value - before > 0) {
            int found = (int) INTS.compareAndExchange(memory, at, before, value);
            if (found == before) {
                return;
            }
            before = found;
        }
    }

    /** Joins a window: the wider one stays. */
    void joinWider(int line, int offset, int value) {
        long at = line(line) + offset;
        int before = (int) INTS.getOpaque(memory, at);
        while (value > before) {
            int found = (int) INTS.compareAndExchange(memory, at, before, value);
            if (found == before) {
                return;
            }
            before = found;
        }
    }

    /** Stores a later time of the last packet, unless a program has stored one meanwhile. */
    void seen(int line, long seenNs) {
        long at = line(line) + FastLayout.LAST_SEEN;
        long before = (long) LONGS.getOpaque(memory, at);
        if (seenNs - before > 0) {
            LONGS.compareAndSet(memory, at, before, seenNs);
        }
    }

    /** What programs have forwarded in a direction, on all processors: {@link FastLayout#PACKETS} or {@link FastLayout#BYTES}. */
    long forwarded(Direction direction, int what) {
        long sum = 0;
        long first = FastLayout.GATE_PROCESSORS + (long) direction.ordinal() * FastLayout.COUNTS_PER_DIRECTION + what;
        for (int processor = 0; processor < FastLayout.PROCESSORS; processor++) {
            sum += (long) LONGS.getOpaque(memory, first + (long) processor * FastLayout.PROCESSOR_BYTES);
        }
        return sum;
    }

    /** The epoch of the gate, 1 to 65,535. */
    int epoch() {
        return Short.toUnsignedInt(memory.get(SHORT, FastLayout.GATE_EPOCH));
    }

    /** Sets the epoch, after all earlier stores: grants of earlier ones end. */
    void epoch(int epoch) {
        SHORTS.setVolatile(memory, (long) FastLayout.GATE_EPOCH, (short) epoch);
    }

    /** The epoch after another one. */
    static int after(int epoch) {
        return epoch == 0xffff ? 1 : epoch + 1;
    }

    /**
     * Sets the time at which the programs begin to act as for a dead daemon.
     *
     * @param monotonicNs 0: never
     */
    public void deadline(long monotonicNs) {
        LONGS.setOpaque(memory, (long) FastLayout.GATE_DEADLINE, monotonicNs);
    }

    /**
     * Sets how many frames may wait for the daemon; 0: any number.
     *
     * @param ofNew above it, frames of flows without a line are shed
     * @param ofKnown above it, frames of flows with a line are shed
     * @param share frames of one source in a second, above which its frames are shed before others
     */
    public void limits(int ofNew, int ofKnown, int share) {
        INTS.setOpaque(memory, (long) FastLayout.GATE_LIMIT_NEW, ofNew);
        INTS.setOpaque(memory, (long) FastLayout.GATE_LIMIT_KNOWN, ofKnown);
        INTS.setOpaque(memory, (long) FastLayout.GATE_SHARE, share);
    }

    /** Begins another second for the counts of sources. */
    void forgetSources() {
        memory.asSlice(FastLayout.GATE_SOURCES, (long) FastLayout.SOURCES * Integer.BYTES)
                .fill((byte) 0);
    }

    /** The frames that programs have sent up. */
    long sentUp(Direction direction) {
        return (long) LONGS.getOpaque(
                memory, FastLayout.GATE_UP + FastLayout.UP + (long) direction.ordinal() * FastLayout.PER_DIRECTION);
    }

    /** How many of them the port has taken, or has found lost. */
    long taken(Direction direction) {
        return (long)
                LONGS.getOpaque(memory, FastLayout.GATE_TAKEN + (long) direction.ordinal() * FastLayout.PER_DIRECTION);
    }
}
