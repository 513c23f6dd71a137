package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.Group;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Security groups in answers. */
final class GroupListingsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web:
                id: sg-00000000000000001
                description: front <end> & more
                ingress:
                  - {protocol: tcp, ports: [80, 443], from: [203.0.113.0/24, "2001:db8::/32"], description: public}
                  - {protocol: tcp, ports: 80, from: {group: db}}
                  - {protocol: tcp, ports: 80, from: {prefix-list: offices}}
                  - {protocol: icmp, from: 10.0.0.0/8}
                  - {protocol: icmp, type: 8, code: 0, from: 10.0.0.0/8}
                  - {protocol: all, from: 192.0.2.0/24}
                  - {protocol: 50, from: 192.0.2.0/24}
                  - {protocol: udp, from: 192.0.2.0/24}
              db:
                id: sg-00000000000000002
                description: "\\u202edata"
                egress: []
              backup:
                id: sg-00000000000000003
                egress:
                  - {protocol: tcp, ports: 5432, to: {group: db}}
            prefix-lists:
              offices: {id: pl-00000000000000001, entries: [198.51.100.0/24]}
            """;

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    private static List<String> all(String xml, String element) {
        List<String> found = new ArrayList<>();
        Matcher matcher =
                Pattern.compile("<" + element + ">(.*?)</" + element + ">").matcher(xml);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    @Test
    void rulesWithTheSameProtocolAndPortsAreOnePermission() throws Exception {
        String answer = calls.answer("Action=DescribeSecurityGroups&GroupId.1=sg-00000000000000001");
        String public4 =
                "<ipRanges><item><description>public</description><cidrIp>203.0.113.0/24</cidrIp></item></ipRanges>";
        String public6 = "<ipv6Ranges><item><description>public</description><cidrIpv6>2001:db8::/32</cidrIpv6></item>"
                + "</ipv6Ranges>";
        String http = "<item><ipProtocol>tcp</ipProtocol><fromPort>80</fromPort><toPort>80</toPort><groups><item>"
                + "<groupId>sg-00000000000000002</groupId><userId>123456789012</userId></item></groups>" + public4
                + public6
                + "<prefixListIds><item><prefixListId>pl-00000000000000001</prefixListId></item></prefixListIds></item>";
        assertTrue(answer.contains(http), answer);
        String esp = "<item><ipProtocol>50</ipProtocol><groups/><ipRanges><item><cidrIp>192.0.2.0/24</cidrIp></item>"
                + "</ipRanges><ipv6Ranges/><prefixListIds/></item>";
        assertTrue(answer.contains(esp), answer);
        assertTrue(answer.contains(esp.replace(">50<", ">-1<")), answer);
        assertTrue(answer.contains("<ipProtocol>icmp</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>"), answer);
        assertTrue(answer.contains("<ipProtocol>icmp</ipProtocol><fromPort>8</fromPort><toPort>0</toPort>"), answer);
        assertTrue(answer.contains("<ipProtocol>udp</ipProtocol><fromPort>0</fromPort><toPort>65535</toPort>"), answer);
        String egress = "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item>"
                + "<cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item>"
                + "</ipv6Ranges><prefixListIds/></item></ipPermissionsEgress>";
        assertTrue(answer.contains(egress), answer);
        assertTrue(answer.contains("<groupDescription>front &lt;end&gt; &amp; more</groupDescription>"), answer);
    }

    @Test
    void aGroupHasItsOwnerItsVpcAndItsArn() throws Exception {
        String answer = calls.answer("Action=DescribeSecurityGroups&GroupName.1=DB");
        assertEquals(List.of("sg-00000000000000002"), all(answer, "groupId"));
        assertTrue(answer.contains("<ownerId>123456789012</ownerId>"), answer);
        assertTrue(answer.contains("<vpcId>vpc-0123456789abcdef0</vpcId>"), answer);
        assertTrue(answer.contains("security-group/sg-00000000000000002</securityGroupArn>"), answer);
        assertTrue(answer.contains("<ipPermissionsEgress/>"), answer);
        assertTrue(answer.contains("<ipPermissions/>"), answer);
    }

    @ParameterizedTest
    @CsvSource({
        "group-id, sg-00000000000000002, db",
        "group-name, w*, web",
        "description, front*, web",
        "vpc-id, vpc-0123456789abcdef0, backup db web",
        "owner-id, 123456789012, backup db web",
        "owner-id, 1, ''",
        "tag:a, b, ''",
        "tag-key, a, ''",
        "ip-permission.cidr, 203.0.113.0/24, web",
        "ip-permission.ipv6-cidr, 2001:db8::/32, web",
        "ip-permission.ipv6-cidr, 203.0.113.0/24, ''",
        "ip-permission.from-port, 443, web",
        "ip-permission.from-port, 8, web",
        "ip-permission.to-port, 65535, web",
        "ip-permission.group-id, sg-00000000000000002, web",
        "ip-permission.group-name, db, web",
        "ip-permission.user-id, 123456789012, web",
        "ip-permission.prefix-list-id, pl-00000000000000001, web",
        "ip-permission.protocol, 50, web",
        "ip-permission.protocol, 6, web",
        "ip-permission.protocol, sctp, ''",
        "egress.ip-permission.protocol, -1, web",
        "egress.ip-permission.cidr, 0.0.0.0/0, web",
        "egress.ip-permission.ipv6-cidr, ::/0, web",
        "egress.ip-permission.group-id, sg-00000000000000002, backup",
        "egress.ip-permission.group-name, db, backup",
        "egress.ip-permission.user-id, *, backup",
        "egress.ip-permission.from-port, 5432, backup",
        "egress.ip-permission.to-port, 5432, backup",
        "egress.ip-permission.prefix-list-id, *, ''"
    })
    void eachFilterSelectsGroups(String name, String value, String groups) throws Exception {
        String answer =
                calls.answer("Action=DescribeSecurityGroups&Filter.1.Name=" + name + "&Filter.1.Value.1=" + value);
        List<String> names = new ArrayList<>(all(answer, "groupName"));
        names.sort(null);
        assertEquals(groups, String.join(" ", names));
    }

    @Test
    void filtersOfDifferentRulesMaySelectOneGroup() throws Exception {
        String answer = calls.answer("Action=DescribeSecurityGroups&Filter.1.Name=ip-permission.from-port"
                + "&Filter.1.Value.1=443&Filter.2.Name=ip-permission.protocol&Filter.2.Value.1=icmp");
        assertEquals(List.of("web"), all(answer, "groupName"));
        assertEquals(
                "InvalidParameterValue: The filter 'color' is invalid",
                calls.refusal("Action=DescribeSecurityGroups&Filter.1.Name=color&Filter.1.Value.1=x"));
    }

    @Test
    void anUnknownGroupIsAnError() {
        assertEquals(
                "InvalidGroup.NotFound: The security group 'sg-00000000' does not exist",
                calls.refusal("Action=DescribeSecurityGroups&GroupId.1=sg-00000000000000001&GroupId.2=sg-00000000"));
        assertEquals(
                "InvalidGroup.NotFound: The security group 'nosuch' does not exist",
                calls.refusal("Action=DescribeSecurityGroups&GroupName.1=nosuch"));
        assertEquals(
                "InvalidGroupId.Malformed: The security group ID 'foobar' is malformed",
                calls.refusal("Action=DescribeSecurityGroups&GroupId.1=foobar"));
    }

    @Test
    void manyGroupsComeInPages() throws Exception {
        StringBuilder yaml = new StringBuilder(YAML.substring(0, YAML.indexOf("prefix-lists:"))
                .replace("      - {protocol: tcp, ports: 80, from: {prefix-list: offices}}\n", ""));
        for (int i = 0; i < 10; i++) {
            yaml.append("  more").append(i).append(": {}\n");
        }
        Calls many = new Calls(new TextStore(yaml.toString()));
        for (String query : List.of(
                "Action=DescribeSecurityGroups&MaxResults=5",
                "Action=GetSecurityGroupsForVpc&VpcId=vpc-0123456789abcdef0&MaxResults=5")) {
            List<String> names = new ArrayList<>();
            String token = "";
            int pages = 0;
            do {
                String page = many.answer(query + (token.isEmpty() ? "" : "&NextToken=" + Calls.encoded(token)));
                names.addAll(all(page, "groupName"));
                token = String.join("", all(page, "nextToken"));
                pages++;
            } while (!token.isEmpty());
            assertEquals(3, pages, query);
            assertEquals(13, names.stream().distinct().count(), query);
            assertEquals(13, names.size(), query);
        }
        assertEquals(
                "InvalidParameterValue: Value ( 1 ) for parameter maxResults is invalid."
                        + " Expecting a value greater than 5.",
                many.refusal("Action=DescribeSecurityGroups&MaxResults=1"));
    }

    @Test
    void theGroupsOfTheVpcHaveNoRules() throws Exception {
        String answer = calls.answer("Action=GetSecurityGroupsForVpc&VpcId=vpc-0123456789abcdef0"
                + "&Filter.1.Name=group-name&Filter.1.Value.1=web");
        assertTrue(
                answer.contains("<item><groupId>sg-00000000000000001</groupId><groupName>web</groupName>"
                        + "<description>front &lt;end&gt; &amp; more</description><ownerId>123456789012</ownerId>"
                        + "<primaryVpcId>vpc-0123456789abcdef0</primaryVpcId><tagSet/></item>"),
                answer);
        assertEquals(
                "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
                calls.refusal("Action=GetSecurityGroupsForVpc&VpcId=vpc-00000000"));
        for (String filter : List.of("description", "group-id", "owner-id", "primary-vpc-id")) {
            String some = calls.answer("Action=GetSecurityGroupsForVpc&VpcId=vpc-0123456789abcdef0&Filter.1.Name="
                    + filter + "&Filter.1.Value.1=*");
            assertEquals(3, all(some, "groupId").size(), filter);
        }
    }

    @Test
    void thereIsNoPeeringSoNothingIsReferencedFromOutsideOrStale() throws Exception {
        Group db = store.now().groupNamed("db").orElseThrow();
        String references = calls.answer("Action=DescribeSecurityGroupReferences&GroupId.1=" + db.id());
        assertTrue(references.contains("<securityGroupReferenceSet/>"), references);
        assertEquals(
                "InvalidGroup.NotFound: The security group 'sg-00000000' does not exist",
                calls.refusal("Action=DescribeSecurityGroupReferences&GroupId.1=sg-00000000"));
        String stale = calls.answer("Action=DescribeStaleSecurityGroups&VpcId=vpc-0123456789abcdef0");
        assertTrue(stale.contains("<staleSecurityGroupSet/>"), stale);
        assertEquals(
                "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
                calls.refusal("Action=DescribeStaleSecurityGroups&VpcId=vpc-00000000"));
    }
}
