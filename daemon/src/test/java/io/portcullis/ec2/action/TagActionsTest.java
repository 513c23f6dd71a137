package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.wire.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tags of objects of all kinds, as clients set, delete and list them. */
final class TagActionsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, id: eni-00000001, security-groups: [web], network-acl: edge}
            security-groups:
              web:
                id: sg-00000001
                ingress:
                  - {protocol: tcp, ports: 80, from: 10.0.0.0/8}
            prefix-lists:
              offices: {id: pl-00000001, entries: [203.0.113.0/24]}
            network-acls:
              edge: {id: acl-00000001, ingress: [], egress: []}
            """;
    private static final Ids IDS = TextStore.ACCOUNT.ids();
    private static final Pattern TAG =
            Pattern.compile("<item><resourceId>(.*?)</resourceId><resourceType>(.*?)</resourceType>"
                    + "<key>(.*?)</key>(?:<value>(.*?)</value>|<value/>)</item>");

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);

    private List<String> found(String rest) throws ApiException {
        return TAG.matcher(calls.answer("Action=DescribeTags" + rest))
                .results()
                .map(each -> each.group(1) + " " + each.group(2) + " " + each.group(3) + "=" + each.group(4))
                .toList();
    }

    private Map<String, String> tags(String id) {
        return store.now().state().tags(id);
    }

    private static String filter(String name, String value) {
        return "&Filter.1.Name=" + name + "&Filter.1.Value.1=" + value;
    }

    @Test
    void objectsOfEveryKindHaveTags() throws Exception {
        List<String> ids = new ArrayList<>(List.of("sg-00000001", "eni-00000001", "pl-00000001", "acl-00000001"));
        ids.add(store.now().rules().getFirst().id());
        ids.add("vpc-0123456789abcdef0");
        ids.add(IDS.of(ResourceKind.SUBNET, "web0"));
        ids.add(IDS.of(ResourceKind.INSTANCE, "host"));
        StringBuilder query = new StringBuilder("Action=CreateTags&Tag.1.Key=env&Tag.1.Value=prod");
        for (int i = 0; i < ids.size(); i++) {
            query.append("&ResourceId.").append(i + 1).append('=').append(ids.get(i));
        }
        calls.answer(query.toString());
        List<String> types =
                found("").stream().map(each -> each.split(" ", -1)[1]).sorted().toList();
        assertEquals(
                List.of(
                        "instance",
                        "network-acl",
                        "network-interface",
                        "prefix-list",
                        "security-group",
                        "security-group-rule",
                        "subnet",
                        "vpc"),
                types);
        assertTrue(calls.answer("Action=DescribeSecurityGroupRules").contains("<key>env</key><value>prod</value>"));
        assertTrue(calls.answer("Action=DescribeManagedPrefixLists").contains("<key>env</key><value>prod</value>"));
        assertEquals(YAML, store.text());
    }

    @Test
    void aTagWithTheSameKeyIsReplaced() throws Exception {
        String id = "Action=CreateTags&ResourceId.1=sg-00000001&ResourceId.2=sg-00000001";
        calls.answer(id + "&Tag.1.Key=Name&Tag.1.Value=web&Tag.2.Key=empty&Tag.2.Value=");
        calls.answer(id + "&Tag.1.Key=Name&Tag.1.Value=" + Calls.encoded("Wörld & <🏰>"));
        assertEquals(Map.of("Name", "Wörld & <🏰>", "empty", ""), tags("sg-00000001"));
        assertTrue(calls.answer("Action=DescribeTags").contains("<value>Wörld &amp; &lt;🏰&gt;</value>"));
    }

    @ParameterizedTest
    @CsvSource({
        "'&Tag.1.Key=Name', 'empty='",
        "'&Tag.1.Key=Name&Tag.1.Value=web', 'empty='",
        "'&Tag.1.Key=Name&Tag.1.Value=db', 'Name=web empty='",
        "'&Tag.1.Key=Name&Tag.1.Value=', 'Name=web empty='",
        "'&Tag.1.Key=empty&Tag.1.Value=', 'Name=web'",
        "'&Tag.1.Key=name', 'Name=web empty='",
        "'&Tag.1.Key=Name&Tag.2.Key=empty&Tag.2.Value=', ''",
        "'', ''",
    })
    void tagsAreDeletedByKeyOrByKeyAndValue(String which, String left) throws Exception {
        calls.answer(
                "Action=CreateTags&ResourceId.1=sg-00000001&Tag.1.Key=Name&Tag.1.Value=web&Tag.2.Key=empty&Tag.2.Value=");
        calls.answer("Action=DeleteTags&ResourceId.1=sg-00000001" + which);
        List<String> texts =
                tags("sg-00000001").entrySet().stream().map(Object::toString).toList();
        assertEquals(left, String.join(" ", texts));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sg-00000009 | InvalidGroup.NotFound: The security group 'sg-00000009' does not exist",
                "sgr-00000009 | InvalidSecurityGroupRuleId.NotFound: The security group rule ID 'sgr-00000009' does not exist",
                "eni-00000009 | InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-00000009' does not exist",
                "acl-00000009 | InvalidNetworkAclID.NotFound: The networkAcl ID 'acl-00000009' does not exist",
                "pl-00000009 | InvalidPrefixListID.NotFound: The prefix list ID 'pl-00000009' does not exist",
                "vpc-00000009 | InvalidVpcID.NotFound: The vpc ID 'vpc-00000009' does not exist",
                "subnet-00000009 | InvalidSubnetID.NotFound: The subnet ID 'subnet-00000009' does not exist",
                "i-00000009 | InvalidInstanceID.NotFound: The instance ID 'i-00000009' does not exist",
                "ami-00000009 | InvalidID: The ID 'ami-00000009' is not valid",
                "eni-attach-00000009 | InvalidID: The ID 'eni-attach-00000009' is not valid",
                "sg-0000000G | InvalidID: The ID 'sg-0000000G' is not valid",
                "web | InvalidID: The ID 'web' is not valid",
            })
    void anUnknownObjectIsRefusedAndNoneIsChanged(String id, String refusal) {
        String rest = "&ResourceId.1=sg-00000001&ResourceId.2=" + id + "&Tag.1.Key=a";
        assertEquals(refusal, calls.refusal("Action=CreateTags" + rest));
        assertEquals(refusal, calls.refusal("Action=DeleteTags" + rest));
        assertEquals(Map.of(), tags("sg-00000001"));
    }

    @Test
    void theLimitHoldsForEachObjectAndNoneIsChanged() throws Exception {
        StringBuilder fifty = new StringBuilder("Action=CreateTags&ResourceId.1=sg-00000001");
        for (int i = 1; i <= 50; i++) {
            fifty.append("&Tag.").append(i).append(".Key=key").append(i);
        }
        calls.answer(fifty.toString());
        assertEquals(
                "TagLimitExceeded: The maximum number of tags for a resource is 50",
                calls.refusal("Action=CreateTags&ResourceId.1=eni-00000001&ResourceId.2=sg-00000001&Tag.1.Key=more"));
        assertEquals(Map.of(), tags("eni-00000001"));
        calls.answer("Action=CreateTags&ResourceId.1=sg-00000001&Tag.1.Key=key7&Tag.1.Value=other");
        assertEquals("other", tags("sg-00000001").get("key7"));
    }

    @Test
    void aCallNamesAThousandObjectsAtMost() {
        StringBuilder query = new StringBuilder("Action=CreateTags&Tag.1.Key=a");
        for (int i = 1; i <= 1001; i++) {
            query.append("&ResourceId.").append(i).append("=sg-00000001");
        }
        assertEquals(
                "InvalidParameterValue: A request may have at most 1000 resource IDs, not 1001",
                calls.refusal(query.toString()));
    }

    @Test
    void aTrialChangesNothing() throws Exception {
        assertEquals(
                "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
                calls.refusal("Action=CreateTags&ResourceId.1=sg-00000001&Tag.1.Key=a&DryRun=true"));
        assertEquals(Map.of(), tags("sg-00000001"));
        calls.answer("Action=CreateTags&ResourceId.1=sg-00000001&Tag.1.Key=a");
        assertEquals(
                "DryRunOperation: Request would have succeeded, but DryRun flag is set.",
                calls.refusal("Action=DeleteTags&ResourceId.1=sg-00000001&DryRun=true"));
        assertEquals(Map.of("a", ""), tags("sg-00000001"));
        assertEquals(YAML, store.text());
    }

    @Test
    void aCallNamesObjectsAndTags() {
        assertEquals(
                "MissingParameter: The request must contain the parameter ResourceId",
                calls.refusal("Action=DeleteTags&Tag.1.Key=a"));
        assertEquals(
                "MissingParameter: The request must contain the parameter Tag",
                calls.refusal("Action=CreateTags&ResourceId.1=sg-00000001"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"CreateTags", "DeleteTags"})
    void tagsOfAmazonAreRefused(String action) {
        assertEquals(
                "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use",
                calls.refusal("Action=" + action + "&ResourceId.1=sg-00000001&Tag.1.Key=aws:a"));
    }

    @Test
    void tagsAreListedByFilters() throws Exception {
        calls.answer(
                "Action=CreateTags&ResourceId.1=sg-00000001&ResourceId.2=eni-00000001&Tag.1.Key=env&Tag.1.Value=prod");
        calls.answer("Action=CreateTags&ResourceId.1=sg-00000001&Tag.1.Key=Name&Tag.1.Value=web");
        String ofInterface = "eni-00000001 network-interface env=prod";
        String ofGroup = "sg-00000001 security-group env=prod";
        String name = "sg-00000001 security-group Name=web";
        assertEquals(List.of(ofInterface, name, ofGroup), found(""));
        assertEquals(List.of(name, ofGroup), found(filter("resource-id", "sg-00000001")));
        assertEquals(List.of(ofInterface), found(filter("resource-type", "network-interface")));
        assertEquals(List.of(ofInterface, ofGroup), found(filter("key", "e*")));
        assertEquals(List.of(name), found(filter("value", "web")));
        assertEquals(List.of(name), found(filter("tag:Name", "web")));
        assertEquals(List.of(), found(filter("tag:Name", "prod")));
        assertEquals(
                "InvalidParameterValue: The filter 'vpc-id' is invalid",
                calls.refusal("Action=DescribeTags" + filter("vpc-id", "a")));
        String first = calls.answer("Action=DescribeTags&MaxResults=2");
        String token = first.replaceFirst("(?s).*<nextToken>(.*)</nextToken>.*", "$1");
        assertEquals(List.of(ofGroup), found("&MaxResults=2&NextToken=" + token));
    }

    @Test
    void tagsOfAnObjectThatIsGoneAreNotListed() throws Exception {
        calls.answer("Action=CreateTags&ResourceId.1=pl-00000001&Tag.1.Key=a");
        assertEquals(1, found("").size());
        store.edit("pl-00000001", "pl-00000002");
        assertEquals(List.of(), found(""));
    }
}
