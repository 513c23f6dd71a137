package io.portcullis.ec2.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** JSON as the AWS CLI prints it becomes a configuration. */
final class ImportTest {
    static final JsonFile GROUPS = new JsonFile("groups.json", """
            {
                "SecurityGroups": [
                    {
                        "GroupId": "sg-00000000000000000",
                        "IpPermissionsEgress": [
                            {
                                "IpProtocol": "-1",
                                "UserIdGroupPairs": [],
                                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                                "PrefixListIds": []
                            }
                        ],
                        "Tags": [{"Key": "env", "Value": "prod"}],
                        "VpcId": "vpc-0123456789abcdef0",
                        "SecurityGroupArn": "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-00000000000000000",
                        "OwnerId": "123456789012",
                        "GroupName": "webserver-open",
                        "Description": "Allows all inbound traffic",
                        "IpPermissions": [
                            {
                                "IpProtocol": "tcp",
                                "FromPort": 80,
                                "ToPort": 80,
                                "UserIdGroupPairs": [],
                                "IpRanges": [{"CidrIp": "0.0.0.0/0"}, {"CidrIp": "203.0.113.10/32", "Description": "me"}],
                                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                                "PrefixListIds": []
                            },
                            {
                                "IpProtocol": "tcp",
                                "FromPort": 22,
                                "ToPort": 22,
                                "UserIdGroupPairs": [
                                    {"GroupId": "sg-11111111", "UserId": "123456789012", "Description": "the bastion"},
                                    {"GroupId": "sg-22222222", "UserId": "999999999999"},
                                    {"GroupId": "sg-33333333", "UserId": "123456789012",
                                     "VpcPeeringConnectionId": "pcx-1", "PeeringStatus": "active"}
                                ],
                                "PrefixListIds": [{"PrefixListId": "pl-0123456789abcdef0"}]
                            },
                            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                            {"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
                            {"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-00000000000000000"}]}
                        ]
                    },
                    {
                        "GroupId": "sg-11111111",
                        "GroupName": "bastion",
                        "Description": "ssh",
                        "OwnerId": "123456789012",
                        "VpcId": "vpc-0123456789abcdef0",
                        "IpPermissions": [],
                        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
                    }
                ]
            }
            """);

    static final JsonFile LISTS = new JsonFile("lists.json", """
            {"PrefixLists": [{"PrefixListId": "pl-0123456789abcdef0", "AddressFamily": "IPv4", "State": "create-complete",
              "PrefixListName": "offices", "MaxEntries": 10, "Version": 1, "Tags": [], "OwnerId": "123456789012"},
             {"PrefixListId": "pl-63a5400a", "PrefixListName": "com.amazonaws.eu-central-1.s3", "OwnerId": "AWS"}]}
            """);

    static final JsonFile ENTRIES = new JsonFile("in/pl-0123456789abcdef0.json", """
            {"Entries": [{"Cidr": "198.51.100.0/24", "Description": "HQ"}, {"Cidr": "203.0.113.10/32"}]}
            """);

    static final JsonFile ACLS = new JsonFile("acls.json", """
            {"NetworkAcls": [
              {"NetworkAclId": "acl-0aaaaaaaaaaaaaaaa", "IsDefault": false, "VpcId": "vpc-0123456789abcdef0",
               "OwnerId": "123456789012", "Tags": [{"Key": "Name", "Value": "edge"}],
               "Associations": [{"NetworkAclAssociationId": "aclassoc-1", "NetworkAclId": "acl-0aaaaaaaaaaaaaaaa",
                                 "SubnetId": "subnet-0aaaaaaaaaaaaaaaa"}],
               "Entries": [
                 {"CidrBlock": "0.0.0.0/0", "Egress": true, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100},
                 {"CidrBlock": "0.0.0.0/0", "Egress": true, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": 32767},
                 {"Ipv6CidrBlock": "::/0", "Egress": false, "Protocol": "58", "RuleAction": "allow", "RuleNumber": 200,
                  "IcmpTypeCode": {"Code": -1, "Type": 128}},
                 {"CidrBlock": "198.51.100.0/24", "Egress": false, "Protocol": "6", "RuleAction": "deny", "RuleNumber": 90,
                  "PortRange": {"From": 22, "To": 23}}]}]}
            """);

    static final JsonFile TEMPLATE = new JsonFile("launch-template.json", """
            {
              "ImageId": "ami-0abcdef1234567890",
              "InstanceType": "t3.micro",
              "NetworkInterfaces": [
                {
                  "DeviceIndex": 0,
                  "SubnetId": "subnet-0aaaaaaaaaaaaaaaa",
                  "Groups": ["sg-00000000000000000"],
                  "AssociatePublicIpAddress": true,
                  "ConnectionTrackingSpecification": {"TcpEstablishedTimeout": 350, "UdpStreamTimeout": 120}
                }
              ],
              "UserData": "IyEvYmluL3No"
            }
            """);

    static final List<JsonFile> ALL = List.of(GROUPS, LISTS, ENTRIES, ACLS, TEMPLATE);

    private static final List<Choice> WEB0 = List.of(Choice.parse("0=web0:eth0"));

    static Import.Result of(List<JsonFile> files, String... choices) {
        List<Choice> parsed = new ArrayList<>();
        for (String choice : choices) {
            parsed.add(Choice.parse(choice));
        }
        return Import.of(files, parsed, Optional.empty());
    }

    /** The YAML, which has no errors. */
    static String yaml(Import.Result result) {
        assertEquals(List.of(), result.errors());
        return result.yaml().orElseThrow();
    }

    /** The notes, one a line. */
    static String notes(Import.Result result) {
        return String.join("\n", result.notes().stream().map(Note::toString).toList());
    }

    /** The security groups of a result, and a bridge to make it whole. */
    static Config config(String yaml) throws ConfigException {
        return ConfigReader.parse(yaml, "imported.yaml");
    }

    @Test
    void allKindsTogetherAreOneValidConfiguration() throws ConfigException {
        Import.Result result = Import.of(ALL, WEB0, Optional.empty());
        assertEquals("""
                version: 1

                interfaces:
                  web0:
                    mode: host
                    nic: eth0
                    security-groups: [webserver-open]
                    network-acl: edge
                    timeouts: {tcp-established: 350s, udp-stream: 120s}

                security-groups:
                  webserver-open:
                    id: sg-00000000000000000
                    description: "Allows all inbound traffic"
                    ingress:
                      - {protocol: tcp, ports: 80, from: any}
                      - {protocol: tcp, ports: 80, from: 203.0.113.10/32, description: me}
                      - {protocol: tcp, ports: 22, from: {prefix-list: offices}}
                      - {protocol: tcp, ports: 22, from: {group: bastion}, description: "the bastion"}
                      - {protocol: icmp, type: 8, from: 10.0.0.0/8}
                      - {protocol: icmpv6, from: "::/0"}
                      - {protocol: 50, from: 10.0.0.0/8}
                      - {protocol: all, from: {group: webserver-open}}
                  bastion:
                    id: sg-11111111
                    description: ssh
                    ingress: []
                    egress:
                      - {protocol: all, to: 0.0.0.0/0}

                prefix-lists:
                  offices:
                    id: pl-0123456789abcdef0
                    entries:
                      - 198.51.100.0/24
                      - 203.0.113.10/32

                network-acls:
                  edge:
                    id: acl-0aaaaaaaaaaaaaaaa
                    ingress:
                      - {rule: 90, action: deny, protocol: tcp, ports: 22-23, from: 198.51.100.0/24}
                      - {rule: 200, action: allow, protocol: icmpv6, type: 128, from: "::/0"}
                    egress:
                      - {rule: 100, action: allow, protocol: all, to: 0.0.0.0/0}
                """, yaml(result));
        assertEquals(1, config(yaml(result)).interfaces().size());
    }

    @Test
    void everythingWithoutACounterpartIsReportedWithItsPlace() {
        assertEquals("""
                groups.json:14:13: tags env=prod: the configuration has no tags
                groups.json:36:25: rule left out: tcp 22, group sg-22222222 is of another account, 999999999999
                groups.json:37:25: rule left out: tcp 22, group sg-33333333 is behind the peering connection pcx-1
                in/pl-0123456789abcdef0.json:1:42: description of 198.51.100.0/24, HQ: entries have none
                launch-template.json:2:3: ImageId ami-0abcdef1234567890: not a firewall's
                launch-template.json:3:3: InstanceType t3.micro: not a firewall's
                launch-template.json:13:3: UserData: not a firewall's
                launch-template.json:9:7: AssociatePublicIpAddress true: the host's own, not a firewall's
                lists.json:3:2: pl-63a5400a (com.amazonaws.eu-central-1.s3): left out: no file has its entries, and no rule\
                 refers to it""", notes(Import.of(ALL, WEB0, Optional.empty())));
    }

    @Test
    void theOrderOfTheFilesDoesNotMatter() {
        List<JsonFile> files = new ArrayList<>(ALL);
        String first = yaml(Import.of(files, WEB0, Optional.empty()));
        Random random = new Random(1);
        for (int i = 0; i < 10; i++) {
            Collections.shuffle(files, random);
            assertEquals(first, yaml(Import.of(files, WEB0, Optional.empty())));
        }
    }

    @Test
    void severalAnswersMayBeInOneFile() {
        String together = GROUPS.text() + LISTS.text() + "{\"PrefixListId\": \"pl-0123456789abcdef0\", "
                + ENTRIES.text().substring(1) + ACLS.text() + TEMPLATE.text();
        assertEquals(
                yaml(Import.of(ALL, WEB0, Optional.empty())),
                yaml(Import.of(List.of(new JsonFile("-", together)), WEB0, Optional.empty())));
    }

    @Test
    void theSameObjectTwiceIsTheSameOnceIfItSaysTheSame() {
        List<JsonFile> twice = new ArrayList<>(ALL);
        twice.add(new JsonFile("again.json", GROUPS.text()));
        twice.add(new JsonFile("again/pl-0123456789abcdef0.json", ENTRIES.text()));
        assertEquals(yaml(Import.of(ALL, WEB0, Optional.empty())), yaml(Import.of(twice, WEB0, Optional.empty())));
        twice.add(new JsonFile("other.json", GROUPS.text().replace("\"ToPort\": 80", "\"ToPort\": 81")));
        twice.add(new JsonFile("other/pl-0123456789abcdef0.json", ENTRIES.text().replace("HQ", "hq")));
        assertEquals(
                List.of(
                        "other.json:3:9: sg-00000000000000000: differs from the one at groups.json:3:9: give one of them,"
                                + " or let the AWS CLI print both again",
                        "other/pl-0123456789abcdef0.json:1:13: entries of pl-0123456789abcdef0: differs from the one at"
                                + " in/pl-0123456789abcdef0.json:1:13: give one of them, or let the AWS CLI print both again"),
                Import.of(twice, WEB0, Optional.empty()).errors().stream()
                        .map(Object::toString)
                        .toList());
    }

    /** EC2 makes a group with egress to everywhere: without IPv6 in the VPC, one rule of IPv4. */
    @Test
    void onlyTheEgressThatAnAbsentKeyMeansIsLeftOut() throws ConfigException {
        String group = """
                {"SecurityGroups": [{"GroupId": "sg-11111111", "GroupName": "a", "IpPermissions": [],
                 "IpPermissionsEgress": [%s]}]}""";
        String v4 = "{\"IpProtocol\": \"-1\", \"IpRanges\": [{\"CidrIp\": \"0.0.0.0/0\"%s}]}";
        String v6 = "{\"IpProtocol\": \"-1\", \"Ipv6Ranges\": [{\"CidrIpv6\": \"::/0\"%s}]}";
        String why = ", \"Description\": \"all\"";
        assertEquals("", egress(String.format(group, String.format(v4 + "," + v6, "", ""))));
        assertEquals("    egress: []\n", egress(String.format(group, "")));
        assertEquals(
                "    egress:\n      - {protocol: all, to: 0.0.0.0/0}\n",
                egress(String.format(group, String.format(v4, ""))));
        assertEquals(
                "    egress:\n      - {protocol: all, to: \"::/0\"}\n",
                egress(String.format(group, String.format(v6, ""))));
        assertEquals(
                "    egress:\n      - {protocol: all, to: any, description: all}\n",
                egress(String.format(group, String.format(v4 + "," + v6, why, why))));
        assertEquals("""
                    egress:
                      - {protocol: all, to: 0.0.0.0/0, description: all}
                      - {protocol: all, to: "::/0"}
                """, egress(String.format(group, String.format(v4 + "," + v6, why, ""))));
    }

    private static String egress(String json) {
        String yaml = yaml(of(List.of(new JsonFile("groups.json", json))));
        String begin = "    ingress: []\n";
        assertTrue(yaml.contains(begin), yaml);
        return yaml.substring(yaml.indexOf(begin) + begin.length());
    }
}
