package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.model.Nic;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Network interfaces, and the groups that they are given, as clients ask for them. */
final class InterfaceActionsTest {
    private static final String WEB0 = "eni-0123456789abcdef0";
    private static final String GUESTS = "eni-00000002";
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, id: eni-0123456789abcdef0, source-check: true, security-groups: [web, ssh]}   # the only one outside
              guests:
                mode: bridge
                outside: eth1
                inside: eth2
                addresses: [10.1.0.0/24, 10.1.0.7, "fd00::/64"]
                id: eni-00000002
                security-groups:
                  - web   # as the others
            security-groups:
              web: {id: sg-0000000a, ingress: []}
              ssh: {id: sg-0000000b, ingress: []}
              db: {id: sg-0000000c, ingress: []}
            """;
    private static final String MODIFY = "Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId=" + WEB0;
    private static final String ATTRIBUTE = "Action=DescribeNetworkInterfaceAttribute&NetworkInterfaceId=" + WEB0;
    private static final Ids IDS = TextStore.ACCOUNT.ids();

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    InterfaceActionsTest() {
        store.nic(
                "web0",
                new Nic(
                        "02:00:00:00:00:01",
                        List.of(
                                network("198.51.100.7", "198.51.100.0", 24),
                                network("198.51.100.8", "198.51.100.0", 24),
                                network("fe80::1", "fe80::", 64),
                                network("2001:db8::7", "2001:db8::", 64))));
    }

    private static Nic.Network network(String address, String network, int length) {
        return new Nic.Network(Cidr.of(Address.parse(address)), new Cidr(Address.parse(network), length));
    }

    private static String body(String xml) {
        return xml.replaceFirst("(?s).*<requestId>request-1</requestId>", "").replaceFirst("</[A-Za-z]+Response>$", "");
    }

    private List<String> found(String filter, String value) throws Exception {
        String xml =
                calls.answer("Action=DescribeNetworkInterfaces&Filter.1.Name=" + filter + "&Filter.1.Value.1=" + value);
        return Pattern.compile("<description>([^<]*)</description>")
                .matcher(xml)
                .results()
                .map(each -> each.group(1))
                .toList();
    }

    @Test
    void anInterfaceIsShownWhole() throws Exception {
        String xml = calls.answer("Action=DescribeNetworkInterfaces&NetworkInterfaceId.1=" + WEB0);
        assertEquals(
                "<networkInterfaceSet><item><networkInterfaceId>" + WEB0 + "</networkInterfaceId><subnetId>"
                        + IDS.of(ResourceKind.SUBNET, "web0") + "</subnetId><vpcId>vpc-0123456789abcdef0</vpcId>"
                        + "<ownerId>123456789012</ownerId><description>web0</description>"
                        + "<interfaceType>interface</interfaceType><status>in-use</status>"
                        + "<macAddress>02:00:00:00:00:01</macAddress><privateIpAddress>198.51.100.7</privateIpAddress>"
                        + "<privateIpAddressesSet><item><primary>true</primary>"
                        + "<privateIpAddress>198.51.100.7</privateIpAddress></item><item><primary>false</primary>"
                        + "<privateIpAddress>198.51.100.8</privateIpAddress></item></privateIpAddressesSet>"
                        + "<ipv6AddressesSet><item><ipv6Address>2001:db8::7</ipv6Address>"
                        + "<isPrimaryIpv6>false</isPrimaryIpv6></item></ipv6AddressesSet><ipv4PrefixSet/><ipv6PrefixSet/>"
                        + "<sourceDestCheck>true</sourceDestCheck><groupSet><item><groupId>sg-0000000a</groupId>"
                        + "<groupName>web</groupName></item><item><groupId>sg-0000000b</groupId><groupName>ssh</groupName>"
                        + "</item></groupSet><attachment><attachmentId>" + IDS.of(ResourceKind.ATTACHMENT, "web0")
                        + "</attachmentId><deviceIndex>0</deviceIndex><networkCardIndex>0</networkCardIndex>"
                        + "<status>attached</status><deleteOnTermination>false</deleteOnTermination><instanceId>"
                        + IDS.of(ResourceKind.INSTANCE, "host")
                        + "</instanceId><instanceOwnerId>123456789012</instanceOwnerId>"
                        + "</attachment><availabilityZone>us-east-1a</availabilityZone>"
                        + "<availabilityZoneId>us-east-1-az1</availabilityZoneId><requesterManaged>false</requesterManaged>"
                        + "<ipv6Address>2001:db8::7</ipv6Address><tagSet/></item></networkInterfaceSet>",
                body(xml));
    }

    @Test
    void whatIsNotKnownIsLeftOut() throws Exception {
        String xml = calls.answer("Action=DescribeNetworkInterfaces&NetworkInterfaceId.1=" + GUESTS);
        assertTrue(!xml.contains("macAddress") && !xml.contains("<ipv6Address>"), xml);
        assertTrue(xml.contains("<privateIpAddress>10.1.0.7</privateIpAddress><privateIpAddressesSet>"), xml);
        assertTrue(xml.contains("<sourceDestCheck>false</sourceDestCheck>"), xml);
    }

    @ParameterizedTest
    @CsvSource({
        "group-id, sg-0000000b, web0",
        "group-id, sg-0000000a, guests web0",
        "group-id, sg-0000000c, ''",
        "group-name, ss*, web0",
        "network-interface-id, eni-00000002, guests",
        "attachment.device-index, 1, guests",
        "attachment.status, attached, guests web0",
        "attachment.delete-on-termination, true, ''",
        "attachment.instance-owner-id, 123456789012, guests web0",
        "addresses.private-ip-address, 198.51.100.8, web0",
        "addresses.primary, false, web0",
        "addresses.association.public-ip, *, ''",
        "private-ip-address, 10.1.0.7, guests",
        "ipv6-addresses.ipv6-address, 2001:db8::7, web0",
        "mac-address, 02:00:00:00:00:01, web0",
        "mac-address, '', ''",
        "status, in-use, guests web0",
        "status, available, ''",
        "source-dest-check, false, guests",
        "availability-zone, us-east-1a, guests web0",
        "availability-zone-id, us-east-1-az1, guests web0",
        "description, gu?sts, guests",
        "interface-type, interface, guests web0",
        "owner-id, 123456789012, guests web0",
        "vpc-id, vpc-0123456789abcdef0, guests web0",
        "requester-managed, false, guests web0",
        "requester-id, *, ''",
        "tag-key, *, ''",
    })
    void filtersLookAtWhatIsShown(String filter, String value, String names) throws Exception {
        assertEquals(names, String.join(" ", found(filter, value)));
    }

    @Test
    void filtersOfIdsThatAreDerivedMatchToo() throws Exception {
        assertEquals(List.of("web0"), found("subnet-id", IDS.of(ResourceKind.SUBNET, "web0")));
        assertEquals(List.of("web0"), found("attachment.attachment-id", IDS.of(ResourceKind.ATTACHMENT, "web0")));
        assertEquals(List.of("guests", "web0"), found("attachment.instance-id", IDS.of(ResourceKind.INSTANCE, "host")));
        calls.answer("Action=CreateTags&ResourceId.1=" + GUESTS + "&Tag.1.Key=env&Tag.1.Value=prod");
        assertEquals(List.of("guests"), found("tag:env", "prod"));
    }

    @Test
    void aWrongFilterOrIdIsRefused() {
        assertEquals(
                "InvalidParameterValue: The filter 'groupid' is invalid",
                calls.refusal("Action=DescribeNetworkInterfaces&Filter.1.Name=groupid&Filter.1.Value.1=a"));
        assertEquals(
                "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-00000009' does not exist",
                calls.refusal("Action=DescribeNetworkInterfaces&NetworkInterfaceId.1=eni-00000009"));
        assertEquals(
                "InvalidNetworkInterfaceId.Malformed: Invalid id: \"web0\" (expecting \"eni-...\")",
                calls.refusal("Action=DescribeNetworkInterfaces&NetworkInterfaceId.1=web0"));
    }

    @Test
    void pagesFollowEachOther() throws Exception {
        StringBuilder yaml = new StringBuilder("version: 1\nsecurity-groups: {web: {ingress: []}}\ninterfaces:\n");
        for (int i = 0; i < 12; i++) {
            yaml.append("  i%d: {mode: host, nic: eth%d, security-groups: [web]}\n".formatted(i, i));
        }
        Calls many = new Calls(new TextStore(yaml.toString()));
        String query = "Action=DescribeNetworkInterfaces&MaxResults=5";
        int seen = 0;
        int pages = 0;
        for (String next = ""; next != null; pages++) {
            String xml = many.answer(query + next);
            seen += xml.split("<networkInterfaceId>", -1).length - 1;
            var token = Pattern.compile("<nextToken>(.*)</nextToken>").matcher(xml);
            next = token.find() ? "&NextToken=" + token.group(1) : null;
        }
        assertEquals("12 in 3", seen + " in " + pages);
    }

    @ParameterizedTest
    @CsvSource({
        "description, <description><value>web0</value></description>",
        "sourceDestCheck, <sourceDestCheck><value>true</value></sourceDestCheck>",
        "associatePublicIpAddress, <associatePublicIpAddress>false</associatePublicIpAddress>",
        "groupSet, <groupSet><item><groupId>sg-0000000a</groupId><groupName>web</groupName></item><item>"
                + "<groupId>sg-0000000b</groupId><groupName>ssh</groupName></item></groupSet>",
    })
    void anAttributeIsShown(String attribute, String xml) throws Exception {
        assertEquals(
                "<networkInterfaceId>" + WEB0 + "</networkInterfaceId>" + xml,
                body(calls.answer(ATTRIBUTE + "&Attribute=" + attribute)));
    }

    @Test
    void theAttachmentNamesTheInstance() throws Exception {
        String xml = calls.answer(ATTRIBUTE + "&Attribute=attachment");
        assertTrue(xml.contains("<instanceId>" + IDS.of(ResourceKind.INSTANCE, "host") + "</instanceId>"), xml);
        assertEquals("MissingParameter: The request must contain the parameter Attribute", calls.refusal(ATTRIBUTE));
    }

    @Test
    void groupsAreSetInTheFile() throws Exception {
        assertEquals(
                "<return>true</return>",
                body(calls.answer(MODIFY + "&SecurityGroupId.1=sg-0000000c&SecurityGroupId.2=sg-0000000a")));
        assertEquals(YAML.replace("[web, ssh]", "[web, db]"), store.text());
        calls.answer("Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId=" + GUESTS
                + "&SecurityGroupId.1=sg-0000000b&SecurityGroupId.2=sg-0000000a");
        assertEquals(
                YAML.replace("[web, ssh]", "[web, db]")
                        .replace("- web   # as the others", "- web   # as the others\n      - ssh"),
                store.text());
    }

    @Test
    void theSameGroupsAreNoChange() throws Exception {
        calls.answer(MODIFY + "&SecurityGroupId.1=sg-0000000b&SecurityGroupId.2=sg-0000000a");
        assertEquals(YAML, store.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "&SecurityGroupId.1=sg-0000000f | InvalidGroup.NotFound: The security group 'sg-0000000f' does not exist",
                "&SecurityGroupId.1=web | InvalidGroupId.Malformed: The security group ID 'web' is malformed",
                "&SecurityGroupId.1= | InvalidGroupId.Malformed: The security group ID '' is malformed",
                "'' | InvalidParameterCombination: No attributes specified.",
                "&SecurityGroupId.1=sg-0000000a&SecurityGroupId.2=sg-0000000a | InvalidParameterValue: The security group"
                        + " 'sg-0000000a' is specified more than once",
                "&SourceDestCheck.Value=false | OperationNotPermitted: Only the security groups of a network interface can"
                        + " be changed on this host, not SourceDestCheck",
                "&SecurityGroupId.1=sg-0000000c&Description.Value=a | OperationNotPermitted: Only the security groups of a"
                        + " network interface can be changed on this host, not Description",
                "&SecurityGroupId.1=sg-0000000c&AssociatePublicIpAddress=true | OperationNotPermitted: Only the security"
                        + " groups of a network interface can be changed on this host, not AssociatePublicIpAddress",
                "&SecurityGroupId.1=sg-0000000c&DryRun=true | DryRunOperation: Request would have succeeded, but DryRun flag"
                        + " is set.",
            })
    void aRefusedChangeChangesNothing(String rest, String refusal) {
        assertEquals(refusal, calls.refusal(MODIFY + rest));
        assertEquals(YAML, store.text());
    }

    @Test
    void anUnknownInterfaceIsNotChanged() {
        assertEquals(
                "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-00000009' does not exist",
                calls.refusal(
                        "Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId=eni-00000009&SecurityGroupId.1=sg-0000000a"));
    }
}
