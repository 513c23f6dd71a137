package io.portcullis.flowstore;

import io.portcullis.conntrack.EntryCheck;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.SipHash;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.TableHeader;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a flow table's memory holds, looked at from outside; a worker may be writing it meanwhile.
 *
 * @param header whose it is
 * @param flows entries that are flows
 * @param states how many of them are in which state, by the key of its timeout
 * @param replied flows of which both sides were seen
 * @param halfWritten true: an entry was being written; at the next start it is as it was before
 * @param faults entries that no process can have written, one line each, the first ones
 * @param damaged how many there are
 */
public record TableReport(
        TableHeader header,
        int flows,
        Map<String, Integer> states,
        int replied,
        boolean halfWritten,
        List<String> faults,
        int damaged) {
    private static final int MOST_FAULTS = 20;
    private static final int SECOND_LOOKS = 3;

    public TableReport {
        states = Map.copyOf(states);
        faults = List.copyOf(faults);
    }

    /**
     * Looks at every entry.
     *
     * @param clock tells the monotonic time of the boot that the table is of, ns
     * @throws TableHeader.UnknownTable if this is none that can be read
     */
    public static TableReport of(MemorySegment memory, LongSupplier clock) throws TableHeader.UnknownTable {
        TableHeader header = TableHeader.read(memory);
        Slab slab = new Slab(memory);
        SipHash hash = new SipHash(header.key0(), header.key1());
        int guarded = slab.getInt(Slab.GUARD) - 1;
        int flows = 0;
        int replied = 0;
        int damaged = 0;
        Map<String, Integer> states = new TreeMap<>();
        List<String> faults = new ArrayList<>();
        for (int entry = 0; entry < slab.capacity(); entry++) {
            long at = Slab.offset(entry);
            int commit = slab.getInt(at + Slab.COMMIT);
            if (commit == 0) {
                continue;
            }
            String fault = fault(slab, hash, entry, clock);
            if (slab.getInt(at + Slab.COMMIT) != commit || entry == guarded) {
                // A worker has it in hand.
                flows++;
            } else if (fault != null) {
                damaged++;
                if (faults.size() < MOST_FAULTS) {
                    faults.add("entry " + entry + ": " + fault);
                }
            } else {
                flows++;
                replied += (slab.getInt(at + Slab.MARKS) & Flow.REPLIED) == 0 ? 0 : 1;
                states.merge(Flow.timeout(slab.getLong(at + Slab.SEEN)).key(), 1, Integer::sum);
            }
        }
        return new TableReport(header, flows, states, replied, guarded >= 0, faults, damaged);
    }

    private static @Nullable String fault(Slab slab, SipHash hash, int entry, LongSupplier clock) {
        String fault = EntryCheck.fault(slab, hash, entry, clock.getAsLong());
        // It may have been renewed while it was looked at, and after the clock was.
        for (int again = 0; fault != null && again < SECOND_LOOKS; again++) {
            fault = EntryCheck.fault(slab, hash, entry, clock.getAsLong());
        }
        return fault;
    }
}
