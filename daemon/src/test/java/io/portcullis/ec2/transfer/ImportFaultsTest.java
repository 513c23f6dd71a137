package io.portcullis.ec2.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.testing.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What cannot be imported is refused as a whole, each fault with its place and what would be right. */
final class ImportFaultsTest {
    private static final String GROUP =
            "{\"SecurityGroups\": [{\"GroupId\": \"sg-11111111\", \"GroupName\": \"a\", \"IpPermissionsEgress\": [],"
                    + " \"IpPermissions\": [%s]}]}";
    private static final String RULE =
            "{\"SecurityGroupRules\": [{\"SecurityGroupRuleId\": \"sgr-1\", \"GroupId\": \"sg-11111111\", %s}]}";
    private static final String ACL = "{\"NetworkAcls\": [{\"NetworkAclId\": \"acl-11111111\", \"Entries\": [%s]}]}";
    private static final String ENTRY =
            "{\"CidrBlock\": \"0.0.0.0/0\", \"Egress\": true, \"Protocol\": \"6\", \"RuleAction\": \"allow\","
                    + " \"RuleNumber\": 100}";

    static Stream<Arguments> faults() {
        String permission = "{\"IpProtocol\": \"tcp\", \"FromPort\": 1, \"ToPort\": 2}";
        return Stream.of(
                fault("", "f.json: empty: give what the AWS CLI prints with --output json"),
                fault("SECURITYGROUPS\tAll", "f.json:1:", "not JSON: ", "--output json"),
                fault("{\n  \"SecurityGroups\": [\n", "f.json:3:1: not JSON: Unexpected end-of-input"),
                fault("{\"SecurityGroups\": []} x", "f.json:1:24: not JSON: "),
                fault(
                        "[]",
                        "f.json:1:1: is an array, not the JSON of aws ec2 describe-security-groups",
                        "without --query"),
                fault("{}", "f.json:1:1: an empty object, which is nothing that can be imported"),
                fault("{\"Vpcs\": []}", "f.json:1:1: has Vpcs, which is nothing that can be imported"),
                fault(
                        "{\"Reservations\": []}",
                        "give describe-network-interfaces --filters Name=attachment.instance-id"),
                fault("{\"SecurityGroups\": {}}", "f.json:1:20: SecurityGroups is an object: must be an array"),
                fault("{\"SecurityGroups\": [7]}", "f.json:1:21: is a number: SecurityGroups has objects"),
                fault("{\"SecurityGroups\": [{\"GroupId\": 7}]}", "f.json:1:33: GroupId is a number: must be a string"),
                fault("{\"SecurityGroups\": [], \"SecurityGroups\": []}", "f.json:1:24: SecurityGroups: written twice"),
                fault(
                        "{\"SecurityGroups\": [], \"NextToken\": \"x\"}",
                        "f.json:1:24: NextToken: only a part of the answer"),
                fault("{\"SecurityGroups\": [{}]}", "f.json:1:21: GroupId is missing"),
                fault("{\"SecurityGroups\": [{\"GroupId\": \"sg-0abc\"}]}", "sg-0abc: must be sg- and 8 or 17 digits"),
                fault("{\"SecurityGroups\": [{\"GroupId\": \"sg-11111111\"}]}", "IpPermissions is missing"),
                fault(String.format(GROUP, "{}"), "IpProtocol is missing"),
                fault(
                        String.format(GROUP, permission.replace("tcp", "tpc")),
                        "IpProtocol tpc: must be -1, a protocol's name or 0 to 255"),
                fault(String.format(GROUP, permission.replace("1,", "3,")), "ports 3 to 2: must be 0 to 65535"),
                fault(String.format(GROUP, permission.replace("2", "65536")), "ports 1 to 65536: must be 0 to 65535"),
                fault(String.format(GROUP, permission.replace(", \"ToPort\": 2", "")), "ports 1 to -1: must be"),
                fault(String.format(GROUP, permission.replace("2", "2.5")), "ToPort 2.5: must be a whole number"),
                fault(
                        String.format(GROUP, permission.replace("tcp", "icmp").replace("2", "256")),
                        "ICMP type 1, code 256"),
                fault(
                        String.format(GROUP, "{\"IpProtocol\": \"6\", \"IpRanges\": [{\"CidrIp\": \"10.0.0.0/33\"}]}"),
                        "CidrIp 10.0.0.0/33: not a block such as 10.0.0.0/8"),
                fault(
                        String.format(
                                GROUP,
                                "{\"IpProtocol\": \"6\", \"UserIdGroupPairs\": [{\"GroupId\": \"sg-22222222\"}]}"),
                        "sg-22222222: no file describes this group: add the output of aws ec2 describe-security-groups"
                                + " --group-ids sg-22222222"),
                fault(
                        String.format(
                                GROUP,
                                "{\"IpProtocol\": \"6\", \"PrefixListIds\": [{\"PrefixListId\": \"pl-22222222\"}]}"),
                        "pl-22222222: no file has the entries of this list: add pl-22222222.json, the output of aws ec2"
                                + " get-managed-prefix-list-entries --prefix-list-id pl-22222222"),
                fault(String.format(RULE, "\"IpProtocol\": \"6\""), "IsEgress is missing"),
                fault(
                        String.format(RULE, "\"IsEgress\": false, \"IpProtocol\": \"6\""),
                        "one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupInfo is missing"),
                fault(
                        "{\"Entries\": []}",
                        "Entries of which list? Name the file after it, such as pl-0123456789abcdef0.json"),
                fault("{\"PrefixListId\": \"pl-1\", \"Entries\": []}", "pl-1: must be pl- and 8 or 17 digits"),
                fault(String.format(ACL, ENTRY.replace("allow", "permit")), "RuleAction permit: must be allow or deny"),
                fault(String.format(ACL, ENTRY.replace("100", "0")), "RuleNumber 0: must be 1 to 32766"),
                fault(String.format(ACL, ENTRY.replace("100", "32767")), "RuleNumber 32767: must be 1 to 32766"),
                fault(
                        String.format(ACL, ENTRY + "," + ENTRY),
                        "RuleNumber 100: used twice in acl-11111111, first at f.json"),
                fault(String.format(ACL, ENTRY.replace("\"Egress\": true, ", "")), "Egress is missing"),
                fault("{\"LaunchTemplateVersions\": []}", "0 versions: give one, such as", "--versions '$Default'"),
                fault("{\"LaunchTemplateVersions\": [{}]}", "LaunchTemplateData is missing"),
                fault(
                        "{\"ImageId\": \"ami-1\", \"NetworkInterfaces\": [{\"DeviceIndex\": \"0\"}]}",
                        "DeviceIndex is a string: must be a number"),
                fault(
                        "{\"NetworkInterfaces\": [{\"ConnectionTrackingSpecification\": {\"UdpTimeout\": 0}}]}",
                        "UdpTimeout 0: must be 1 to 432000 seconds"));
    }

    private static Arguments fault(String json, String... parts) {
        return Arguments.of(json, List.of(parts));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFaultIsExplained(String json, List<String> parts) {
        Import.Result result = ImportTest.of(List.of(new JsonFile("f.json", json)));
        assertEquals(Optional.empty(), result.yaml());
        assertTrue(
                result.errors().stream().anyMatch(error -> parts.stream().allMatch(error.toString()::contains)),
                () -> parts + " is none of " + result.errors());
    }

    @Test
    void allFaultsOfAllFilesAreReported() {
        Import.Result result = ImportTest.of(
                List.of(new JsonFile("a.json", "{\"SecurityGroups\": [{}, 7]}"), new JsonFile("b.json", "?")));
        assertEquals(3, result.errors().size(), result.errors().toString());
    }

    /** One file lacks: the same error for each of its rules would hide the others. */
    @Test
    void aMissingObjectIsReportedOnce() {
        String pair = "{\"IpProtocol\": \"%d\", \"UserIdGroupPairs\": [{\"GroupId\": \"sg-22222222\"}]}";
        String json = String.format(GROUP, String.format(pair, 6) + "," + String.format(pair, 17));
        assertEquals(
                1, ImportTest.of(List.of(new JsonFile("f.json", json))).errors().size());
    }

    @Test
    void deepJsonIsRefusedLikeOtherFaults() {
        Import.Result result = ImportTest.of(List.of(new JsonFile("f.json", "[".repeat(100_000))));
        assertEquals(1, result.errors().size());
        assertTrue(
                result.errors().getFirst().toString().startsWith("f.json: nested too deeply"),
                result.errors().toString());
    }

    /** Whatever the files say, the outcome is a configuration or a fault, never an exception. */
    @Test
    void anyTextHasAnOutcome() {
        List<byte[]> seeds = ImportTest.ALL.stream()
                .map(file -> file.text().getBytes(StandardCharsets.UTF_8))
                .toList();
        Mutations.run(17, 5_000, seeds, input -> {
            String text = new String(input, StandardCharsets.UTF_8);
            Import.Result result = ImportTest.of(
                    List.of(ImportTest.GROUPS, ImportTest.ENTRIES, new JsonFile("pl-0123456789abcdef1.json", text)),
                    "0=web0:eth0");
            assertEquals(result.errors().isEmpty(), result.yaml().isPresent());
        });
    }
}
