package io.portcullis.ec2.transfer;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.Peer;
import io.portcullis.config.edit.Edit.NumberedEntry;
import io.portcullis.config.edit.Permission;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads network ACLs of describe-network-acls. */
final class Acls {
    private static final Set<String> KNOWN =
            Set.of("NetworkAclId", "Entries", "Associations", "IsDefault", "VpcId", "OwnerId", "Tags");

    /** The tag that names an ACL: EC2 has no other name for it. */
    private static final String NAME = "Name";

    private static final Set<String> ENTRY = Set.of(
            "CidrBlock",
            "Ipv6CidrBlock",
            "Egress",
            "IcmpTypeCode",
            "PortRange",
            "Protocol",
            "RuleAction",
            "RuleNumber");

    /** The numbers of {@code *}, of IPv4 and of IPv6. */
    private static final Set<Integer> LAST = Set.of(AclEntry.HIGHEST + 1, AclEntry.HIGHEST + 2);

    private final Report report;

    Acls(Report report) {
        this.report = report;
    }

    void add(Members acl, Account account) {
        Optional<String> id = Ids.of(Kind.NETWORK_ACL, acl, "NetworkAclId", report);
        if (id.isEmpty() || !account.isNew(id.get(), acl.object())) {
            return;
        }
        Notes.unknown(acl, KNOWN, report);
        Notes.tags(acl, "Tags", NAME, report);
        List<NumberedEntry> ingress = new ArrayList<>();
        List<NumberedEntry> egress = new ArrayList<>();
        Map<String, Members> numbers = new HashMap<>();
        for (Members entry : acl.objects("Entries")) {
            Notes.unknown(entry, ENTRY, report);
            boolean isEgress = entry.flag("Egress").orElse(false);
            if (!entry.has("Egress")) {
                report.error(entry.location(), "Egress is missing");
            }
            Optional<Integer> number = entry.number("RuleNumber");
            Members first = numbers.putIfAbsent(isEgress + " " + number.orElse(0), entry);
            if (first != null) {
                report.error(
                        entry.location(),
                        "RuleNumber " + number.orElse(0) + ": used twice in " + id.get() + ", first at "
                                + first.location());
            }
            entry(entry, number).ifPresent((isEgress ? egress : ingress)::add);
        }
        List<String> subnets = acl.objects("Associations").stream()
                .flatMap(each -> each.text("SubnetId").stream())
                .toList();
        if (acl.flag("IsDefault").orElse(false) && isOpen(ingress) && isOpen(egress)) {
            account.openSubnets.addAll(subnets);
            return;
        }
        account.acls.put(id.get(), new Account.Acl(id.get(), name(acl), ingress, egress, subnets, acl.location()));
    }

    /** True: the entries admit everything, as those of a new VPC with IPv6 do. */
    private static boolean isOpen(List<NumberedEntry> entries) {
        return entries.stream().allMatch(NumberedEntry::allow)
                && Stream.of(Cidr.ALL_V4, Cidr.ALL_V6)
                        .allMatch(family -> entries.stream()
                                .anyMatch(entry -> entry.packets().equals(Permission.all(new Peer.Net(family)))));
    }

    private static @Nullable String name(Members acl) {
        return acl.objects("Tags").stream()
                .filter(tag -> tag.text("Key").orElse("").equals(NAME))
                .flatMap(tag -> tag.text("Value").stream())
                .findFirst()
                .orElse(null);
    }

    private Optional<NumberedEntry> entry(Members entry, Optional<Integer> number) {
        Optional<String> action = entry.requiredText("RuleAction");
        boolean isAllow = action.orElse("").equals("allow");
        if (action.isPresent() && !isAllow && !action.get().equals("deny")) {
            report.error(entry.location("RuleAction"), "RuleAction " + action.get() + ": must be allow or deny");
        }
        if (number.isPresent() && LAST.contains(number.get()) && !isAllow) {
            return Optional.empty();
        }
        if (number.isEmpty() || number.get() < 1 || number.get() > AclEntry.HIGHEST) {
            report.error(
                    entry.location("RuleNumber"),
                    "RuleNumber" + Notes.value(entry, "RuleNumber") + ": must be 1 to " + AclEntry.HIGHEST);
            return Optional.empty();
        }
        Optional<Selector> selector = selector(entry);
        Optional<Cidr> block = Blocks.of(entry, entry.has("Ipv6CidrBlock") ? "Ipv6CidrBlock" : "CidrBlock", report);
        if (selector.isEmpty() || block.isEmpty()) {
            return Optional.empty();
        }
        String conflict = selector.get().conflict(block.get());
        if (conflict != null) {
            report.note(entry.location(), "entry " + number.get() + " left out: " + conflict);
            return Optional.empty();
        }
        Permission packets = new Permission(
                selector.get().protocol(),
                selector.get().ports(),
                selector.get().icmpType(),
                selector.get().icmpCode(),
                new Peer.Net(block.get()));
        return Optional.of(new NumberedEntry(number.get(), isAllow, packets));
    }

    private Optional<Selector> selector(Members entry) {
        Optional<Members> ports = entry.inner("PortRange");
        Optional<Members> icmp = entry.inner("IcmpTypeCode");
        return icmp.isPresent()
                ? Selector.of(
                        entry,
                        "Protocol",
                        icmp.get().number("Type").orElse(null),
                        icmp.get().number("Code").orElse(null),
                        report)
                : Selector.of(
                        entry,
                        "Protocol",
                        ports.flatMap(range -> range.number("From")).orElse(null),
                        ports.flatMap(range -> range.number("To")).orElse(null),
                        report);
    }
}
