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
 * How often each rule of a policy was credited with a packet, and each entry of its network ACL decided about one. What is
 * there before and after a reload, by its {@link RuleIdentity}, keeps its count; what is not there any more loses it. Written
 * by the worker's loop, read by any thread.
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

    /** Which rules of one policy are rules of the next as well. Made off the loop: among 100,000 of them that takes a while. */
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

        /** By the identity of the rules and entries. */
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
                // Of rules that say the same, the first is credited: it takes the count.
                Integer origin = beforeCount == 0 ? null : numbers.remove(next.apply(i));
                origins[i] = origin == null ? NEW : origin;
            }
            return origins;
        }

        /** The policy that comes. */
        public Policy next() {
            return next;
        }

        /** True where another policy came between. */
        boolean isNotAbout(Policy current) {
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

    /** What several workers have counted together, as it is now; of those that have the first one's policy. */
    public static RuleHits sum(List<RuleHits> each) {
        RuleHits sum = new RuleHits(each.getFirst().policy);
        for (RuleHits one : each) {
            if (one.policy == sum.policy) {
                add(sum.hits, one.hits);
                add(sum.aclHits, one.aclHits);
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

    /** An entry of the network ACL, by its {@link Acl#number}, has decided about a frame. */
    void countAcl(int entry, int packets) {
        aclHits.setOpaque(entry, aclHits.getPlain(entry) + packets);
    }

    /** The policy whose rules these are. */
    public Policy policy() {
        return policy;
    }

    /** Packets that a rule was credited with. */
    public long of(int rule) {
        return hits.getOpaque(rule);
    }

    /** Packets that an entry of the network ACL decided about, by its {@link Acl#number}; a super-frame as those it stands for. */
    public long ofAcl(int entry) {
        return aclHits.getOpaque(entry);
    }
}
