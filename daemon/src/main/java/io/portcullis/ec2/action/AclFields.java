package io.portcullis.ec2.action;

import io.portcullis.config.AclEntry;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Rule;
import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Network ACLs in answers and in filters. */
final class AclFields {
    private static final int FIRST = 100;
    private static final PortRange EVERY_PORT = new PortRange(0, 65_535);

    private AclFields() {}

    /**
     * An entry as EC2 counts them: one range of ports and one block. An entry of the configuration may be several of these with the same
     * number.
     *
     * @param ports null: the protocol has none
     */
    private record Shown(
            boolean isEgress,
            int number,
            boolean allow,
            int protocol,
            Cidr block,
            @Nullable PortRange ports,
            int icmpType,
            int icmpCode) {
        static Shown all(boolean isEgress, int number, boolean allow, Cidr block) {
            return new Shown(isEgress, number, allow, Rule.ALL, block, null, Rule.ALL, Rule.ALL);
        }

        boolean hasTypes() {
            return Rule.hasTypes(protocol);
        }
    }

    /** The entries of both directions, egress first; the last ones are {@code *}. */
    private static List<Shown> entries(Acl acl) {
        List<Shown> all = new ArrayList<>();
        for (boolean isEgress : new boolean[] {true, false}) {
            if (acl.written().isPresent()) {
                NetworkAcl written = acl.written().get();
                (isEgress ? written.egress() : written.ingress()).forEach(entry -> add(all, isEgress, entry));
            } else {
                all.add(Shown.all(isEgress, FIRST, true, Cidr.ALL_V4));
                all.add(Shown.all(isEgress, FIRST + 1, true, Cidr.ALL_V6));
            }
            all.add(Shown.all(isEgress, AclEntry.HIGHEST + 1, false, Cidr.ALL_V4));
            all.add(Shown.all(isEgress, AclEntry.HIGHEST + 2, false, Cidr.ALL_V6));
        }
        return all;
    }

    private static void add(List<Shown> all, boolean isEgress, AclEntry entry) {
        Rule packets = entry.packets();
        boolean isEvery = packets.ports().isEmpty();
        for (int i = 0; i < Math.max(1, packets.ports().size()); i++) {
            PortRange every = Rule.hasPorts(packets.protocol()) ? EVERY_PORT : null;
            PortRange ports = isEvery ? every : packets.ports().get(i);
            for (Cidr block : entry.blocks()) {
                all.add(new Shown(
                        isEgress,
                        entry.number(),
                        entry.allow(),
                        packets.protocol(),
                        block,
                        ports,
                        packets.icmpType(),
                        packets.icmpCode()));
            }
        }
    }

    /** An ACL in an answer. */
    static Fields acl(Cloud cloud, Acl acl) {
        return new Fields.Builder()
                .with("networkAclId", acl.id())
                .with("vpcId", cloud.account().vpcId())
                .with("default", acl.isDefault())
                .with("entrySet", entries(acl).stream().map(AclFields::entry).toList())
                .with(
                        "associationSet",
                        associations(cloud, acl)
                                .map(each -> new Fields.Builder()
                                        .with("networkAclAssociationId", each.aclAssociationId())
                                        .with("networkAclId", acl.id())
                                        .with("subnetId", each.subnetId())
                                        .build())
                                .toList())
                .with("tagSet", Tags.set(acl.tags()))
                .with("ownerId", cloud.account().account())
                .build();
    }

    /** The interfaces that have an ACL. */
    static Stream<NetworkInterface> associations(Cloud cloud, Acl acl) {
        return cloud.interfaces().stream().filter(each -> each.aclId().equals(acl.id()));
    }

    private static Fields entry(Shown entry) {
        Fields.Builder fields = new Fields.Builder()
                .with("ruleNumber", entry.number)
                .with("protocol", String.valueOf(entry.protocol))
                .with("ruleAction", action(entry))
                .with("egress", entry.isEgress)
                .with(entry.block.isV6() ? "ipv6CidrBlock" : "cidrBlock", entry.block.toString());
        PortRange ports = entry.ports;
        if (ports != null) {
            Fields range = new Fields.Builder()
                    .with("from", ports.low())
                    .with("to", ports.high())
                    .build();
            fields.with("portRange", range);
        }
        if (entry.hasTypes()) {
            Fields types = new Fields.Builder()
                    .with("type", entry.icmpType)
                    .with("code", entry.icmpCode)
                    .build();
            fields.with("icmpTypeCode", types);
        }
        return fields.build();
    }

    private static String action(Shown entry) {
        return entry.allow ? "allow" : "deny";
    }

    /** An ACL's values for a filter. */
    static Collection<String> property(Cloud cloud, Acl acl, String filter) {
        return switch (filter) {
            case "network-acl-id" -> List.of(acl.id());
            case "vpc-id" -> List.of(cloud.account().vpcId());
            case "owner-id" -> List.of(cloud.account().account());
            case "default" -> List.of(String.valueOf(acl.isDefault()));
            case "association.network-acl-id" ->
                associations(cloud, acl).map(_ -> acl.id()).toList();
            case "association.association-id" ->
                associations(cloud, acl).map(NetworkInterface::aclAssociationId).toList();
            case "association.subnet-id" ->
                associations(cloud, acl).map(NetworkInterface::subnetId).toList();
            default ->
                filter.startsWith("entry.")
                        ? entries(acl).stream()
                                .flatMap(entry -> property(entry, filter))
                                .toList()
                        : Tags.property(filter, acl.tags());
        };
    }

    private static Stream<String> property(Shown entry, String filter) {
        return switch (filter) {
            case "entry.cidr" ->
                Stream.of(entry.block).filter(block -> !block.isV6()).map(Cidr::toString);
            case "entry.ipv6-cidr" -> Stream.of(entry.block).filter(Cidr::isV6).map(Cidr::toString);
            case "entry.egress" -> Stream.of(String.valueOf(entry.isEgress));
            case "entry.rule-action" -> Stream.of(action(entry));
            case "entry.rule-number" -> Stream.of(String.valueOf(entry.number));
            case "entry.protocol" -> Stream.of(String.valueOf(entry.protocol), GroupRule.protocol(entry.protocol));
            case "entry.icmp.type" -> types(entry, entry.icmpType);
            case "entry.icmp.code" -> types(entry, entry.icmpCode);
            case "entry.port-range.from" -> ports(entry, PortRange::low);
            case "entry.port-range.to" -> ports(entry, PortRange::high);
            default -> Stream.empty();
        };
    }

    private static Stream<String> types(Shown entry, int value) {
        return entry.hasTypes() ? Stream.of(String.valueOf(value)) : Stream.empty();
    }

    private static Stream<String> ports(Shown entry, Function<PortRange, Integer> end) {
        return Stream.ofNullable(entry.ports).map(end).map(String::valueOf);
    }
}
