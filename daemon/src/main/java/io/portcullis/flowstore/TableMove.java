package io.portcullis.flowstore;

import io.portcullis.conntrack.EntryCheck;
import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Expiry;
import io.portcullis.conntrack.SipHash;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.packet.AddressPair;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings the flows of tables that no worker uses any more to where they belong: when there are more or fewer workers, or
 * tables have another size. The old tables stay as they are, so that this may be begun anew at any time.
 */
public final class TableMove {
    /**
     * A table's memory.
     *
     * @param header as it stands in the memory
     */
    public record Table(TableHeader header, MemorySegment memory) {}

    /** What a new table has got so far. */
    private static final class Target {
        private final Slab slab;
        private final SipHash hash;
        private int next;

        Target(Table table) {
            slab = new Slab(table.memory);
            hash = new SipHash(table.header.key0(), table.header.key1());
        }

        boolean take(Slab from, int entry) {
            if (next == slab.capacity()) {
                return false;
            }
            int to = next++;
            for (int i = Integer.BYTES; i < Slab.ENTRY; i += Integer.BYTES) {
                slab.putInt(Slab.offset(to) + i, from.getInt(Slab.offset(entry) + i));
            }
            slab.putIntRelease(Slab.offset(to) + Slab.COMMIT, EntryCheck.hash(slab, hash, to));
            return true;
        }
    }

    private TableMove() {}

    /**
     * Copies flows, but for those that are over. Where there is no room for all, those of the first {@link EvictionClass} stay
     * behind, then those of the next.
     *
     * @param from tables that nobody writes; entries that were being written when their process ended are put back there
     * @param to empty tables, one for each worker, in their order, all of the same seed
     * @param nowNs monotonic time
     * @return how many flows had no room
     */
    public static int copy(List<Table> from, List<Table> to, long nowNs) {
        List<Target> targets = to.stream().map(Target::new).toList();
        int seed = to.getFirst().header.seed();
        int left = 0;
        for (EvictionClass each : List.of(EvictionClass.values()).reversed()) {
            for (Table table : from) {
                left += copy(table, targets, seed, each, nowNs);
            }
        }
        return left;
    }

    private static int copy(Table table, List<Target> targets, int seed, EvictionClass wanted, long nowNs) {
        Slab slab = new Slab(table.memory);
        SipHash hash = new SipHash(table.header.key0(), table.header.key1());
        slab.restore();
        int left = 0;
        for (int entry = 0; entry < slab.capacity(); entry++) {
            long at = Slab.offset(entry);
            boolean goesOn = slab.getInt(at + Slab.COMMIT) != 0
                    && fault(slab, hash, entry, nowNs) == null
                    && EvictionClass.of(slab.getLong(at + Slab.SERVICE), slab.getInt(at + Slab.MARKS)) == wanted
                    && !Expiry.wasOver(slab, slab.getLong(at + Slab.SEEN), nowNs);
            if (!goesOn) {
                continue;
            }
            int home = AddressPair.worker(
                    AddressPair.hash(
                            seed,
                            slab.getLong(at + Slab.OUTSIDE_HIGH),
                            slab.getLong(at + Slab.OUTSIDE_LOW),
                            slab.getLong(at + Slab.INSIDE_HIGH),
                            slab.getLong(at + Slab.INSIDE_LOW)),
                    targets.size());
            left += targets.get(home).take(slab, entry) ? 0 : 1;
        }
        return left;
    }

    private static @Nullable String fault(Slab slab, SipHash hash, int entry, long nowNs) {
        return EntryCheck.fault(slab, hash, entry, nowNs);
    }
}
