package io.portcullis.policy.analysis;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.Expectation;
import io.portcullis.config.Rule;
import io.portcullis.net.Address;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Admission;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.Compiler;
import io.portcullis.policy.IntervalSweep;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleLayer;
import io.portcullis.policy.RuleSet;
import io.portcullis.policy.RuleSetBuilder;
import io.portcullis.policy.SelectorText;
import io.portcullis.policy.Selectors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Proves the expectations of {@code expect} (security-groups.md section 7) for all their addresses, protocols and ports, on the compiled
 * policies.
 */
public final class Expectations {
    private static final Address FIRST_USUAL_V4 = new Address(false, 0, 0x0100_0001);
    private static final Address FIRST_USUAL_V6 = new Address(true, 0x2000L << 48, 1);

    /** A packet that breaks an expectation. */
    private record Packet(boolean isV6, int protocol, int selector, Address peer) {}

    private final Config config;

    private Expectations(Config config) {
        this.config = config;
    }

    /**
     * The expectations of a configuration that do not hold: one error for each and interface, with a packet that breaks it.
     *
     * @param config with the addresses of host NICs
     */
    public static List<ConfigError> broken(Config config) {
        Map<String, Policy> compiled = new HashMap<>();
        return broken(config, name -> compiled.computeIfAbsent(name, each -> Policy.compile(config, each, 0, 1)));
    }

    /**
     * As {@link #broken(Config)}, with policies that are compiled already.
     *
     * @param policies of the interfaces of this configuration, by name
     */
    public static List<ConfigError> broken(Config config, Function<String, Policy> policies) {
        Expectations expectations = new Expectations(config);
        List<ConfigError> broken = new ArrayList<>();
        for (Expectation claim : config.expectations()) {
            String only = claim.interfaceName();
            for (String name : only == null ? config.interfaces().keySet() : Set.of(only)) {
                Policy policy = policies.apply(name);
                Packet packet = expectations.counterexample(claim, policy);
                if (packet != null) {
                    broken.add(new ConfigError(claim.location(), text(claim, name, packet, policy)));
                }
            }
        }
        return broken;
    }

    private @Nullable Packet counterexample(Expectation claim, Policy policy) {
        RuleSetBuilder builder = new RuleSetBuilder();
        builder.add(
                0, claim.packets(), Compiler.addresses(config, claim.packets().peers()));
        RuleSet claimed = builder.build();
        AdmittedFlows admitted = new AdmittedFlows(policy, claim.ingress());
        int spoken = claim.packets().protocol();
        Set<Integer> protocols = spoken == Rule.ALL ? admitted.protocols() : new TreeSet<>(Set.of(spoken));
        if (spoken == Rule.ALL) {
            int unnamed = AdmittedFlows.unnamed(protocols);
            if (unnamed >= 0) {
                protocols.add(unnamed);
            }
        }
        for (int protocol : protocols) {
            for (boolean isV6 : new boolean[] {false, true}) {
                Packet found = counterexample(claim, claimed, admitted, isV6, protocol);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private static @Nullable Packet counterexample(
            Expectation claim, RuleSet claimed, AdmittedFlows admitted, boolean isV6, int protocol) {
        Selectors domain = Selectors.domain(isV6, protocol);
        Selectors asked = Selectors.NONE
                .changed(claim.packets().selectors().stream()
                        .map(range -> new Selectors.Change(range.low(), range.high(), true))
                        .toList())
                .and(domain);
        List<RuleLayer> layers = new ArrayList<>();
        layers.add(RuleLayer.union(claimed, isV6, protocol, _ -> true, asked));
        layers.addAll(admitted.layers(isV6, protocol, asked));
        Packet[] found = new Packet[1];
        IntervalSweep.run(isV6, layers, (first, last, sets) -> {
            Selectors spokenOf = sets.getFirst().and(domain);
            if (found[0] != null || spokenOf.isEmpty()) {
                return;
            }
            Selectors in = admitted.of(sets.subList(1, sets.size()));
            Selectors wrong = claim.allow() ? spokenOf.without(in) : spokenOf.and(in);
            if (!wrong.isEmpty()) {
                found[0] = new Packet(isV6, protocol, wrong.lowest(), usual(first, last));
            }
        });
        return found[0];
    }

    /** An address of an interval, preferably an ordinary one instead of 0.0.0.0. */
    private static Address usual(Address first, Address last) {
        Address usual = first.isV6() ? FIRST_USUAL_V6 : FIRST_USUAL_V4;
        return first.compareTo(usual) < 0 && usual.compareTo(last) <= 0 ? usual : first;
    }

    private static String text(Expectation claim, String name, Packet packet, Policy policy) {
        return "expect: " + claim.text(name) + " does not hold"
                + (claim.why().isEmpty() ? "" : " (" + claim.why() + ")") + ": "
                + SelectorText.packet(packet.isV6, packet.protocol, packet.selector)
                + (claim.ingress() ? " from " : " to ") + packet.peer + " is "
                + verdict(policy, claim.ingress(), packet);
    }

    private static String verdict(Policy policy, boolean inward, Packet packet) {
        Admission admission = policy.admission(
                inward, packet.isV6, packet.protocol, packet.selector, packet.peer.high(), packet.peer.low());
        Acl acl = policy.acl();
        if (acl != null && admission.deniedByAcl()) {
            return "denied by the network ACL's " + acl.id(inward, admission.aclEntry());
        }
        if (!admission.isAdmitted()) {
            return "admitted by no rule";
        }
        CompiledRule credited = policy.rule(admission.rule());
        return "admitted by " + credited.id() + (credited.location() == null ? "" : " at " + credited.location());
    }
}
