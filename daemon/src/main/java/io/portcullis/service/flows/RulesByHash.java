package io.portcullis.service.flows;

import io.portcullis.operations.traffic.FlowsReport.RuleView;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.Policy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The rules of one interface, by the hash that a flow keeps of the rule that admitted it. */
final class RulesByHash {
    private static final RuleView NONE = new RuleView("none", "", "");
    private static final RuleView GONE = new RuleView("gone", "", "");

    private final Policy policy;
    /** The first rule with each hash. */
    private final Map<Integer, Integer> numbers;

    RulesByHash(Policy policy) {
        this.policy = policy;
        numbers = HashMap.newHashMap(policy.ruleCount());
        for (int number = 0; number < policy.ruleCount(); number++) {
            numbers.putIfAbsent(policy.hash(number), number);
        }
    }

    /** False: 0, or a rule that is not in force any longer. */
    boolean isInForce(int hash) {
        return numbers.containsKey(hash);
    }

    RuleView view(int hash) {
        Integer number = numbers.get(hash);
        if (number == null) {
            return hash == 0 ? NONE : GONE;
        }
        CompiledRule rule = policy.rule(number);
        return new RuleView(policy.isFailsafe(number) ? "failsafe" : "rule", rule.id(), rule.description());
    }

    /**
     * The hashes of the rules that a name means; none: there is no such rule.
     *
     * @param name {@code web/ingress[1]}, {@code web/ingress} or {@code web}
     */
    Set<Integer> named(String name) {
        Set<Integer> hashes = new HashSet<>();
        for (int number = 0; number < policy.ruleCount(); number++) {
            String id = policy.rule(number).id();
            if (id.equals(name) || id.startsWith(name + "/") || id.startsWith(name + "[")) {
                hashes.add(policy.hash(number));
            }
        }
        return hashes;
    }
}
