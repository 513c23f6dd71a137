package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ArgumentsTest {
    static Arguments read(String action, String form) throws ApiException {
        return ActionTable.find(Service.EC2, action).orElseThrow().read(FormTest.form(form));
    }

    private static String refusal(String action, String form) {
        ApiException refused = assertThrows(ApiException.class, () -> read(action, form));
        assertEquals(400, refused.error().status());
        return refused.error().code() + ": " + refused.getMessage();
    }

    /** Each request that the CLI sends, except those for actions that this host does not offer. */
    @TestFactory
    Stream<DynamicTest> whatTheClientSendsIsRead() throws IOException {
        try (InputStream in = Objects.requireNonNull(ArgumentsTest.class.getResourceAsStream("/ec2-requests.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines().filter(line -> line.startsWith("Action=")).toList().stream()
                            .map(line -> DynamicTest.dynamicTest(line, () -> {
                                String form = Stream.of(line.split("&(?=[A-Z][A-Za-z0-9.]*=)"))
                                        .map(part -> part.substring(0, part.indexOf('=') + 1)
                                                + FormTest.encoded(part.substring(part.indexOf('=') + 1)))
                                        .collect(Collectors.joining("&"));
                                String name =
                                        FormTest.form(form).value("Action").orElseThrow();
                                Service service = name.equals("GetCallerIdentity") ? Service.STS : Service.EC2;
                                if (ActionTable.find(service, name).isPresent()) {
                                    Arguments read = ActionTable.find(service, name)
                                            .orElseThrow()
                                            .read(FormTest.form(form));
                                    assertTrue(
                                            form.equals("Action=" + name)
                                                    || !read.toString().endsWith("{}"),
                                            read.toString());
                                } else {
                                    assertEquals(
                                            "UnsupportedOperation",
                                            ActionTable.unknown(service, name)
                                                    .error()
                                                    .code());
                                }
                            }));
        }
    }

    @Test
    void argumentsHaveTheirTypes() throws ApiException {
        Arguments call = read(
                "AuthorizeSecurityGroupIngress",
                "Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&DryRun=True"
                        + "&IpPermissions.2.IpProtocol=-1&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22"
                        + "&IpPermissions.1.ToPort=0023&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8"
                        + "&IpPermissions.1.IpRanges.2.CidrIp=192.0.2.0/24&IpPermissions.1.IpRanges.2.Description=");
        assertEquals("sg-1", call.required("GroupId"));
        assertTrue(call.flag("DryRun"));
        assertFalse(call.has("GroupName"));
        assertTrue(call.string("GroupName").isEmpty());
        List<Arguments> permissions = call.structures("IpPermissions");
        assertEquals(2, permissions.size());
        assertEquals(OptionalInt.of(22), permissions.get(0).integer("FromPort"));
        assertEquals(OptionalInt.of(23), permissions.get(0).integer("ToPort"));
        assertEquals(OptionalInt.empty(), permissions.get(1).integer("FromPort"));
        assertEquals("-1", permissions.get(1).required("IpProtocol"));
        List<Arguments> ranges = permissions.get(0).structures("IpRanges");
        assertTrue(ranges.get(1).has("Description"));
        assertEquals("", ranges.get(1).required("Description"));
        assertFalse(ranges.get(0).has("Description"));
        assertEquals("IpPermissions.1.IpRanges.2.CidrIp", ranges.get(1).path("CidrIp"));
        assertEquals(List.of(), permissions.get(0).structures("Groups"));
    }

    @Test
    void structuresAndLongNumbersAreRead() throws ApiException {
        Arguments modify = read("ModifyInstanceAttribute", "InstanceId=i-1&SourceDestCheck.Value=false&GroupId.1=sg-1");
        assertFalse(modify.structure("SourceDestCheck").orElseThrow().flag("Value"));
        assertTrue(modify.structure("SourceDestCheck").orElseThrow().has("Value"));
        assertTrue(modify.structure("EbsOptimized").isEmpty());
        assertEquals(List.of("sg-1"), modify.strings("GroupId"));
        assertEquals(
                OptionalLong.of(5_000_000_000L),
                read("GetManagedPrefixListEntries", "PrefixListId=pl-1&TargetVersion=5000000000")
                        .number("TargetVersion"));
    }

    /** The order of the numbers counts, not that of the parameters; numbers may be left out. */
    @Test
    void aListIsInTheOrderOfItsNumbers() throws ApiException {
        Arguments call = read("DescribeSecurityGroups", "GroupId.10=c&GroupId.9=b&GroupId.1=a&GroupId.9999999=d");
        assertEquals(List.of("a", "b", "c", "d"), call.strings("GroupId"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Description",
                "groupId",
                "GroupId",
                "GroupId.0",
                "GroupId.01",
                "GroupId.-1",
                "GroupId.1.1",
                "GroupId.x",
                "GroupId.",
                "GroupId.1.",
                "GroupId.12345678",
                "GroupId.99999999999999999999",
                "Filter",
                "Filter.1",
                "Filter.1.Values.1",
                "Filter.1.Name.1",
                "Filter..Name",
                ".",
                "NextToken.1",
                "X-Amz-Signature",
            })
    void anUnknownParameterIsRefused(String name) {
        assertEquals(
                "UnknownParameter: The parameter " + name + " is not recognized",
                refusal("DescribeSecurityGroups", name + "=1"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CreateSecurityGroup|GroupName=a|GroupDescription",
                "CreateSecurityGroup|GroupDescription=a|GroupName",
                "CreateManagedPrefixList|PrefixListName=a&MaxEntries=1&AddressFamily=IPv4&Entry.3.Description=a|Entry.3.Cidr",
                "ModifySecurityGroupRules|GroupId=a&SecurityGroupRule.1.SecurityGroupRule.FromPort=1|SecurityGroupRule.1.SecurityGroupRuleId",
                "CreateTags|ResourceId.1=a|Tag",
                "DeleteNetworkAclEntry|NetworkAclId=a&RuleNumber=1|Egress",
            })
    void aMissingParameterIsNamed(String action, String form, String missing) {
        assertEquals("MissingParameter: The request must contain the parameter " + missing, refusal(action, form));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "MaxResults=1|Value ( 1 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
                "MaxResults=-2147483648|Value ( -2147483648 ) for parameter maxResults is invalid. Expecting a value greater"
                        + " than 5.",
                "MaxResults=1001|Value ( 1001 ) for parameter maxResults is invalid. Expecting a value less than or equal to"
                        + " 1000.",
                "MaxResults=|Value () for parameter MaxResults is invalid. Expecting an integer.",
                "MaxResults=ten|Value (ten) for parameter MaxResults is invalid. Expecting an integer.",
                "MaxResults=5.0|Value (5.0) for parameter MaxResults is invalid. Expecting an integer.",
                "MaxResults=9223372036854775808|Value (9223372036854775808) for parameter MaxResults is invalid. Expecting an"
                        + " integer.",
                "DryRun=yes|Value (yes) for parameter DryRun is invalid. Expecting true or false.",
                "DryRun=|Value () for parameter DryRun is invalid. Expecting true or false.",
                "Filter.2.Value.7=a%00b|Value (a\\x00b) for parameter Filter.2.Value.7 is invalid. Control characters are not"
                        + " supported.",
                "GroupId.1=%EF%BF%BF|Value (\\uffff) for parameter GroupId.1 is invalid. Control characters are not"
                        + " supported.",
            })
    void aValueOfAnotherTypeIsRefused(String form, String message) {
        assertEquals("InvalidParameterValue: " + message, refusal("DescribeSecurityGroups", form));
    }

    @Test
    void aNumberHasThirtyTwoBits() {
        assertEquals(
                "InvalidParameterValue: Value (2147483648) for parameter IpPermissions.1.FromPort is invalid. Expecting an"
                        + " integer.",
                refusal("RevokeSecurityGroupIngress", "IpPermissions.1.FromPort=2147483648"));
    }

    @Test
    void oneOfAFewValuesIsChecked() throws ApiException {
        String rest = "NetworkAclId=a&RuleNumber=1&Egress=true&Protocol=6&RuleAction=";
        assertEquals("deny", read("CreateNetworkAclEntry", rest + "deny").required("RuleAction"));
        assertEquals(
                "InvalidParameterValue: Value (drop) for parameter RuleAction is invalid. Expecting one of: allow, deny",
                refusal("CreateNetworkAclEntry", rest + "drop"));
    }

    @Test
    void base64IsChecked() throws ApiException {
        assertEquals(
                "aGFsbG8=",
                read("ModifyInstanceAttribute", "InstanceId=i-1&UserData.Value=aGFsbG8%3D")
                        .structure("UserData")
                        .orElseThrow()
                        .required("Value"));
        assertEquals(
                "InvalidUserData.Malformed: Invalid BASE64 encoding of user data.",
                refusal("ModifyInstanceAttribute", "InstanceId=i-1&UserData.Value=a"));
    }

    @Test
    void aLongValueIsCutInTheMessage() {
        String message = refusal("DescribeSecurityGroups", "DryRun=" + "v".repeat(100_000));
        assertTrue(message.length() < 400, message);
    }

    @Test
    void whatTheTableDoesNotHaveIsADefect() throws ApiException {
        Arguments call = read("DescribeSecurityGroups", "");
        assertThrows(IllegalArgumentException.class, () -> call.string("GroupIds"));
        assertThrows(IllegalArgumentException.class, () -> call.string("GroupId"));
        assertThrows(IllegalArgumentException.class, () -> call.flag("MaxResults"));
        assertThrows(IllegalArgumentException.class, () -> call.structure("Filter"));
    }

    /** As many items as a request may have, in the worst order. */
    @Test
    void manyItemsAreRead() throws ApiException {
        int count = Form.MOST_PARAMETERS;
        String form = IntStream.range(0, count)
                .mapToObj(i -> "GroupId." + (count - i) + "=a")
                .collect(Collectors.joining("&"));
        assertEquals(
                count, read("DescribeSecurityGroups", form).strings("GroupId").size());
    }
}
