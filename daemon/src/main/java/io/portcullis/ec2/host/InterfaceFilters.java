package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.tag.Tags;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The filters of network interfaces. */
final class InterfaceFilters {
    /** DescribeNetworkInterfaces, EC2 API Reference; group-name is of older versions. */
    static final Set<String> NAMES = Tags.andFilters(
            "addresses.association.owner-id",
            "addresses.association.public-ip",
            "addresses.primary",
            "addresses.private-ip-address",
            "association.allocation-id",
            "association.association-id",
            "association.ip-owner-id",
            "association.public-dns-name",
            "association.public-ip",
            "attachment.attach-time",
            "attachment.attachment-id",
            "attachment.delete-on-termination",
            "attachment.device-index",
            "attachment.instance-id",
            "attachment.instance-owner-id",
            "attachment.status",
            "availability-zone",
            "availability-zone-id",
            "description",
            "group-id",
            "group-name",
            "interface-type",
            "ipv6-addresses.ipv6-address",
            "mac-address",
            "network-interface-id",
            "operator.managed",
            "operator.principal",
            "owner-id",
            "private-dns-name",
            "private-ip-address",
            "requester-id",
            "requester-managed",
            "source-dest-check",
            "status",
            "subnet-id",
            "vpc-id");

    private InterfaceFilters() {}

    /** The values of an interface for a filter, of those that EC2 documents for interfaces. */
    static Collection<String> property(Cloud cloud, NetworkInterface iface, String name) {
        Account account = cloud.account();
        return switch (name) {
            case "addresses.primary" -> primaries(iface.addresses(false).size());
            case "addresses.private-ip-address", "private-ip-address" -> texts(iface, false);
            case "attachment.attachment-id" -> List.of(iface.attachmentId());
            case "attachment.device-index" -> List.of(String.valueOf(iface.index()));
            case "attachment.instance-id" -> List.of(account.instanceId());
            case "attachment.network-card-index" -> List.of("0");
            case "attachment.status" -> List.of(InterfaceFields.ATTACHED);
            case "attachment.delete-on-termination", "operator.managed", "requester-managed" -> List.of("false");
            case "attachment.instance-owner-id", "owner-id" -> List.of(account.account());
            case "availability-zone" -> List.of(account.zone());
            case "availability-zone-id" -> List.of(account.zoneId());
            case "description" -> List.of(iface.name());
            case "group-id" -> iface.groupIds();
            case "group-name" ->
                InterfaceFields.groupsOf(cloud, iface).stream().map(Group::name).toList();
            case "interface-type" -> List.of("interface");
            case "ipv6-address", "ipv6-addresses.ipv6-address" -> texts(iface, true);
            case "ipv6-addresses.is-primary-ipv6" ->
                iface.addresses(true).stream().map(_ -> "false").toList();
            case "mac-address" -> InterfaceFields.mac(iface).stream().toList();
            case "network-interface-id" -> List.of(iface.id());
            case "source-dest-check" -> List.of(String.valueOf(iface.written().sourceCheck()));
            case "status" -> List.of(InterfaceFields.IN_USE);
            case "subnet-id" -> List.of(iface.subnetId());
            case "vpc-id" -> List.of(account.vpcId());
            default -> Tags.property(name, iface.tags());
        };
    }

    private static List<String> texts(NetworkInterface iface, boolean isV6) {
        return iface.addresses(isV6).stream().map(InterfaceFields::text).toList();
    }

    private static List<String> primaries(int addresses) {
        return List.of("true", "false").subList(0, Math.min(addresses, 2));
    }
}
