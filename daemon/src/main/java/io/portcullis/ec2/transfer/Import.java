package io.portcullis.ec2.transfer;

import io.portcullis.config.ConfigError;
import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.Peer;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.transfer.Account.Allowed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Makes a configuration of the JSON that the AWS CLI prints (EC2 API Reference 2016-11-15: DescribeSecurityGroups,
 * DescribeSecurityGroupRules, DescribeNetworkAcls, DescribeManagedPrefixLists, GetManagedPrefixListEntries, DescribeNetworkInterfaces,
 * DescribeLaunchTemplateVersions) and of the data of launch templates.
 */
public final class Import {
    /**
     * The result.
     *
     * @param yaml absent if there are errors
     * @param notes what has no counterpart in the configuration, or has another name in it
     */
    public record Result(Optional<String> yaml, List<ConfigError> errors, List<Note> notes) {}

    private final Report report = new Report();
    private final Account account;
    private final Naming groups = new Naming(report);
    private final Naming lists = new Naming(report);
    private final Naming acls = new Naming(report);

    private Import(List<JsonFile> files) {
        account = Answers.read(files, report);
    }

    /**
     * Reads files in any order. Objects refer to each other by id across all files.
     *
     * @param choices the interfaces of this host
     * @param existing the configuration that interfaces take their mode and NICs from
     */
    public static Result of(List<JsonFile> files, List<Choice> choices, Optional<Cloud> existing) {
        return new Import(files).result(choices, existing);
    }

    private Result result(List<Choice> choices, Optional<Cloud> existing) {
        if (!report.errors().isEmpty()) {
            // A reference may be to an object that could not be read.
            return new Result(Optional.empty(), report.errors(), report.notes());
        }
        name();
        compareRules();
        references();
        List<Interfaces.Chosen> interfaces = new Interfaces(account, existing, report).of(choices);
        String yaml = new YamlText(account, this::groupsOf, groups.names(), lists.names(), acls.names(), report)
                .text(interfaces);
        if (interfaces.isEmpty()) {
            report.note("no interface: the result is to be included in a configuration that has one, or --interface"
                    + " names one");
        }
        return new Result(
                report.errors().isEmpty() ? Optional.of(yaml) : Optional.empty(), report.errors(), report.notes());
    }

    private void name() {
        Set<String> ids = new TreeSet<>(account.groups.keySet());
        ids.addAll(account.listedRules.keySet());
        for (String id : ids) {
            Account.Group group = account.groups.get(id);
            Account.Rules listed = account.listedRules.get(id);
            String unnamed = "group" + id.substring(2);
            if (group != null) {
                groups.add(id, group.name(), unnamed, group.location());
            } else if (listed != null) {
                groups.add(id, "", unnamed, listed.location());
            }
        }
        account.acls.forEach((id, acl) -> acls.add(id, acl.name() == null ? "" : acl.name(), id, acl.location()));
        account.blocks.forEach((id, blocks) -> {
            Account.PrefixList list = account.lists.get(id);
            lists.add(id, list == null ? "" : list.name(), id, list == null ? blocks.location() : list.location());
        });
    }

    /** Both views of a group must have the same rules; their descriptions are those of the group. */
    private void compareRules() {
        account.listedRules.forEach((id, listed) -> {
            Account.Rules rules = account.rules.get(id);
            if (rules != null
                    && !(said(rules.ingress()).equals(said(listed.ingress()))
                            && said(rules.egress()).equals(said(listed.egress())))) {
                report.error(
                        listed.location(),
                        id + ": its rules here differ from those at " + rules.location() + ": print both again");
            }
        });
    }

    private static Set<Permission> said(List<Allowed> rules) {
        return rules.stream().map(Allowed::permission).collect(Collectors.toSet());
    }

    /** Every id that a rule refers to must be described; a list that no rule refers to may lack its entries. */
    private void references() {
        Set<String> missing = new HashSet<>();
        Set<String> used = new HashSet<>();
        for (Account.Rules rules : account.allRules().values()) {
            List<Allowed> all = new ArrayList<>(rules.ingress());
            all.addAll(rules.egress());
            for (Allowed rule : all) {
                switch (rule.permission().peer()) {
                    case Peer.Group(String id)
                    when !groups.names().containsKey(id) && missing.add(id) ->
                        report.error(
                                rule.location(),
                                id + ": no file describes this group: add the output of aws ec2"
                                        + " describe-security-groups --group-ids " + id);
                    case Peer.Prefixes(String id)
                    when !lists.names().containsKey(id) && missing.add(id) -> {
                        used.add(id);
                        report.error(
                                rule.location(),
                                id + ": no file has the entries of this list: add " + id
                                        + ".json, the output of aws ec2"
                                        + " get-managed-prefix-list-entries --prefix-list-id " + id);
                    }
                    default -> {}
                }
            }
        }
        account.lists.forEach((id, list) -> {
            if (!account.blocks.containsKey(id) && !used.contains(id)) {
                report.note(
                        list.location(),
                        id + " (" + list.name() + "): left out: no file has its entries, and no rule refers to it");
            }
        });
    }

    /** The names of a network interface's groups. */
    private List<String> groupsOf(Account.Nic nic) {
        Set<String> names = new LinkedHashSet<>();
        for (String wanted : nic.groups()) {
            Optional<String> name =
                    Optional.ofNullable(groups.names().get(wanted)).or(() -> byName(wanted));
            if (name.isEmpty()) {
                report.error(
                        nic.location(),
                        wanted + ": no file describes this group: add the output of aws ec2 describe-security-groups "
                                + (Kind.GROUP.isId(wanted) ? "--group-ids " : "--group-names ") + wanted);
            }
            name.ifPresent(names::add);
        }
        if (nic.groups().isEmpty()) {
            report.error(
                    nic.location(),
                    nic.text() + ": has no Groups: name them; EC2 would take those of an existing network interface, or"
                            + " the group default of the VPC");
        }
        return List.copyOf(names);
    }

    /** A launch template may give names; EC2 looks for them in one VPC. */
    private Optional<String> byName(String wanted) {
        List<String> ids = account.groups.values().stream()
                .filter(group -> group.name().equalsIgnoreCase(wanted))
                .map(Account.Group::id)
                .toList();
        return ids.size() == 1 ? Optional.ofNullable(groups.names().get(ids.getFirst())) : Optional.empty();
    }
}
