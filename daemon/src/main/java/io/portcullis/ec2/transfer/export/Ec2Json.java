package io.portcullis.ec2.transfer.export;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.edit.Edit.NumberedEntry;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.transfer.Note;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A configuration in the JSON shape of EC2's describe calls (EC2 API Reference 2016-11-15), as maps and lists. Entries of a prefix list
 * are in the list, as EC2 answers another call with them.
 */
public final class Ec2Json {
    /** The kinds of objects, in the order of the result. */
    public enum Kind {
        SECURITY_GROUPS("SecurityGroups"),
        SECURITY_GROUP_RULES("SecurityGroupRules"),
        PREFIX_LISTS("PrefixLists"),
        NETWORK_ACLS("NetworkAcls"),
        NETWORK_INTERFACES("NetworkInterfaces");

        /** All but the rules, which the groups have, too. */
        public static final Set<Kind> USUAL = EnumSet.complementOf(EnumSet.of(SECURITY_GROUP_RULES));

        private final String member;

        Kind(String member) {
            this.member = member;
        }
    }

    /** The number of {@code *} for IPv4; IPv6 has the next. */
    private static final int LAST = 32_767;

    private final Cloud cloud;
    private final List<Note> notes = new ArrayList<>();

    private Ec2Json(Cloud cloud) {
        this.cloud = cloud;
    }

    /**
     * The result.
     *
     * @param answers by the members of the describe calls' answers: lists of objects
     * @param notes what has no counterpart
     */
    public record Result(Map<String, Object> answers, List<Note> notes) {}

    public static Result of(Cloud cloud, Set<Kind> kinds) {
        return new Ec2Json(cloud).result(kinds);
    }

    private Result result(Set<Kind> kinds) {
        Map<String, Object> answers = new LinkedHashMap<>();
        notes.addAll(Losses.of(cloud));
        for (Kind kind : Kind.values()) {
            if (kinds.contains(kind)) {
                answers.put(kind.member, objects(kind));
            }
        }
        return new Result(answers, List.copyOf(notes));
    }

    private List<Map<String, Object>> objects(Kind kind) {
        return switch (kind) {
            case SECURITY_GROUPS -> new GroupJson(cloud).groups();
            case SECURITY_GROUP_RULES -> new GroupJson(cloud).rules();
            case PREFIX_LISTS -> cloud.lists().stream().map(this::list).toList();
            case NETWORK_ACLS -> cloud.acls().stream().map(this::acl).toList();
            case NETWORK_INTERFACES ->
                cloud.interfaces().stream().map(this::nic).toList();
        };
    }

    /** In the shape of EC2's tags. */
    static List<Map<String, Object>> tags(Map<String, String> tags) {
        return tags.entrySet().stream()
                .map(tag -> fields("Key", tag.getKey(), "Value", tag.getValue()))
                .toList();
    }

    /** A map of names and values. */
    static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put(namesAndValues[i].toString(), namesAndValues[i + 1]);
        }
        return fields;
    }

    private Map<String, Object> list(ManagedList list) {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (Cidr entry : list.entries()) {
            Map<String, Object> fields = fields("Cidr", entry.toString());
            if (!list.description(entry).isEmpty()) {
                fields.put("Description", list.description(entry));
            }
            entries.add(fields);
        }
        return fields(
                "PrefixListId", list.id(),
                "AddressFamily", list.isV6() ? "IPv6" : "IPv4",
                "State", "create-complete",
                "PrefixListArn", cloud.account().arn(ResourceKind.LIST.resourceType(), list.id()),
                "PrefixListName", list.name(),
                "MaxEntries", list.maxEntries(),
                "Version", list.version(),
                "Tags", tags(list.tags()),
                "OwnerId", cloud.account().account(),
                "Entries", entries);
    }

    private Map<String, Object> acl(Acl acl) {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            List<NumberedEntry> numbered = acl.written()
                    .map(written -> AclNumbers.of(written, direction, notes::add))
                    .orElseGet(Ec2Json::open);
            numbered.forEach(entry -> entries.add(entry(entry, direction)));
            for (boolean isV6 : new boolean[] {false, true}) {
                entries.add(entry(isV6 ? LAST + 1 : LAST, false, Permission.all(new Peer.Net(all(isV6))), direction));
            }
        }
        List<Map<String, Object>> associations = cloud.interfaces().stream()
                .filter(nic -> nic.aclId().equals(acl.id()))
                .map(nic -> fields(
                        "NetworkAclAssociationId", nic.aclAssociationId(),
                        "NetworkAclId", acl.id(),
                        "SubnetId", nic.subnetId()))
                .toList();
        Map<String, String> tags = new LinkedHashMap<>();
        acl.written().ifPresent(written -> tags.put("Name", written.name()));
        acl.tags().forEach(tags::putIfAbsent);
        return fields(
                "Associations", associations,
                "Entries", entries,
                "IsDefault", acl.isDefault(),
                "NetworkAclId", acl.id(),
                "Tags", tags(tags),
                "VpcId", cloud.account().vpcId(),
                "OwnerId", cloud.account().account());
    }

    private static Cidr all(boolean isV6) {
        return isV6 ? Cidr.ALL_V6 : Cidr.ALL_V4;
    }

    /** The entries of the default ACL. */
    private static List<NumberedEntry> open() {
        return List.of(
                new NumberedEntry(100, true, Permission.all(new Peer.Net(Cidr.ALL_V4))),
                new NumberedEntry(101, true, Permission.all(new Peer.Net(Cidr.ALL_V6))));
    }

    private static Map<String, Object> entry(NumberedEntry entry, Direction direction) {
        return entry(entry.number(), entry.allow(), entry.packets(), direction);
    }

    private static Map<String, Object> entry(int number, boolean isAllow, Permission packets, Direction direction) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (packets.peer() instanceof Peer.Net(Cidr block)) {
            fields.put(block.isV6() ? "Ipv6CidrBlock" : "CidrBlock", block.toString());
        }
        fields.put("Egress", direction == Direction.EGRESS);
        if (Rule.hasTypes(packets.protocol())) {
            fields.put("IcmpTypeCode", fields("Code", packets.icmpCode(), "Type", packets.icmpType()));
        }
        if (Rule.hasPorts(packets.protocol())) {
            PortRange ports = packets.ports() == null ? new PortRange(0, 65_535) : packets.ports();
            fields.put("PortRange", fields("From", ports.low(), "To", ports.high()));
        }
        fields.put("Protocol", String.valueOf(packets.protocol()));
        fields.put("RuleAction", isAllow ? "allow" : "deny");
        fields.put("RuleNumber", number);
        return fields;
    }

    private Map<String, Object> nic(NetworkInterface nic) {
        List<Map<String, Object>> groups = nic.groupIds().stream()
                .map(id -> fields(
                        "GroupId",
                        id,
                        "GroupName",
                        cloud.group(id).orElseThrow().name()))
                .toList();
        Map<String, Object> fields = fields(
                "Attachment",
                fields(
                        "AttachmentId", nic.attachmentId(),
                        "DeviceIndex", nic.index(),
                        "InstanceId", cloud.account().instanceId(),
                        "InstanceOwnerId", cloud.account().account(),
                        "Status", "attached"));
        Map<String, Long> timeouts = Losses.timeouts(nic.written());
        if (!timeouts.isEmpty()) {
            Map<String, Object> theirs = new LinkedHashMap<>();
            Map<String, String> names = Map.of(
                    "tcp-established", "TcpEstablishedTimeout",
                    "udp-stream", "UdpStreamTimeout",
                    "udp", "UdpTimeout");
            timeouts.forEach((key, seconds) -> theirs.put(names.getOrDefault(key, key), seconds));
            fields.put("ConnectionTrackingConfiguration", theirs);
        }
        fields.put("Description", nic.name());
        fields.put("Groups", groups);
        fields.put("InterfaceType", "interface");
        fields.put("NetworkInterfaceId", nic.id());
        fields.put("OwnerId", cloud.account().account());
        fields.put("Status", "in-use");
        fields.put("SubnetId", nic.subnetId());
        fields.put("TagSet", tags(nic.tags()));
        fields.put("VpcId", cloud.account().vpcId());
        return fields;
    }
}
