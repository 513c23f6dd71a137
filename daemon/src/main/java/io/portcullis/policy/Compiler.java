package io.portcullis.policy;

import io.portcullis.config.Cidr;
import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Peer;
import io.portcullis.config.PortRange;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Resolves the references of one interface's groups and puts its rules in order. */
final class Compiler {
    private final Config config;
    private final Interface attachment;
    private final List<CompiledRule> rules = new ArrayList<>();

    Compiler(Config config, String interfaceName) {
        Interface found = config.interfaces().get(interfaceName);
        if (found == null) {
            throw new IllegalArgumentException("no interface " + interfaceName);
        }
        this.config = config;
        this.attachment = found;
    }

    Policy compile(long generation, long autoMaxFlows) {
        List<LinearRules.Entry> ingress = new ArrayList<>();
        List<LinearRules.Entry> egress = new ArrayList<>();
        // Asked before the groups, and credited before them.
        add(ingress, "failsafe/ingress", config.failsafe().ingress());
        add(egress, "failsafe/egress", config.failsafe().egress());
        for (String name : attachment.securityGroups()) {
            SecurityGroup group = group(name);
            add(ingress, name + "/ingress", group.ingress());
            List<Rule> written = group.egress();
            if (written == null) {
                int number = rules.size();
                rules.add(new CompiledRule(name + "/egress[implied]", null, "everything may leave"));
                egress.add(new LinearRules.Entry(number, Rule.ALL, List.of(), List.of(Cidr.ALL_V4, Cidr.ALL_V6)));
            } else {
                add(egress, name + "/egress", written);
            }
        }
        long maxFlows = config.conntrack().maxFlows();
        return new Policy(
                generation,
                attachment,
                new LinearRules(ingress),
                new LinearRules(egress),
                rules,
                maxFlows == 0 ? autoMaxFlows : maxFlows,
                config.conntrack().tcpStrict());
    }

    private void add(List<LinearRules.Entry> entries, String idPrefix, List<Rule> written) {
        for (int i = 0; i < written.size(); i++) {
            Rule rule = written.get(i);
            int number = rules.size();
            rules.add(new CompiledRule(idPrefix + "[" + (i + 1) + "]", rule.place(), rule.description()));
            entries.add(new LinearRules.Entry(number, rule.protocol(), selectors(rule), addresses(rule.peers())));
        }
    }

    private static List<PortRange> selectors(Rule rule) {
        if (rule.icmpType() == Rule.ALL) {
            return rule.ports();
        }
        int base = rule.icmpType() * 256;
        return List.of(
                rule.icmpCode() == Rule.ALL
                        ? new PortRange(base, base + 255)
                        : new PortRange(base + rule.icmpCode(), base + rule.icmpCode()));
    }

    private List<Cidr> addresses(List<Peer> peers) {
        Set<Cidr> addresses = new LinkedHashSet<>();
        for (Peer peer : peers) {
            switch (peer) {
                case Peer.Any() -> {
                    addresses.add(Cidr.ALL_V4);
                    addresses.add(Cidr.ALL_V6);
                }
                case Peer.Net(Cidr cidr) -> addresses.add(cidr);
                case Peer.Group(String name) -> addresses.addAll(config.members(name));
                case Peer.Prefixes(String list) ->
                    addresses.addAll(Objects.requireNonNull(config.prefixLists().get(list), list)
                            .entries());
            }
        }
        return List.copyOf(addresses);
    }

    private SecurityGroup group(String name) {
        return Objects.requireNonNull(config.securityGroups().get(name), name);
    }
}
