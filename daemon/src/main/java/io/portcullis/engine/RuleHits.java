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

    RuleHits carriedOverTo(Policy next) {
        Map<String, Long> counts = new HashMap<>();
        for (int i = 0; i < policy.ruleCount(); i++) {
            counts.put(policy.rule(i).id(), hits.getPlain(i));
        }
        RuleHits carried = new RuleHits(next);
        for (int i = 0; i < next.ruleCount(); i++) {
            carried.hits.setPlain(i, counts.getOrDefault(next.rule(i).id(), 0L));
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
