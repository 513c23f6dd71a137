package io.portcullis.hits;

import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;

/** The rules and ACL entries of a policy with their slots in a {@link HitTable}. Made off the loop, as it takes long for 100,000 rules. */
public final class HitSlots {
    private final Policy policy;
    private final HitTable table;
    private final int number;
    private final int[] rules;
    private final int[] entries;
    private final HitPart[] parts;

    HitSlots(Policy policy, HitTable table, int number, int[] rules, int[] entries, HitPart... parts) {
        this.policy = policy;
        this.table = table;
        this.number = number;
        this.rules = rules;
        this.entries = entries;
        this.parts = parts;
    }

    /** Of a policy whose hits nobody asks for: all rules count together. */
    static HitSlots together(Policy policy, HitTable table, HitPart part) {
        return new HitSlots(policy, table, 0, new int[policy.ruleCount()], new int[entries(policy)], part);
    }

    static int entries(Policy policy) {
        Acl acl = policy.acl();
        return acl == null ? 0 : acl.size();
    }

    /** The same rules, enforced in another way. */
    HitSlots under(Policy next) {
        return new HitSlots(next, table, number, rules, entries, parts);
    }

    /** The policy. */
    public Policy policy() {
        return policy;
    }

    /** All that is known about a rule. Any thread. */
    public HitRecord record(int rule) {
        return part(rules[rule]).record(rules[rule] & HitTable.INDEX_MASK);
    }

    /** All that is known about an ACL entry, by its {@link Acl#number}. Any thread. */
    public HitRecord recordAcl(int entry) {
        return part(entries[entry]).record(entries[entry] & HitTable.INDEX_MASK);
    }

    private HitPart part(int slot) {
        return parts[slot >>> HitTable.PART_SHIFT];
    }

    HitTable table() {
        return table;
    }

    /** Counts the preparations of the table, from 1. */
    int number() {
        return number;
    }

    /** Per rule, its slot. */
    int[] rules() {
        return rules;
    }

    /** As {@link #rules}, per entry of the network ACL by its {@link Acl#number}. */
    int[] entries() {
        return entries;
    }

    HitPart[] parts() {
        return parts;
    }
}
