package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.state.State;
import io.portcullis.net.Direction;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules are added and removed. */
final class RuleActionsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web:
                id: sg-00000000000000000
                ingress:
                  - {protocol: tcp, ports: 22, from: 0.0.0.0/0}  # for now
                  - {protocol: tcp, ports: [80, 443], from: any}
                  - {protocol: all, from: {prefix-list: both}}
                  - {protocol: sctp, ports: 36412, from: 10.0.0.0/8}
              db: {id: sg-6a5a69d80faa2698f}
            prefix-lists:
              offices: {id: pl-00000000000000001, entries: [198.51.100.0/24]}
              both: {id: pl-00000000000000002, entries: [198.51.100.0/24, "2001:db8::/32"]}
            """;
    private static final String IN = "Action=AuthorizeSecurityGroupIngress&GroupId=sg-00000000000000000&";
    private static final String OUT = "Action=AuthorizeSecurityGroupEgress&GroupId=sg-00000000000000000&";
    private static final String NOT_IN = "Action=RevokeSecurityGroupIngress&GroupId=sg-00000000000000000&";
    private static final String NOT_OUT = "Action=RevokeSecurityGroupEgress&GroupId=sg-00000000000000000&";
    private static final String NO_RULE =
            "InvalidPermission.NotFound: The specified rule does not exist in this security group.";

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    /** {@code tcp 22 22 0.0.0.0/0} is the query of one permission; a peer is a block or an id. */
    private static String permission(String rule) {
        return permission(1, rule);
    }

    private static String permission(int number, String rule) {
        String[] words = rule.split(" ");
        String path = "&IpPermissions." + number + ".";
        String peer = words[3];
        String member = peer.startsWith("sg-")
                ? "Groups.1.GroupId"
                : peer.startsWith("pl-")
                        ? "PrefixListIds.1.PrefixListId"
                        : peer.contains(":") ? "Ipv6Ranges.1.CidrIpv6" : "IpRanges.1.CidrIp";
        String query = path + "IpProtocol=" + words[0] + path + member + "=" + peer;
        query += words[1].equals(".") ? "" : path + "FromPort=" + words[1];
        return query + (words[2].equals(".") ? "" : path + "ToPort=" + words[2]);
    }

    private List<GroupRule> rules(Direction direction) {
        return store.now().groupNamed("web").orElseThrow().rules(direction == Direction.INGRESS);
    }

    private String secondList() {
        return store.now().lists().stream()
                .filter(list -> list.name().equals("both") && list.isV6())
                .map(ManagedList::id)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void anAuthorizedRuleIsInTheFileAndInTheAnswer() throws Exception {
        String answer = calls.answer(IN + "IpPermissions.1.IpProtocol=TCP&IpPermissions.1.FromPort=8000"
                + "&IpPermissions.1.ToPort=8100&IpPermissions.1.Groups.1.GroupId=sg-6a5a69d80faa2698f"
                + "&IpPermissions.1.Groups.1.Description=db");
        assertTrue(
                store.text().contains("- {protocol: tcp, ports: 8000-8100, from: {group: db}, description: db}"),
                store.text());
        GroupRule rule = rules(Direction.INGRESS).getLast();
        String expected = "<return>true</return><securityGroupRuleSet><item><securityGroupRuleId>" + rule.id()
                + "</securityGroupRuleId><groupId>sg-00000000000000000</groupId><isEgress>false</isEgress>"
                + "<ipProtocol>tcp</ipProtocol><fromPort>8000</fromPort><toPort>8100</toPort>"
                + "<description>db</description><groupOwnerId>123456789012</groupOwnerId><tagSet/>"
                + "<securityGroupRuleArn>arn:aws:ec2:us-east-1:123456789012:security-group-rule/" + rule.id()
                + "</securityGroupRuleArn><referencedGroupInfo><groupId>sg-6a5a69d80faa2698f</groupId>"
                + "<userId>123456789012</userId></referencedGroupInfo></item></securityGroupRuleSet>";
        assertTrue(answer.contains(expected), answer);
        assertEquals(State.EMPTY, store.now().state());
    }

    @Test
    void oneCallAddsSeveralRulesWithTheSameTags() throws Exception {
        String answer = calls.answer(IN + "TagSpecification.1.ResourceType=security-group-rule"
                + "&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b"
                + permission(1, "tcp 3306 3306 sg-6a5a69d80faa2698f") + permission(2, "-1 . . pl-00000000000000001")
                + permission(3, "tcp 22 22 203.0.113.0/24") + "&IpPermissions.3.IpRanges.2.CidrIp=198.51.100.0/24"
                + "&IpPermissions.3.IpRanges.2.Description=" + Calls.encoded("ssh (a), b & c")
                + "&IpPermissions.3.Ipv6Ranges.1.CidrIpv6=2001:db8::/32");
        assertEquals(5, answer.split("<key>a</key><value>b</value>", -1).length - 1, answer);
        assertTrue(answer.contains("<prefixListId>pl-00000000000000001</prefixListId>"), answer);
        assertTrue(answer.contains("<fromPort>-1</fromPort><toPort>-1</toPort>"), answer);
        assertTrue(answer.contains("<cidrIpv6>2001:db8::/32</cidrIpv6>"), answer);
        assertTrue(answer.contains("<description>ssh (a), b &amp; c</description>"), answer);
        for (GroupRule rule : rules(Direction.INGRESS)
                .subList(
                        rules(Direction.INGRESS).size() - 5,
                        rules(Direction.INGRESS).size())) {
            assertEquals(Map.of("a", "b"), rule.tags());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                tcp 9 9 192.0.2.77/24              | {protocol: tcp, ports: 9, from: 192.0.2.0/24}
                6 9 9 100.68.0.18/18               | {protocol: tcp, ports: 9, from: 100.68.0.0/18}
                UDP 0 65535 192.0.2.0/24           | {protocol: udp, from: 192.0.2.0/24}
                17 53 53 2001:DB8:0::1/32          | {protocol: udp, ports: 53, from: "2001:db8::/32"}
                icmp -1 -1 10.0.0.0/8              | {protocol: icmp, from: 10.0.0.0/8}
                icmp . . 10.0.0.0/8                | {protocol: icmp, from: 10.0.0.0/8}
                icmp 8 -1 10.0.0.0/8               | {protocol: icmp, type: 8, from: 10.0.0.0/8}
                1 8 0 10.0.0.0/8                   | {protocol: icmp, type: 8, code: 0, from: 10.0.0.0/8}
                icmpv6 128 . ::/0                  | {protocol: icmpv6, type: 128, from: "::/0"}
                58 -1 -1 ::/0                      | {protocol: icmpv6, from: "::/0"}
                -1 0 0 10.0.0.0/8                  | {protocol: all, from: 10.0.0.0/8}
                -1 22 99999 10.0.0.0/8             | {protocol: all, from: 10.0.0.0/8}
                50 . . 10.0.0.0/8                  | {protocol: 50, from: 10.0.0.0/8}
                47 80 80 10.0.0.0/8                | {protocol: 47, from: 10.0.0.0/8}
                132 0 0 10.0.0.0/8                 | {protocol: sctp, from: 10.0.0.0/8}
                132 80 90 10.0.0.0/8               | {protocol: sctp, ports: 80-90, from: 10.0.0.0/8}
                """)
    void theSameRuleIsWrittenInManyWays(String rule, String yaml) throws Exception {
        calls.answer(IN + permission(rule));
        assertTrue(store.text().contains("- " + yaml + "\n"), store.text());
        String again = calls.refusal(IN + permission(rule));
        assertTrue(again.startsWith("InvalidPermission.Duplicate: "), again);
        calls.answer(NOT_IN + permission(rule));
        assertEquals(YAML, store.text());
        assertEquals(NO_RULE, calls.refusal(NOT_IN + permission(rule)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                tcp 22 22 0.0.0.0/0             | InvalidPermission.Duplicate: the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists
                tcp 443 443 ::/0                | InvalidPermission.Duplicate: the specified rule "peer: ::/0, TCP, from port: 443, to port: 443, ALLOW" already exists
                132 36412 36412 10.1.2.3/8      | InvalidPermission.Duplicate: the specified rule "peer: 10.0.0.0/8, protocol: 132, ALLOW" already exists
                -1 . . pl-00000000000000002     | InvalidPermission.Duplicate: the specified rule "peer: pl-00000000000000002, ALL, ALLOW" already exists
                tcp . . 10.0.0.0/8              | InvalidParameterValue: Invalid value for portRange. Must specify both from and to ports with TCP/UDP.
                udp 53 . 10.0.0.0/8             | InvalidParameterValue: Invalid value for portRange. Must specify both from and to ports with TCP/UDP.
                tcp -1 -1 10.0.0.0/8            | InvalidParameterValue: TCP/UDP port (-1) out of range
                tcp 1 65536 10.0.0.0/8          | InvalidParameterValue: TCP/UDP port (65536) out of range
                tcp 443 80 10.0.0.0/8           | InvalidParameterValue: Invalid TCP/UDP port range (443:80)
                icmp 8 65535 10.0.0.0/8         | InvalidParameterValue: ICMP code (65535) out of range
                icmp 256 0 10.0.0.0/8           | InvalidParameterValue: ICMP type (256) out of range
                icmp -1 3 10.0.0.0/8            | InvalidParameterValue: ICMP code (3) needs a type, and the type is -1, which is all
                icmp -1 -1 ::/0                 | InvalidParameterValue: icmp has no packets of ::/0: icmp is for IPv4, icmpv6 for IPv6
                icmpv6 -1 -1 10.0.0.0/8         | InvalidParameterValue: icmpv6 has no packets of 10.0.0.0/8: icmp is for IPv4, icmpv6 for IPv6
                ipip -1 -1 10.0.0.0/8           | InvalidParameterValue: Invalid value 'ipip' for IP protocol. Unknown protocol.
                256 -1 -1 10.0.0.0/8            | InvalidParameterValue: Invalid value '256' for IP protocol. Unknown protocol.
                -2 -1 -1 10.0.0.0/8             | InvalidParameterValue: Invalid value '-2' for IP protocol. Unknown protocol.
                tcp 22 22 10.0.0.0              | InvalidParameterValue: CIDR block 10.0.0.0 is malformed
                tcp 22 22 10.0.0.0/33           | InvalidParameterValue: CIDR block 10.0.0.0/33 is malformed
                tcp 22 22 10.0.0/8              | InvalidParameterValue: CIDR block 10.0.0/8 is malformed
                tcp 22 22 10.0.0.0/-1           | InvalidParameterValue: CIDR block 10.0.0.0/-1 is malformed
                tcp 22 22 ::ffff:10.0.0.0/104   | InvalidParameterValue: CIDR block ::ffff:10.0.0.0/104 is malformed
                tcp 22 22 sg-00000000           | InvalidGroup.NotFound: The security group 'sg-00000000' does not exist
                tcp 22 22 sg-x                  | InvalidGroupId.Malformed: The security group ID 'sg-x' is malformed
                tcp 22 22 pl-x                  | InvalidPrefixListID.Malformed: The prefix list ID 'pl-x' is malformed
                tcp 22 22 pl-00000000           | InvalidPrefixListID.NotFound: The prefix list ID 'pl-00000000' does not exist
                """)
    void aRuleThatCannotBeIsRefused(String rule, String refusal) {
        assertEquals(refusal, calls.refusal(IN + permission(rule)));
        assertEquals(refusal, calls.refusal(IN + permission(1, "tcp 5 5 10.0.0.0/8") + permission(2, rule)));
        assertEquals(YAML, store.text());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                GroupId=sg-00000000000000000 | MissingParameter: The request must contain the parameter IpPermissions
                GroupName=web&IpPermissions.1.IpProtocol=-1 | MissingParameter: The request must contain IpPermissions.1.IpRanges, or Ipv6Ranges, PrefixListIds or Groups beside it
                GroupName=web&IpPermissions.1.FromPort=1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8 | InvalidParameterValue: Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.
                GroupName=web&CidrIp=10.0.0.0/8 | InvalidParameterValue: Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.
                GroupName=web&IpProtocol=tcp&FromPort=1&ToPort=1 | MissingParameter: The request must contain the parameter CidrIp
                GroupName=web&IpProtocol=-1&CidrIp=::/0 | InvalidParameterValue: CIDR block ::/0 is malformed
                GroupName=web&IpProtocol=-1&SourceSecurityGroupName=db | InvalidParameterCombination: The parameter SourceSecurityGroupName may not be used in combination with IpProtocol: use IpPermissions
                GroupName=web&SourceSecurityGroupName=nosuch | InvalidGroup.NotFound: The security group 'nosuch' does not exist
                GroupName=web&SourceSecurityGroupName=db&SourceSecurityGroupOwnerId=999999999999 | InvalidGroup.NotFound: The security group 'db' does not exist
                GroupName=web&CidrIp=10.0.0.0/8&IpPermissions.1.IpProtocol=-1 | InvalidParameterCombination: The parameter IpPermissions may not be used in combination with CidrIp
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=::/0 | InvalidParameterValue: CIDR block ::/0 is malformed
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=0.0.0.0/0 | InvalidParameterValue: CIDR block 0.0.0.0/0 is malformed
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.Description=x | MissingParameter: The request must contain the parameter IpPermissions.1.IpRanges.1.CidrIp
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=sg-6a5a69d80faa2698f&IpPermissions.1.Groups.1.UserId=999999999999 | InvalidGroup.NotFound: The security group 'sg-6a5a69d80faa2698f' does not exist
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.UserId=123456789012 | MissingParameter: The request must contain the parameter IpPermissions.1.Groups.1.GroupId
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupId=sg-6a5a69d80faa2698f&IpPermissions.1.Groups.1.GroupName=web | InvalidParameterCombination: IpPermissions.1.Groups.1.GroupId and IpPermissions.1.Groups.1.GroupName are different groups
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupName=nosuch | InvalidGroup.NotFound: The security group 'nosuch' does not exist
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupName=db&IpPermissions.1.Groups.1.VpcId=vpc-00000000 | InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.Groups.1.GroupName=db&IpPermissions.1.Groups.1.VpcPeeringConnectionId=pcx-1 | InvalidVpcPeeringConnectionID.NotFound: The vpcPeeringConnection ID 'pcx-1' does not exist
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.1.IpRanges.2.CidrIp=10.1.0.0/8 | InvalidParameterValue: The same permission must not appear multiple times
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.2.IpProtocol=-1&IpPermissions.2.FromPort=7&IpPermissions.2.IpRanges.2.CidrIp=10.1.0.0/8 | InvalidParameterValue: The same permission must not appear multiple times
                GroupName=nosuch&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8 | InvalidGroup.NotFound: The security group 'nosuch' does not exist
                GroupName=web&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=a | InvalidParameterValue: 'vpc' is not a valid taggable resource type for this operation.
                """)
    void aRequestThatSaysNoRuleIsRefused(String query, String refusal) {
        assertEquals(refusal, calls.refusal("Action=AuthorizeSecurityGroupIngress&" + query));
        assertEquals(YAML, store.text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a<b", "caf\u00e9", "it's", "100%", "x\ny"})
    void aDescriptionIsOfEc2sSet(String description) {
        String refusal = calls.refusal(IN + "IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8"
                + "&IpPermissions.1.IpRanges.1.Description=" + Calls.encoded(description));
        assertEquals(
                "InvalidParameterValue: Invalid rule description. Valid descriptions are strings less than 256"
                        + " characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
                refusal);
    }

    @Test
    void theOlderParametersAreOneRule() throws Exception {
        calls.answer("Action=AuthorizeSecurityGroupIngress&GroupName=WEB&IpProtocol=tcp&FromPort=25&ToPort=25"
                + "&CidrIp=192.0.2.0/24");
        assertTrue(store.text().contains("{protocol: tcp, ports: 25, from: 192.0.2.0/24}"), store.text());
        calls.answer("Action=RevokeSecurityGroupIngress&GroupName=web&IpProtocol=tcp&FromPort=25&ToPort=25"
                + "&CidrIp=192.0.2.0/24");
        assertEquals(YAML, store.text());
        calls.answer("Action=AuthorizeSecurityGroupIngress&GroupName=web&SourceSecurityGroupName=db"
                + "&SourceSecurityGroupOwnerId=123456789012");
        for (String protocol : List.of("tcp", "udp", "icmp")) {
            assertTrue(store.text().contains("{protocol: " + protocol + ", from: {group: db}}"), store.text());
        }
        calls.answer("Action=RevokeSecurityGroupIngress&GroupName=web&SourceSecurityGroupName=db");
        assertEquals(YAML, store.text());
    }

    @Test
    void theArticlesCommandsChangeTheFile() throws Exception {
        String all = "IpPermissions.1.IpProtocol=-1&IpPermissions.1.FromPort=-1&IpPermissions.1.ToPort=-1"
                + "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0";
        calls.answer(IN + all);
        assertEquals(
                "InvalidPermission.Duplicate: the specified rule \"peer: 0.0.0.0/0, ALL, ALLOW\" already exists",
                calls.refusal(IN + all));
        String revoked = calls.answer(NOT_IN + all);
        assertTrue(revoked.contains("<return>true</return><revokedSecurityGroupRuleSet><item>"), revoked);
        assertTrue(revoked.contains("<cidrIpv4>0.0.0.0/0</cidrIpv4>"), revoked);
        calls.answer(NOT_IN + permission("tcp 80 80 0.0.0.0/0"));
        assertTrue(store.text().contains("from: \"::/0\"") || store.text().contains("\"::/0\""), store.text());
        calls.answer(IN + permission("tcp 80 80 203.0.113.10/32"));
        assertTrue(store.text().contains("{protocol: tcp, ports: 80, from: 203.0.113.10/32}"), store.text());
        calls.answer(OUT + permission("tcp 12345 12345 192.0.2.10/32"));
        assertEquals(3, rules(Direction.EGRESS).size(), "the implied rules are explicit now");
    }

    @Test
    void revokingOneImpliedRuleLeavesTheOther() throws Exception {
        List<GroupRule> implied = rules(Direction.EGRESS);
        calls.answer(NOT_OUT + permission("-1 0 0 0.0.0.0/0"));
        assertEquals(List.of(implied.get(1)), rules(Direction.EGRESS));
        assertEquals(NO_RULE, calls.refusal(NOT_OUT + permission("-1 . . 0.0.0.0/0")));
        calls.answer(NOT_OUT + permission("-1 -1 -1 ::/0"));
        assertTrue(store.text().contains("egress: []"), store.text());
        calls.answer(OUT + permission("-1 . . ::/0"));
        assertEquals(List.of(implied.get(1)), rules(Direction.EGRESS));
    }

    @Test
    void theImpliedRulesExist() throws Exception {
        assertEquals(
                "InvalidPermission.Duplicate: the specified rule \"peer: ::/0, ALL, ALLOW\" already exists",
                calls.refusal(OUT + permission("-1 . . ::/0")));
        List<GroupRule> implied = rules(Direction.EGRESS);
        calls.answer(OUT + permission("tcp 5432 5432 sg-6a5a69d80faa2698f"));
        assertEquals(implied, rules(Direction.EGRESS).subList(0, 2));
        String query = NOT_OUT + "SecurityGroupRuleId.1=" + implied.get(0).id() + "&SecurityGroupRuleId.2="
                + implied.get(1).id();
        String answer = calls.answer(query);
        assertTrue(answer.contains("<isEgress>true</isEgress>"), answer);
        assertEquals(1, rules(Direction.EGRESS).size());
    }

    @Test
    void aRuleIsRevokedByItsId() throws Exception {
        GroupRule ssh = rules(Direction.INGRESS).getFirst();
        assertEquals(
                "InvalidSecurityGroupRuleId.NotFound: The security group rule ID '" + ssh.id() + "' does not exist",
                calls.refusal(NOT_OUT + "SecurityGroupRuleId.1=" + ssh.id()));
        assertEquals(
                "InvalidSecurityGroupRuleId.NotFound: The security group rule ID '" + ssh.id() + "' does not exist",
                calls.refusal("Action=RevokeSecurityGroupIngress&GroupName=db&SecurityGroupRuleId.1=" + ssh.id()));
        assertEquals(
                "InvalidSecurityGroupRuleId.NotFound: The security group rule ID 'sgr-00000000' does not exist",
                calls.refusal(NOT_IN + "SecurityGroupRuleId.1=" + ssh.id() + "&SecurityGroupRuleId.2=sgr-00000000"));
        assertEquals(
                "InvalidSecurityGroupRuleId.Malformed: The security group rule ID 'x' is malformed",
                calls.refusal(NOT_IN + "SecurityGroupRuleId.1=x"));
        assertEquals(
                "InvalidParameterValue: The same permission must not appear multiple times",
                calls.refusal(NOT_IN + "SecurityGroupRuleId.1=" + ssh.id() + permission("tcp 22 22 0.0.0.0/0")));
        String answer = calls.answer(NOT_IN + "SecurityGroupRuleId.1=" + ssh.id());
        assertTrue(answer.contains("<securityGroupRuleId>" + ssh.id() + "</securityGroupRuleId>"), answer);
        assertFalse(store.text().contains("ports: 22,"), store.text());
    }

    @Test
    void oneMissingRuleKeepsAll() {
        assertEquals(
                NO_RULE,
                calls.refusal(NOT_IN + permission(1, "tcp 22 22 0.0.0.0/0") + permission(2, "tcp 23 23 0.0.0.0/0")));
        assertEquals(YAML, store.text());
    }

    @Test
    void aListOfBothFamiliesIsTwoRulesThatComeAndGoTogether() throws Exception {
        String second = secondList();
        String refusal = "OperationNotPermitted: pl-00000000000000002 and " + second
                + " are one prefix list of the configuration, with both families, and a rule for it is one rule: ";
        assertEquals(refusal + "name both in one call", calls.refusal(NOT_IN + permission("-1 . . " + second)));
        calls.answer(NOT_IN + permission(1, "-1 . . " + second) + permission(2, "-1 . . pl-00000000000000002"));
        assertFalse(store.text().contains("prefix-list: both"), store.text());
        assertEquals(refusal + "name both in one call", calls.refusal(IN + permission("-1 . . " + second)));
        String both = permission(1, "-1 . . " + second) + permission(2, "-1 . . pl-00000000000000002");
        assertEquals(
                refusal + "it has one description",
                calls.refusal(IN + both + "&IpPermissions.1.PrefixListIds.1.Description=x"));
        String answer = calls.answer(IN + both);
        assertEquals(2, answer.split("<prefixListId>", -1).length - 1, answer);
        assertTrue(store.text().contains("{protocol: all, from: {prefix-list: both}}"), store.text());
    }

    @Test
    void aDryRunAddsAndRemovesNothing() {
        String dry = "DryRunOperation: Request would have succeeded, but DryRun flag is set.";
        assertEquals(dry, calls.refusal(IN + "DryRun=true" + permission("tcp 23 23 10.0.0.0/8")));
        assertEquals(dry, calls.refusal(NOT_IN + "DryRun=true" + permission("tcp 22 22 0.0.0.0/0")));
        assertEquals(NO_RULE, calls.refusal(NOT_IN + "DryRun=true" + permission("tcp 23 23 0.0.0.0/0")));
        assertEquals(YAML, store.text());
    }

    @Test
    void whatTheFileCannotTakeIsRefusedWithItsPlace() {
        TextStore anchored = new TextStore(YAML.replace("ingress:\n", "ingress: &rules\n"));
        String refusal = new Calls(anchored).refusal(IN + permission("tcp 23 23 10.0.0.0/8"));
        assertTrue(refusal.startsWith("OperationNotPermitted: /etc/portcullis/portcullis.yaml:7"), refusal);
    }

    @Test
    void tagsOfARevokedRuleAreForgotten() throws Exception {
        String tagged = "&TagSpecification.1.ResourceType=security-group-rule&TagSpecification.1.Tag.1.Key=a";
        calls.answer(IN + permission("tcp 23 23 10.0.0.0/8") + tagged);
        assertFalse(store.now().state().tags().isEmpty());
        calls.answer(NOT_IN + permission("tcp 23 23 10.0.0.0/8"));
        assertEquals(State.EMPTY, store.now().state());
        calls.answer(IN + permission("tcp 23 23 10.0.0.0/8"));
        assertEquals(Map.of(), rules(Direction.INGRESS).getLast().tags());
    }
}
