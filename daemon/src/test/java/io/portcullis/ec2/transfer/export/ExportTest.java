package io.portcullis.ec2.transfer.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.transfer.Note;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A configuration as JSON of EC2's describe calls, and as resources of Terraform. */
final class ExportTest {
    private static final String RULES = """
            version: 1
            ec2-api: {account: "123456789012", vpc-id: vpc-11111111, subnet-ids: {web0: subnet-11111111}}
            interfaces:
              web0: {id: eni-11111111, mode: host, nic: eth0, security-groups: [web], network-acl: edge,
                     timeouts: {tcp-established: 350s, udp: 200s, other: 60s}}
            security-groups:
              web:
                id: sg-11111111
                description: the site
                ingress:
                  - {protocol: tcp, ports: [80], from: any}
                  - {protocol: tcp, ports: 80, from: [{group: ops}, {prefix-list: office}], description: us}
                  - {protocol: icmp, type: 8, from: 10.0.0.0/8}
                  - {protocol: gre, from: 10.0.0.0/8}
                egress: []
              ops: {id: sg-22222222, members: [10.0.0.5]}
            prefix-lists:
              office: {id: pl-11111111, entries: [198.51.100.0/24]}
            network-acls:
              edge:
                id: acl-11111111
                ingress:
                  - {rule: 100, action: allow, protocol: tcp, ports: [80, 443], from: 0.0.0.0/0}
            failsafe: {ingress: [{protocol: tcp, ports: 22, from: 10.0.0.0/8}]}
            expect: [{interface: web0, ingress: {protocol: tcp, ports: 22, from: 192.0.2.0/24}, verdict: deny}]
            """;

    private static Cloud cloud(String yaml) throws ConfigException {
        Config config = ConfigReader.parse(yaml, "p.yaml");
        return Cloud.of(config, Account.of(config, new Ids("a host")), State.EMPTY, Map.of());
    }

    private static JsonNode json(String yaml, Set<Ec2Json.Kind> kinds) throws ConfigException {
        return new ObjectMapper().valueToTree(Ec2Json.of(cloud(yaml), kinds).answers());
    }

    private static List<String> texts(List<Note> notes) {
        return notes.stream().map(Note::toString).toList();
    }

    @Test
    void groupsHaveTheShapeOfDescribeSecurityGroups() throws ConfigException {
        JsonNode groups = json(RULES, EnumSet.of(Ec2Json.Kind.SECURITY_GROUPS)).get("SecurityGroups");
        assertEquals("""
                {"GroupId":"sg-11111111","IpPermissionsEgress":[],"Tags":[],"VpcId":"vpc-11111111",\
                "SecurityGroupArn":"arn:aws:ec2:us-east-1:123456789012:security-group/sg-11111111",\
                "OwnerId":"123456789012","GroupName":"web","Description":"the site","IpPermissions":[\
                {"IpProtocol":"tcp","FromPort":80,"ToPort":80,\
                "UserIdGroupPairs":[{"UserId":"123456789012","GroupId":"sg-22222222","Description":"us"}],\
                "IpRanges":[{"CidrIp":"0.0.0.0/0"}],"Ipv6Ranges":[{"CidrIpv6":"::/0"}],\
                "PrefixListIds":[{"PrefixListId":"pl-11111111","Description":"us"}]},\
                {"IpProtocol":"icmp","FromPort":8,"ToPort":-1,"UserIdGroupPairs":[],\
                "IpRanges":[{"CidrIp":"10.0.0.0/8"}],"Ipv6Ranges":[],"PrefixListIds":[]},\
                {"IpProtocol":"47","UserIdGroupPairs":[],"IpRanges":[{"CidrIp":"10.0.0.0/8"}],"Ipv6Ranges":[],\
                "PrefixListIds":[]}]}""", groups.get(0).toString());
        assertEquals("""
                [{"IpProtocol":"-1","UserIdGroupPairs":[],"IpRanges":[{"CidrIp":"0.0.0.0/0"}],\
                "Ipv6Ranges":[{"CidrIpv6":"::/0"}],"PrefixListIds":[]}]""", groups.get(1).get("IpPermissionsEgress").toString());
    }

    /** Rules by themselves have -1 where groups leave the ports out. */
    @Test
    void rulesHaveTheShapeOfDescribeSecurityGroupRules() throws ConfigException {
        JsonNode rules =
                json(RULES, EnumSet.of(Ec2Json.Kind.SECURITY_GROUP_RULES)).get("SecurityGroupRules");
        assertEquals(8, rules.size());
        for (JsonNode rule : rules) {
            if (rule.get("IpProtocol").asText().equals("-1")) {
                assertEquals(-1, rule.get("FromPort").asInt());
                assertEquals(-1, rule.get("ToPort").asInt());
                assertTrue(rule.get("IsEgress").asBoolean());
            }
            assertTrue(rule.get("SecurityGroupRuleId").asText().startsWith("sgr-"));
        }
    }

    @Test
    void listsAclsAndInterfacesHaveTheShapesOfTheirCalls() throws ConfigException {
        JsonNode all = json(RULES, Ec2Json.Kind.USUAL);
        assertEquals(
                List.of("SecurityGroups", "PrefixLists", "NetworkAcls", "NetworkInterfaces"),
                all.propertyStream().map(Map.Entry::getKey).toList());
        assertEquals("""
                {"PrefixListId":"pl-11111111","AddressFamily":"IPv4","State":"create-complete",\
                "PrefixListArn":"arn:aws:ec2:us-east-1:123456789012:prefix-list/pl-11111111","PrefixListName":"office",\
                "MaxEntries":1,"Version":1,"Tags":[],"OwnerId":"123456789012","Entries":[{"Cidr":"198.51.100.0/24"}]}""", all.get("PrefixLists").get(0).toString());
        JsonNode acl = all.get("NetworkAcls").get(0);
        assertEquals("acl-11111111", acl.get("NetworkAclId").asText());
        assertEquals("[{\"Key\":\"Name\",\"Value\":\"edge\"}]", acl.get("Tags").toString());
        assertEquals(
                "subnet-11111111",
                acl.get("Associations").get(0).get("SubnetId").asText());
        assertEquals("""
                [{"CidrBlock":"0.0.0.0/0","Egress":false,"PortRange":{"From":80,"To":80},"Protocol":"6",\
                "RuleAction":"allow","RuleNumber":100},\
                {"CidrBlock":"0.0.0.0/0","Egress":false,"PortRange":{"From":443,"To":443},"Protocol":"6",\
                "RuleAction":"allow","RuleNumber":101},\
                {"CidrBlock":"0.0.0.0/0","Egress":false,"Protocol":"-1","RuleAction":"deny","RuleNumber":32767},\
                {"Ipv6CidrBlock":"::/0","Egress":false,"Protocol":"-1","RuleAction":"deny","RuleNumber":32768},\
                {"CidrBlock":"0.0.0.0/0","Egress":true,"Protocol":"-1","RuleAction":"deny","RuleNumber":32767},\
                {"Ipv6CidrBlock":"::/0","Egress":true,"Protocol":"-1","RuleAction":"deny","RuleNumber":32768}]""", acl.get("Entries").toString());
        JsonNode nic = all.get("NetworkInterfaces").get(0);
        assertEquals(
                "[{\"GroupId\":\"sg-11111111\",\"GroupName\":\"web\"}]",
                nic.get("Groups").toString());
        assertEquals(0, nic.get("Attachment").get("DeviceIndex").asInt());
        assertEquals(
                "{\"TcpEstablishedTimeout\":350}",
                nic.get("ConnectionTrackingConfiguration").toString());
    }

    @Test
    void everythingThatEc2CannotSayIsReportedWithItsPlace() throws ConfigException {
        assertEquals(
                """
                p.yaml:4:3: web0: mode, NICs and other settings of the interface have no counterpart, left out
                p.yaml:4:3: web0: timeouts that EC2 has not, or not so long or short, left out: udp, other
                p.yaml:24:22: failsafe: EC2 has no such rules, left out
                p.yaml:25:10: expect: EC2 has no claims, left out
                p.yaml:16:3: ops: EC2 knows no members but network interfaces, left out: 10.0.0.5/32
                p.yaml:23:9: edge ingress, rule 100: 2 entries of EC2's, 100 to 101""",
                String.join(
                        "\n", texts(Ec2Json.of(cloud(RULES), Ec2Json.Kind.USUAL).notes())));
        String more = RULES.replace("egress: []", """
                egress:
                      - {protocol: sctp, ports: 5000, to: 10.0.0.0/8}
                      - {protocol: gre, to: 10.0.0.0/8}
                      - {protocol: gre, to: 10.0.0.0/8, description: again}""").replace("[198.51.100.0/24]", "[198.51.100.0/24, \"fd00::/8\"]");
        List<String> notes = texts(Ec2Json.of(cloud(more), Ec2Json.Kind.USUAL).notes());
        assertTrue(
                notes.contains("p.yaml:16:9: web: EC2 has no ports of sctp: it would admit all of them"),
                notes.toString());
        assertTrue(
                notes.contains("p.yaml:7:3: web egress: 1 of the rules are written twice and come once, with the first"
                        + " description"),
                notes.toString());
        assertTrue(
                notes.contains("p.yaml:21:3: office: two lists of EC2's, as one has blocks of one family"),
                notes.toString());
    }

    /** An entry of several ports is several of EC2's; they take the numbers up to the next entry's. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            100, 102 | 100 101 102
            100, 101 | 100 200 300
            32766, 32767 | -
            """)
    void entriesKeepTheirNumbersIfTheyFit(String numbers, String expected) throws ConfigException {
        String[] both = numbers.split(", ", -1);
        String acl = RULES.replace(
                        "[80, 443], from: 0.0.0.0/0}",
                        "[80, 443], from: 0.0.0.0/0}\n" + "      - {rule: " + both[1]
                                + ", action: deny, protocol: all, from: any}")
                .replace("from: any}\nfailsafe", "from: 10.0.0.0/8}\nfailsafe")
                .replace("rule: 100", "rule: " + both[0]);
        if (expected.equals("-")) {
            // The last number has no next one: the entry is numbered anew.
            acl = acl.replaceAll("\n.*rule: 32767.*\n", "\n");
            expected = "100 200";
        }
        StringBuilder found = new StringBuilder();
        for (JsonNode entry :
                json(acl, Ec2Json.Kind.USUAL).get("NetworkAcls").get(0).get("Entries")) {
            int number = entry.get("RuleNumber").asInt();
            if (!entry.get("Egress").asBoolean() && number < 32_767) {
                found.append(found.isEmpty() ? "" : " ").append(number);
            }
        }
        assertEquals(expected, found.toString());
    }

    @Test
    void resourcesReferToEachOtherByAddress() throws ConfigException {
        String hcl = Terraform.of(cloud(RULES)).hcl();
        assertTrue(hcl.startsWith("""
                variable "vpc_id" {
                  description = "VPC of the security groups and network ACLs"
                  type        = string
                }

                resource "aws_ec2_managed_prefix_list" "office" {
                  name           = "office"
                  address_family = "IPv4"
                  max_entries    = 1

                  entry {
                    cidr = "198.51.100.0/24"
                  }
                }

                resource "aws_security_group" "web" {
                  name        = "web"
                  description = "the site"
                  vpc_id      = var.vpc_id
                }
                """), hcl);
        assertTrue(hcl.contains("""
                resource "aws_vpc_security_group_ingress_rule" "web_3" {
                  security_group_id            = aws_security_group.web.id
                  description                  = "us"
                  ip_protocol                  = "tcp"
                  from_port                    = 80
                  to_port                      = 80
                  referenced_security_group_id = aws_security_group.ops.id
                }

                resource "aws_vpc_security_group_ingress_rule" "web_4" {
                  security_group_id = aws_security_group.web.id
                  description       = "us"
                  ip_protocol       = "tcp"
                  from_port         = 80
                  to_port           = 80
                  prefix_list_id    = aws_ec2_managed_prefix_list.office.id
                }

                resource "aws_vpc_security_group_ingress_rule" "web_5" {
                  security_group_id = aws_security_group.web.id
                  ip_protocol       = "icmp"
                  from_port         = 8
                  to_port           = -1
                  cidr_ipv4         = "10.0.0.0/8"
                }
                """), hcl);
        assertTrue(hcl.endsWith("""
                resource "aws_network_acl" "edge" {
                  vpc_id = var.vpc_id

                  ingress {
                    rule_no    = 100
                    action     = "allow"
                    protocol   = "6"
                    from_port  = 80
                    to_port    = 80
                    cidr_block = "0.0.0.0/0"
                  }

                  ingress {
                    rule_no    = 101
                    action     = "allow"
                    protocol   = "6"
                    from_port  = 443
                    to_port    = 443
                    cidr_block = "0.0.0.0/0"
                  }

                  tags = {
                    Name = "edge"
                  }
                }
                """), hcl);
    }

    /** EC2 refuses such texts at the apply: what is written instead is said. */
    @Test
    void textsThatEc2DoesNotTakeAreReplacedAndReported() throws ConfigException {
        Terraform.Result result = Terraform.of(cloud("""
                version: 1
                interfaces: {web0: {mode: host, nic: eth0, security-groups: [sg-x, "\u00e9t\u00e9", "1 a", "1_a", WEB, web]}}
                security-groups:
                  sg-x: {description: "${a} %{b} \\"c\\"", ingress: [{protocol: sctp, ports: 1, from: any}]}
                  "\u00e9t\u00e9": {}
                  "1 a": {}
                  "1_a": {}
                  WEB: {}
                  web: {}
                """));
        assertTrue(result.hcl().contains("\"group-x\"\n  description = \"$${a} -{b} -c-\"\n"), result.hcl());
        for (String head : List.of("\"_t_\" {\n  name   = \"-t-\"", "\"_1_a\" {", "\"_1_a_2\" {")) {
            assertTrue(result.hcl().contains("resource \"aws_security_group\" " + head), head + " in " + result.hcl());
        }
        assertTrue(!result.hcl().contains("132"), result.hcl());
        String notes = String.join("\n", texts(result.notes()));
        for (String note : List.of(
                "p.yaml:4:3: sg-x: EC2 takes no name that begins with sg-, written as group-\u2026",
                "p.yaml:4:3: sg-x: description has characters that EC2 does not take",
                "p.yaml:5:3: \u00e9t\u00e9: name has characters that EC2 does not take",
                "EC2 knows no case in names, and another group has this one: rename it",
                "p.yaml:2:14: web0: no resource: its security groups are sg-x, \u00e9t\u00e9, 1 a, 1_a, WEB, web")) {
            assertTrue(notes.contains(note), note + " in " + notes);
        }
    }

    @Test
    void aTextInQuotesIsNeverATemplate() {
        assertEquals(
                "\"$${a} %%{b} $ % $$${ \\\"\\\\\\n\\r\\t\\u0001\"", Hcl.quoted("${a} %{b} $ % $${ \"\\\n\r\t\u0001"));
        assertEquals("\"\\U000e0001\ud83d\udd25\"", Hcl.quoted("\udb40\udc01\ud83d\udd25"));
    }
}
