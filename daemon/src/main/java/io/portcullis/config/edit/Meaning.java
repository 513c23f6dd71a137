package io.portcullis.config.edit;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.Expectation;
import io.portcullis.config.Failsafe;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** What a configuration says, whatever the text says it with: the records without locations and warnings. */
final class Meaning {
    private static final Location NOWHERE = Location.of("");

    private Meaning() {}

    /** The same configuration for {@code equals}. */
    static Config of(Config config) {
        return new Config(
                each(config.interfaces(), Model::unlocated),
                each(config.securityGroups(), Meaning::group),
                each(config.prefixLists(), list -> new PrefixList(list.name(), list.entries(), list.id(), NOWHERE)),
                each(config.networkAcls(), Meaning::acl),
                new Failsafe(
                        rules(config.failsafe().ingress()),
                        rules(config.failsafe().egress())),
                config.expectations().stream().map(Meaning::expectation).toList(),
                config.conntrack(),
                config.metrics(),
                config.control(),
                config.history(),
                config.ec2Api(),
                config.log(),
                config.mark(),
                List.of());
    }

    private static <T> Map<String, T> each(Map<String, T> all, UnaryOperator<T> change) {
        Map<String, T> changed = new LinkedHashMap<>();
        all.forEach((name, value) -> changed.put(name, change.apply(value)));
        return changed;
    }

    private static SecurityGroup group(SecurityGroup group) {
        return new SecurityGroup(
                group.name(),
                group.description(),
                rules(group.ingress()),
                group.egress() == null ? null : rules(group.egress()),
                group.members(),
                group.id(),
                group.log(),
                NOWHERE);
    }

    private static NetworkAcl acl(NetworkAcl acl) {
        return new NetworkAcl(acl.name(), entries(acl.ingress()), entries(acl.egress()), acl.id(), NOWHERE);
    }

    private static List<AclEntry> entries(List<AclEntry> entries) {
        return entries.stream()
                .map(entry -> new AclEntry(entry.number(), entry.allow(), rule(entry.packets()), List.of()))
                .toList();
    }

    private static Expectation expectation(Expectation claim) {
        return new Expectation(
                claim.interfaceName(), claim.ingress(), rule(claim.packets()), claim.allow(), claim.why(), NOWHERE);
    }

    private static List<Rule> rules(List<Rule> rules) {
        return rules.stream().map(Meaning::rule).toList();
    }

    private static Rule rule(Rule rule) {
        return new Rule(
                rule.protocol(),
                rule.ports(),
                rule.icmpType(),
                rule.icmpCode(),
                rule.peers(),
                rule.description(),
                NOWHERE);
    }
}
