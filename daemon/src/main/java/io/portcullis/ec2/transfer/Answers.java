package io.portcullis.ec2.transfer;

import io.portcullis.config.Ec2Api.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Finds out what each JSON value is, by its members, and reads it. */
final class Answers {
    private static final String EXPECTED =
            "the JSON of aws ec2 describe-security-groups, describe-security-group-rules, describe-network-acls,"
                    + " describe-managed-prefix-lists, get-managed-prefix-list-entries, describe-network-interfaces or"
                    + " describe-launch-template-versions, or a launch template's data";

    /** Members of answers that are not imported, and the call that gives what is. */
    private static final Map<String, String> OTHERS = Map.of(
            "Reservations", "describe-network-interfaces --filters Name=attachment.instance-id,Values=i-…",
            "LaunchTemplates", "describe-launch-template-versions --versions '$Default' --launch-template-id lt-…");

    private static final Set<String> ANSWERS = Set.of(
            "SecurityGroups",
            "SecurityGroupRules",
            "NetworkAcls",
            "PrefixLists",
            "Entries",
            "PrefixListId",
            "NetworkInterfaces",
            "LaunchTemplateVersions",
            "LaunchTemplateData",
            "ResponseMetadata");

    private static final Set<String> OF_A_TEMPLATE = Set.of(
            "LaunchTemplateName", "LaunchTemplateId", "VersionDescription", "SourceVersion", "TagSpecifications");

    private static final Set<String> GROUP = Set.of(
            "GroupId",
            "GroupName",
            "Description",
            "IpPermissions",
            "IpPermissionsEgress",
            "VpcId",
            "OwnerId",
            "SecurityGroupArn");

    private final Account account;
    private final Report report;

    private Answers(Report report) {
        this.account = new Account(report);
        this.report = report;
    }

    /** All that the files describe. */
    static Account read(List<JsonFile> files, Report report) {
        Answers answers = new Answers(report);
        for (JsonFile file : files) {
            JsonReader.values(file, report).forEach(value -> answers.add(value, file.name()));
        }
        return answers.account;
    }

    private void add(Json value, String file) {
        if (!(value instanceof Json.Entries object)) {
            report.error(value.location(), "is " + value.type() + ", not " + EXPECTED + ", without --query");
            return;
        }
        Members answer = new Members(object, report);
        boolean isTemplate = answer.has("LaunchTemplateData");
        if (!isTemplate && Templates.isData(answer)) {
            new Templates(report).add(answer, account);
            return;
        }
        if (answer.keys().stream().noneMatch(key -> ANSWERS.contains(key) && !key.equals("PrefixListId"))) {
            unknown(answer);
            return;
        }
        if (answer.has("NextToken")) {
            report.error(
                    answer.location("NextToken"),
                    "NextToken: only a part of the answer: print all of it, without --max-items and --no-paginate");
        }
        for (String key : answer.keys()) {
            if (!ANSWERS.contains(key) && !key.equals("NextToken") && !(isTemplate && OF_A_TEMPLATE.contains(key))) {
                report.note(answer.location(key), key + ": not known here, left out");
            }
        }
        GroupRules rules = new GroupRules(report);
        answer.objects("SecurityGroups").forEach(group -> group(group, rules));
        answer.objects("SecurityGroupRules").forEach(rule -> rules.addListed(rule, account));
        answer.objects("NetworkAcls").forEach(acl -> new Acls(report).add(acl, account));
        answer.objects("PrefixLists").forEach(list -> new Lists(report).add(list, account));
        answer.objects("NetworkInterfaces").forEach(nic -> new Nics(report).add(nic, account));
        if (answer.has("Entries")) {
            new Lists(report).addEntries(answer, file, account);
        }
        if (answer.has("LaunchTemplateVersions")) {
            new Templates(report).addVersion(answer, account);
        }
        answer.inner("LaunchTemplateData").ifPresent(data -> new Templates(report).add(data, account));
    }

    private void unknown(Members answer) {
        List<String> keys = new ArrayList<>(new TreeSet<>(answer.keys()));
        String hint = keys.stream()
                .filter(OTHERS::containsKey)
                .findFirst()
                .map(key -> "give " + OTHERS.get(key))
                .orElse("give " + EXPECTED);
        report.error(
                answer.location(),
                (keys.isEmpty()
                                ? "an empty object"
                                : "has " + String.join(", ", keys.subList(0, Math.min(5, keys.size()))))
                        + ", which is nothing that can be imported: " + hint);
    }

    private void group(Members group, GroupRules rules) {
        Optional<String> id = Ids.of(Kind.GROUP, group, "GroupId", report);
        if (id.isEmpty() || !account.isNew(id.get(), group.object())) {
            return;
        }
        Notes.unknown(group, GROUP, report);
        for (String key : List.of("IpPermissions", "IpPermissionsEgress")) {
            if (!group.has(key)) {
                report.error(group.location(), id.get() + ": " + key + " is missing");
            }
        }
        String owner = group.text("OwnerId").orElse(null);
        account.groups.put(
                id.get(),
                new Account.Group(
                        id.get(),
                        group.text("GroupName").orElse(""),
                        group.text("Description").orElse(""),
                        group.text("VpcId").orElse(""),
                        group.location()));
        account.rules.put(
                id.get(),
                new Account.Rules(
                        rules.permissions(group, "IpPermissions", owner),
                        rules.permissions(group, "IpPermissionsEgress", owner),
                        group.location()));
    }
}
