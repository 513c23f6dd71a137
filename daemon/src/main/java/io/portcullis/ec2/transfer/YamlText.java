package io.portcullis.ec2.transfer;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Edit.NumberedEntry;
import io.portcullis.config.edit.Fresh;
import io.portcullis.config.edit.Permission;
import io.portcullis.config.edit.Words;
import io.portcullis.ec2.transfer.Account.Allowed;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes an account as a configuration. */
final class YamlText {
    private static final Peer ALL_V4 = new Peer.Net(Cidr.ALL_V4);
    private static final Peer ALL_V6 = new Peer.Net(Cidr.ALL_V6);

    /** What a group without an egress key says. */
    private static final Set<Permission> IMPLIED = Set.of(Permission.all(ALL_V4), Permission.all(ALL_V6));

    /** Permissions of one rule: they differ by peer alone. */
    private record Shared(int protocol, @Nullable PortRange ports, int icmpType, int icmpCode, String description) {
        static Shared of(Allowed rule) {
            Permission permission = rule.permission();
            return new Shared(
                    permission.protocol(),
                    permission.ports(),
                    permission.icmpType(),
                    permission.icmpCode(),
                    rule.description());
        }
    }

    private final Account account;
    private final Function<Account.Nic, List<String>> groupsOf;
    private final Map<String, String> groups;
    private final Map<String, String> lists;
    private final Map<String, String> acls;
    private final Report report;

    /** The maps have names by id. */
    YamlText(
            Account account,
            Function<Account.Nic, List<String>> groupsOf,
            Map<String, String> groups,
            Map<String, String> lists,
            Map<String, String> acls,
            Report report) {
        this.account = account;
        this.groupsOf = groupsOf;
        this.groups = groups;
        this.lists = lists;
        this.acls = acls;
        this.report = report;
    }

    String text(List<Interfaces.Chosen> interfaces) {
        Map<String, Fresh> top = new LinkedHashMap<>();
        put(top, "interfaces", interfaces(interfaces));
        put(top, "security-groups", groups());
        put(top, "prefix-lists", lists());
        put(top, "network-acls", acls());
        List<String> lines = new ArrayList<>();
        lines.add("version: 1");
        top.forEach((key, value) -> {
            lines.add("");
            lines.addAll(value.lines(key, "", "  "));
        });
        return String.join("\n", lines) + "\n";
    }

    private static void put(Map<String, Fresh> top, String key, Map<String, Fresh> entries) {
        if (!entries.isEmpty()) {
            top.put(key, new Fresh.Entries(entries));
        }
    }

    private static Fresh text(String text) {
        return new Fresh.Line(Words.text(text));
    }

    private Map<String, Fresh> interfaces(List<Interfaces.Chosen> chosen) {
        Map<String, Fresh> all = new LinkedHashMap<>();
        for (Interfaces.Chosen each : chosen) {
            Account.Nic nic = each.nic();
            Map<String, Fresh> fields = new LinkedHashMap<>();
            if (nic.id() != null) {
                fields.put("id", text(nic.id()));
            }
            fields.put("mode", text(each.mode()));
            each.nics().forEach((key, name) -> fields.put(key, text(name)));
            if (!each.addresses().isEmpty()) {
                fields.put(
                        "addresses",
                        flow(each.addresses().stream().map(Words::block).toList()));
            }
            fields.put(
                    "security-groups",
                    flow(groupsOf.apply(nic).stream().map(Words::text).toList()));
            acl(nic, fields);
            if (!nic.timeouts().isEmpty()) {
                Map<String, Fresh> timeouts = new LinkedHashMap<>();
                nic.timeouts().forEach((key, idle) -> timeouts.put(key, new Fresh.Line(idle.toSeconds() + "s")));
                fields.put("timeouts", new Fresh.Line(new Fresh.Entries(timeouts).flow()));
            }
            all.put(each.name(), new Fresh.Entries(fields));
        }
        return all;
    }

    private static Fresh flow(List<String> words) {
        return new Fresh.Line(new Fresh.Items(words).flow());
    }

    private void acl(Account.Nic nic, Map<String, Fresh> fields) {
        String subnet = nic.subnet();
        if (subnet == null || account.openSubnets.contains(subnet)) {
            return;
        }
        account.acls.values().stream()
                .filter(acl -> acl.subnets().contains(subnet))
                .findFirst()
                .ifPresentOrElse(
                        acl -> fields.put("network-acl", text(acls.getOrDefault(acl.id(), acl.id()))),
                        () -> report.note(
                                nic.location(),
                                subnet + ": no file has its network ACL, so the interface has none: aws ec2"
                                        + " describe-network-acls --filters Name=association.subnet-id,Values="
                                        + subnet));
    }

    private Map<String, Fresh> groups() {
        Map<String, Fresh> all = new LinkedHashMap<>();
        Map<String, Account.Rules> rules = account.allRules();
        groups.forEach((id, name) -> {
            Account.Group group = account.groups.get(id);
            Account.Rules own = rules.get(id);
            if (own == null) {
                throw new IllegalStateException("no rules of " + id);
            }
            Map<String, Fresh> fields = new LinkedHashMap<>();
            fields.put("id", text(id));
            if (group != null && !group.description().isEmpty()) {
                fields.put("description", text(group.description()));
            }
            fields.put("ingress", rules(own, Direction.INGRESS));
            if (!isImplied(own.egress())) {
                fields.put("egress", rules(own, Direction.EGRESS));
            }
            all.put(name, new Fresh.Entries(fields));
        });
        return all;
    }

    private static boolean isImplied(List<Allowed> egress) {
        return egress.size() == IMPLIED.size()
                && egress.stream().allMatch(rule -> rule.description().isEmpty() && IMPLIED.contains(rule.permission()))
                && !egress.getFirst().permission().equals(egress.getLast().permission());
    }

    /** Permissions that differ by peer alone are one rule. */
    private Fresh rules(Account.Rules rules, Direction direction) {
        Map<Shared, Set<Peer>> peers = new LinkedHashMap<>();
        for (Allowed rule : rules.of(direction)) {
            peers.computeIfAbsent(Shared.of(rule), _ -> new LinkedHashSet<>())
                    .add(named(rule.permission().peer()));
        }
        List<String> items = new ArrayList<>();
        peers.forEach((shared, all) -> items.add(Words.rule(
                new Rule(
                        shared.protocol(),
                        shared.ports() == null ? List.of() : List.of(shared.ports()),
                        shared.icmpType(),
                        shared.icmpCode(),
                        withAny(all),
                        shared.description(),
                        rules.location()),
                direction == Direction.INGRESS)));
        return new Fresh.Items(items);
    }

    private Peer named(Peer peer) {
        return switch (peer) {
            case Peer.Group(String id) -> new Peer.Group(groups.getOrDefault(id, id));
            case Peer.Prefixes(String id) -> new Peer.Prefixes(lists.getOrDefault(id, id));
            default -> peer;
        };
    }

    /** Any in place of all of IPv4 and all of IPv6. */
    private static List<Peer> withAny(Set<Peer> peers) {
        if (!peers.contains(ALL_V4) || !peers.contains(ALL_V6)) {
            return List.copyOf(peers);
        }
        List<Peer> others = new ArrayList<>(peers);
        others.removeAll(List.of(ALL_V4, ALL_V6));
        others.addFirst(new Peer.Any());
        return others;
    }

    private Map<String, Fresh> lists() {
        Map<String, Fresh> all = new LinkedHashMap<>();
        account.blocks.forEach((id, blocks) -> {
            Map<String, Fresh> fields = new LinkedHashMap<>();
            fields.put("id", text(id));
            fields.put(
                    "entries",
                    new Fresh.Items(blocks.blocks().stream().map(Words::block).toList()));
            all.put(lists.getOrDefault(id, id), new Fresh.Entries(fields));
        });
        return all;
    }

    private Map<String, Fresh> acls() {
        Map<String, Fresh> all = new LinkedHashMap<>();
        account.acls.forEach((id, acl) -> {
            Map<String, Fresh> fields = new LinkedHashMap<>();
            fields.put("id", text(id));
            fields.put("ingress", entries(acl.ingress(), true));
            fields.put("egress", entries(acl.egress(), false));
            all.put(acls.getOrDefault(id, id), new Fresh.Entries(fields));
        });
        return all;
    }

    private static Fresh entries(List<NumberedEntry> entries, boolean isIngress) {
        return new Fresh.Items(entries.stream()
                .sorted(Comparator.comparingInt(NumberedEntry::number))
                .map(entry -> Words.entry(entry, isIngress))
                .toList());
    }
}
