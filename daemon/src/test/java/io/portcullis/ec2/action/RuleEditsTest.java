package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.Fields;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules and their descriptions change, and are listed. */
final class RuleEditsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web:
                id: sg-00000000000000001
                ingress:
                  - {protocol: tcp, ports: [22, 80, 443], from: 203.0.113.0/24, description: office}
                  - {protocol: all, from: {prefix-list: both}}
                  - {protocol: tcp, ports: 8080, from: {group: db}}
              db:
                id: sg-00000000000000002
            prefix-lists:
              both: {id: pl-00000000000000001, entries: [198.51.100.0/24, "2001:db8::/32"]}
              offices: {id: pl-00000000000000002, entries: [198.51.100.0/24]}
            """;
    private static final String DESCRIBE = "Action=UpdateSecurityGroupRuleDescriptionsIngress&GroupName=web";

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    private GroupRule rule(String group, String protocol, int port, String peer) {
        return store.now().rules().stream()
                .filter(each ->
                        store.now().group(each.groupId()).orElseThrow().name().equals(group)
                                && each.protocol().equals(protocol)
                                && each.fromPort() == port
                                && each.key().endsWith("/" + peer))
                .findFirst()
                .orElseThrow();
    }

    private GroupRule web(int port) {
        return rule("web", "tcp", port, "203.0.113.0/24");
    }

    /** {@code tcp 80 81 203.0.113.0/24}; a peer is a block or an id. */
    private static String modify(Object... idsAndRules) {
        StringBuilder query = new StringBuilder("Action=ModifySecurityGroupRules&GroupId=sg-00000000000000001");
        for (int i = 0; i < idsAndRules.length; i += 2) {
            String path = "&SecurityGroupRule." + (i / 2 + 1) + ".SecurityGroupRule";
            String[] words = idsAndRules[i + 1].toString().split(" ");
            String member = words[3].startsWith("sg-")
                    ? "ReferencedGroupId"
                    : words[3].startsWith("pl-") ? "PrefixListId" : words[3].contains(":") ? "CidrIpv6" : "CidrIpv4";
            query.append(path).append("Id=").append(idsAndRules[i]);
            query.append(path).append(".IpProtocol=").append(words[0]);
            query.append(path).append(".FromPort=").append(words[1]);
            query.append(path).append(".ToPort=").append(words[2]);
            query.append(path).append('.').append(member).append('=').append(words[3]);
            if (words.length > 4) {
                query.append(path).append(".Description=").append(words[4]);
            }
        }
        return query.toString();
    }

    @Test
    void aModifiedRuleKeepsItsIdAndItsTags() throws Exception {
        GroupRule before = web(80);
        store.change(
                Calls.of("Action=CreateTags&ResourceId.1=x&Tag.1.Key=a"),
                cloud -> new Proposal(List.of(), cloud.state().withTags(before.id(), Map.of("a", "b")), Fields.DONE));
        String answer = calls.answer(modify(before.id(), "udp 53 53 2001:db8::/32 dns"));
        assertTrue(answer.contains("<return>true</return>"), answer);
        GroupRule after = store.now().rule(before.id()).orElseThrow();
        assertEquals("udp", after.protocol());
        assertEquals("dns", after.description());
        assertEquals(Map.of("a", "b"), after.tags());
        assertTrue(store.text().contains("ports: [22, 443]"), store.text());
        assertTrue(
                store.text().contains("{protocol: udp, ports: 53, from: \"2001:db8::/32\", description: dns}"),
                store.text());
        calls.answer(modify(before.id(), "-1 7 7 sg-00000000000000002"));
        assertEquals(
                "sg-00000000000000002",
                store.now().rule(before.id()).orElseThrow().peerId());
        calls.answer(modify(before.id(), "-1 0 0 pl-00000000000000002"));
        assertEquals(
                "pl-00000000000000002",
                store.now().rule(before.id()).orElseThrow().peerId());
        calls.answer("Action=RevokeSecurityGroupIngress&GroupName=web&SecurityGroupRuleId.1=" + before.id());
        assertEquals(State.EMPTY, store.now().state());
    }

    @Test
    void anotherRuleWithTheOldContentsHasAnotherIdForGood() throws Exception {
        GroupRule first = web(80);
        calls.answer(modify(first.id(), "tcp 81 81 203.0.113.0/24"));
        calls.answer("Action=AuthorizeSecurityGroupIngress&GroupName=web&IpProtocol=tcp&FromPort=80&ToPort=80"
                + "&CidrIp=203.0.113.0/24");
        GroupRule second = web(80);
        assertNotEquals(first.id(), second.id());
        calls.answer("Action=RevokeSecurityGroupIngress&GroupName=web&SecurityGroupRuleId.1=" + first.id());
        assertEquals(second.id(), web(80).id());
        assertEquals(Map.of(second.key(), second.id()), store.now().state().ruleIds());
    }

    @Test
    void aRuleThatSomebodyWroteIntoTheFileKeepsItsIdToo() throws Exception {
        GroupRule first = web(80);
        calls.answer(modify(first.id(), "tcp 81 81 203.0.113.0/24"));
        store.edit(
                text -> text.replace("  db:\n", "      - {protocol: tcp, ports: 80, from: 203.0.113.0/24}\n  db:\n"));
        GroupRule second = web(80);
        assertNotEquals(first.id(), second.id());
        calls.answer("Action=RevokeSecurityGroupIngress&GroupName=web&SecurityGroupRuleId.1=" + first.id());
        assertEquals(second.id(), web(80).id());
    }

    @Test
    void rulesTakeEachOthersContents() throws Exception {
        String a = web(22).id();
        String b = web(80).id();
        String c = web(443).id();
        calls.answer(modify(
                a, "tcp 80 80 203.0.113.0/24 a", b, "tcp 443 443 203.0.113.0/24 b", c, "tcp 22 22 203.0.113.0/24 c"));
        assertEquals(List.of(a, b, c), List.of(web(80).id(), web(443).id(), web(22).id()));
        assertEquals("c", store.now().rule(c).orElseThrow().description());
        calls.answer(modify(
                a, "tcp 443 443 203.0.113.0/24", b, "tcp 444 444 203.0.113.0/24", c, "tcp 80 80 203.0.113.0/24"));
        assertEquals(List.of(a, b, c), List.of(web(443).id(), web(444).id(), web(80).id()));
    }

    @Test
    void impliedRulesOfEgressAreModifiedWithThoseOfIngress() throws Exception {
        String in = web(22).id();
        String out = rule("web", "-1", -1, "0.0.0.0/0").id();
        calls.answer(modify(in, "tcp 23 23 203.0.113.0/24", out, "tcp 25 25 203.0.113.0/24"));
        assertFalse(store.now().rule(out).orElseThrow().isIngress());
        assertEquals(25, store.now().rule(out).orElseThrow().toPort());
        assertTrue(store.now().rule(in).orElseThrow().isIngress());
        assertEquals(2, store.now().groupNamed("web").orElseThrow().egress().size());
    }

    @Test
    void aModificationThatCannotBeChangesNothing() {
        String first = web(22).id();
        String second = web(80).id();
        String none = "sgr-00000000000000000";
        assertEquals(
                "InvalidPermission.Duplicate: the specified rule"
                        + " \"peer: 203.0.113.0/24, TCP, from port: 443, to port: 443, ALLOW\" already exists",
                calls.refusal(modify(first, "tcp 443 443 203.0.113.0/24")));
        assertEquals(
                "InvalidParameterValue: The same permission must not appear multiple times",
                calls.refusal(modify(first, "tcp 1 1 203.0.113.0/24", second, "tcp 1 1 203.0.113.0/24")));
        assertEquals(
                "InvalidParameterValue: The same permission must not appear multiple times",
                calls.refusal(modify(first, "tcp 1 1 203.0.113.0/24", first, "tcp 2 2 203.0.113.0/24")));
        assertEquals(
                "InvalidSecurityGroupRuleId.NotFound: The security group rule ID '" + none + "' does not exist",
                calls.refusal(modify(first, "tcp 1 1 203.0.113.0/24", none, "tcp 2 2 203.0.113.0/24")));
        String other = rule("db", "-1", -1, "::/0").id();
        assertEquals(
                "InvalidSecurityGroupRuleId.NotFound: The security group rule ID '" + other + "' does not exist",
                calls.refusal(modify(other, "tcp 2 2 203.0.113.0/24")));
        assertEquals(
                "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
                calls.refusal(modify(first, "tcp 2 2 203.0.113.0/24") + "&DryRun=true"));
        assertEquals(YAML, store.text());
        assertEquals(State.EMPTY, store.now().state());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                IpProtocol=-1                                           | MissingParameter: The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId
                IpProtocol=-1 CidrIpv4=10.0.0.0/8 CidrIpv6=::/0         | InvalidParameterCombination: Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified
                CidrIpv4=10.0.0.0/8                                     | InvalidParameterValue: Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.
                IpProtocol=tcp FromPort=1 CidrIpv4=10.0.0.0/8           | InvalidParameterValue: Invalid value for portRange. Must specify both from and to ports with TCP/UDP.
                IpProtocol=-1 CidrIpv4=::/0                             | InvalidParameterValue: CIDR block ::/0 is malformed
                IpProtocol=-1 CidrIpv6=10.0.0.0/8                       | InvalidParameterValue: CIDR block 10.0.0.0/8 is malformed
                IpProtocol=-1 ReferencedGroupId=sg-00000000             | InvalidGroup.NotFound: The security group 'sg-00000000' does not exist
                IpProtocol=-1 PrefixListId=pl-00000000                  | InvalidPrefixListID.NotFound: The prefix list ID 'pl-00000000' does not exist
                IpProtocol=-1 CidrIpv4=10.0.0.0/8 Description=<         | InvalidParameterValue: Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*
                """)
    void aModifiedRuleHasOneSource(String contents, String refusal) {
        String query = "Action=ModifySecurityGroupRules&GroupId=sg-00000000000000001"
                + "&SecurityGroupRule.1.SecurityGroupRuleId=" + web(22).id();
        for (String each : contents.split(" ")) {
            query += "&SecurityGroupRule.1.SecurityGroupRule." + each;
        }
        assertEquals(refusal, calls.refusal(query));
        assertEquals(
                "MissingParameter: The request must contain the parameter SecurityGroupRule.1.SecurityGroupRule",
                calls.refusal("Action=ModifySecurityGroupRules&GroupId=sg-00000000000000001"
                        + "&SecurityGroupRule.1.SecurityGroupRuleId=" + web(22).id()));
    }

    @Test
    void aRuleForAListOfBothFamiliesChangesAsAWhole() throws Exception {
        String list6 = store.now().lists().stream()
                .filter(ManagedList::isV6)
                .map(ManagedList::id)
                .findFirst()
                .orElseThrow();
        String v4 = rule("web", "-1", -1, "pl-00000000000000001").id();
        String v6 = rule("web", "-1", -1, list6).id();
        for (String query : List.of(
                modify(v4, "tcp 1 1 pl-00000000000000001"),
                modify(v4, "tcp 1 1 10.0.0.0/8"),
                modify(v4, "tcp 1 1 10.0.0.0/8", v6, "tcp 2 2 10.0.0.0/8"),
                modify(web(22).id(), "tcp 1 1 " + list6),
                modify(web(22).id(), "tcp 1 1 " + list6, web(80).id(), "tcp 1 1 pl-00000000000000001"),
                modify(v4, "tcp 1 1 pl-00000000000000001 a", v6, "tcp 1 1 " + list6 + " b"))) {
            String refusal = calls.refusal(query);
            assertTrue(refusal.startsWith("OperationNotPermitted: "), refusal);
        }
        assertEquals(YAML, store.text());
        calls.answer(modify(v4, "tcp 1 1 pl-00000000000000001", v6, "tcp 1 1 " + list6));
        assertTrue(store.text().contains("{protocol: tcp, ports: 1, from: {prefix-list: both}}"), store.text());
        assertEquals(list6, store.now().rule(v6).orElseThrow().peerId());
        assertEquals("pl-00000000000000001", store.now().rule(v4).orElseThrow().peerId());
    }

    @Test
    void aDescriptionIsSetByContentsOrById() throws Exception {
        String one = DESCRIBE + "&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22"
                + "&IpPermissions.1.IpRanges.1.CidrIp=203.0.113.0/24";
        String id = web(22).id();
        String answer = calls.answer(one + "&IpPermissions.1.IpRanges.1.Description=new");
        assertTrue(answer.contains("<return>true</return>"), answer);
        assertEquals("new", web(22).description());
        assertEquals("office", web(80).description());
        assertEquals(id, web(22).id());
        calls.answer(DESCRIBE + "&SecurityGroupRuleDescription.1.SecurityGroupRuleId=" + id
                + "&SecurityGroupRuleDescription.1.Description=hello&SecurityGroupRuleDescription.2.SecurityGroupRuleId="
                + web(80).id());
        assertEquals("hello", web(22).description());
        assertEquals("", web(80).description());
        calls.answer(one);
        assertEquals("", web(22).description());
    }

    @Test
    void onlyRulesThatExistAreDescribed() {
        assertEquals(
                "InvalidPermission.NotFound: The specified rule does not exist in this security group.",
                calls.refusal(
                        DESCRIBE + "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8"));
        String egress = "Action=UpdateSecurityGroupRuleDescriptionsEgress&GroupId=sg-00000000000000001";
        assertEquals(
                "InvalidSecurityGroupRuleId.NotFound: The security group rule ID '" + web(22).id() + "' does not exist",
                calls.refusal(egress + "&SecurityGroupRuleDescription.1.SecurityGroupRuleId=" + web(22).id()));
        assertEquals("MissingParameter: The request must contain the parameter IpPermissions", calls.refusal(DESCRIBE));
        assertEquals(
                "MissingParameter: The request must contain the parameter"
                        + " SecurityGroupRuleDescription.1.SecurityGroupRuleId",
                calls.refusal(DESCRIBE + "&SecurityGroupRuleDescription.1.Description=x"));
        String twice = "&SecurityGroupRuleDescription.1.SecurityGroupRuleId=" + web(22).id()
                + "&SecurityGroupRuleDescription.2.SecurityGroupRuleId=" + web(22).id();
        assertEquals(
                "InvalidParameterValue: The same permission must not appear multiple times",
                calls.refusal(DESCRIBE + twice));
        String half = "&SecurityGroupRuleDescription.1.SecurityGroupRuleId="
                + rule("web", "-1", -1, "pl-00000000000000001").id();
        assertTrue(calls.refusal(DESCRIBE + half).startsWith("OperationNotPermitted: "), half);
        assertEquals(YAML, store.text());
    }

    @Test
    void anImpliedRuleGetsADescription() throws Exception {
        String out = rule("web", "-1", -1, "::/0").id();
        calls.answer("Action=UpdateSecurityGroupRuleDescriptionsEgress&GroupId=sg-00000000000000001"
                + "&SecurityGroupRuleDescription.1.SecurityGroupRuleId=" + out
                + "&SecurityGroupRuleDescription.1.Description=v6");
        assertEquals("v6", store.now().rule(out).orElseThrow().description());
        assertEquals("", rule("web", "-1", -1, "0.0.0.0/0").description());
    }

    @Test
    void rulesAreListedWithPortsEvenWhereTheyHaveNone() throws Exception {
        GroupRule all = rule("db", "-1", -1, "0.0.0.0/0");
        String answer = calls.answer("Action=DescribeSecurityGroupRules&SecurityGroupRuleId.1=" + all.id());
        assertTrue(
                answer.contains("<ipProtocol>-1</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>"
                        + "<cidrIpv4>0.0.0.0/0</cidrIpv4>"),
                answer);
        assertTrue(answer.contains("<isEgress>true</isEgress>"), answer);
        assertFalse(answer.contains("<description>"), answer);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                group-id | sg-00000000000000002 | 2
                group-id | sg-0000000000000000? | 10
                group-id | sg-00000000000000009 | 0
                security-group-rule-id | sgr-* | 10
                tag:a | b | 0
                """)
    void filtersSelectRules(String name, String value, int count) throws Exception {
        String answer =
                calls.answer("Action=DescribeSecurityGroupRules&Filter.1.Name=" + name + "&Filter.1.Value.1=" + value);
        assertEquals(count, answer.split("<securityGroupRuleId>", -1).length - 1, answer);
    }

    @Test
    void wrongIdsAndFiltersOfRulesAreErrors() throws Exception {
        assertEquals(
                "InvalidGroupId.Malformed: The security group ID 'foobar' is malformed",
                calls.refusal("Action=DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1=foobar"));
        assertEquals(
                "InvalidSecurityGroupRuleId.NotFound: The security group rule ID 'sgr-00000000' does not exist",
                calls.refusal("Action=DescribeSecurityGroupRules&SecurityGroupRuleId.1=sgr-00000000"));
        assertEquals(
                "InvalidSecurityGroupRuleId.Malformed: The security group rule ID 'x' is malformed",
                calls.refusal("Action=DescribeSecurityGroupRules&SecurityGroupRuleId.1=x"));
        assertEquals(
                "InvalidParameterValue: The filter 'protocol' is invalid",
                calls.refusal("Action=DescribeSecurityGroupRules&Filter.1.Name=protocol&Filter.1.Value.1=x"));
        String page = calls.answer("Action=DescribeSecurityGroupRules&MaxResults=5");
        assertEquals(5, page.split("<securityGroupRuleId>", -1).length - 1, page);
        assertTrue(page.contains("<nextToken>"), page);
    }
}
