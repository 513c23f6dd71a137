package io.portcullis.conntrack;

import io.portcullis.conntrack.index.EntryPool;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * What a start has done with the entries that an earlier process left.
 *
 * @param flows that go on
 * @param expired flows that were idle for their timeout
 * @param damaged entries that no process can have written, or with the key of another entry; their flows are dropped
 * @param restored true: the process ended while it was writing an entry, and its undo image was restored
 */
public record Recovery(int flows, int expired, int damaged, boolean restored) {
    /**
     * Reads every entry: keeps the flows that are whole and not over, ends the rest, and derives pool, index, wheel and order
     * of eviction, which are empty.
     *
     * @param expires gets each entry whose flow is over, before it ends
     * @param nowNs monotonic time
     */
    static Recovery of(
            Slab slab,
            EntryPool pool,
            Lookup lookup,
            Expiry expiry,
            EvictionOrder order,
            IntConsumer expires,
            long nowNs) {
        boolean restored = slab.undo();
        int expired = 0;
        int damaged = 0;
        for (int entry = 0; entry < slab.capacity(); entry++) {
            if (!slab.hasFlow(entry)) {
                continue;
            }
            long at = Slab.offset(entry);
            if (EntryCheck.fault(slab, lookup.hash(), entry, nowNs) != null || lookup.hasKeyOf(entry)) {
                slab.end(entry);
                damaged++;
            } else if (expiry.isOver(entry, nowNs) || Expiry.wasOver(slab, slab.getLong(at + FlowLayout.SEEN), nowNs)) {
                expires.accept(entry);
                slab.end(entry);
                expired++;
            } else {
                pool.takeFound(entry, slab.getInt(slab.recordOffset(entry) + FlowLayout.CREATED));
                lookup.add(slab.getInt(at + FlowLayout.COMMIT), entry);
                expiry.add(entry, nowNs);
            }
        }
        expiry.recordAnew();
        orderByAge(slab, pool, order);
        return new Recovery(pool.size(), expired, damaged, restored);
    }

    private static void orderByAge(Slab slab, EntryPool pool, EvictionOrder order) {
        long[] byAge = new long[pool.size()];
        int count = 0;
        for (int entry = 0; entry < pool.unused(); entry++) {
            if (slab.hasFlow(entry)) {
                int created = slab.getInt(slab.recordOffset(entry) + FlowLayout.CREATED);
                long age = Integer.toUnsignedLong(pool.youngest() - created);
                byAge[count++] = (0xffff_ffffL - age) << 31 | entry;
            }
        }
        Arrays.sort(byAge);
        for (long word : byAge) {
            int entry = (int) word & Integer.MAX_VALUE;
            order.append(entry, EvictionClass.of(slab, entry));
        }
    }

    /** As {@link FlowTable#relearn}. */
    static void relearn(Slab slab, EntryPool pool, EvictionOrder order) {
        TcpConnection connection = new TcpConnection();
        for (int entry = 0; entry < pool.unused(); entry++) {
            long at = Slab.offset(entry);
            if (!slab.hasFlow(entry) || Tuple.protocol(slab.getLong(at + FlowLayout.SERVICE)) != IpProtocol.TCP) {
                continue;
            }
            connection.load(slab, at);
            if (connection.forgetSequences()) {
                slab.saveUndo(entry);
                connection.store(slab, at);
                slab.putInt(at + FlowLayout.FLAGS, connection.flags(slab.getInt(at + FlowLayout.FLAGS)));
                slab.dropUndo();
                order.change(entry, EvictionClass.of(slab, entry));
            }
        }
    }
}
