package io.portcullis.cli.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Removes what people have written for people: descriptions, notes, and comments of configuration files. Other parts, such as the log,
 * may repeat them: first {@link #learn} sees every part, then each is written without them.
 */
final class WithoutText {
    private static final String REMOVED = "removed";

    /** A shorter text is a word that occurs anywhere. */
    private static final int SHORTEST = 4;

    private static final Set<String> JSON_KEYS = Set.of("description", "note");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** The longest first: one may be a part of another. */
    private final Set<String> texts =
            new TreeSet<>((a, b) -> a.length() == b.length() ? a.compareTo(b) : b.length() - a.length());

    /** Notes the texts of a configuration file. */
    void learnYaml(String yaml) {
        try {
            YamlTexts.of(yaml).values().forEach(this::learn);
        } catch (YAMLException | IllegalArgumentException | IndexOutOfBoundsException notValid) {
            // Its whole text is left out.
            return;
        }
    }

    /** Notes the texts of a report in JSON. */
    void learnJson(String json) {
        tree(json).findValues("description").forEach(value -> learn(value.asText()));
        tree(json).findValues("note").forEach(value -> learn(value.asText()));
    }

    private void learn(String text) {
        if (text.length() >= SHORTEST) {
            texts.add(text);
            text.lines().filter(line -> line.length() >= SHORTEST).forEach(texts::add);
        }
    }

    /** A configuration without such text. Lines keep their numbers. One sentence in its place if it is not valid YAML. */
    String yaml(String yaml) {
        try {
            return plain(YamlTexts.of(yaml).without(REMOVED));
        } catch (YAMLException | IllegalArgumentException | IndexOutOfBoundsException e) {
            return "# left out: it is not valid YAML, so its comments and descriptions can't be found\n";
        }
    }

    /** A report in JSON without such text. */
    String json(String json) {
        return stripped(tree(json)).toPrettyString();
    }

    /** Any other text without those that are known. */
    String plain(String text) {
        String done = text;
        for (String each : texts) {
            done = done.replace(each, REMOVED);
        }
        return done;
    }

    private static JsonNode tree(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("not JSON: " + json, e);
        }
    }

    private JsonNode stripped(JsonNode node) {
        return switch (node) {
            case ObjectNode object -> {
                for (Map.Entry<String, JsonNode> field : object.properties()) {
                    boolean isText = JSON_KEYS.contains(field.getKey())
                            && field.getValue().isTextual();
                    field.setValue(
                            isText
                                    ? new TextNode(field.getValue().asText().isEmpty() ? "" : REMOVED)
                                    : stripped(field.getValue()));
                }
                yield object;
            }
            case ArrayNode array -> {
                for (int i = 0; i < array.size(); i++) {
                    array.set(i, stripped(array.get(i)));
                }
                yield array;
            }
            case TextNode text -> new TextNode(plain(text.asText()));
            default -> node;
        };
    }
}
