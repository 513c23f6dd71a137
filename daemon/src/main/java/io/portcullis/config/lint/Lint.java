package io.portcullis.config.lint;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.Mode;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.Warning;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** Warns about parts of a valid configuration that are probably mistakes. */
public final class Lint {
    /** TCP ports that should not be open to every address. */
    private static final Map<Integer, String> SENSITIVE = sensitive();

    /** A longer prefix list is probably a mistake, and may take too much memory. */
    private static final int LONG_LIST = 100_000;

    private final Config config;
    private final List<Warning> warnings = new ArrayList<>();

    private Lint(Config config) {
        this.config = config;
    }

    /** The warnings about a configuration without errors. */
    public static List<Warning> about(Config config) {
        Lint lint = new Lint(config);
        lint.groups();
        lint.rules();
        lint.egress();
        lint.acls();
        lint.lists();
        UnmatchedTraffic.warn(config, lint.warnings);
        return lint.warnings;
    }

    private void warn(Location location, String text) {
        warnings.add(new Warning(location, text));
    }

    /** Unused groups, and groups in rules that have no members. */
    private void groups() {
        Map<String, Rule> referrers = new LinkedHashMap<>();
        Set<String> used = new HashSet<>();
        config.interfaces().values().forEach(iface -> used.addAll(iface.securityGroups()));
        for (SecurityGroup group : config.securityGroups().values()) {
            refer(group.rules(), group.name(), referrers, used);
        }
        refer(config.failsafe().rules(), "", referrers, used);
        for (SecurityGroup group : config.securityGroups().values()) {
            if (!used.contains(group.name())) {
                warn(
                        group.location(),
                        group.name() + ": no interface carries this group, and no rule of another group refers to it");
            }
        }
        referrers.forEach((name, rule) -> {
            boolean byHost = config.interfaces().values().stream()
                    .anyMatch(iface -> iface.mode() instanceof Mode.Host
                            && iface.securityGroups().contains(name));
            if (!byHost && config.members(name).isEmpty()) {
                warn(
                        rule.location(),
                        "group " + name + " has no members, so nothing matches it: add members to the group,"
                                + " or addresses to an interface that carries it");
            }
        });
    }

    /** Collects the groups that rules refer to; {@code own}: the group of the rules. */
    private static void refer(List<Rule> rules, String own, Map<String, Rule> referrers, Set<String> used) {
        for (Rule rule : rules) {
            for (Peer peer : rule.peers()) {
                if (peer instanceof Peer.Group(String name)) {
                    referrers.putIfAbsent(name, rule);
                    if (!name.equals(own)) {
                        used.add(name);
                    }
                }
            }
        }
    }

    private void rules() {
        for (int i = 0; i < config.failsafe().ingress().size(); i++) {
            openToAll(
                    "failsafe/ingress[" + (i + 1) + "]",
                    config.failsafe().ingress().get(i));
        }
        redundant("failsafe/ingress", config.failsafe().ingress());
        redundant("failsafe/egress", config.failsafe().egress());
        for (SecurityGroup group : config.securityGroups().values()) {
            for (int i = 0; i < group.ingress().size(); i++) {
                openToAll(
                        group.name() + "/ingress[" + (i + 1) + "]",
                        group.ingress().get(i));
            }
            redundant(group.name() + "/ingress", group.ingress());
            redundant(group.name() + "/egress", group.egress() == null ? List.of() : group.egress());
        }
    }

    private void openToAll(String id, Rule rule) {
        boolean everyAddress = rule.peers().stream().anyMatch(peer -> switch (peer) {
            case Peer.Any _ -> true;
            case Peer.Net(Cidr cidr) -> cidr.prefixLength() == 0;
            case Peer.Group _, Peer.Prefixes _ -> false;
        });
        if (!everyAddress || (rule.protocol() != IpProtocol.TCP && rule.protocol() != Rule.ALL)) {
            return;
        }
        if (rule.ports().isEmpty()) {
            warn(
                    rule.location(),
                    id + ": every address may reach every port, including those of ssh, rdp and databases");
            return;
        }
        String open = SENSITIVE.entrySet().stream()
                .filter(port -> rule.ports().stream()
                        .anyMatch(range -> range.low() <= port.getKey() && port.getKey() <= range.high()))
                .map(port -> port.getValue() + " (" + port.getKey() + ")")
                .collect(Collectors.joining(", "));
        if (!open.isEmpty()) {
            warn(rule.location(), id + ": every address may reach " + open);
        }
    }

    private void redundant(String id, List<Rule> rules) {
        if (rules.size() < 2) {
            return;
        }
        ShadowedRules shadowed = new ShadowedRules(rules, config.prefixLists(), false);
        for (int i = 0; i < rules.size(); i++) {
            OptionalInt cover = shadowed.coverOf(i);
            if (cover.isPresent()) {
                int by = cover.getAsInt();
                warn(
                        rules.get(i).location(),
                        id + "[" + (i + 1) + "] is redundant: " + id + "[" + (by + 1) + "] at "
                                + rules.get(by).location() + " allows all of it");
            }
        }
    }

    /** Source checks without addresses, and egress rules next to a group that allows all egress. */
    private void egress() {
        for (Interface iface : config.interfaces().values()) {
            if (iface.sourceCheck()
                    && iface.mode() instanceof Mode.Bridge
                    && iface.addresses().isEmpty()) {
                warn(
                        iface.location(),
                        "interface " + iface.name()
                                + ": source-check drops everything from inside, because addresses is empty");
            }
            Optional<String> open = iface.securityGroups().stream()
                    .filter(name -> config.group(name).egress() == null)
                    .findFirst();
            if (open.isPresent()) {
                for (String name : iface.securityGroups()) {
                    if (config.group(name).egress() != null) {
                        warn(
                                iface.location(),
                                "interface " + iface.name() + ": the egress rules of group " + name
                                        + " have no effect, because group " + open.get()
                                        + " has no egress key and allows all egress");
                    }
                }
            }
        }
    }

    /** Unused network ACLs, and interfaces in audit mode. */
    private void acls() {
        for (NetworkAcl acl : config.networkAcls().values()) {
            if (config.interfaces().values().stream()
                    .noneMatch(iface -> acl.name().equals(iface.networkAcl()))) {
                warn(acl.location(), acl.name() + ": no interface uses this network ACL");
            }
            shadowed(acl.name() + "/ingress", acl.ingress());
            shadowed(acl.name() + "/egress", acl.egress());
        }
        for (Interface iface : config.interfaces().values()) {
            if (iface.audit()) {
                warn(
                        iface.location(),
                        "interface " + iface.name()
                                + ": enforce: audit drops nothing, so the interface is not protected");
            }
        }
    }

    /** Entries that have no effect, because an entry with a lower number matches all their packets. */
    private void shadowed(String id, List<AclEntry> entries) {
        if (entries.size() < 2) {
            return;
        }
        ShadowedRules shadowed =
                new ShadowedRules(entries.stream().map(AclEntry::packets).toList(), config.prefixLists(), true);
        for (int i = 0; i < entries.size(); i++) {
            OptionalInt cover = shadowed.coverOf(i);
            if (cover.isPresent()) {
                AclEntry by = entries.get(cover.getAsInt());
                warn(
                        entries.get(i).packets().location(),
                        id + "[" + entries.get(i).number() + "] has no effect: " + id + "[" + by.number() + "] at "
                                + by.packets().location() + " matches all of it first");
            }
        }
    }

    private void lists() {
        for (PrefixList list : config.prefixLists().values()) {
            if (list.entries().size() > LONG_LIST) {
                warn(
                        list.location(),
                        String.format(
                                "prefix list %s has %,d blocks: each interface needs memory for all of them, once for"
                                        + " each rule and port range that uses the list",
                                list.name(), list.entries().size()));
            }
        }
    }

    private static Map<Integer, String> sensitive() {
        Map<Integer, String> ports = new LinkedHashMap<>();
        ports.put(22, "ssh");
        ports.put(1433, "ms-sql");
        ports.put(1521, "oracle");
        ports.put(3306, "mysql");
        ports.put(3389, "rdp");
        ports.put(5432, "postgresql");
        ports.put(5984, "couchdb");
        ports.put(6379, "redis");
        ports.put(9042, "cassandra");
        ports.put(9200, "elasticsearch");
        ports.put(27017, "mongodb");
        return ports;
    }
}
