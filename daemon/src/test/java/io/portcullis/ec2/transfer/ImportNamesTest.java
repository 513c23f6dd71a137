package io.portcullis.ec2.transfer;

import static io.portcullis.ec2.transfer.ImportTest.notes;
import static io.portcullis.ec2.transfer.ImportTest.yaml;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.state.State;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names of groups, lists and ACLs, and the interfaces of this host. */
final class ImportNamesTest {
    private static final String NIC = """
            {"NetworkInterfaces": [
              {"NetworkInterfaceId": "eni-11111111", "VpcId": "vpc-1", "SubnetId": "subnet-11111111", "SourceDestCheck": true,
               "Groups": [{"GroupId": "sg-11111111", "GroupName": "bastion"}], "Attachment": {"DeviceIndex": 0}},
              {"NetworkInterfaceId": "eni-22222222", "VpcId": "vpc-1", "SubnetId": "subnet-22222222", "SourceDestCheck": true,
               "Groups": [{"GroupId": "sg-11111111", "GroupName": "bastion"}], "Attachment": {"DeviceIndex": 1}}]}
            """;

    private static JsonFile groups(String... idsAndNames) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < idsAndNames.length; i += 2) {
            all.append(i == 0 ? "" : ",").append(String.format("""
                    {"GroupId": "%s", "GroupName": "%s", "IpPermissions": [], "IpPermissionsEgress": []}""", idsAndNames[i], idsAndNames[i + 1]));
        }
        return new JsonFile("groups.json", "{\"SecurityGroups\": [" + all + "]}");
    }

    private static List<String> names(Import.Result result) {
        return yaml(result)
                .lines()
                .filter(line -> line.matches("  [^ ].*:"))
                .map(line -> line.strip().replaceFirst(":$", ""))
                .toList();
    }

    /** Every VPC has a group default; names of groups are not case-sensitive. */
    @Test
    void groupsOfTheSameNameGetNamesOfTheirOwnByTheirIds() {
        Import.Result result = ImportTest.of(List.of(groups(
                "sg-33333333", "default",
                "sg-0123456789abcdef0", "Default",
                "sg-22222222", "default",
                "sg-1aaaaaaa222222222", "default")));
        assertEquals(
                List.of("Default", "default-22222222", "default-22222222-2", "default-33333333").stream()
                        .sorted()
                        .toList(),
                names(result).stream().sorted().toList());
        assertTrue(
                notes(result)
                        .contains("sg-33333333: another object is called default already, called default-33333333"),
                notes(result));
    }

    @Test
    void objectsWithoutAValidNameAreCalledByTheirIds() {
        JsonFile acl = new JsonFile("acls.json", "{\"NetworkAcls\": [{\"NetworkAclId\": \"acl-11111111\"}]}");
        JsonFile list = new JsonFile("x-pl-11111111.json", "{\"Entries\": []}");
        Import.Result result = ImportTest.of(List.of(groups("sg-11111111", "", "sg-22222222", "a|b"), acl, list));
        assertEquals(List.of("group-11111111", "a-b", "pl-11111111", "acl-11111111"), names(result));
        assertEquals("""
                groups.json:1:21: sg-11111111: has no name in these files, called group-11111111
                groups.json:1:113: sg-22222222: "a|b" is not valid as a name, called a-b
                acls.json:1:18: acl-11111111: has no name in these files, called acl-11111111
                x-pl-11111111.json:1:1: pl-11111111: has no name in these files, called pl-11111111
                no interface: the result is to be included in a configuration that has one, or --interface names one""", notes(result));
    }

    @Test
    void rulesAloneMakeAGroupAndAgreeWithTheGroupsPermissions() {
        JsonFile rules = new JsonFile("rules.json", """
                {"SecurityGroupRules": [
                  {"SecurityGroupRuleId": "sgr-2", "GroupId": "sg-11111111", "GroupOwnerId": "1", "IsEgress": true,
                   "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0", "Tags": []},
                  {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-11111111", "GroupOwnerId": "1", "IsEgress": false,
                   "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv6": "2001:db8::/32", "Description": "us"},
                  {"SecurityGroupRuleId": "sgr-3", "GroupId": "sg-11111111", "GroupOwnerId": "1", "IsEgress": false,
                   "IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
                   "ReferencedGroupInfo": {"GroupId": "sg-11111111", "UserId": "1"}},
                  {"SecurityGroupRuleId": "sgr-4", "GroupId": "sg-11111111", "GroupOwnerId": "1", "IsEgress": false,
                   "IpProtocol": "udp", "FromPort": 53, "ToPort": 53,
                   "ReferencedGroupInfo": {"GroupId": "sg-22222222", "UserId": "2"}}]}
                """);
        Import.Result alone = ImportTest.of(List.of(rules));
        assertEquals("""
                version: 1

                security-groups:
                  group-11111111:
                    id: sg-11111111
                    ingress:
                      - {protocol: tcp, ports: 80, from: "2001:db8::/32", description: us}
                      - {protocol: udp, ports: 53, from: {group: group-11111111}}
                    egress:
                      - {protocol: all, to: 0.0.0.0/0}
                """, yaml(alone));
        String permissions = """
                {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "UserIdGroupPairs": [{"GroupId": "sg-11111111"}]},
                {"IpProtocol": "6", "FromPort": 80, "ToPort": 80,
                 "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32", "Description": "us"}]}""";
        String text =
                "{\"SecurityGroups\": [{\"GroupId\": \"sg-11111111\", \"GroupName\": \"web\", \"IpPermissions\": ["
                        + permissions
                        + "], \"IpPermissionsEgress\": [{\"IpProtocol\": \"-1\", \"IpRanges\": [{\"CidrIp\": \"0.0.0.0/0\"}]}]}]}";
        assertTrue(yaml(ImportTest.of(List.of(rules, new JsonFile("g.json", text))))
                .contains("  web:\n"));
        Import.Result other = ImportTest.of(List.of(rules, new JsonFile("g.json", text.replace(": 80", ": 81"))));
        assertEquals(
                "rules.json:2:3: sg-11111111: its rules here differ from those at g.json:1:21: print both again",
                other.errors().getFirst().toString());
    }

    @Test
    void aNetworkInterfaceIsChosenByIndexSubnetOrId() {
        List<JsonFile> files = List.of(groups("sg-11111111", "bastion"), new JsonFile("nics.json", NIC));
        for (String which : List.of("1", "subnet-22222222", "eni-22222222")) {
            Import.Result result = ImportTest.of(files, which + "=lan:eth1");
            assertTrue(yaml(result).contains("""
                    interfaces:
                      lan:
                        id: eni-22222222
                        mode: host
                        nic: eth1
                        security-groups: [bastion]
                    """), yaml(result));
            assertTrue(
                    notes(result)
                            .contains(
                                    "nics.json:2:3: network interface eni-11111111, DeviceIndex 0, subnet-11111111:"
                                            + " becomes no interface of this host; --interface eni-11111111=NAME:NIC would make it one"),
                    notes(result));
            assertTrue(notes(result).contains("nics.json:4:91: SourceDestCheck true: no counterpart"), notes(result));
        }
    }

    @Test
    void theExistingConfigurationGivesModeAndNics() throws ConfigException {
        Config existing = ConfigReader.parse("""
                version: 1
                interfaces:
                  web0: {mode: host, nic: eth7, id: eni-11111111, security-groups: [a]}
                  edge: {mode: bridge, outside: eth8, inside: eth9, addresses: [10.0.0.0/24], security-groups: [a]}
                security-groups: {a: {}}
                """, "portcullis.yaml");
        List<JsonFile> files = List.of(groups("sg-11111111", "bastion"), new JsonFile("nics.json", NIC));
        Cloud cloud = Cloud.of(existing, Account.of(existing, new Ids("a host")), State.EMPTY, Map.of());
        Import.Result result = Import.of(files, List.of(Choice.parse("subnet-22222222=edge")), Optional.of(cloud));
        assertTrue(yaml(result).contains("""
                interfaces:
                  edge:
                    id: eni-22222222
                    mode: bridge
                    outside: eth8
                    inside: eth9
                    addresses: [10.0.0.0/24]
                    security-groups: [bastion]
                  web0:
                    id: eni-11111111
                    mode: host
                    nic: eth7
                    security-groups: [bastion]
                """), yaml(result));
    }

    @Test
    void aChoiceThatFitsNoneOrSeveralIsAnError() {
        JsonFile groups = groups("sg-11111111", "bastion");
        JsonFile nics = new JsonFile("nics.json", NIC);
        JsonFile template = new JsonFile("t.json", "{\"ImageId\": \"ami-1\", \"SecurityGroupIds\": [\"sg-11111111\"]}");
        assertFault(
                ImportTest.of(List.of(groups, nics), "2=web0:eth0"),
                "--interface: 2: no such network interface: the files have network interface eni-11111111, DeviceIndex 0,"
                        + " subnet-11111111; network interface eni-22222222, DeviceIndex 1, subnet-22222222");
        assertFault(
                ImportTest.of(List.of(groups), "2=web0:eth0"),
                "--interface: 2: no such network interface: the files have none");
        assertFault(
                ImportTest.of(List.of(groups, nics, template), "0=web0:eth0"),
                "t.json:1:22: --interface 0: 2 network interfaces, the first at nics.json:2:3: choose one by its id, or give"
                        + " fewer files");
        assertFault(
                ImportTest.of(List.of(groups, nics), "0=web0:eth0", "eni-11111111=web1:eth1"),
                "nics.json:2:3: --interface eni-11111111: was chosen already, as web0");
        assertFault(
                ImportTest.of(List.of(groups, nics), "0=web0:eth0", "1=web0:eth1"),
                "nics.json:4:3: network interface eni-22222222, DeviceIndex 1, subnet-22222222: another network interface is"
                        + " web0 already");
        assertFault(
                ImportTest.of(List.of(groups, nics), "0=web0:eth0", "1=web1:eth0"),
                "nics.json:4:3: network interface eni-22222222, DeviceIndex 1, subnet-22222222: the NIC eth0 is used twice");
        assertFault(
                ImportTest.of(List.of(groups, nics), "0=a-name-longer-than-15"),
                "--interface: a-name-longer-than-15: is no name of a NIC: write 0=a-name-longer-than-15:NIC");
    }

    private static void assertFault(Import.Result result, String fault) {
        assertEquals(
                List.of(fault), result.errors().stream().map(Object::toString).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"SecurityGroupIds": ["sg-11111111"]} | bastion
            {"SecurityGroups": ["bastion"], "ImageId": "ami-1"} | bastion
            {"LaunchTemplateData": {"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-11111111"]}]}} | bastion
            {"LaunchTemplateName": "x", "LaunchTemplateData": {"SecurityGroupIds": ["sg-11111111"]}} | bastion
            {"LaunchTemplateVersions": [{"LaunchTemplateData": {"SecurityGroupIds": ["sg-11111111"]}}]} | bastion
            {"LaunchTemplateVersions": [{"DefaultVersion": true, "LaunchTemplateData": {"SecurityGroupIds": ["sg-11111111"]}}, {"DefaultVersion": false, "LaunchTemplateData": {"SecurityGroupIds": ["sg-22222222"]}}]} | bastion
            """)
    void aLaunchTemplateIsReadInEachOfItsForms(String json, String group) {
        String yaml = yaml(
                ImportTest.of(List.of(new JsonFile("t.json", json), groups("sg-11111111", "bastion")), "0=web0:eth0"));
        assertTrue(yaml.contains("    nic: eth0\n    security-groups: [" + group + "]\n"), yaml);
    }

    @Test
    void anInterfaceWithoutGroupsOrWithUnknownOnesIsRefused() {
        JsonFile groups = groups("sg-11111111", "bastion");
        assertTrue(ImportTest.of(
                        List.of(new JsonFile("t.json", "{\"NetworkInterfaces\": [{\"DeviceIndex\": 0}]}"), groups),
                        "0=web0")
                .errors()
                .getFirst()
                .toString()
                .startsWith("t.json:1:24: network interface DeviceIndex 0: has no Groups: name them"));
        assertTrue(ImportTest.of(List.of(new JsonFile("t.json", "{\"SecurityGroups\": [\"ops\"]}"), groups), "0=web0")
                .errors()
                .getFirst()
                .toString()
                .endsWith("ops: no file describes this group: add the output of aws ec2 describe-security-groups"
                        + " --group-names ops"));
    }

    /** The default ACL of a VPC with IPv6 admits everything; without IPv6 it denies IPv6. */
    @Test
    void aDefaultAclThatAdmitsEverythingIsNone() {
        String v4 = """
                {"CidrBlock": "0.0.0.0/0", "Egress": %s, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100}""";
        String v6 = """
                {"Ipv6CidrBlock": "::/0", "Egress": %s, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 101}""";
        String acl = """
                {"NetworkAcls": [{"NetworkAclId": "acl-11111111", "IsDefault": true, "Entries": [%s],
                 "Associations": [{"SubnetId": "subnet-22222222"}]}]}""";
        String both = String.join(",", v4.formatted("true"), v4.formatted("false"));
        String all = String.join(",", both, v6.formatted("true"), v6.formatted("false"));
        List<JsonFile> files = List.of(groups("sg-11111111", "bastion"), new JsonFile("nics.json", NIC));
        Import.Result open = with(files, acl.formatted(all));
        assertTrue(
                !yaml(open).contains("acl") && !notes(open).contains("has its network ACL"), yaml(open) + notes(open));
        assertTrue(yaml(with(files, acl.formatted(both))).contains("    network-acl: acl-11111111\n"));
    }

    private static Import.Result with(List<JsonFile> files, String acls) {
        return ImportTest.of(
                List.of(files.getFirst(), files.getLast(), new JsonFile("acls.json", acls)), "1=web0:eth0");
    }

    @ParameterizedTest
    @CsvSource({
        "web0, write WHICH=NAME or WHICH=NAME:NIC",
        "0=, write WHICH=NAME or WHICH=NAME:NIC",
        "eth0=web0, must be a DeviceIndex such as 0",
        "sg-11111111=web0, must be a DeviceIndex such as 0",
        "0=we|b0, is not valid as the name of an interface",
        "0=web0:eth0/1, is no name of a NIC"
    })
    void aChoiceInAnotherFormIsRefused(String text, String what) {
        String message = assertThrows(IllegalArgumentException.class, () -> Choice.parse(text))
                .getMessage();
        assertTrue(String.valueOf(message).contains(what), message);
    }
}
