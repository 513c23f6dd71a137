package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.net.Cidr;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The filters of VPCs. */
final class VpcFilters {
    /** DescribeVpcs, EC2 API Reference; isDefault is of older versions. */
    static final Set<String> NAMES = Tags.andFilters(
            "cidr",
            "cidr-block-association.association-id",
            "cidr-block-association.cidr-block",
            "cidr-block-association.state",
            "dhcp-options-id",
            "ipv6-cidr-block-association.association-id",
            "ipv6-cidr-block-association.ipv6-cidr-block",
            "ipv6-cidr-block-association.ipv6-pool",
            "ipv6-cidr-block-association.state",
            "isDefault",
            "is-default",
            "owner-id",
            "state",
            "vpc-id");

    private VpcFilters() {}

    /** The values of the VPC for a filter. */
    static Collection<String> property(Cloud cloud, String name) {
        return switch (name) {
            case "vpc-id" -> List.of(cloud.account().vpcId());
            case "state" -> List.of("available");
            case "isDefault", "is-default" -> List.of("true");
            case "owner-id" -> List.of(cloud.account().account());
            case "dhcp-options-id" -> List.of(VpcFields.DHCP_OPTIONS);
            case "cidr" -> List.of(VpcFields.blocks(cloud, false).getFirst().toString());
            case "cidr-block-association.cidr-block" -> texts(VpcFields.blocks(cloud, false));
            case "ipv6-cidr-block-association.ipv6-cidr-block" -> texts(VpcFields.blocks(cloud, true));
            case "cidr-block-association.association-id" -> associationIds(cloud, false);
            case "ipv6-cidr-block-association.association-id" -> associationIds(cloud, true);
            case "cidr-block-association.state", "ipv6-cidr-block-association.state" -> List.of("associated");
            default -> Tags.property(name, VpcFields.tags(cloud));
        };
    }

    private static List<String> texts(List<Cidr> blocks) {
        return blocks.stream().map(Cidr::toString).toList();
    }

    private static List<String> associationIds(Cloud cloud, boolean isV6) {
        return VpcFields.blocks(cloud, isV6).stream()
                .map(block -> VpcFields.associationId(cloud, block))
                .toList();
    }
}
