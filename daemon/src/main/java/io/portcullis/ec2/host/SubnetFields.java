package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Subnets as answers show them, and as filters see them. */
final class SubnetFields {
    static final Set<String> FILTERS = Tags.andFilters(
            "availability-zone",
            "availabilityZone",
            "availability-zone-id",
            "availabilityZoneId",
            "available-ip-address-count",
            "cidr",
            "cidr-block",
            "cidrBlock",
            "customer-owned-ipv4-pool",
            "default-for-az",
            "defaultForAz",
            "enable-dns64",
            "enable-lni-at-device-index",
            "ipv6-cidr-block-association.association-id",
            "ipv6-cidr-block-association.ipv6-cidr-block",
            "ipv6-cidr-block-association.state",
            "ipv6-native",
            "map-customer-owned-ip-on-launch",
            "map-public-ip-on-launch",
            "outpost-arn",
            "owner-id",
            "private-dns-name-options-on-launch.hostname-type",
            "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
            "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
            "state",
            "subnet-arn",
            "subnet-id",
            "vpc-id");

    /** EC2 keeps the first four addresses and the last one for itself (Subnet CIDR blocks, Amazon VPC User Guide). */
    private static final int RESERVED = 5;

    private static final String AVAILABLE = "available";
    private static final String ASSOCIATED = "associated";

    private SubnetFields() {}

    static Fields subnet(Cloud cloud, NetworkInterface iface) {
        Account account = cloud.account();
        Fields dnsNames = new Fields.Builder()
                .with("hostnameType", "ip-name")
                .with("enableResourceNameDnsARecord", false)
                .with("enableResourceNameDnsAAAARecord", false)
                .build();
        return new Fields.Builder()
                .with("subnetId", iface.subnetId())
                .with("subnetArn", arn(cloud, iface))
                .with("state", AVAILABLE)
                .with("ownerId", account.account())
                .with("vpcId", account.vpcId())
                .with("cidrBlock", iface.subnetBlock().toString())
                .with(
                        "ipv6CidrBlockAssociationSet",
                        iface.subnetBlockV6().stream()
                                .map(block -> association(cloud, iface, block))
                                .toList())
                .with("availableIpAddressCount", free(iface))
                .with("availabilityZone", account.zone())
                .with("availabilityZoneId", account.zoneId())
                .with("defaultForAz", isDefault(iface))
                .with("mapPublicIpOnLaunch", false)
                .with("mapCustomerOwnedIpOnLaunch", false)
                .with("assignIpv6AddressOnCreation", false)
                .with("enableDns64", false)
                .with("ipv6Native", false)
                .with("privateDnsNameOptionsOnLaunch", dnsNames)
                .with("tagSet", Tags.set(tags(cloud, iface)))
                .build();
    }

    private static Fields association(Cloud cloud, NetworkInterface iface, Cidr block) {
        return new Fields.Builder()
                .with("associationId", associationId(cloud, iface))
                .with("ipv6CidrBlock", block.toString())
                .with(
                        "ipv6CidrBlockState",
                        new Fields.Builder().with("state", ASSOCIATED).build())
                .build();
    }

    private static String associationId(Cloud cloud, NetworkInterface iface) {
        return cloud.account().ids().of(ResourceKind.SUBNET_ASSOCIATION, iface.name());
    }

    private static String arn(Cloud cloud, NetworkInterface iface) {
        return cloud.account().arn(ResourceKind.SUBNET.resourceType(), iface.subnetId());
    }

    /** A zone has one default subnet: that of the primary interface. */
    private static boolean isDefault(NetworkInterface iface) {
        return iface.index() == 0;
    }

    private static Map<String, String> tags(Cloud cloud, NetworkInterface iface) {
        return cloud.state().tags(iface.subnetId());
    }

    private static int free(NetworkInterface iface) {
        Cidr block = iface.subnetBlock();
        long all = 1L << block.network().bits() - block.prefixLength();
        long used = iface.addresses(false).stream().filter(block::encloses).count();
        return Math.clamp(all - RESERVED - used, 0, Integer.MAX_VALUE);
    }

    /** The values of a subnet for a filter. */
    static Collection<String> property(Cloud cloud, NetworkInterface iface, String name) {
        Account account = cloud.account();
        return switch (name) {
            case "availability-zone", "availabilityZone" -> List.of(account.zone());
            case "availability-zone-id", "availabilityZoneId" -> List.of(account.zoneId());
            case "available-ip-address-count" -> List.of(String.valueOf(free(iface)));
            case "cidr", "cidr-block", "cidrBlock" ->
                List.of(iface.subnetBlock().toString());
            case "default-for-az", "defaultForAz" -> List.of(String.valueOf(isDefault(iface)));
            case "ipv6-cidr-block-association.association-id" ->
                iface.subnetBlockV6().stream()
                        .map(_ -> associationId(cloud, iface))
                        .toList();
            case "ipv6-cidr-block-association.ipv6-cidr-block" ->
                iface.subnetBlockV6().stream().map(Cidr::toString).toList();
            case "ipv6-cidr-block-association.state" ->
                iface.subnetBlockV6().stream().map(_ -> ASSOCIATED).toList();
            case "private-dns-name-options-on-launch.hostname-type" -> List.of("ip-name");
            case "enable-dns64",
                    "ipv6-native",
                    "map-customer-owned-ip-on-launch",
                    "map-public-ip-on-launch",
                    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
                    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record" -> List.of("false");
            case "owner-id" -> List.of(account.account());
            case "state" -> List.of(AVAILABLE);
            case "subnet-arn" -> List.of(arn(cloud, iface));
            case "subnet-id" -> List.of(iface.subnetId());
            case "vpc-id" -> List.of(account.vpcId());
            default -> Tags.property(name, tags(cloud, iface));
        };
    }
}
