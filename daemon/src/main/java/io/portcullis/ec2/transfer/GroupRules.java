package io.portcullis.ec2.transfer;

import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.Peer;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.transfer.Account.Allowed;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads rules of security groups in both of EC2's shapes: permissions with lists of peers, and single rules. */
final class GroupRules {
    private static final Set<String> PERMISSION =
            Set.of("IpProtocol", "FromPort", "ToPort", "UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds");
    private static final Set<String> RULE = Set.of(
            "SecurityGroupRuleId",
            "GroupId",
            "GroupOwnerId",
            "IsEgress",
            "IpProtocol",
            "FromPort",
            "ToPort",
            "CidrIpv4",
            "CidrIpv6",
            "PrefixListId",
            "ReferencedGroupInfo",
            "Description",
            "SecurityGroupRuleArn");

    private final Report report;

    GroupRules(Report report) {
        this.report = report;
    }

    /**
     * The rules of a direction of a group.
     *
     * @param owner the group's account; null: not known
     */
    List<Allowed> permissions(Members group, String key, @Nullable String owner) {
        List<Allowed> rules = new ArrayList<>();
        for (Members permission : group.objects(key)) {
            Notes.unknown(permission, PERMISSION, report);
            Optional<Selector> selector = selector(permission);
            if (selector.isEmpty()) {
                continue;
            }
            for (Members range : permission.objects("IpRanges")) {
                Notes.unknown(range, Set.of("CidrIp", "Description"), report);
                Blocks.of(range, "CidrIp", report)
                        .flatMap(block -> allowed(selector.get(), block, range))
                        .ifPresent(rules::add);
            }
            for (Members range : permission.objects("Ipv6Ranges")) {
                Notes.unknown(range, Set.of("CidrIpv6", "Description"), report);
                Blocks.of(range, "CidrIpv6", report)
                        .flatMap(block -> allowed(selector.get(), block, range))
                        .ifPresent(rules::add);
            }
            for (Members list : permission.objects("PrefixListIds")) {
                Notes.unknown(list, Set.of("PrefixListId", "Description"), report);
                list.requiredText("PrefixListId")
                        .ifPresent(id -> rules.add(allowed(selector.get(), new Peer.Prefixes(id), list)));
            }
            for (Members pair : permission.objects("UserIdGroupPairs")) {
                group(pair, owner, selector.get())
                        .ifPresent(id -> rules.add(allowed(selector.get(), new Peer.Group(id), pair)));
            }
        }
        return rules;
    }

    /** Adds one rule of describe-security-group-rules. */
    void addListed(Members rule, Account account) {
        Optional<String> id = rule.requiredText("SecurityGroupRuleId");
        Optional<String> group = Ids.of(Kind.GROUP, rule, "GroupId", report);
        if (!rule.has("IsEgress")) {
            report.error(rule.location(), "IsEgress is missing");
        }
        Optional<Boolean> isEgress = rule.flag("IsEgress");
        if (id.isEmpty() || group.isEmpty() || isEgress.isEmpty() || !account.isNew(id.get(), rule.object())) {
            return;
        }
        Notes.unknown(rule, RULE, report);
        Direction direction = isEgress.get() ? Direction.EGRESS : Direction.INGRESS;
        account.addListed(group.get(), direction, listed(rule), rule.location());
    }

    private @Nullable Allowed listed(Members rule) {
        Optional<Selector> selector = selector(rule);
        if (selector.isEmpty()) {
            return null;
        }
        Optional<Members> group = rule.inner("ReferencedGroupInfo");
        String owner = rule.text("GroupOwnerId").orElse(null);
        if (rule.has("CidrIpv4") || rule.has("CidrIpv6")) {
            return Blocks.of(rule, rule.has("CidrIpv4") ? "CidrIpv4" : "CidrIpv6", report)
                    .flatMap(block -> allowed(selector.get(), block, rule))
                    .orElse(null);
        }
        if (rule.has("PrefixListId")) {
            return rule.text("PrefixListId")
                    .map(id -> allowed(selector.get(), new Peer.Prefixes(id), rule))
                    .orElse(null);
        }
        if (group.isEmpty()) {
            report.error(rule.location(), "one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupInfo is missing");
        }
        return group.flatMap(pair -> group(pair, owner, selector.get()))
                .map(id -> allowed(selector.get(), new Peer.Group(id), rule))
                .orElse(null);
    }

    private Optional<Selector> selector(Members rule) {
        return Selector.of(
                rule,
                "IpProtocol",
                rule.number("FromPort").orElse(null),
                rule.number("ToPort").orElse(null),
                report);
    }

    private static Allowed allowed(Selector selector, Peer peer, Members described) {
        Permission permission =
                new Permission(selector.protocol(), selector.ports(), selector.icmpType(), selector.icmpCode(), peer);
        return new Allowed(permission, described.text("Description").orElse(""), described.location());
    }

    private Optional<Allowed> allowed(Selector selector, Cidr block, Members described) {
        String conflict = selector.conflict(block);
        if (conflict != null) {
            report.note(described.location(), "rule left out: " + conflict);
            return Optional.empty();
        }
        return Optional.of(allowed(selector, new Peer.Net(block), described));
    }

    /** The id of a group of the same account; a group of another one, or behind a peering connection, has no counterpart. */
    private Optional<String> group(Members pair, @Nullable String owner, Selector selector) {
        Optional<String> user = pair.text("UserId");
        Optional<String> peering = pair.text("VpcPeeringConnectionId");
        String name = pair.text("GroupId").or(() -> pair.text("GroupName")).orElse("");
        String what = "rule left out: " + selector + ", group " + name + " ";
        if (peering.isPresent()) {
            report.note(pair.location(), what + "is behind the peering connection " + peering.get());
            return Optional.empty();
        }
        if (owner != null && user.isPresent() && !user.get().equals(owner)) {
            report.note(pair.location(), what + "is of another account, " + user.get());
            return Optional.empty();
        }
        return pair.requiredText("GroupId");
    }
}
