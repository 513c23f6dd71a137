package io.portcullis.engine;

import io.portcullis.policy.Policy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How often each rule of a policy was credited with a packet. A rule that is there before and after a reload, by its id,
 * keeps its count. Written by the worker's loop, read by any thread.
 */
public final class RuleHits {
    private final Policy policy;
    private final AtomicLongArray hits;

    RuleHits(Policy policy) {
        this.policy = policy;
        this.hits = new AtomicLongArray(policy.ruleCount());
    }

    /** Which rules of one policy are rules of the next as well. Made off the loop: of 100,000 names that takes a while. */
    public static final class Succession {
        private static final int NEW = -1;

        private final Policy before;
        private final Policy next;
        private final int[] origins;

        private Succession(Policy before, Policy next, int[] origins) {
            this.before = before;
            this.next = next;
            this.origins = origins;
        }

        /** By the rules' ids. */
        public static Succession of(Policy before, Policy next) {
            Map<String, Integer> numbers = new HashMap<>();
            for (int i = 0; i < before.ruleCount(); i++) {
                numbers.put(before.rule(i).id(), i);
            }
            int[] origins = new int[next.ruleCount()];
            for (int i = 0; i < origins.length; i++) {
                origins[i] = numbers.getOrDefault(next.rule(i).id(), NEW);
            }
            return new Succession(before, next, origins);
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

    RuleHits carriedOver(Succession succession) {
        RuleHits carried = new RuleHits(succession.next);
        for (int i = 0; i < succession.origins.length; i++) {
            int origin = succession.origins[i];
            carried.hits.setPlain(i, origin == Succession.NEW ? 0 : hits.getPlain(origin));
        }
        return carried;
    }

    /** What several workers have counted together, as it is now; of those that have the first one's policy. */
    public static RuleHits sum(List<RuleHits> each) {
        RuleHits sum = new RuleHits(each.getFirst().policy);
        for (RuleHits one : each) {
            for (int i = 0; one.policy == sum.policy && i < sum.hits.length(); i++) {
                sum.hits.setPlain(i, sum.hits.getPlain(i) + one.of(i));
            }
        }
        return sum;
    }

    void count(int rule) {
        hits.setOpaque(rule, hits.getPlain(rule) + 1);
    }

    /** The policy whose rules these are. */
    public Policy policy() {
        return policy;
    }

    /** Packets that a rule was credited with. */
    public long of(int rule) {
        return hits.getOpaque(rule);
    }
}
