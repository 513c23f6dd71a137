package io.portcullis.hits;

import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import java.lang.foreign.MemorySegment;

/**
 * The hits of the rules of a policy: the packets credited to each, and those that each entry of its network ACL decided. One worker
 * counts in its own cells ({@link #count}); the other methods add the cells of all workers of the interface, and any thread may call them.
 * Each number is whole, but may lag behind.
 */
public final class RuleHits {
    private final HitSlots slots;
    private final int[] rules;
    private final int[] entries;
    private final MemorySegment[] cells;

    /**
     * For one worker, from now on.
     *
     * @param worker its column
     */
    public RuleHits(HitSlots slots, int worker) {
        this.slots = slots;
        rules = slots.rules();
        entries = slots.entries();
        HitPart[] parts = slots.parts();
        cells = new MemorySegment[parts.length];
        for (int part = 0; part < parts.length; part++) {
            cells[part] = parts[part].cells(worker);
        }
        slots.table().follows(worker, slots.number());
    }

    /**
     * Credits a rule with a packet.
     *
     * @param nowNs time of the batch; no clock is read
     */
    public void count(int rule, long nowNs) {
        hit(rules[rule], 1, nowNs);
    }

    /** Counts a frame that an entry of the network ACL decided, by the entry's {@link Acl#number}. */
    public void countAcl(int entry, int packets, long nowNs) {
        hit(entries[entry], packets, nowNs);
    }

    private void hit(int slot, int packets, long nowNs) {
        MemorySegment column = cells[slot >>> HitTable.PART_SHIFT];
        long at = (long) (slot & HitTable.INDEX_MASK) << HitPart.CELL_SHIFT;
        HitPart.FIELD.setOpaque(column, at, (long) HitPart.FIELD.get(column, at) + packets);
        HitPart.FIELD.setOpaque(column, at + HitPart.LAST, nowNs);
    }

    /** The policy with the counted rules. */
    public Policy policy() {
        return slots.policy();
    }

    /** Packets credited to a rule. */
    public long of(int rule) {
        return slots.record(rule).count();
    }

    /** Packets that an ACL entry decided, by its {@link Acl#number}. A super-frame counts as the packets that it carries. */
    public long ofAcl(int entry) {
        return slots.recordAcl(entry).count();
    }

    /** All that is known about the rules. */
    public HitSlots slots() {
        return slots;
    }
}
