package io.portcullis.engine;

import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleIdentity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.IntFunction;

/**
 * Hit counters: the packets credited to each rule of a policy, and those that each entry of its network ACL decided. A rule or entry
 * with the same {@link RuleIdentity} before and after a reload keeps its count; a removed one loses it. Written by the worker's
 * loop, read by any thread.
 */
public final class RuleHits {
    private final Policy policy;
    private final AtomicLongArray hits;
    private final AtomicLongArray aclHits;

    RuleHits(Policy policy) {
        this.policy = policy;
        this.hits = new AtomicLongArray(policy.ruleCount());
        this.aclHits = new AtomicLongArray(entries(policy));
    }

    private static int entries(Policy policy) {
        Acl acl = policy.acl();
        return acl == null ? 0 : acl.size();
    }

    /** The rules that two policies have in common. Made off the loop, as it takes long for 100,000 rules. */
    public static final class Succession {
        private static final int NEW = -1;

        private final Policy before;
        private final Policy next;
        private final int[] origins;
        private final int[] aclOrigins;

        private Succession(Policy before, Policy next, int[] origins, int[] aclOrigins) {
            this.before = before;
            this.next = next;
            this.origins = origins;
            this.aclOrigins = aclOrigins;
        }

        /** Pairs rules and entries by their identity. */
        public static Succession of(Policy before, Policy next) {
            Acl acl = before.acl();
            Acl nextAcl = next.acl();
            return new Succession(
                    before,
                    next,
                    origins(before.ruleCount(), before::identity, next.ruleCount(), next::identity),
                    acl == null || nextAcl == null
                            ? origins(0, RuleHits::none, entries(next), RuleHits::none)
                            : origins(acl.size(), acl::identity, nextAcl.size(), nextAcl::identity));
        }

        private static int[] origins(
                int beforeCount, IntFunction<RuleIdentity> before, int nextCount, IntFunction<RuleIdentity> next) {
            int[] origins = new int[nextCount];
            Map<RuleIdentity, Integer> numbers = new HashMap<>();
            for (int i = 0; i < beforeCount; i++) {
                numbers.putIfAbsent(before.apply(i), i);
            }
            for (int i = 0; i < nextCount; i++) {
                // Of equal rules the first is credited: it keeps the count.
                Integer origin = beforeCount == 0 ? null : numbers.remove(next.apply(i));
                origins[i] = origin == null ? NEW : origin;
            }
            return origins;
        }

        /** The next policy. */
        public Policy next() {
            return next;
        }

        /** True: another policy has been installed in between. */
        boolean isOutdated(Policy current) {
            return before != current;
        }
    }

    private static RuleIdentity none(int number) {
        throw new IllegalArgumentException("no entry " + number);
    }

    RuleHits carriedOver(Succession succession) {
        RuleHits carried = new RuleHits(succession.next);
        carry(hits, succession.origins, carried.hits);
        carry(aclHits, succession.aclOrigins, carried.aclHits);
        return carried;
    }

    private static void carry(AtomicLongArray from, int[] origins, AtomicLongArray to) {
        for (int i = 0; i < origins.length; i++) {
            to.setPlain(i, origins[i] == Succession.NEW ? 0 : from.getPlain(origins[i]));
        }
    }

    /** The sums over several workers, as of now; without the workers that have another policy than the first one. */
    public static RuleHits sum(List<RuleHits> workers) {
        RuleHits sum = new RuleHits(workers.getFirst().policy);
        for (RuleHits worker : workers) {
            if (worker.policy == sum.policy) {
                add(sum.hits, worker.hits);
                add(sum.aclHits, worker.aclHits);
            }
        }
        return sum;
    }

    private static void add(AtomicLongArray to, AtomicLongArray from) {
        for (int i = 0; i < to.length(); i++) {
            to.setPlain(i, to.getPlain(i) + from.getOpaque(i));
        }
    }

    void count(int rule) {
        hits.setOpaque(rule, hits.getPlain(rule) + 1);
    }

    /** Counts a frame that an entry of the network ACL decided, by the entry's {@link Acl#number}. */
    void countAcl(int entry, int packets) {
        aclHits.setOpaque(entry, aclHits.getPlain(entry) + packets);
    }

    /** The policy with the counted rules. */
    public Policy policy() {
        return policy;
    }

    /** Packets credited to a rule. */
    public long of(int rule) {
        return hits.getOpaque(rule);
    }

    /** Packets that an ACL entry decided, by its {@link Acl#number}. A super-frame counts as the packets that it stands for. */
    public long ofAcl(int entry) {
        return aclHits.getOpaque(entry);
    }
}
