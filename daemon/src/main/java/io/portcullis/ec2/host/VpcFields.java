package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The VPC as answers show it, and as filters see it: the networks of all interfaces. */
final class VpcFields {
    static final Set<String> FILTERS = Tags.andFilters(
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

    /** EC2's name for the options of a VPC that has none of its own (AssociateDhcpOptions, EC2 API Reference). */
    private static final String DHCP_OPTIONS = "default";

    private static final Fields ASSOCIATED =
            new Fields.Builder().with("state", "associated").build();

    private VpcFields() {}

    static Fields vpc(Cloud cloud) {
        Account account = cloud.account();
        List<Cidr> v4 = blocks(cloud, false);
        return new Fields.Builder()
                .with("vpcId", account.vpcId())
                .with("ownerId", account.account())
                .with("state", "available")
                .with("cidrBlock", v4.getFirst().toString())
                .with(
                        "cidrBlockAssociationSet",
                        v4.stream().map(block -> association(cloud, block)).toList())
                .with(
                        "ipv6CidrBlockAssociationSet",
                        blocks(cloud, true).stream()
                                .map(block -> associationV6(cloud, block))
                                .toList())
                .with("dhcpOptionsId", DHCP_OPTIONS)
                .with("instanceTenancy", "default")
                .with("isDefault", true)
                .with("tagSet", Tags.set(tags(cloud)))
                .build();
    }

    /** Both families always have one: rules of both can be written. */
    private static List<Cidr> blocks(Cloud cloud, boolean isV6) {
        List<Cidr> all = cloud.interfaces().stream()
                .sorted(Comparator.comparingInt(NetworkInterface::index))
                .flatMap(each -> isV6 ? each.subnetBlockV6().stream() : Stream.of(each.subnetBlock()))
                .distinct()
                .toList();
        List<Cidr> outer = all.stream()
                .filter(block -> all.stream().noneMatch(other -> !other.equals(block) && other.encloses(block)))
                .toList();
        return outer.isEmpty() ? List.of(isV6 ? Cidr.ALL_V6 : Cidr.ALL_V4) : outer;
    }

    private static Fields association(Cloud cloud, Cidr block) {
        return new Fields.Builder()
                .with("associationId", associationId(cloud, block))
                .with("cidrBlock", block.toString())
                .with("cidrBlockState", ASSOCIATED)
                .build();
    }

    private static Fields associationV6(Cloud cloud, Cidr block) {
        return new Fields.Builder()
                .with("associationId", associationId(cloud, block))
                .with("ipv6CidrBlock", block.toString())
                .with("ipv6CidrBlockState", ASSOCIATED)
                .with("networkBorderGroup", cloud.account().region())
                .build();
    }

    private static String associationId(Cloud cloud, Cidr block) {
        return cloud.account().ids().of(ResourceKind.VPC_ASSOCIATION, block.toString());
    }

    private static Map<String, String> tags(Cloud cloud) {
        return cloud.state().tags(cloud.account().vpcId());
    }

    /** The values of the VPC for a filter. */
    static Collection<String> property(Cloud cloud, String name) {
        return switch (name) {
            case "vpc-id" -> List.of(cloud.account().vpcId());
            case "state" -> List.of("available");
            case "isDefault", "is-default" -> List.of("true");
            case "owner-id" -> List.of(cloud.account().account());
            case "dhcp-options-id" -> List.of(DHCP_OPTIONS);
            case "cidr" -> List.of(blocks(cloud, false).getFirst().toString());
            case "cidr-block-association.cidr-block" -> texts(blocks(cloud, false));
            case "ipv6-cidr-block-association.ipv6-cidr-block" -> texts(blocks(cloud, true));
            case "cidr-block-association.association-id" -> associationIds(cloud, false);
            case "ipv6-cidr-block-association.association-id" -> associationIds(cloud, true);
            case "cidr-block-association.state", "ipv6-cidr-block-association.state" -> List.of("associated");
            default -> Tags.property(name, tags(cloud));
        };
    }

    private static List<String> texts(List<Cidr> blocks) {
        return blocks.stream().map(Cidr::toString).toList();
    }

    private static List<String> associationIds(Cloud cloud, boolean isV6) {
        return blocks(cloud, isV6).stream()
                .map(block -> associationId(cloud, block))
                .toList();
    }
}
