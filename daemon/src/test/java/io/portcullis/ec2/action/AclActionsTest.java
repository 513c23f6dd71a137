package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.wire.ApiException;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Network ACLs, their entries and their associations, as clients ask for them. */
final class AclActionsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web], network-acl: edge}
              db0: {mode: host, nic: eth1, security-groups: [web]}
            security-groups:
              web: {ingress: []}
            prefix-lists:
              partners: [203.0.113.0/24, "2001:db8::/32"]
            network-acls:
              edge:
                id: acl-00000001
                ingress:
                  - {rule: 100, action: allow, protocol: tcp, ports: [80, 8000-8100], from: any}
                  - {rule: 110, action: deny, protocol: icmp, type: 8, from: 10.0.0.0/8}   # no ping
                egress:
                  - {rule: 100, action: allow, protocol: all, to: {prefix-list: partners}}
                  - {rule: 200, action: allow, protocol: udp, to: 0.0.0.0/0}
            """;
    private static final String VPC = "vpc-0123456789abcdef0";
    private static final String CREATE = "Action=CreateNetworkAcl&VpcId=" + VPC;
    private static final String TOKEN = "&ClientToken=3e6c45c7-7a30-4958-9c34-2fcf4858c542";
    private static final String ENTRY =
            "Action=CreateNetworkAclEntry&NetworkAclId=acl-00000001&RuleNumber=120&Protocol=6"
                    + "&RuleAction=allow&Egress=false&CidrBlock=0.0.0.0/0&PortRange.From=80&PortRange.To=80";

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    private static List<String> values(String xml, String element) {
        return Pattern.compile("<" + element + ">([^<]*)</" + element + ">")
                .matcher(xml)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    private static String value(String xml, String element) {
        List<String> values = values(xml, element);
        assertEquals(1, values.size(), xml);
        return values.getFirst();
    }

    private String create(String more) throws ApiException {
        String answer = calls.answer(CREATE + more);
        return values(answer, "networkAclId").getFirst();
    }

    private Acl defaultAcl() {
        return store.now().acls().stream().filter(Acl::isDefault).findFirst().orElseThrow();
    }

    private List<String> found(String filter, String value) throws ApiException {
        String answer = calls.answer(
                "Action=DescribeNetworkAcls&Filter.1.Name=" + filter + "&Filter.1.Value.1=" + Calls.encoded(value));
        // An ACL's own id comes once more with each association.
        return values(answer, "networkAclId").stream().distinct().toList();
    }

    private String allTexts() {
        StringBuilder all = new StringBuilder();
        store.texts().forEach(file -> all.append(file.yaml()));
        return all.toString();
    }

    @Test
    void anAclIsMadeWithANumberAndDeniesEverything() throws Exception {
        String answer = calls.answer(CREATE + TOKEN);
        assertEquals("3e6c45c7-7a30-4958-9c34-2fcf4858c542", value(answer, "clientToken"));
        assertEquals(VPC, value(answer, "vpcId"));
        assertEquals("false", value(answer, "default"));
        assertEquals(List.of("32767", "32768", "32767", "32768"), values(answer, "ruleNumber"));
        assertEquals(List.of("deny", "deny", "deny", "deny"), values(answer, "ruleAction"));
        assertEquals(List.of("true", "true", "false", "false"), values(answer, "egress"));
        assertTrue(answer.contains("<associationSet/>"), answer);
        String id = value(answer, "networkAclId");
        assertTrue(
                allTexts().contains("network-acls:\n  acl-1:\n    id: " + id + "\n    ingress: []\n    egress: []\n"),
                allTexts());
        assertEquals(id, value(calls.answer(CREATE + TOKEN), "networkAclId"));
        assertTrue(calls.refusal(
                        CREATE + TOKEN + "&TagSpecification.1.ResourceType=network-acl&TagSpecification.1.Tag.1.Key=a")
                .startsWith("IdempotentParameterMismatch"));
        assertNotEquals(id, create(""));
        assertTrue(allTexts().contains("  acl-2:\n"), allTexts());
    }

    @Test
    void theTagNameIsTheNameIfItIsFreeAndWellFormed() throws Exception {
        String tag =
                "&TagSpecification.1.ResourceType=network-acl&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=";
        create(tag + "inner");
        assertTrue(allTexts().contains("  inner:\n"), allTexts());
        create(tag + "inner");
        assertTrue(allTexts().contains("  acl-1:\n"), allTexts());
        String third = create(tag + Calls.encoded("naïve"));
        assertTrue(allTexts().contains("  acl-2:\n"), allTexts());
        assertEquals(List.of(third), found("tag:Name", "naïve"));
        assertEquals(
                "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
                calls.refusal("Action=CreateNetworkAcl&VpcId=vpc-00000000"));
        String before = allTexts();
        assertTrue(calls.refusal(CREATE + "&DryRun=true").startsWith("DryRunOperation"));
        assertEquals(before, allTexts());
    }

    @Test
    void anAclIsDeletedUnlessAnInterfaceHasIt() throws Exception {
        assertEquals(
                "DependencyViolation: The networkAcl 'acl-00000001' has dependencies and cannot be deleted.",
                calls.refusal("Action=DeleteNetworkAcl&NetworkAclId=acl-00000001"));
        assertEquals(
                "InvalidParameterValue: cannot delete default network ACL "
                        + defaultAcl().id(),
                calls.refusal(
                        "Action=DeleteNetworkAcl&NetworkAclId=" + defaultAcl().id()));
        assertEquals(
                "InvalidNetworkAclID.NotFound: The networkAcl ID 'acl-00000002' does not exist",
                calls.refusal("Action=DeleteNetworkAcl&NetworkAclId=acl-00000002"));
        assertEquals(
                "InvalidNetworkAclID.Malformed: The networkAcl ID 'edge' is malformed",
                calls.refusal("Action=DeleteNetworkAcl&NetworkAclId=edge"));
        String id = create("");
        String answer = calls.answer("Action=DeleteNetworkAcl&NetworkAclId=" + id);
        assertTrue(answer.contains("<return>true</return>"), answer);
        assertFalse(allTexts().contains("acl-1"), allTexts());
    }

    @Test
    void theDefaultAclAllowsEverythingAndCannotBeChanged() throws Exception {
        String id = defaultAcl().id();
        String answer = calls.answer("Action=DescribeNetworkAcls&Filter.1.Name=default&Filter.1.Value.1=true");
        assertEquals(
                List.of("100", "101", "32767", "32768", "100", "101", "32767", "32768"), values(answer, "ruleNumber"));
        assertEquals(
                List.of("allow", "allow", "deny", "deny", "allow", "allow", "deny", "deny"),
                values(answer, "ruleAction"));
        assertEquals(List.of("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0"), values(answer, "cidrBlock"));
        assertEquals(List.of("::/0", "::/0", "::/0", "::/0"), values(answer, "ipv6CidrBlock"));
        assertEquals(1, values(answer, "subnetId").size(), answer);
        for (String action : List.of("CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry")) {
            String entry = action.startsWith("Delete") ? "" : "&Protocol=-1&RuleAction=deny&CidrBlock=0.0.0.0/0";
            assertEquals(
                    "OperationNotPermitted: The default network ACL allows everything and cannot be changed here: create"
                            + " another one, and associate it with the subnet",
                    calls.refusal("Action=" + action + "&RuleNumber=100&Egress=false&NetworkAclId=" + id + entry));
        }
    }

    @Test
    void entriesAreShownAsEc2CountsThem() throws Exception {
        String answer = calls.answer("Action=DescribeNetworkAcls&NetworkAclId.1=acl-00000001");
        assertEquals(
                List.of("100", "100", "200", "32767", "32768", "100", "100", "100", "100", "110", "32767", "32768"),
                values(answer, "ruleNumber"));
        assertEquals(List.of("0", "80", "80", "8000", "8000"), values(answer, "from"));
        assertEquals(List.of("65535", "80", "80", "8100", "8100"), values(answer, "to"));
        assertEquals("8", value(answer, "type"));
        assertEquals("-1", value(answer, "code"));
        assertEquals(
                List.of("-1", "-1", "17", "-1", "-1", "6", "6", "6", "6", "1", "-1", "-1"), values(answer, "protocol"));
        assertEquals(List.of("2001:db8::/32", "::/0", "::/0", "::/0", "::/0"), values(answer, "ipv6CidrBlock"));
        assertEquals("false", value(answer, "default"));
    }

    @ParameterizedTest
    @CsvSource({
        "default,false",
        "network-acl-id,acl-00000001",
        "association.network-acl-id,acl-00000001",
        "entry.cidr,10.0.0.0/8",
        "entry.ipv6-cidr,2001:db8::/32",
        "entry.icmp.type,8",
        "entry.icmp.code,-1",
        "entry.port-range.from,8000",
        "entry.port-range.to,8100",
        "entry.protocol,tcp",
        "entry.protocol,17",
        "entry.rule-number,110",
    })
    void aFilterFindsTheAcl(String filter, String value) throws Exception {
        assertEquals(List.of("acl-00000001"), found(filter, value));
    }

    @Test
    void filtersOfBothAclsAndOfNone() throws Exception {
        for (String filter :
                List.of("vpc-id " + VPC, "owner-id 123456789012", "entry.egress true", "entry.rule-action allow")) {
            String[] words = filter.split(" ", -1);
            assertEquals(2, found(words[0], words[1]).size(), filter);
            assertEquals(List.of(), found(words[0], "none"), filter);
        }
        assertEquals(List.of(), found("tag-key", "none"));
        assertEquals(
                "InvalidParameterValue: The filter 'entry.port' is invalid",
                calls.refusal("Action=DescribeNetworkAcls&Filter.1.Name=entry.port&Filter.1.Value.1=80"));
        String subnet = store.now().interfaces().stream()
                .filter(each -> each.name().equals("db0"))
                .findFirst()
                .orElseThrow()
                .subnetId();
        assertEquals(List.of(defaultAcl().id()), found("association.subnet-id", subnet));
    }

    @Test
    void anInterfaceGetsAnAclAndLosesIt() throws Exception {
        String id = create("");
        String before = calls.answer("Action=DescribeNetworkAcls&Filter.1.Name=default&Filter.1.Value.1=true");
        String association = value(before, "networkAclAssociationId");
        String answer = calls.answer(
                "Action=ReplaceNetworkAclAssociation&AssociationId=" + association + "&NetworkAclId=" + id);
        String next = value(answer, "newAssociationId");
        assertNotEquals(association, next);
        assertTrue(store.text().contains("db0: {mode: host, nic: eth1, security-groups: [web], network-acl: acl-1}"));
        assertEquals(List.of(id), found("association.association-id", next));
        assertEquals(
                "InvalidAssociationID.NotFound: The association ID '" + association + "' does not exist",
                calls.refusal(
                        "Action=ReplaceNetworkAclAssociation&AssociationId=" + association + "&NetworkAclId=" + id));
        assertEquals(
                "InvalidAssociationID.Malformed: The association ID 'web0' is malformed",
                calls.refusal("Action=ReplaceNetworkAclAssociation&AssociationId=web0&NetworkAclId=" + id));
        assertTrue(calls.refusal("Action=ReplaceNetworkAclAssociation&NetworkAclId=acl-00000009&AssociationId=" + next)
                .startsWith("InvalidNetworkAclID.NotFound"));
        String same = calls.answer("Action=ReplaceNetworkAclAssociation&AssociationId=" + next + "&NetworkAclId=" + id);
        assertEquals(next, value(same, "newAssociationId"));
        String back = calls.answer("Action=ReplaceNetworkAclAssociation&AssociationId=" + next + "&NetworkAclId="
                + defaultAcl().id());
        assertEquals(association, value(back, "newAssociationId"));
        assertTrue(store.text().contains("db0: {mode: host, nic: eth1, security-groups: [web]}"), store.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RuleNumber=120&Protocol=6&RuleAction=allow&Egress=false&CidrBlock=0.0.0.0/0&PortRange.From=80&PortRange.To=80"
                        + "|rule: 120, action: allow, protocol: tcp, ports: 80, from: 0.0.0.0/0",
                "RuleNumber=110&Protocol=1&RuleAction=deny&Egress=true&CidrBlock=0.0.0.0/0&Icmp.Code=-1&Icmp.Type=-1"
                        + "|rule: 110, action: deny, protocol: icmp, to: 0.0.0.0/0",
                "RuleNumber=120&Protocol=-1&RuleAction=allow&Egress=false&Ipv6CidrBlock=::/0"
                        + "|rule: 120, action: allow, protocol: all, from: \"::/0\"",
                "RuleNumber=32766&Protocol=58&RuleAction=allow&Egress=false&Ipv6CidrBlock=2001:db8::1/32&Icmp.Code=0&Icmp.Type=128"
                        + "|rule: 32766, action: allow, protocol: icmpv6, type: 128, code: 0, from: \"2001:db8::/32\"",
                "RuleNumber=1&Protocol=47&RuleAction=allow&Egress=true&CidrBlock=100.68.0.18/18&PortRange.From=0&PortRange.To=0"
                        + "|rule: 1, action: allow, protocol: 47, to: 100.68.0.0/18",
                "RuleNumber=2&Protocol=132&RuleAction=allow&Egress=true&CidrBlock=100.68.0.0/18"
                        + "|rule: 2, action: allow, protocol: sctp, to: 100.68.0.0/18",
                "RuleNumber=3&Protocol=17&RuleAction=deny&Egress=true&CidrBlock=10.0.0.0/8&PortRange.From=0&PortRange.To=65535"
                        + "|rule: 3, action: deny, protocol: udp, to: 10.0.0.0/8",
                "RuleNumber=4&Protocol=1&RuleAction=deny&Egress=true&CidrBlock=10.0.0.0/8&Icmp.Code=0&Icmp.Type=8"
                        + "&PortRange.From=0&PortRange.To=65535"
                        + "|rule: 4, action: deny, protocol: icmp, type: 8, code: 0, to: 10.0.0.0/8",
            })
    void anEntryIsWritten(String parameters, String yaml) throws Exception {
        String answer = calls.answer("Action=CreateNetworkAclEntry&NetworkAclId=acl-00000001&" + parameters);
        assertTrue(answer.contains("<return>true</return>"), answer);
        assertTrue(store.text().contains("- {" + yaml + "}\n"), store.text());
        assertTrue(store.text().contains("# no ping"), store.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "=120|=100|NetworkAclEntryAlreadyExists: The network acl entry identified by 100 already exists.",
                "=120|=32767|InvalidParameterValue: Value (32767) for parameter RuleNumber is invalid. Expecting a value from 1"
                        + " to 32766.",
                "=120|=0|InvalidParameterValue: Value (0) for parameter RuleNumber is invalid. Expecting a value from 1 to"
                        + " 32766.",
                "Protocol=6|Protocol=256|InvalidParameterValue: Invalid value '256' for IP protocol. Unknown protocol.",
                "&PortRange.To=80||InvalidParameterValue: Invalid value for portRange. Must specify both from and to ports with"
                        + " TCP/UDP.",
                "PortRange.To=80|PortRange.To=79|InvalidParameterValue: Invalid TCP/UDP port range (80:79)",
                "Protocol=6|Protocol=1|MissingParameter: The request must contain the parameter Icmp.Type",
                "Protocol=6|Protocol=1&Icmp.Type=8|MissingParameter: The request must contain the parameter Icmp.Code",
                "Protocol=6|Protocol=1&Icmp.Type=256&Icmp.Code=0|InvalidParameterValue: ICMP type (256) out of range",
                "Protocol=6|Protocol=58&Icmp.Type=1&Icmp.Code=0|InvalidParameterValue: icmpv6 has no packets of 0.0.0.0/0: icmp"
                        + " is for IPv4, icmpv6 for IPv6",
                "&CidrBlock=0.0.0.0/0||MissingParameter: The request must contain the parameter CidrBlock or Ipv6CidrBlock",
                "&CidrBlock=|&Ipv6CidrBlock=::/0&CidrBlock=|InvalidParameterCombination: Only one of CidrBlock and"
                        + " Ipv6CidrBlock can be specified",
                "CidrBlock=|Ipv6CidrBlock=|InvalidParameterValue: CIDR block 0.0.0.0/0 is malformed",
                "acl-00000001|acl-00000002|InvalidNetworkAclID.NotFound: The networkAcl ID 'acl-00000002' does not exist",
            })
    void anEntryThatCannotBeIsRefused(String before, String after, String refusal) {
        assertEquals(refusal, calls.refusal(ENTRY.replace(before, after == null ? "" : after)));
        assertEquals(YAML, store.text());
    }

    @Test
    void entriesOfOneNumberAreReplacedAndDeletedTogether() throws Exception {
        String acl = "&NetworkAclId=acl-00000001";
        calls.answer("Action=ReplaceNetworkAclEntry&RuleNumber=100&Protocol=17&RuleAction=allow&Egress=false"
                + "&CidrBlock=203.0.113.12/24&PortRange.From=53&PortRange.To=53" + acl);
        assertTrue(
                store.text().contains("- {rule: 100, action: allow, protocol: udp, ports: 53, from: 203.0.113.0/24}\n"),
                store.text());
        assertFalse(store.text().contains("8000-8100"), store.text());
        calls.answer("Action=DeleteNetworkAclEntry&RuleNumber=100&Egress=true" + acl);
        assertFalse(store.text().contains("prefix-list: partners"), store.text());
        assertEquals(
                "InvalidNetworkAclEntry.NotFound: no egress entry with number 100",
                calls.refusal("Action=DeleteNetworkAclEntry&RuleNumber=100&Egress=true" + acl));
        assertEquals(
                "InvalidNetworkAclEntry.NotFound: no ingress entry with number 120",
                calls.refusal(ENTRY.replace("CreateNetwork", "ReplaceNetwork")));
        assertTrue(calls.refusal("Action=DeleteNetworkAclEntry&RuleNumber=32767&Egress=true" + acl)
                .startsWith("InvalidParameterValue"));
        for (String number : List.of("100", "110")) {
            calls.answer("Action=DeleteNetworkAclEntry&Egress=false&RuleNumber=" + number + acl);
        }
        assertTrue(store.text().contains("    ingress: []"), store.text());
    }

    @Test
    void aclsComeInPages() throws Exception {
        for (int i = 0; i < 5; i++) {
            create("");
        }
        String first = calls.answer("Action=DescribeNetworkAcls&MaxResults=5");
        String second = calls.answer("Action=DescribeNetworkAcls&MaxResults=5&NextToken=" + value(first, "nextToken"));
        assertEquals(5, values(first, "default").size());
        assertEquals(2, values(second, "default").size());
        assertFalse(second.contains("nextToken"), second);
    }
}
