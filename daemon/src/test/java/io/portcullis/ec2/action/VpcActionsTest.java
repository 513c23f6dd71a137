package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.wire.ActionTable;
import io.portcullis.ec2.wire.Service;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The VPC and its subnets, as clients ask for them. */
final class VpcActionsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
              guests:
                mode: bridge
                outside: eth1
                inside: eth2
                addresses: [10.1.0.0/24, 10.1.0.7, "fd00::/64"]
                security-groups: [web]
              lab: {mode: bridge, outside: eth3, inside: eth4, addresses: [10.1.0.128/25], security-groups: [web]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: 80, from: any}
            """;
    private static final String KNOWN =
            YAML.replace("nic: eth0, security-groups", "nic: eth0, addresses: [198.51.100.7], security-groups");
    private static final String VPC = "vpc-0123456789abcdef0";
    private static final Ids IDS = TextStore.ACCOUNT.ids();

    private final Calls calls = new Calls(new TextStore(KNOWN));

    private static String body(String xml) {
        return xml.replaceFirst("(?s).*<requestId>request-1</requestId>", "").replaceFirst("</[A-Za-z]+Response>$", "");
    }

    private static List<String> values(String xml, String element) {
        return Pattern.compile("<" + element + ">([^<]*)</" + element + ">")
                .matcher(xml)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    private static String association(String block) {
        return "<associationId>" + IDS.of(ResourceKind.VPC_ASSOCIATION, block) + "</associationId>";
    }

    @Test
    void thereIsOneVpcWithTheNetworksOfAllInterfaces() throws Exception {
        String state = "State><state>associated</state></";
        assertEquals(
                "<vpcSet><item><vpcId>" + VPC + "</vpcId><ownerId>123456789012</ownerId><state>available</state>"
                        + "<cidrBlock>198.51.100.7/32</cidrBlock><cidrBlockAssociationSet><item>"
                        + association("198.51.100.7/32") + "<cidrBlock>198.51.100.7/32</cidrBlock><cidrBlock" + state
                        + "cidrBlockState></item><item>" + association("10.1.0.0/24")
                        + "<cidrBlock>10.1.0.0/24</cidrBlock><cidrBlock" + state + "cidrBlockState></item>"
                        + "</cidrBlockAssociationSet><ipv6CidrBlockAssociationSet><item>" + association("fd00::/64")
                        + "<ipv6CidrBlock>fd00::/64</ipv6CidrBlock><ipv6CidrBlock" + state + "ipv6CidrBlockState>"
                        + "<networkBorderGroup>us-east-1</networkBorderGroup></item></ipv6CidrBlockAssociationSet>"
                        + "<dhcpOptionsId>default</dhcpOptionsId><instanceTenancy>default</instanceTenancy>"
                        + "<isDefault>true</isDefault><tagSet/></item></vpcSet>",
                body(calls.answer("Action=DescribeVpcs&VpcId.1=" + VPC)));
    }

    @Test
    void aHostOfUnknownAddressesStillHasBlocksOfBothFamilies() throws Exception {
        TextStore store = new TextStore(
                YAML.lines().limit(3).reduce("", (a, b) -> a + b + "\n") + "security-groups: {web: {ingress: []}}\n");
        String xml = new Calls(store).answer("Action=DescribeVpcs");
        assertEquals(List.of("0.0.0.0/0", "0.0.0.0/0"), values(xml, "cidrBlock"));
        assertEquals(List.of("::/0"), values(xml, "ipv6CidrBlock"));
    }

    @ParameterizedTest
    @CsvSource({
        "isDefault, true, true",
        "is-default, false, false",
        "vpc-id, vpc-*, true",
        "state, available, true",
        "owner-id, 123456789012, true",
        "cidr, 198.51.100.7/32, true",
        "cidr, 10.1.0.0/24, false",
        "cidr-block-association.cidr-block, 10.1.0.0/24, true",
        "cidr-block-association.cidr-block, 10.1.0.128/25, false",
        "cidr-block-association.state, associated, true",
        "ipv6-cidr-block-association.ipv6-cidr-block, fd00::/64, true",
        "ipv6-cidr-block-association.ipv6-pool, *, false",
        "dhcp-options-id, default, true",
        "tag-key, *, false",
    })
    void filtersLookAtTheVpc(String filter, String value, boolean isFound) throws Exception {
        String xml = calls.answer("Action=DescribeVpcs&Filter.1.Name=" + filter + "&Filter.1.Value.1=" + value);
        assertEquals(isFound, xml.contains(VPC), xml);
    }

    @Test
    void anotherVpcDoesNotExist() {
        assertEquals(
                "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
                calls.refusal("Action=DescribeVpcs&VpcId.1=vpc-00000000"));
        assertEquals(
                "InvalidVpcID.Malformed: The vpc ID 'main' is malformed",
                calls.refusal("Action=DescribeVpcs&VpcId.1=main"));
        assertEquals(
                "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
                calls.refusal("Action=DescribeVpcAttribute&Attribute=enableDnsSupport&VpcId=vpc-00000000"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"})
    void servicesOfAmazonAreOff(String attribute) throws Exception {
        assertEquals(
                "<vpcId>" + VPC + "</vpcId><" + attribute + "><value>false</value></" + attribute + ">",
                body(calls.answer("Action=DescribeVpcAttribute&VpcId=" + VPC + "&Attribute=" + attribute)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"DescribeVpcClassicLink", "DescribeVpcClassicLinkDnsSupport"})
    void classicLinkIsNotOffered(String action) {
        assertTrue(ActionTable.find(Service.EC2, action).isEmpty());
        assertEquals(
                "UnsupportedOperation",
                ActionTable.unknown(Service.EC2, action).error().code());
    }

    @Test
    void eachInterfaceHasASubnet() throws Exception {
        String id = IDS.of(ResourceKind.SUBNET, "guests");
        assertEquals(
                "<subnetSet><item><subnetId>" + id + "</subnetId><subnetArn>arn:aws:ec2:us-east-1:123456789012:subnet/"
                        + id
                        + "</subnetArn><state>available</state><ownerId>123456789012</ownerId><vpcId>" + VPC
                        + "</vpcId><cidrBlock>10.1.0.0/24</cidrBlock><ipv6CidrBlockAssociationSet><item><associationId>"
                        + IDS.of(ResourceKind.SUBNET_ASSOCIATION, "guests")
                        + "</associationId><ipv6CidrBlock>fd00::/64</ipv6CidrBlock><ipv6CidrBlockState>"
                        + "<state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>"
                        + "<availableIpAddressCount>250</availableIpAddressCount>"
                        + "<availabilityZone>us-east-1a</availabilityZone>"
                        + "<availabilityZoneId>us-east-1-az1</availabilityZoneId><defaultForAz>false</defaultForAz>"
                        + "<mapPublicIpOnLaunch>false</mapPublicIpOnLaunch>"
                        + "<mapCustomerOwnedIpOnLaunch>false</mapCustomerOwnedIpOnLaunch>"
                        + "<assignIpv6AddressOnCreation>false</assignIpv6AddressOnCreation><enableDns64>false</enableDns64>"
                        + "<ipv6Native>false</ipv6Native><privateDnsNameOptionsOnLaunch><hostnameType>ip-name</hostnameType>"
                        + "<enableResourceNameDnsARecord>false</enableResourceNameDnsARecord>"
                        + "<enableResourceNameDnsAAAARecord>false</enableResourceNameDnsAAAARecord>"
                        + "</privateDnsNameOptionsOnLaunch><tagSet/></item></subnetSet>",
                body(calls.answer("Action=DescribeSubnets&SubnetId.1=" + id)));
        assertEquals(
                3, values(calls.answer("Action=DescribeSubnets"), "subnetId").size());
    }

    @ParameterizedTest
    @CsvSource({
        "vpc-id, vpc-0123456789abcdef0, 3",
        "availabilityZone, us-east-1a, 3",
        "availability-zone, us-east-1a, 3",
        "availability-zone, us-east-1b, 0",
        "availability-zone-id, us-east-1-az1, 3",
        "availabilityZoneId, us-east-1-az1, 3",
        "defaultForAz, true, 1",
        "default-for-az, false, 2",
        "cidr-block, 10.1.0.0/24, 1",
        "cidr-block, 10.1.0.0/16, 0",
        "owner-id, 123456789012, 3",
        "state, available, 3",
        "state, pending, 0",
        "ipv6-cidr-block-association.ipv6-cidr-block, fd00::/64, 1",
        "ipv6-native, false, 3",
        "private-dns-name-options-on-launch.hostname-type, ip-name, 3",
        "customer-owned-ipv4-pool, *, 0",
        "default-for-az, true, 1",
        "cidrBlock, 10.1.0.0/24, 1",
        "cidr, 10.1.0.128/25, 1",
        "ipv6-cidr-block-association.state, associated, 1",
        "available-ip-address-count, 0, 1",
        "available-ip-address-count, 123, 1",
        "subnet-arn, arn:aws:ec2:us-east-1:123456789012:subnet/*, 3",
        "map-public-ip-on-launch, true, 0",
        "outpost-arn, *, 0",
    })
    void filtersLookAtSubnets(String filter, String value, int count) throws Exception {
        String xml = calls.answer("Action=DescribeSubnets&Filter.1.Name=" + filter + "&Filter.1.Value.1=" + value);
        assertEquals(count, values(xml, "subnetId").size(), xml);
    }

    @ParameterizedTest
    @ValueSource(strings = {"DescribeVpcs", "DescribeSubnets"})
    void anUndocumentedFilterIsRefused(String action) {
        assertEquals(
                "InvalidParameterValue: The filter 'group-id' is invalid",
                calls.refusal("Action=" + action + "&Filter.1.Name=group-id&Filter.1.Value.1=a"));
    }

    @Test
    void subnetsComeInPages() throws Exception {
        StringBuilder yaml = new StringBuilder("version: 1\ninterfaces:\n");
        for (int i = 0; i < 12; i++) {
            yaml.append("  web%d: {mode: host, nic: eth%d, security-groups: [web]}\n".formatted(i, i));
        }
        TextStore store = new TextStore(yaml + "security-groups: {web: {ingress: []}}\n");
        Calls many = new Calls(store);
        List<String> seen = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        String token = "";
        do {
            String xml = many.answer("Action=DescribeSubnets&MaxResults=5" + token);
            List<String> ids = values(xml, "subnetId");
            seen.addAll(ids);
            sizes.add(ids.size());
            token = values(xml, "nextToken").stream()
                    .map(next -> "&NextToken=" + next)
                    .collect(Collectors.joining());
        } while (!token.isEmpty());
        assertEquals(List.of(5, 5, 2), sizes);
        assertEquals(12, Set.copyOf(seen).size());
        assertEquals(
                "InvalidParameterValue: Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
                many.refusal("Action=DescribeSubnets&MaxResults=4"));
        assertEquals(
                "InvalidParameterValue: Value ( x ) for parameter NextToken is invalid. The token is invalid.",
                many.refusal("Action=DescribeVpcs&NextToken=x"));
        assertEquals(List.of(), values(many.answer("Action=DescribeVpcs&MaxResults=5"), "nextToken"));
    }

    @Test
    void anotherSubnetDoesNotExist() {
        assertEquals(
                "InvalidSubnetID.NotFound: The subnet ID 'subnet-00000000' does not exist",
                calls.refusal("Action=DescribeSubnets&SubnetId.1=subnet-00000000"));
        assertEquals(
                "InvalidSubnetID.Malformed: The subnet ID 'web0' is malformed",
                calls.refusal("Action=DescribeSubnets&SubnetId.1=web0"));
    }

    @Test
    void tagsOfVpcAndSubnetAreShown() throws Exception {
        String subnet = IDS.of(ResourceKind.SUBNET, "web0");
        calls.answer(
                "Action=CreateTags&ResourceId.1=" + VPC + "&ResourceId.2=" + subnet + "&Tag.1.Key=a&Tag.1.Value=b");
        String tag = "<tagSet><item><key>a</key><value>b</value></item></tagSet>";
        assertTrue(calls.answer("Action=DescribeVpcs&Filter.1.Name=tag:a&Filter.1.Value.1=b")
                .contains(tag));
        String subnets = calls.answer("Action=DescribeSubnets&Filter.1.Name=tag-value&Filter.1.Value.1=b");
        assertTrue(subnets.contains(tag) && subnets.contains(subnet), subnets);
        assertFalse(calls.answer("Action=DescribeVpcs&Filter.1.Name=tag:a&Filter.1.Value.1=c")
                .contains(VPC));
    }
}
