package io.portcullis.policy.analysis;

import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleLayer;
import io.portcullis.policy.RuleSet;
import io.portcullis.policy.Selectors;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The new flows that a policy admits in one direction: failsafe, network ACL and groups together. */
final class AdmittedFlows {
    private final Policy policy;
    private final boolean inward;
    private final RuleSet rules;

    AdmittedFlows(Policy policy, boolean inward) {
        this.policy = policy;
        this.inward = inward;
        rules = inward ? policy.ingress() : policy.egress();
    }

    /** The protocols that a rule or an ACL entry names. */
    Set<Integer> protocols() {
        Set<Integer> named = new TreeSet<>();
        addProtocols(rules, named);
        Acl acl = policy.acl();
        if (acl != null) {
            addProtocols(acl.rules(inward), named);
        }
        return named;
    }

    static void addProtocols(RuleSet rules, Set<Integer> named) {
        for (boolean isV6 : new boolean[] {false, true}) {
            rules.forEach(isV6, (_, protocol, _, _, _) -> {
                if (protocol != RuleSet.ALL) {
                    named.add(protocol);
                }
            });
        }
    }

    /** A protocol that represents all protocols that are not in {@code named}; -1: none. */
    static int unnamed(Set<Integer> named) {
        // Starting at 253, a number for experiments (RFC 3692).
        for (int i = 0; i < 256; i++) {
            int protocol = 253 - i & 0xff;
            boolean plain = Selectors.domain(false, protocol).equals(Selectors.ZERO)
                    && Selectors.domain(true, protocol).equals(Selectors.ZERO);
            if (plain && !named.contains(protocol)) {
                return protocol;
            }
        }
        return -1;
    }

    /** The layers for an {@link io.portcullis.policy.IntervalSweep}; {@link #of} evaluates their sets. */
    List<RuleLayer> layers(boolean isV6, int protocol, Selectors asked) {
        List<RuleLayer> layers = new ArrayList<>();
        layers.add(RuleLayer.union(rules, isV6, protocol, _ -> true, asked));
        Acl acl = policy.acl();
        if (acl != null) {
            layers.add(RuleLayer.union(rules, isV6, protocol, policy::isFailsafe, asked));
            layers.add(acl.layer(inward, isV6, protocol, asked));
        }
        return layers;
    }

    /** The admitted selectors of an interval, from the layers' sets. */
    Selectors of(List<Selectors> sets) {
        return sets.size() == 1 ? sets.getFirst() : sets.get(1).or(sets.get(2).and(sets.getFirst()));
    }
}
