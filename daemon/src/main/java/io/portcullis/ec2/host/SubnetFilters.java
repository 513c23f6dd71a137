package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.net.Cidr;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The filters of subnets. */
final class SubnetFilters {
    /** DescribeSubnets, EC2 API Reference. */
    static final Set<String> NAMES = Tags.andFilters(
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

    private SubnetFilters() {}

    /** The values of a subnet for a filter. */
    static Collection<String> property(Cloud cloud, NetworkInterface iface, String name) {
        Account account = cloud.account();
        return switch (name) {
            case "availability-zone", "availabilityZone" -> List.of(account.zone());
            case "availability-zone-id", "availabilityZoneId" -> List.of(account.zoneId());
            case "available-ip-address-count" -> List.of(String.valueOf(SubnetFields.free(iface)));
            case "cidr", "cidr-block", "cidrBlock" ->
                List.of(iface.subnetBlock().toString());
            case "default-for-az", "defaultForAz" -> List.of(String.valueOf(SubnetFields.isDefault(iface)));
            case "ipv6-cidr-block-association.association-id" ->
                iface.subnetBlockV6().stream()
                        .map(_ -> SubnetFields.associationId(cloud, iface))
                        .toList();
            case "ipv6-cidr-block-association.ipv6-cidr-block" ->
                iface.subnetBlockV6().stream().map(Cidr::toString).toList();
            case "ipv6-cidr-block-association.state" ->
                iface.subnetBlockV6().stream().map(_ -> SubnetFields.ASSOCIATED).toList();
            case "private-dns-name-options-on-launch.hostname-type" -> List.of("ip-name");
            case "enable-dns64",
                    "ipv6-native",
                    "map-customer-owned-ip-on-launch",
                    "map-public-ip-on-launch",
                    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
                    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record" -> List.of("false");
            case "owner-id" -> List.of(account.account());
            case "state" -> List.of(SubnetFields.AVAILABLE);
            case "subnet-arn" -> List.of(SubnetFields.arn(cloud, iface));
            case "subnet-id" -> List.of(iface.subnetId());
            case "vpc-id" -> List.of(account.vpcId());
            default -> Tags.property(name, SubnetFields.tags(cloud, iface));
        };
    }
}
