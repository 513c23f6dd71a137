package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Network interfaces as answers show them, and as filters see them. */
final class InterfaceFields {
    private static final String ATTACHED = "attached";
    private static final String IN_USE = "in-use";

    private InterfaceFields() {}

    /** All, in the order of their device indexes. */
    static List<NetworkInterface> inOrder(Cloud cloud) {
        return cloud.interfaces().stream()
                .sorted(Comparator.comparingInt(NetworkInterface::index))
                .toList();
    }

    /** Id and name of each group of an interface. */
    static List<Fields> groups(Cloud cloud, NetworkInterface iface) {
        return groups(groupsOf(cloud, iface));
    }

    /** Id and name of each group. */
    static List<Fields> groups(Collection<Group> groups) {
        return groups.stream()
                .map(group -> new Fields.Builder()
                        .with("groupId", group.id())
                        .with("groupName", group.name())
                        .build())
                .toList();
    }

    /** The groups of an interface, in their order. */
    static List<Group> groupsOf(Cloud cloud, NetworkInterface iface) {
        return iface.groupIds().stream().flatMap(id -> cloud.group(id).stream()).toList();
    }

    /** As DescribeNetworkInterfaces shows it. */
    static Fields all(Cloud cloud, NetworkInterface iface) {
        Account account = cloud.account();
        return common(cloud, iface)
                .with("attachment", attachmentOf(cloud, iface))
                .with("availabilityZone", account.zone())
                .with("availabilityZoneId", account.zoneId())
                .with("requesterManaged", false)
                .with("ipv6Address", first(iface, true))
                .with("tagSet", Tags.set(iface.tags()))
                .build();
    }

    /** As DescribeInstances shows it. */
    static Fields ofInstance(Cloud cloud, NetworkInterface iface) {
        return common(cloud, iface)
                .with("attachment", attachment(iface).build())
                .build();
    }

    /** With the instance. */
    static Fields attachmentOf(Cloud cloud, NetworkInterface iface) {
        return attachment(iface)
                .with("instanceId", cloud.account().instanceId())
                .with("instanceOwnerId", cloud.account().account())
                .build();
    }

    private static Fields.Builder attachment(NetworkInterface iface) {
        return new Fields.Builder()
                .with("attachmentId", iface.attachmentId())
                .with("deviceIndex", iface.index())
                .with("networkCardIndex", 0)
                .with("status", ATTACHED)
                .with("deleteOnTermination", false);
    }

    private static Fields.Builder common(Cloud cloud, NetworkInterface iface) {
        List<Cidr> addresses = iface.addresses(false);
        List<Fields> v4 = IntStream.range(0, addresses.size())
                .mapToObj(i -> new Fields.Builder()
                        .with("primary", i == 0)
                        .with("privateIpAddress", text(addresses.get(i)))
                        .build())
                .toList();
        List<Fields> v6 = iface.addresses(true).stream()
                .map(address -> new Fields.Builder()
                        .with("ipv6Address", text(address))
                        .with("isPrimaryIpv6", false)
                        .build())
                .toList();
        return new Fields.Builder()
                .with("networkInterfaceId", iface.id())
                .with("subnetId", iface.subnetId())
                .with("vpcId", cloud.account().vpcId())
                .with("ownerId", cloud.account().account())
                .with("description", iface.name())
                .with("interfaceType", "interface")
                .with("status", IN_USE)
                .with("macAddress", mac(iface))
                .with("privateIpAddress", first(iface, false))
                .with("privateIpAddressesSet", v4)
                .with("ipv6AddressesSet", v6)
                .with("ipv4PrefixSet", List.of())
                .with("ipv6PrefixSet", List.of())
                .with("sourceDestCheck", iface.written().sourceCheck())
                .with("groupSet", groups(cloud, iface));
    }

    /** The first address of a family; empty: none is known. */
    static Optional<String> first(NetworkInterface iface, boolean isV6) {
        return iface.addresses(isV6).stream().findFirst().map(InterfaceFields::text);
    }

    private static String text(Cidr address) {
        return address.network().toString();
    }

    private static Optional<String> mac(NetworkInterface iface) {
        return Optional.of(iface.nic().mac()).filter(mac -> !mac.isEmpty());
    }

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
            case "attachment.status" -> List.of(ATTACHED);
            case "attachment.delete-on-termination", "operator.managed", "requester-managed" -> List.of("false");
            case "attachment.instance-owner-id", "owner-id" -> List.of(account.account());
            case "availability-zone" -> List.of(account.zone());
            case "availability-zone-id" -> List.of(account.zoneId());
            case "description" -> List.of(iface.name());
            case "group-id" -> iface.groupIds();
            case "group-name" ->
                groupsOf(cloud, iface).stream().map(Group::name).toList();
            case "interface-type" -> List.of("interface");
            case "ipv6-address", "ipv6-addresses.ipv6-address" -> texts(iface, true);
            case "ipv6-addresses.is-primary-ipv6" ->
                iface.addresses(true).stream().map(_ -> "false").toList();
            case "mac-address" -> mac(iface).stream().toList();
            case "network-interface-id" -> List.of(iface.id());
            case "source-dest-check" -> List.of(String.valueOf(iface.written().sourceCheck()));
            case "status" -> List.of(IN_USE);
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
