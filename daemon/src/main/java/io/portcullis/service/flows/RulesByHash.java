package io.portcullis.service.flows;

import io.portcullis.operations.traffic.FlowsReport.RuleView;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.Policy;
import java.util.Arrays;
import java.util.stream.IntStream;

/** The rules of one interface, by the hash that a flow keeps of the rule that admitted it. */
final class RulesByHash {
    private static final RuleView NONE = new RuleView("none", "", "");
    private static final RuleView GONE = new RuleView("gone", "", "");

    private final Policy policy;
    /** Hash in the upper half, number of the rule in the lower; sorted. */
    private final long[] numbers;

    RulesByHash(Policy policy) {
        this.policy = policy;
        numbers = new long[policy.ruleCount()];
        for (int number = 0; number < numbers.length; number++) {
            numbers[number] = first(policy.hash(number)) | number;
        }
        Arrays.sort(numbers);
    }

    private static long first(int hash) {
        return (long) hash << Integer.SIZE;
    }

    /** The first rule with a hash; -1: 0, or a rule that is not in force any longer. */
    private int number(int hash) {
        int found = Arrays.binarySearch(numbers, first(hash));
        int at = found < 0 ? -found - 1 : found;
        return at < numbers.length && (int) (numbers[at] >> Integer.SIZE) == hash ? (int) numbers[at] : -1;
    }

    /** False: 0, or a rule that is not in force any longer. */
    boolean isInForce(int hash) {
        return number(hash) >= 0;
    }

    RuleView view(int hash) {
        int number = number(hash);
        if (number < 0) {
            return hash == 0 ? NONE : GONE;
        }
        CompiledRule rule = policy.rule(number);
        return new RuleView(policy.isFailsafe(number) ? "failsafe" : "rule", rule.id(), rule.description());
    }

    /**
     * The hashes of the rules that a name means, sorted; none: there is no such rule.
     *
     * @param name {@code web/ingress[1]}, {@code web/ingress} or {@code web}
     */
    int[] named(String name) {
        return IntStream.range(0, policy.ruleCount())
                .filter(number -> isNamed(policy.rule(number).id(), name))
                .map(policy::hash)
                .sorted()
                .toArray();
    }

    private static boolean isNamed(String id, String name) {
        return id.equals(name) || id.startsWith(name + "/") || id.startsWith(name + "[");
    }
}
