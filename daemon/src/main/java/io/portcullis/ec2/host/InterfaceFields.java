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

/** Network interfaces as answers show them. */
final class InterfaceFields {
    static final String ATTACHED = "attached";
    static final String IN_USE = "in-use";

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

    static String text(Cidr address) {
        return address.network().toString();
    }

    static Optional<String> mac(NetworkInterface iface) {
        return Optional.of(iface.nic().mac()).filter(mac -> !mac.isEmpty());
    }
}
