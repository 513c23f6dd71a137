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
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The rule that matches a refused packet best.
 *
 * @param id {@code web/ingress[1]}
 * @param description may be empty
 * @param why the conditions that the packet does not meet, and the rule's id; empty: it meets all of them now
 * @param hash finds the rule again ({@link Policy#ruleHash})
 */
public record NearestRule(String id, Location location, String description, String why, int hash) {
    private static final int MOST_SHOWN = 6;

    /** A rule that does not match; a lower distance is nearer. */
    private record Candidate(int distance, Written rule, String why) {
        NearestRule nearest(boolean ingress) {
            return new NearestRule(rule.id(), rule.rule.location(), rule.rule.description(), why, rule.hash(ingress));
        }
    }

    /**
     * A rule of a list.
     *
     * @param list {@code web/ingress}
     * @param position from 1
     */
    private record Written(String list, int position, Rule rule) {
        String id() {
            return list + "[" + position + "]";
        }

        int hash(boolean ingress) {
            return Policy.ruleHash(list, rule, ingress);
        }
    }

    /**
     * A packet as rules see it.
     *
     * @param selector as {@link RuleSet#match} takes it
     * @param peer source (ingress) or destination (egress)
     */
    public record Asked(boolean isV6, int protocol, int selector, Address peer) {}

    /**
     * Searches the rules of one direction of an interface.
     *
     * @return empty if no rule has anything in common with the packet, or there is no rule
     */
    public static Optional<NearestRule> to(Config config, Interface iface, boolean ingress, Asked asked) {
        return rules(config, iface, ingress)
                .map(rule -> candidate(config, rule, asked))
                .flatMap(Optional::stream)
                .min(Comparator.comparingInt(Candidate::distance))
                .map(candidate -> candidate.nearest(ingress));
    }

    /** {@code web/ingress[1] https: port 8443 is outside 80, 443}. */
    public String text() {
        return text(id, description, why);
    }

    /** As {@link #text()}, of a rule's id, its description and what the packet does not meet. */
    public static String text(String id, String description, String why) {
        String name = description.isEmpty() ? id : id + " " + description;
        String suffix = " of " + id;
        String cause = why.endsWith(suffix) ? why.substring(0, why.length() - suffix.length()) : why;
        return cause.isEmpty() ? name + ": admits it now" : name + ": " + cause;
    }

    /** The rules of one direction of an interface by their hashes, to find those again that were the nearest ones earlier. */
    public static final class Known {
        private final Config config;
        private final boolean ingress;
        private final Map<Integer, Written> byHash = new HashMap<>();

        /** Of a configuration in force. */
        public Known(Config config, Interface iface, boolean ingress) {
            this.config = config;
            this.ingress = ingress;
            rules(config, iface, ingress).forEach(rule -> byHash.putIfAbsent(rule.hash(ingress), rule));
        }

        /**
         * The hashes of the rules that a name means; none: there is no such rule.
         *
         * @param name {@code web/ingress[1]}, {@code web/ingress} or {@code web}
         */
        public Set<Integer> named(String name) {
            return byHash.entrySet().stream()
                    .filter(rule -> {
                        String id = rule.getValue().id();
                        return id.equals(name) || id.startsWith(name + "/") || id.startsWith(name + "[");
                    })
                    .map(Map.Entry::getKey)
                    .collect(Collectors.toUnmodifiableSet());
        }

        /**
         * Compares a packet with a rule.
         *
         * @return empty if there is no such rule any more
         */
        public Optional<NearestRule> find(int hash, Asked asked) {
            return Optional.ofNullable(byHash.get(hash))
                    .map(rule -> candidate(config, rule, asked)
                            .orElse(new Candidate(0, rule, ""))
                            .nearest(ingress));
        }
    }

    private static Stream<Written> rules(Config config, Interface iface, boolean ingress) {
        List<Rule> failsafe =
                ingress ? config.failsafe().ingress() : config.failsafe().egress();
        return Stream.concat(
                written("failsafe", ingress, failsafe),
                iface.securityGroups().stream().flatMap(name -> {
                    SecurityGroup group =
                            Objects.requireNonNull(config.securityGroups().get(name), name);
                    List<Rule> rules = ingress ? group.ingress() : group.egress();
                    return written(name, ingress, rules == null ? List.of() : rules);
                }));
    }

    private static Stream<Written> written(String name, boolean ingress, List<Rule> rules) {
        String list = name + (ingress ? "/ingress" : "/egress");
        return IntStream.range(0, rules.size()).mapToObj(i -> new Written(list, i + 1, rules.get(i)));
    }

    private static Optional<Candidate> candidate(Config config, Written written, Asked asked) {
        Rule rule = written.rule;
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
                : Optional.of(new Candidate(
                        distance, written, why.isEmpty() ? "" : String.join(", and ", why) + " of " + written.id()));
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
