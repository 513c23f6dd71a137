package io.portcullis.conntrack.read;

import io.portcullis.conntrack.Expiry;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.Timeout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * Reads the flows of a table while its worker goes on. The worker does nothing for it: the reader copies an entry, then checks that it
 * is still what it was, as a sequence lock does. What tells a change apart is what the worker writes for other reasons:
 *
 * <ul>
 *   <li>the commit word, which it clears before it gives an entry to another flow, and the number of the flow, which no other has had;
 *   <li>the undo word, which names an entry that it writes in several steps;
 *   <li>the flags, the state, and the high bits of the counts, which change last in such a step, or before the low bits.
 * </ul>
 *
 * <p>The memory stays mapped as long as the reader is reachable, also after the table was deleted. Any number of threads.
 */
public final class FlowReader {
    /** Tries to get a whole copy without a pause: a step of the worker takes less than a microsecond. */
    private static final int SPINS = 1_000;

    private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(50);

    /** After a tenth of a second the worker is taken for dead, and its flow is left out. */
    private static final int MOST_TRIES = SPINS + 2_000;

    /** Entries that are read without a safepoint: some tens of microseconds. */
    private static final int SLICE = 1_024;

    private final Slab slab;
    private final IntSupplier used;

    /**
     * A reader of the memory of a table.
     *
     * @param memory of a table of this version
     * @param used entries from here on have never been used ({@link io.portcullis.conntrack.FlowTable#used})
     */
    public FlowReader(MemorySegment memory, IntSupplier used) {
        this.slab = new Slab(memory);
        this.used = used;
    }

    /** How many entries {@link #read} looks at now, with and without a flow. */
    public int entries() {
        return Math.min(used.getAsInt(), slab.capacity());
    }

    /**
     * Reads all flows that are not over, in the order of their entries. A flow that lives all the while is read once, one that begins
     * or ends meanwhile once or not at all.
     *
     * @param visitor gets each flow; the copy is valid during the call
     * @return number of flows read
     */
    public long read(long nowNs, Consumer<FlowCopy> visitor) {
        FlowCopy copy = new FlowCopy();
        long flows = 0;
        for (int from = 0; from < entriesNow(); from += SLICE) {
            int end = Math.min(from + SLICE, entries());
            for (int entry = from; entry < end; entry++) {
                if (slab.hasFlow(entry) && read(entry, nowNs, copy)) {
                    flows++;
                    visitor.accept(copy);
                }
            }
        }
        return flows;
    }

    /**
     * The number of entries, which the compiler must not take for a constant of a loop: with the serial collector, a loop with a known end
     * has no safepoint, and all workers would wait for its end when a collection begins.
     */
    private int entriesNow() {
        VarHandle.acquireFence();
        return entries();
    }

    private boolean read(int entry, long nowNs, FlowCopy copy) {
        for (int tries = 0; slab.hasFlow(entry); tries++) {
            VarHandle.loadLoadFence();
            copy.fill(slab, entry);
            VarHandle.loadLoadFence();
            boolean isWritten = slab.beingWritten() == entry;
            VarHandle.loadLoadFence();
            if (!isWritten && copy.isStill(slab)) {
                copy.left(Expiry.leftNs(slab, copy.seen(), nowNs));
                return copy.leftNs() > 0;
            }
            if (tries == MOST_TRIES) {
                return false;
            }
            if (tries < SPINS) {
                Thread.onSpinWait();
            } else {
                // Its worker waits for a core in the middle of a step: perhaps for this one.
                LockSupport.parkNanos(PAUSE_NS);
            }
        }
        return false;
    }

    /**
     * Counts the flows that are not over by their states, in the order of {@link Timeout}. Reads one cache line of a flow only.
     */
    public long[] states(long nowNs) {
        long[] counts = new long[Timeout.values().length];
        for (int from = 0; from < entriesNow(); from += SLICE) {
            count(from, Math.min(from + SLICE, entries()), nowNs, counts);
        }
        return counts;
    }

    private void count(int from, int end, long nowNs, long[] counts) {
        for (int entry = from; entry < end; entry++) {
            long seen = slab.getLong(Slab.offset(entry) + FlowLayout.SEEN);
            int state = Flow.state(seen);
            if (slab.hasFlow(entry) && state < counts.length && Expiry.leftNs(slab, seen, nowNs) > 0) {
                counts[state]++;
            }
        }
    }
}
