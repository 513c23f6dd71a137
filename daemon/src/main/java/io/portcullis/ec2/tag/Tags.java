package io.portcullis.ec2.tag;

import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tags in answers, in requests and in filters (Tag restrictions, EC2 User Guide). */
public final class Tags {
    /** The most tags of an object. */
    static final int MOST = 50;

    private static final int LONGEST_KEY = 127;
    private static final int LONGEST_VALUE = 255;
    private static final String RESERVED = "aws:";

    private Tags() {}

    /** These names of filters, and those of tags: {@code tag:KEY}, {@code tag-key} and {@code tag-value}. */
    public static Set<String> andFilters(String... names) {
        Set<String> all = new HashSet<>(List.of(names));
        all.addAll(List.of(Filters.TAG, "tag-key", "tag-value"));
        return Set.copyOf(all);
    }

    /** An object's values for a filter; none, if it is no filter of tags. */
    public static Collection<String> property(String filter, Map<String, String> tags) {
        return switch (filter) {
            case "tag-key" -> tags.keySet();
            case "tag-value" -> tags.values();
            default -> {
                String key = filter.startsWith(Filters.TAG) ? filter.substring(Filters.TAG.length()) : "";
                String value = tags.get(key);
                yield value == null ? List.of() : List.of(value);
            }
        };
    }

    /** The {@code tagSet} of an answer. */
    public static List<Fields> set(Map<String, String> tags) {
        return tags.entrySet().stream()
                .map(tag -> new Fields.Builder()
                        .with("key", tag.getKey())
                        .with("value", tag.getValue())
                        .build())
                .toList();
    }

    /**
     * The tags for the objects that a request makes: its parameter {@code TagSpecification}.
     *
     * @param kind of the objects
     * @throws ApiException another resource type, the same one twice, or a tag that an object can't have
     */
    public static Map<String, String> specified(Arguments request, ResourceKind kind) throws ApiException {
        List<Arguments> all = request.structures("TagSpecification");
        Map<String, String> tags = Map.of();
        for (Arguments each : all) {
            String type = each.string("ResourceType").orElse("");
            if (type.isEmpty()) {
                throw ApiError.INVALID_PARAMETER.of("Tag specification resource type must have a value");
            }
            if (!type.equals(kind.resourceType())) {
                throw ApiError.TAG_RESOURCE_TYPE.of(type);
            }
            tags = added(Map.of(), read(each.structures("Tag")));
        }
        if (all.size() > 1) {
            throw ApiError.INVALID_PARAMETER.of(
                    "The same resource type may not be specified more than once in tag specifications");
        }
        return tags;
    }

    /**
     * Tags to set, in their order; a tag without a value has an empty one.
     *
     * @param written structures with {@code Key} and {@code Value}
     * @throws ApiException a key or a value that no tag can have, or a key that comes twice
     */
    static Map<String, String> read(List<Arguments> written) throws ApiException {
        Map<String, String> tags = new LinkedHashMap<>();
        for (Arguments each : written) {
            String key = key(each);
            String value = each.string("Value").orElse("");
            if (length(value) > LONGEST_VALUE) {
                throw ApiError.INVALID_PARAMETER.of("Tag value exceeds the maximum length of 255 characters");
            }
            requireText(each, "Value", value);
            if (tags.put(key, value) != null) {
                throw ApiError.TAG_TWICE.of(key);
            }
        }
        return tags;
    }

    /** @throws ApiException no tag can have this key */
    static String key(Arguments tag) throws ApiException {
        String key = tag.string("Key").orElse("");
        if (key.isEmpty()) {
            throw ApiError.INVALID_PARAMETER.of(
                    "Value ( '' ) for parameter Tag key is invalid. Tag key cannot be null or empty.");
        }
        if (length(key) > LONGEST_KEY) {
            throw ApiError.INVALID_PARAMETER.of("Tag key exceeds the maximum length of 127 characters");
        }
        if (key.startsWith(RESERVED)) {
            throw ApiError.INVALID_PARAMETER.of("Tag keys starting with 'aws:' are reserved for internal use");
        }
        requireText(tag, "Key", key);
        return key;
    }

    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The table has refused what XML can't carry, but not tabs, line ends and the control characters behind ASCII. */
    private static void requireText(Arguments tag, String part, String text) throws ApiException {
        if (text.codePoints().anyMatch(Character::isISOControl)) {
            throw ApiError.INVALID_VALUE.of(text, tag.path(part), "Control characters are not supported.");
        }
    }

    /**
     * The tags of an object after more are set; one with the same key is replaced.
     *
     * @throws ApiException TagLimitExceeded
     */
    static Map<String, String> added(Map<String, String> before, Map<String, String> set) throws ApiException {
        Map<String, String> all = new LinkedHashMap<>(before);
        all.putAll(set);
        if (all.size() > MOST) {
            throw ApiError.TAG_LIMIT_EXCEEDED.of(MOST);
        }
        return all;
    }
}
