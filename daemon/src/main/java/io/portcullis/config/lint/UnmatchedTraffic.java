package io.portcullis.config.lint;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.Warning;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PackedBlocks;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Warns about rules and ACL entries for addresses that no packet has when it reaches the rules (security-groups.md section 5). */
final class UnmatchedTraffic {
    private static final int UDP_PORT_OF_DHCP_SERVERS = 67;

    /** Addresses that no packet has at the rules, and their name in a warning. */
    private record Unmatched(Cidr block, String what) {}

    private static final Cidr UNSPECIFIED_V4 = block("0.0.0.0", 32);
    private static final String UNSPECIFIED = "the unspecified address";
    private static final String LOOPBACK = "loopback";

    private static final List<Unmatched> EITHER = List.of(
            new Unmatched(UNSPECIFIED_V4, UNSPECIFIED),
            new Unmatched(block("::", 128), UNSPECIFIED),
            new Unmatched(block("127.0.0.0", 8), LOOPBACK),
            new Unmatched(block("::1", 128), LOOPBACK),
            new Unmatched(block("::", 127), "the unspecified address and loopback"),
            new Unmatched(block("::ffff:0:0", 96), "an IPv4-mapped IPv6 address"));

    private static final List<Unmatched> SOURCES = List.of(
            new Unmatched(block("224.0.0.0", 4), "multicast"),
            new Unmatched(block("ff00::", 8), "multicast"),
            new Unmatched(block("255.255.255.255", 32), "broadcast"));

    private final Config config;
    private final List<Warning> warnings;

    /** The groups and lists with a warning already, so that the next rule does not repeat it. */
    private final Set<String> named = new HashSet<>();

    private UnmatchedTraffic(Config config, List<Warning> warnings) {
        this.config = config;
        this.warnings = warnings;
    }

    private static Cidr block(String network, int prefixLength) {
        return new Cidr(Address.parse(network), prefixLength);
    }

    /** Adds the warnings about all rules of a configuration without errors. */
    static void warn(Config config, List<Warning> warnings) {
        UnmatchedTraffic unmatched = new UnmatchedTraffic(config, warnings);
        unmatched.rules("failsafe/ingress", true, config.failsafe().ingress());
        unmatched.rules("failsafe/egress", false, config.failsafe().egress());
        for (SecurityGroup group : config.securityGroups().values()) {
            unmatched.rules(group.name() + "/ingress", true, group.ingress());
            unmatched.rules(group.name() + "/egress", false, group.egress() == null ? List.of() : group.egress());
        }
        for (NetworkAcl acl : config.networkAcls().values()) {
            acl.ingress().forEach(entry -> unmatched.rule(id(acl, "/ingress[", entry), true, entry.packets()));
            acl.egress().forEach(entry -> unmatched.rule(id(acl, "/egress[", entry), false, entry.packets()));
        }
    }

    private static String id(NetworkAcl acl, String direction, AclEntry entry) {
        return acl.name() + direction + entry.number() + "]";
    }

    private void rules(String list, boolean ingress, List<Rule> rules) {
        for (int i = 0; i < rules.size(); i++) {
            rule(list + "[" + (i + 1) + "]", ingress, rules.get(i));
        }
    }

    private void rule(String id, boolean ingress, Rule rule) {
        for (Peer peer : rule.peers()) {
            switch (peer) {
                case Peer.Any _ -> {}
                case Peer.Net(Cidr cidr) ->
                    unmatched(cidr, ingress, rule)
                            .ifPresent(
                                    what -> warnings.add(new Warning(rule.location(), never(id, ingress, cidr, what))));
                case Peer.Group(String name) ->
                    members(
                            config.group(name).location(),
                            "group " + name,
                            config.group(name).members(),
                            id,
                            ingress,
                            rule);
                case Peer.Prefixes(String name) -> {
                    PrefixList list = config.prefixList(name);
                    members(list.location(), "prefix list " + name, list.entries(), id, ingress, rule);
                }
            }
        }
    }

    private void members(Location location, String what, List<Cidr> members, String id, boolean ingress, Rule rule) {
        if (!named.add((ingress ? "from " : "to ") + what)) {
            return;
        }
        PackedBlocks packed = PackedBlocks.of(members);
        List<Cidr> found = new ArrayList<>();
        for (int i = 0; i < packed.size(); i++) {
            if (isSpecial(packed, i) && unmatched(packed.get(i), ingress, rule).isPresent()) {
                found.add(packed.get(i));
            }
        }
        if (!found.isEmpty()) {
            Cidr first = found.getFirst();
            String others = found.size() == 1 ? "" : String.format(" (and %,d others)", found.size() - 1);
            warnings.add(new Warning(
                    location,
                    what + ": "
                            + never(
                                    id,
                                    ingress,
                                    first,
                                    unmatched(first, ingress, rule).orElse("")) + others));
        }
    }

    /** False for most blocks: they need no object. */
    private static boolean isSpecial(PackedBlocks blocks, int index) {
        for (Unmatched unmatched : EITHER) {
            if (blocks.isIn(index, unmatched.block)) {
                return true;
            }
        }
        for (Unmatched unmatched : SOURCES) {
            if (blocks.isIn(index, unmatched.block)) {
                return true;
            }
        }
        return false;
    }

    private static String never(String id, boolean ingress, Cidr cidr, String what) {
        boolean bare = cidr.prefixLength() == cidr.network().bits();
        String all =
                !what.equals(UNSPECIFIED) ? "" : ": for every address of its family write " + cidr.network() + "/0";
        return id + " never matches " + (bare ? cidr.network() : cidr) + ": no packet with " + what + " as its "
                + (ingress ? "source" : "destination") + " reaches the rules" + all;
    }

    /** The name of the addresses if no packet has them at the rules. */
    private static Optional<String> unmatched(Cidr cidr, boolean ingress, Rule rule) {
        if (ingress && cidr.equals(UNSPECIFIED_V4) && isDhcp(rule)) {
            return Optional.empty();
        }
        for (Unmatched unmatched : EITHER) {
            if (unmatched.block.encloses(cidr)) {
                return Optional.of(unmatched.what);
            }
        }
        for (Unmatched unmatched : ingress ? SOURCES : List.<Unmatched>of()) {
            if (unmatched.block.encloses(cidr)) {
                return Optional.of(unmatched.what);
            }
        }
        return Optional.empty();
    }

    /** A DHCP client has no address yet, and DHCP that pass-through does not name reaches the rules. */
    private static boolean isDhcp(Rule rule) {
        return rule.protocol() == IpProtocol.UDP
                && rule.ports().stream()
                        .anyMatch(range ->
                                range.low() <= UDP_PORT_OF_DHCP_SERVERS && UDP_PORT_OF_DHCP_SERVERS <= range.high());
    }
}
