package io.portcullis.flowstore;

import io.portcullis.conntrack.EntryCheck;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.packet.SipHash;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The content of a flow table, read by a process that does not own it; a worker may be writing the table at the same time.
 *
 * @param header of the table
 * @param flows number of flows
 * @param states number of flows per state, by the key of the state's timeout
 * @param replied flows of which both sides have sent
 * @param halfWritten true: an entry was being written; the next start restores it
 * @param faults one line for each of the first {@value #MAX_FAULTS} entries that no process can have written; {@code damaged}: their number
 */
public record TableReport(
        TableHeader header,
        int flows,
        Map<String, Integer> states,
        int replied,
        boolean halfWritten,
        List<String> faults,
        int damaged) {
    private static final int MAX_FAULTS = 20;
    private static final int RECHECKS = 3;

    public TableReport {
        states = Map.copyOf(states);
        faults = List.copyOf(faults);
    }

    /**
     * Checks every entry; {@code clock}: monotonic time of the boot that the table belongs to, ns.
     *
     * @throws TableHeader.UnknownTable if the memory is not a table of this version
     */
    public static TableReport of(MemorySegment memory, LongSupplier clock) throws TableHeader.UnknownTable {
        TableHeader header = TableHeader.read(memory);
        Slab slab = Slab.of(header, memory);
        SipHash hash = new SipHash(header.key0(), header.key1());
        int beingWritten = slab.beingWritten();
        int flows = 0;
        int replied = 0;
        int damaged = 0;
        Map<String, Integer> states = new TreeMap<>();
        List<String> faults = new ArrayList<>();
        for (int entry = 0; entry < slab.capacity(); entry++) {
            long at = Slab.offset(entry);
            int commit = slab.getInt(at + FlowLayout.COMMIT);
            if (commit == 0) {
                continue;
            }
            String fault = fault(slab, hash, entry, clock);
            if (slab.getInt(at + FlowLayout.COMMIT) != commit || entry == beingWritten) {
                // A worker is writing it.
                flows++;
            } else if (fault != null) {
                damaged++;
                if (faults.size() < MAX_FAULTS) {
                    faults.add("entry " + entry + ": " + fault);
                }
            } else {
                flows++;
                replied += (slab.getInt(at + FlowLayout.FLAGS) & FlowLayout.REPLIED) == 0 ? 0 : 1;
                states.merge(Flow.timeout(slab.getLong(at + FlowLayout.SEEN)).key(), 1, Integer::sum);
            }
        }
        return new TableReport(header, flows, states, replied, beingWritten >= 0, faults, damaged);
    }

    private static @Nullable String fault(Slab slab, SipHash hash, int entry, LongSupplier clock) {
        String fault = EntryCheck.fault(slab, hash, entry, clock.getAsLong());
        // A worker may have renewed the flow during the check, and after the clock was read.
        for (int again = 0; fault != null && again < RECHECKS; again++) {
            fault = EntryCheck.fault(slab, hash, entry, clock.getAsLong());
        }
        return fault;
    }
}
