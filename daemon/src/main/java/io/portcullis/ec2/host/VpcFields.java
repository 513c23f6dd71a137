package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The VPC as answers show it: the networks of all interfaces. */
final class VpcFields {
    /** EC2's name for the options of a VPC that has none of its own (AssociateDhcpOptions, EC2 API Reference). */
    static final String DHCP_OPTIONS = "default";

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
    static List<Cidr> blocks(Cloud cloud, boolean isV6) {
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

    static String associationId(Cloud cloud, Cidr block) {
        return cloud.account().ids().of(ResourceKind.VPC_ASSOCIATION, block.toString());
    }

    static Map<String, String> tags(Cloud cloud) {
        return cloud.state().tags(cloud.account().vpcId());
    }
}
