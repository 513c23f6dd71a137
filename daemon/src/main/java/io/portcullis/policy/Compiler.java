package io.portcullis.policy;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.net.Cidr;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Compiles one interface: resolves the references of its groups and numbers its rules. */
public final class Compiler {
    private static final Set<Cidr> ALL_ADDRESSES = Set.of(Cidr.ALL_V4, Cidr.ALL_V6);

    private final Config config;
    private final Interface iface;
    private final RuleNames rules = new RuleNames();
    private final RuleSetBuilder ingress = new RuleSetBuilder();
    private final RuleSetBuilder egress = new RuleSetBuilder();

    Compiler(Config config, String interfaceName) {
        Interface found = config.interfaces().get(interfaceName);
        if (found == null) {
            throw new IllegalArgumentException("no interface " + interfaceName);
        }
        this.config = config;
        this.iface = found;
    }

    Policy compile(long generation, long autoMaxFlows) {
        // Failsafe rules are matched and credited before the groups.
        add(ingress, "failsafe/ingress", config.failsafe().ingress());
        add(egress, "failsafe/egress", config.failsafe().egress());
        int failsafe = rules.size();
        BitSet accepted = new BitSet();
        for (String name : iface.securityGroups()) {
            SecurityGroup group = Objects.requireNonNull(config.securityGroups().get(name), name);
            int first = rules.size();
            add(ingress, name + "/ingress", group.ingress());
            List<Rule> written = group.egress();
            if (written == null) {
                Rule everything = new Rule(
                        Rule.ALL, List.of(), Rule.ALL, Rule.ALL, List.of(new Peer.Any()), "", group.location());
                egress.add(rules.addImplied(name + "/egress"), everything, ALL_ADDRESSES);
            } else {
                add(egress, name + "/egress", written);
            }
            accepted.set(first, rules.size(), group.log() != null && group.log().accepted());
        }
        return new Policy(
                generation,
                iface,
                resolved(config.failsafe().ingress()),
                resolved(config.failsafe().egress()),
                config.conntrack(),
                ingress.build(),
                egress.build(),
                rules,
                failsafe,
                config.networkAcl(iface).map(Acl::new).orElse(null),
                LogRules.of(config, iface, accepted),
                autoMaxFlows);
    }

    private void add(RuleSetBuilder into, String list, List<Rule> written) {
        int number = rules.add(list, written);
        for (Rule rule : written) {
            into.add(number++, rule, blocks(rule.peers()));
        }
    }

    private List<FailsafeRule> resolved(List<Rule> written) {
        return written.stream()
                .map(rule -> new FailsafeRule(rule, blocks(rule.peers())))
                .toList();
    }

    /** As {@link #addresses}, but a single prefix list, which may be long, is not copied and may have duplicates. */
    private Collection<Cidr> blocks(List<Peer> peers) {
        return peers.size() == 1 && peers.getFirst() instanceof Peer.Prefixes(String list)
                ? Objects.requireNonNull(config.prefixLists().get(list), list).entries()
                : addresses(config, peers);
    }

    /** The blocks of peers, without duplicates. */
    public static Set<Cidr> addresses(Config config, List<Peer> peers) {
        if (peers.size() == 1 && peers.getFirst() instanceof Peer.Net(Cidr cidr)) {
            return Set.of(cidr);
        }
        Set<Cidr> addresses = new LinkedHashSet<>();
        for (Peer peer : peers) {
            switch (peer) {
                case Peer.Any() -> addresses.addAll(ALL_ADDRESSES);
                case Peer.Net(Cidr cidr) -> addresses.add(cidr);
                case Peer.Group(String name) -> addresses.addAll(config.members(name));
                case Peer.Prefixes(String list) ->
                    addresses.addAll(Objects.requireNonNull(config.prefixLists().get(list), list)
                            .entries());
            }
        }
        return addresses;
    }
}
