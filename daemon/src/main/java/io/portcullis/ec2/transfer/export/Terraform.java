package io.portcullis.ec2.transfer.export;

import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Edit.NumberedEntry;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.transfer.Note;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A configuration as resources of Terraform's AWS provider: security groups, each rule as a resource of its own, managed prefix lists and
 * network ACLs. They refer to each other by address; the VPC is a variable.
 */
public final class Terraform {
    private static final String GROUP = "aws_security_group";
    private static final String LIST = "aws_ec2_managed_prefix_list";
    private static final String ACL = "aws_network_acl";

    /** What EC2 takes in descriptions and names (EC2 API Reference, CreateSecurityGroup). */
    private static final Pattern TAKEN = Pattern.compile("[a-zA-Z0-9. _\\-:/()#,@\\[\\]+=&;{}!$*]{0,255}");

    private static final Pattern ID = Pattern.compile("sg-.*", Pattern.CASE_INSENSITIVE);
    private static final int LONGEST = 255;

    private final Cloud cloud;
    private final Hcl hcl = new Hcl();
    private final List<Note> notes;

    /** Addresses of resources, by the ids of their objects. */
    private final Map<String, String> addresses = new HashMap<>();

    private Terraform(Cloud cloud) {
        this.cloud = cloud;
        this.notes = new ArrayList<>(Losses.of(cloud));
    }

    /**
     * The result.
     *
     * @param hcl the resources
     * @param notes what has no counterpart
     */
    public record Result(String hcl, List<Note> notes) {}

    public static Result of(Cloud cloud) {
        return new Terraform(cloud).result();
    }

    private Result result() {
        boolean hasVpc = !cloud.groups().isEmpty() || cloud.acls().stream().anyMatch(acl -> !acl.isDefault());
        if (hasVpc) {
            hcl.block(
                    "variable",
                    List.of("vpc_id"),
                    new Hcl.Body()
                            .text("description", "VPC of the security groups and network ACLs")
                            .raw("type", "string"));
        }
        cloud.lists().forEach(this::list);
        Set<String> names = new HashSet<>();
        cloud.groups().forEach(group -> group(group, names));
        cloud.groups().forEach(this::rules);
        cloud.acls().forEach(acl -> acl.written().ifPresent(written -> acl(acl, written)));
        cloud.config()
                .interfaces()
                .values()
                .forEach(iface -> notes.add(new Note(
                        iface.location(),
                        iface.name() + ": no resource: its security groups are "
                                + String.join(", ", iface.securityGroups())
                                + (iface.networkAcl() == null ? "" : "; its network ACL is " + iface.networkAcl()))));
        return new Result(hcl.toString(), List.copyOf(notes));
    }

    private String resource(String type, String name, String id) {
        String unique = hcl.name(type, name);
        addresses.put(id, type + "." + unique + ".id");
        return unique;
    }

    private String address(String id) {
        return addresses.getOrDefault(id, Hcl.quoted(id));
    }

    private void list(ManagedList list) {
        Hcl.Body body = new Hcl.Body()
                .text("name", list.name())
                .text("address_family", list.isV6() ? "IPv6" : "IPv4")
                .number("max_entries", list.maxEntries());
        for (Cidr entry : list.entries()) {
            Hcl.Body inner = new Hcl.Body().text("cidr", entry.toString());
            if (!list.description(entry).isEmpty()) {
                inner.text("description", list.description(entry));
            }
            body.block("entry", inner);
        }
        hcl.block("resource", List.of(LIST, resource(LIST, list.name(), list.id())), body);
    }

    private void group(Group group, Set<String> names) {
        Location location = group.written().location();
        String name = taken(location, group.name() + ": name", group.name());
        if (ID.matcher(name).matches()) {
            notes.add(
                    new Note(location, group.name() + ": EC2 takes no name that begins with sg-, written as group-…"));
            name = "group-" + name.substring("sg-".length());
        }
        if (!names.add(name.toLowerCase(Locale.ROOT))) {
            notes.add(new Note(
                    location,
                    group.name() + ": EC2 knows no case in names, and another group has this one: rename it"));
        }
        Hcl.Body body = new Hcl.Body().text("name", name);
        String description =
                taken(location, group.name() + ": description", group.written().description());
        if (!description.isEmpty()) {
            body.text("description", description);
        }
        body.raw("vpc_id", "var.vpc_id");
        hcl.block("resource", List.of(GROUP, resource(GROUP, group.name(), group.id())), body);
    }

    /** The text with hyphens for what EC2 does not take. */
    private String taken(Location location, String what, String text) {
        if (TAKEN.matcher(text).matches()) {
            return text;
        }
        notes.add(new Note(
                location,
                what + " has characters that EC2 does not take, or more than " + LONGEST + ": written with hyphens, or"
                        + " shortened"));
        StringBuilder taken = new StringBuilder();
        text.codePoints()
                .limit(LONGEST)
                .mapToObj(Character::toString)
                .forEach(each -> taken.append(TAKEN.matcher(each).matches() ? each : "-"));
        return taken.toString();
    }

    private void rules(Group group) {
        for (Direction direction : Direction.values()) {
            String type = "aws_vpc_security_group_" + direction.label() + "_rule";
            int number = 1;
            for (GroupRule rule : group.rules(direction == Direction.INGRESS)) {
                // Losses has a note about it.
                if (!Losses.hasPortsOfItsOwn(rule.permission())) {
                    String name = hcl.name(type, group.name() + "_" + number++);
                    hcl.block("resource", List.of(type, name), rule(group, rule));
                }
            }
        }
    }

    private Hcl.Body rule(Group group, GroupRule rule) {
        Hcl.Body body = new Hcl.Body().raw("security_group_id", address(group.id()));
        String description =
                taken(group.written().location(), group.name() + ": description of a rule", rule.description());
        if (!description.isEmpty()) {
            body.text("description", description);
        }
        body.text("ip_protocol", rule.protocol());
        if (Rule.hasTypes(rule.permission().protocol()) || rule.fromPort() != Rule.ALL) {
            body.number("from_port", rule.fromPort()).number("to_port", rule.toPort());
        }
        return switch (rule.permission().peer()) {
            case Peer.Net(Cidr block) -> body.text(block.isV6() ? "cidr_ipv6" : "cidr_ipv4", block.toString());
            case Peer.Group _ -> body.raw("referenced_security_group_id", address(rule.peerId()));
            case Peer.Prefixes _ -> body.raw("prefix_list_id", address(rule.peerId()));
            case Peer.Any _ -> throw new IllegalStateException("any is two rules");
        };
    }

    private void acl(Acl acl, NetworkAcl written) {
        Hcl.Body body = new Hcl.Body().raw("vpc_id", "var.vpc_id");
        for (Direction direction : Direction.values()) {
            for (NumberedEntry entry : AclNumbers.of(written, direction, notes::add)) {
                if (Losses.hasPortsOfItsOwn(entry.packets())) {
                    notes.add(new Note(
                            written.location(),
                            written.name() + " " + direction.label() + ", rule " + entry.number()
                                    + ": EC2 has no ports of sctp, left out"));
                } else {
                    body.block(direction.label(), entry(entry));
                }
            }
        }
        body.block("tags =", new Hcl.Body().text("Name", written.name()));
        hcl.block("resource", List.of(ACL, resource(ACL, written.name(), acl.id())), body);
    }

    private static Hcl.Body entry(NumberedEntry entry) {
        Permission packets = entry.packets();
        int protocol = packets.protocol();
        boolean hasPorts = protocol == IpProtocol.TCP || protocol == IpProtocol.UDP;
        Hcl.Body body = new Hcl.Body()
                .number("rule_no", entry.number())
                .text("action", entry.allow() ? "allow" : "deny")
                .text("protocol", String.valueOf(protocol))
                .number("from_port", hasPorts ? GroupRule.fromPort(packets) : 0)
                .number("to_port", hasPorts ? GroupRule.toPort(packets) : 0);
        if (Rule.hasTypes(protocol)) {
            body.number("icmp_type", packets.icmpType()).number("icmp_code", packets.icmpCode());
        }
        if (packets.peer() instanceof Peer.Net(Cidr block)) {
            body.text(block.isV6() ? "ipv6_cidr_block" : "cidr_block", block.toString());
        }
        return body;
    }
}
