package io.portcullis.policy.analysis;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PortRange;
import io.portcullis.policy.Compiler;
import io.portcullis.policy.RuleSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The rule that matches a refused packet best.
 *
 * @param id {@code web/ingress[1]}
 * @param why the conditions that the packet does not meet
 */
public record NearestRule(String id, Location location, String why) {
    private static final int MOST_SHOWN = 6;

    /** A rule that does not match; a lower distance is nearer. */
    private record Candidate(int distance, String id, Rule rule, String why) {}

    /** A packet as rules see it. */
    private record Asked(boolean isV6, int protocol, int selector, Address peer) {}

    /**
     * Searches the rules of one direction of an interface.
     *
     * @param selector as {@link RuleSet#match} takes it
     * @param peer source (ingress) or destination (egress)
     * @return empty if no rule has anything in common with the packet, or there is no rule
     */
    public static Optional<NearestRule> to(
            Config config, Interface iface, boolean ingress, int protocol, int selector, Address peer) {
        Asked asked = new Asked(peer.isV6(), protocol, selector, peer);
        List<Candidate> candidates = new ArrayList<>();
        add(
                candidates,
                config,
                "failsafe",
                ingress,
                ingress ? config.failsafe().ingress() : config.failsafe().egress(),
                asked);
        for (String name : iface.securityGroups()) {
            SecurityGroup group = Objects.requireNonNull(config.securityGroups().get(name), name);
            List<Rule> rules = ingress ? group.ingress() : group.egress();
            add(candidates, config, name, ingress, rules == null ? List.of() : rules, asked);
        }
        return candidates.stream()
                .min(Comparator.comparingInt(Candidate::distance))
                .map(candidate -> new NearestRule(candidate.id, candidate.rule.location(), candidate.why));
    }

    private static void add(
            List<Candidate> into, Config config, String list, boolean ingress, List<Rule> rules, Asked asked) {
        for (int i = 0; i < rules.size(); i++) {
            String id = list + (ingress ? "/ingress[" : "/egress[") + (i + 1) + "]";
            candidate(config, id, rules.get(i), asked).ifPresent(into::add);
        }
    }

    private static Optional<Candidate> candidate(Config config, String id, Rule rule, Asked asked) {
        List<String> why = new ArrayList<>();
        boolean family = !Rule.hasTypes(rule.protocol()) || rule.protocol() == (asked.isV6 ? 58 : 1);
        boolean protocol = rule.protocol() == Rule.ALL || rule.protocol() == asked.protocol && family;
        if (!protocol) {
            why.add(Rule.protocolName(asked.protocol) + " is not " + Rule.protocolName(rule.protocol()));
        }
        boolean explicit = !rule.ports().isEmpty() || rule.icmpType() != Rule.ALL;
        boolean comparable = Rule.hasTypes(rule.protocol()) == Rule.hasTypes(asked.protocol);
        boolean selector = !explicit
                || comparable
                        && rule.selectors().stream()
                                .anyMatch(range -> range.low() <= asked.selector && asked.selector <= range.high());
        if (!selector && comparable) {
            why.add(selectorText(rule, asked.selector));
        }
        Collection<Cidr> blocks = Compiler.addresses(config, rule.peers());
        boolean peer = blocks.stream().anyMatch(block -> block.contains(asked.peer));
        if (!peer) {
            why.add(peerText(config, rule.peers(), asked.peer));
        }
        int distance = distance(protocol, selector, peer, explicit);
        return distance < 0
                ? Optional.empty()
                : Optional.of(new Candidate(distance, id, rule, String.join(", and ", why) + " of " + id));
    }

    /** A rule that names the packet's port is nearer than one that names its address. -1: nothing in common. */
    private static int distance(boolean protocol, boolean selector, boolean peer, boolean explicit) {
        int wrong = (protocol ? 0 : 1) + (selector ? 0 : 1) + (peer ? 0 : 1);
        if (wrong == 1) {
            return !peer ? explicit ? 0 : 2 : !selector ? 1 : explicit ? 3 : 4;
        }
        return wrong == 2 ? protocol ? 5 : selector && explicit ? 6 : -1 : -1;
    }

    private static String selectorText(Rule rule, int selector) {
        if (rule.icmpType() != Rule.ALL) {
            return "type " + (selector >> 8) + " code " + (selector & 0xff) + " is not type " + rule.icmpType()
                    + (rule.icmpCode() == Rule.ALL ? "" : " code " + rule.icmpCode());
        }
        return "port " + selector + " is outside "
                + shown(rule.ports().stream().map(PortRange::toString).toList());
    }

    private static String peerText(Config config, List<Peer> peers, Address address) {
        if (peers.size() > 1) {
            return address + " is outside "
                    + shown(peers.stream().map(Peer::text).toList());
        }
        return switch (peers.getFirst()) {
            case Peer.Any() -> address + " is of the other address family";
            case Peer.Net(Cidr cidr) -> address + " is outside " + cidr;
            case Peer.Group(String name) ->
                address + " is not a member of group " + name + " (members: " + blocks(config.members(name)) + ")";
            case Peer.Prefixes(String list) ->
                address + " is not in prefix list " + list + " (" + blocks(Compiler.addresses(config, peers)) + ")";
        };
    }

    private static String blocks(Collection<Cidr> blocks) {
        return blocks.isEmpty()
                ? "none"
                : shown(blocks.stream()
                        .map(block -> block.prefixLength() == block.network().bits()
                                ? block.network().toString()
                                : block.toString())
                        .toList());
    }

    private static String shown(List<String> all) {
        String some = all.stream().limit(MOST_SHOWN).collect(Collectors.joining(", "));
        return all.size() <= MOST_SHOWN ? some : some + " and " + (all.size() - MOST_SHOWN) + " more";
    }
}
