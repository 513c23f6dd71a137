package io.portcullis.ec2.tag;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.wire.ActionTable;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Form;
import io.portcullis.ec2.wire.Service;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TagsTest {
    private static final String TYPE = "TagSpecification.1.ResourceType=security-group";

    private static Arguments arguments(String action, String query) throws ApiException {
        return ActionTable.find(Service.EC2, action)
                .orElseThrow()
                .read(Form.parse("", query.getBytes(StandardCharsets.UTF_8)));
    }

    private static Map<String, String> specified(String query) throws ApiException {
        String whole = "GroupName=web&GroupDescription=web&" + query;
        return Tags.specified(arguments("CreateSecurityGroup", whole), ResourceKind.GROUP);
    }

    private static Map<String, String> read(String query) throws ApiException {
        return Tags.read(arguments("CreateTags", "ResourceId.1=sg-0&" + query).structures("Tag"));
    }

    private static String refusal(Executable call) {
        ApiException refused = assertThrows(ApiException.class, call);
        return refused.error().code() + ": " + refused.getMessage();
    }

    @Test
    void tagsOfTheRightResourceTypeAreRead() throws Exception {
        assertEquals(Map.of(), specified(""));
        assertEquals(Map.of(), specified(TYPE));
        assertEquals(
                List.of(Map.entry("Name", "web"), Map.entry("empty", "")),
                new ArrayList<>(specified(TYPE + "&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=web"
                                + "&TagSpecification.1.Tag.2.Key=empty")
                        .entrySet()));
    }

    @Test
    void theResourceTypeMustBeThatOfTheAction() {
        assertEquals(
                "InvalidParameterValue: 'instance' is not a valid taggable resource type for this operation.",
                refusal(() -> specified("TagSpecification.1.ResourceType=instance")));
        assertEquals(
                "InvalidParameterValue: Tag specification resource type must have a value",
                refusal(() -> specified("TagSpecification.1.Tag.1.Key=a")));
        assertEquals(
                "InvalidParameterValue: The same resource type may not be specified more than once in tag specifications",
                refusal(() -> specified(TYPE + "&TagSpecification.2.ResourceType=security-group")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Tag.1.Value=a | Value ( '' ) for parameter Tag key is invalid. Tag key cannot be null or empty.",
                "Tag.1.Key= | Value ( '' ) for parameter Tag key is invalid. Tag key cannot be null or empty.",
                "Tag.1.Key=aws:a | Tag keys starting with 'aws:' are reserved for internal use",
                "Tag.1.Key=a&Tag.2.Key=a&Tag.2.Value=b | Duplicate tag key 'a' specified.",
                "Tag.1.Key=a%00 | Value (a\\x00) for parameter Tag.1.Key is invalid. Control characters are not supported.",
                "Tag.1.Key=a&Tag.1.Value=%09 | Value (\\t) for parameter Tag.1.Value is invalid. Control characters are not supported.",
                "Tag.1.Key=a&Tag.1.Value=%C2%85 | Value (\\x85) for parameter Tag.1.Value is invalid. Control characters are not supported.",
                "Tag.1.Key=a&Tag.1.Value=%EF%BF%BE | Value (\\ufffe) for parameter Tag.1.Value is invalid. Control characters are not supported.",
            })
    void whatNoTagCanBeIsRefused(String query, String message) {
        assertEquals("InvalidParameterValue: " + message, refusal(() -> read(query)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "ü", "🏰"})
    void lengthsAreCountedInCharacters(String character) throws Exception {
        String key = character.repeat(127);
        String value = character.repeat(255);
        assertEquals(Map.of(key, value), read("Tag.1.Key=" + key + "&Tag.1.Value=" + value));
        assertEquals(
                "InvalidParameterValue: Tag key exceeds the maximum length of 127 characters",
                refusal(() -> read("Tag.1.Key=" + key + character)));
        assertEquals(
                "InvalidParameterValue: Tag value exceeds the maximum length of 255 characters",
                refusal(() -> read("Tag.1.Key=a&Tag.1.Value=" + value + character)));
    }

    @Test
    void anObjectHasFiftyTags() throws Exception {
        Map<String, String> fifty = new LinkedHashMap<>();
        for (int i = 0; i < 50; i++) {
            fifty.put("key" + i, "value");
        }
        assertEquals(fifty, Tags.added(Map.of(), fifty));
        Map<String, String> replaced = new HashMap<>(fifty);
        replaced.put("key7", "other");
        assertEquals(replaced, Tags.added(fifty, Map.of("key7", "other")));
        assertEquals(
                "TagLimitExceeded: The maximum number of tags for a resource is 50",
                refusal(() -> Tags.added(fifty, Map.of("one", "more"))));
    }

    @Test
    void filtersLookAtKeysAndValues() {
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put("Name", "web");
        tags.put("empty", "");
        assertEquals(List.of("web"), new ArrayList<>(Tags.property("tag:Name", tags)));
        assertEquals(List.of(""), new ArrayList<>(Tags.property("tag:empty", tags)));
        assertEquals(List.of(), new ArrayList<>(Tags.property("tag:name", tags)));
        assertEquals(List.of(), new ArrayList<>(Tags.property("vpc-id", Map.of("vpc-id", "a"))));
        assertEquals(List.of("Name", "empty"), new ArrayList<>(Tags.property("tag-key", tags)));
        assertEquals(List.of("web", ""), new ArrayList<>(Tags.property("tag-value", tags)));
        assertTrue(Tags.andFilters("vpc-id").containsAll(List.of("vpc-id", "tag:", "tag-key", "tag-value")));
    }
}
