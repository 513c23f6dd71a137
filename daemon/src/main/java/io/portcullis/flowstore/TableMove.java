package io.portcullis.flowstore;

import io.portcullis.conntrack.EntryCheck;
import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Expiry;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.SipHash;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Copies the flows of tables that no worker uses to new tables, each flow to the table of its worker: for another number of
 * workers, or another size. The old tables keep their flows, so a move that was interrupted can be repeated.
 */
public final class TableMove {
    /**
     * A table's memory.
     *
     * @param header the header in the memory
     */
    public record Table(TableHeader header, MemorySegment memory) {}

    /** A new table that is being filled. */
    private static final class Target {
        private final Slab slab;
        private final SipHash hash;
        private int next;

        Target(Table table) {
            slab = new Slab(table.memory);
            hash = new SipHash(table.header.key0(), table.header.key1());
        }

        boolean add(Slab from, int entry) {
            if (next == slab.capacity()) {
                return false;
            }
            int to = next++;
            for (int i = Integer.BYTES; i < FlowLayout.ENTRY_BYTES; i += Integer.BYTES) {
                slab.putInt(Slab.offset(to) + i, from.getInt(Slab.offset(entry) + i));
            }
            if (from.hasRecords()) {
                for (int i = 0; i < FlowLayout.RECORD_BYTES; i += Long.BYTES) {
                    slab.putLong(slab.recordOffset(to) + i, from.getLong(from.recordOffset(entry) + i));
                }
            } else {
                convert(to);
            }
            slab.putIntRelease(Slab.offset(to) + FlowLayout.COMMIT, EntryCheck.hash(slab, hash, to));
            return true;
        }

        /** An entry of version 1: its rule and number move to the record; its first packet and its counts are unknown. */
        private void convert(int entry) {
            long at = Slab.offset(entry);
            long record = slab.recordOffset(entry);
            slab.putInt(record + FlowLayout.CREATED, slab.getInt(at + FlowLayout.CREATED_IN_VERSION_1));
            slab.putInt(record + FlowLayout.RULE, slab.getInt(at + FlowLayout.RULE_IN_VERSION_1));
            slab.putInt(at + FlowLayout.INGRESS_COUNT, 0);
            slab.putInt(at + FlowLayout.EGRESS_COUNT, 0);
        }
    }

    private TableMove() {}

    /**
     * Copies the flows that are not over. If the new tables have no space for all of them, flows of the first
     * {@link EvictionClass} are left out first, then those of the next class.
     *
     * @param from tables that no process writes; an entry that was being written when its process ended is restored in place
     * @param to empty tables, one per worker, in the order of the workers, all with the same seed
     * @param nowNs monotonic time
     * @return number of flows that were left out
     */
    public static int copy(List<Table> from, List<Table> to, long nowNs) {
        List<Target> targets = to.stream().map(Target::new).toList();
        int seed = to.getFirst().header.seed();
        int leftOut = 0;
        for (EvictionClass wanted : List.of(EvictionClass.values()).reversed()) {
            for (Table table : from) {
                leftOut += copy(table, targets, seed, wanted, nowNs);
            }
        }
        return leftOut;
    }

    private static int copy(Table table, List<Target> targets, int seed, EvictionClass wanted, long nowNs) {
        Slab slab = Slab.of(table.header, table.memory);
        SipHash hash = new SipHash(table.header.key0(), table.header.key1());
        slab.undo();
        int leftOut = 0;
        for (int entry = 0; entry < slab.capacity(); entry++) {
            if (goesOn(slab, hash, entry, nowNs) && EvictionClass.of(slab, entry) == wanted) {
                Target target = targets.get(worker(slab, entry, seed, targets.size()));
                leftOut += target.add(slab, entry) ? 0 : 1;
            }
        }
        return leftOut;
    }

    private static boolean goesOn(Slab slab, SipHash hash, int entry, long nowNs) {
        return slab.hasFlow(entry)
                && EntryCheck.fault(slab, hash, entry, nowNs) == null
                && !Expiry.wasOver(slab, slab.getLong(Slab.offset(entry) + FlowLayout.SEEN), nowNs);
    }

    private static int worker(Slab slab, int entry, int seed, int workers) {
        long at = Slab.offset(entry);
        int hash = AddressPair.hash(
                seed,
                slab.getLong(at + FlowLayout.OUTSIDE_HIGH),
                slab.getLong(at + FlowLayout.OUTSIDE_LOW),
                slab.getLong(at + FlowLayout.INSIDE_HIGH),
                slab.getLong(at + FlowLayout.INSIDE_LOW));
        return AddressPair.worker(hash, workers);
    }
}
