package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.state.State;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Security groups come and go. */
final class GroupActionsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web:
                id: sg-00000000000000000
                ingress:
                  - {protocol: tcp, ports: 80, from: {group: clients}}
              clients: {}
              lonely:
                ingress:
                  - {protocol: tcp, ports: 80, from: {group: lonely}}
              claimed: {}
              Default: {}
            failsafe:
              ingress:
                - {protocol: tcp, ports: 22, from: {group: claimed}}
            """;
    private static final String CREATE = "Action=CreateSecurityGroup&GroupDescription=Allows all inbound traffic"
            + "&GroupName=webserver-open&VpcId=vpc-0123456789abcdef0";

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    private String idOf(String name) {
        return store.now().groupNamed(name).orElseThrow().id();
    }

    @Test
    void aNewGroupIsInTheFileOfTheEndpointWithItsId() throws Exception {
        String answer = calls.answer(CREATE);
        String id = idOf("webserver-open");
        assertTrue(answer.contains("<groupId>" + id + "</groupId><tagSet/>"), answer);
        assertTrue(
                answer.contains("<securityGroupArn>arn:aws:ec2:us-east-1:123456789012:security-group/" + id
                        + "</securityGroupArn>"),
                answer);
        assertTrue(store.text().contains("include: "), store.text());
        String added = store.texts().getLast().yaml();
        assertTrue(added.contains("webserver-open:"), added);
        assertTrue(added.contains(id), added);
        assertTrue(added.contains("Allows all inbound traffic"), added);
        Group group = store.now().groupNamed("WEBSERVER-open").orElseThrow();
        assertEquals(List.of(), group.ingress());
        assertEquals(2, group.egress().size());
    }

    @Test
    void tagsOfANewGroupAreInItsAnswerAndKept() throws Exception {
        String answer = calls.answer(CREATE
                + "&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=env"
                + "&TagSpecification.1.Tag.1.Value=prod");
        assertTrue(answer.contains("<tagSet><item><key>env</key><value>prod</value></item></tagSet>"), answer);
        assertEquals(Map.of("env", "prod"), store.now().state().tags(idOf("webserver-open")));
        assertEquals(
                "InvalidParameterValue: 'vpc' is not a valid taggable resource type for this operation.",
                calls.refusal("Action=CreateSecurityGroup&GroupDescription=d&GroupName=n"
                        + "&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=a"));
    }

    @Test
    void aNameIsTakenInWhateverCase() {
        assertEquals(
                "InvalidGroup.Duplicate: The security group 'WEB' already exists for VPC 'vpc-0123456789abcdef0'",
                calls.refusal("Action=CreateSecurityGroup&GroupDescription=d&GroupName=WEB"));
        assertEquals(
                "InvalidParameterValue: Cannot use reserved security group name: default",
                calls.refusal("Action=CreateSecurityGroup&GroupDescription=d&GroupName=default"));
        assertEquals(
                "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
                calls.refusal("Action=CreateSecurityGroup&GroupDescription=d&GroupName=n&VpcId=vpc-00000000"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                sg-017c251 | d         | Value (sg-017c251) for parameter GroupName is invalid. Group names may not be in the format sg-*.
                n          | \u30bb\u30ad\u30e5 | Value (\u30bb\u30ad\u30e5) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.
                n\u00e4    | d         | Value (n\u00e4) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.
                n          | a<b       | Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*
                n          | a'b       | Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*
                n~         | d         | Invalid security group name. Valid names are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*
                """)
    void namesAndDescriptionsAreThoseOfEc2(String name, String description, String message) {
        String refusal = calls.refusal("Action=CreateSecurityGroup&GroupName=" + Calls.encoded(name)
                + "&GroupDescription=" + Calls.encoded(description));
        assertEquals("InvalidParameterValue: " + message, refusal);
    }

    @Test
    void namesAndDescriptionsHaveUpTo255Characters() throws Exception {
        String longest = "x".repeat(255);
        calls.answer("Action=CreateSecurityGroup&GroupName=" + longest + "  &GroupDescription=" + longest);
        assertTrue(store.now().groupNamed(longest).isPresent(), "blanks at the end are cut");
        for (String query : List.of(
                "Action=CreateSecurityGroup&GroupName=n&GroupDescription=x" + longest,
                "Action=CreateSecurityGroup&GroupName=x" + longest + "&GroupDescription=d")) {
            assertTrue(calls.refusal(query).startsWith("InvalidParameterValue: Invalid security group"), query);
        }
        for (String query : List.of(
                "Action=CreateSecurityGroup&GroupName=n&GroupDescription=",
                "Action=CreateSecurityGroup&GroupName= &GroupDescription=d")) {
            assertTrue(calls.refusal(query).startsWith("MissingParameter: "), query);
        }
    }

    @Test
    void everyCharacterOfEc2sSetIsWrittenSoThatItIsReadAgain() throws Exception {
        String all = "a Z0. _-:/()#,@[]+=&;{}!$*";
        calls.answer("Action=CreateSecurityGroup&GroupName=" + Calls.encoded(all) + "&GroupDescription="
                + Calls.encoded(all));
        assertEquals(all, store.now().groupNamed(all).orElseThrow().written().description());
        calls.answer("Action=DeleteSecurityGroup&GroupName=" + Calls.encoded(all));
        assertTrue(store.now().groupNamed(all).isEmpty());
    }

    @Test
    void aDryRunMakesNothing() {
        assertEquals(
                "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
                calls.refusal(CREATE + "&DryRun=true"));
        assertEquals(YAML, store.text());
        assertEquals(State.EMPTY, store.now().state());
    }

    @Test
    void anIdThatARenamedGroupHasIsNotGivenAgain() throws Exception {
        calls.answer(CREATE);
        String first = idOf("webserver-open");
        TextStore renamed = new TextStore(YAML.replace("sg-00000000000000000", first));
        new Calls(renamed).answer(CREATE);
        String second = renamed.now().groupNamed("webserver-open").orElseThrow().id();
        assertFalse(second.equals(first), second);
        assertEquals("web", renamed.now().group(first).orElseThrow().name());
    }

    @Test
    void aDeletedGroupLeavesNothingBehind() throws Exception {
        calls.answer(CREATE + "&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=env");
        String id = idOf("webserver-open");
        calls.answer("Action=AuthorizeSecurityGroupIngress&GroupId=" + id + "&IpProtocol=tcp&FromPort=80&ToPort=80"
                + "&CidrIp=192.0.2.0/24&TagSpecification.1.ResourceType=security-group-rule"
                + "&TagSpecification.1.Tag.1.Key=a");
        String rule = store.now().group(id).orElseThrow().ingress().getFirst().id();
        calls.answer("Action=ModifySecurityGroupRules&GroupId=" + id
                + "&SecurityGroupRule.1.SecurityGroupRuleId=" + rule
                + "&SecurityGroupRule.1.SecurityGroupRule.IpProtocol=tcp"
                + "&SecurityGroupRule.1.SecurityGroupRule.FromPort=81"
                + "&SecurityGroupRule.1.SecurityGroupRule.ToPort=81"
                + "&SecurityGroupRule.1.SecurityGroupRule.CidrIpv4=192.0.2.0/24");
        assertFalse(store.now().state().ruleIds().isEmpty());
        String answer = calls.answer("Action=DeleteSecurityGroup&GroupId=" + id);
        assertTrue(answer.contains("<return>true</return><groupId>" + id + "</groupId>"), answer);
        assertEquals(State.EMPTY, store.now().state());
        assertEquals(
                "InvalidGroup.NotFound: The security group '" + id + "' does not exist",
                calls.refusal("Action=DeleteSecurityGroup&GroupId=" + id));
    }

    @Test
    void aGroupThatIsUsedStays() throws Exception {
        assertEquals(
                "DependencyViolation: resource sg-00000000000000000 has a dependent object",
                calls.refusal("Action=DeleteSecurityGroup&GroupId=sg-00000000000000000"));
        assertEquals(
                "DependencyViolation: resource " + idOf("clients") + " has a dependent object",
                calls.refusal("Action=DeleteSecurityGroup&GroupName=clients"));
        assertEquals(
                "CannotDelete: the specified group: \"" + idOf("default")
                        + "\" name: \"Default\" cannot be deleted by a user",
                calls.refusal("Action=DeleteSecurityGroup&GroupId=" + idOf("default")));
        String refusal = calls.refusal("Action=DeleteSecurityGroup&GroupName=claimed");
        assertTrue(refusal.startsWith("OperationNotPermitted: /etc/portcullis/portcullis.yaml:"), refusal);
        assertEquals(YAML, store.text());
        calls.answer("Action=DeleteSecurityGroup&GroupName=lonely");
        assertFalse(store.text().contains("lonely"), store.text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GroupId=foobar", "GroupId=sg-0000000", "GroupId=", "GroupId=sg-0000000G"})
    void anIdHasSgAndHexadecimalDigits(String parameter) {
        assertEquals(
                "InvalidGroupId.Malformed: The security group ID '" + parameter.substring(8) + "' is malformed",
                calls.refusal("Action=DeleteSecurityGroup&" + parameter));
    }

    @Test
    void aGroupIsNamedByItsIdOrByItsName() {
        assertEquals(
                "InvalidGroup.NotFound: The security group 'sg-00000000' does not exist",
                calls.refusal("Action=DeleteSecurityGroup&GroupId=sg-00000000"));
        assertEquals(
                "InvalidGroup.NotFound: The security group 'nosuch' does not exist",
                calls.refusal("Action=DeleteSecurityGroup&GroupName=nosuch"));
        assertEquals(
                "MissingParameter: The request must contain the parameter GroupId or GroupName",
                calls.refusal("Action=DeleteSecurityGroup"));
        assertEquals(
                "InvalidParameterCombination: The parameter GroupName may not be used in combination with GroupId",
                calls.refusal("Action=DeleteSecurityGroup&GroupId=sg-00000000000000000&GroupName=web"));
    }
}
