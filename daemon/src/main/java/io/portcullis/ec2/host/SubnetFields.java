package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import java.util.Map;

/** Subnets as answers show them. */
final class SubnetFields {
    /** EC2 keeps the first four addresses and the last one for itself (Subnet CIDR blocks, Amazon VPC User Guide). */
    private static final int RESERVED = 5;

    static final String AVAILABLE = "available";
    static final String ASSOCIATED = "associated";

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

    static String associationId(Cloud cloud, NetworkInterface iface) {
        return cloud.account().ids().of(ResourceKind.SUBNET_ASSOCIATION, iface.name());
    }

    static String arn(Cloud cloud, NetworkInterface iface) {
        return cloud.account().arn(ResourceKind.SUBNET.resourceType(), iface.subnetId());
    }

    /** A zone has one default subnet: that of the primary interface. */
    static boolean isDefault(NetworkInterface iface) {
        return iface.index() == 0;
    }

    static Map<String, String> tags(Cloud cloud, NetworkInterface iface) {
        return cloud.state().tags(iface.subnetId());
    }

    static int free(NetworkInterface iface) {
        Cidr block = iface.subnetBlock();
        long all = 1L << block.network().bits() - block.prefixLength();
        long used = iface.addresses(false).stream().filter(block::encloses).count();
        return Math.clamp(all - RESERVED - used, 0, Integer.MAX_VALUE);
    }
}
