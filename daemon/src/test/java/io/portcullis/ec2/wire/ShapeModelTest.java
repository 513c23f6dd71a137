package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Our table against the model from which Amazon's own clients work: each member's names, types and need. Skipped where Debian's {@code
 * python3-botocore} is not installed; {@code -Dportcullis.botocore=FOLDER} names the data folder of another botocore.
 */
final class ShapeModelTest {
    private static final Path DATA =
            Path.of(System.getProperty("portcullis.botocore", "/usr/lib/python3/dist-packages/botocore/data"));

    /** What EC2 has added or changed since the model of Debian 12. */
    private static final Set<String> YOUNGER = new HashSet<>();

    private static final Map<Service, JsonNode> MODELS = new HashMap<>();

    private final Set<String> differences = new TreeSet<>();
    private final Set<String> missing = new TreeSet<>();
    private final Set<String> compared = new HashSet<>();

    @BeforeAll
    static void load() throws IOException {
        assumeTrue(Files.isDirectory(DATA), "there is no " + DATA + ": install python3-botocore");
        try (InputStream in = ShapeModelTest.class.getResourceAsStream("/ec2-younger.txt")) {
            YOUNGER.addAll(new String(assertNotNullAnd(in).readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList());
        }
        for (Service service : Service.values()) {
            Path folder = DATA.resolve(service.scope()).resolve(service.version());
            Path plain = folder.resolve("service-2.json");
            try (InputStream in = Files.exists(plain)
                    ? Files.newInputStream(plain)
                    : new GZIPInputStream(Files.newInputStream(folder.resolve("service-2.json.gz")))) {
                MODELS.put(service, new ObjectMapper().readTree(in));
            }
        }
    }

    @Test
    void everyMemberIsThatOfTheClientsModel() {
        int actions = 0;
        for (Action action : ActionTable.all()) {
            JsonNode operation = model(action).at("/operations/" + action.name());
            if (operation.isMissingNode()) {
                missing.add(action.name());
                continue;
            }
            actions++;
            compareAnswer(action, operation);
            compare(action, action.request(), operation.at("/input/shape").asText(), true);
            everyParameterIsThere(
                    action, action.request(), operation.at("/input/shape").asText());
        }
        differences.removeIf(text -> YOUNGER.stream().anyMatch(name -> text.startsWith(name + ":")));
        assertEquals(Set.of(), differences);
        missing.removeIf(YOUNGER::contains);
        assertEquals(Set.of(), missing, "the model has none of these");
        assertTrue(actions >= 44 && compared.size() > 120, actions + " actions, " + compared.size() + " shapes");
    }

    private static JsonNode model(Action action) {
        return assertNotNullAnd(MODELS.get(action.service()));
    }

    private static <T> T assertNotNullAnd(@Nullable T value) {
        assertNotNull(value);
        return value;
    }

    private void compareAnswer(Action action, JsonNode operation) {
        if (operation.has("output")) {
            compare(action, action.answer(), operation.at("/output/shape").asText(), false);
        } else {
            Set<String> members = new TreeSet<>();
            action.answer().members().forEach(member -> members.add(member.xml()));
            members.removeIf(each -> YOUNGER.contains(action.answer().name() + "." + each));
            assertEquals(Set.of("return"), members, action + " answers no more than that");
        }
    }

    private void compare(Action action, Shape ours, String name, boolean asked) {
        compared.add(ours.name() + asked);
        JsonNode shape = model(action).at("/shapes/" + name);
        assertEquals("structure", shape.path("type").asText(), name);
        Set<String> required = new HashSet<>();
        shape.path("required").forEach(each -> required.add(each.asText()));
        for (Member member : ours.members()) {
            JsonNode theirs = null;
            String theirName = "";
            for (Map.Entry<String, JsonNode> each : shape.path("members").properties()) {
                String found =
                        asked ? queryName(each.getKey(), each.getValue()) : xmlName(each.getKey(), each.getValue());
                if (found.equals(asked ? member.query() : member.xml())) {
                    theirs = each.getValue();
                    theirName = each.getKey();
                }
            }
            String where = ours.name() + "." + (asked ? member.query() : member.xml());
            if (theirs == null) {
                missing.add(where);
                continue;
            }
            if (asked && required.contains(theirName) != member.required()) {
                differences.add(where + ": required " + required.contains(theirName));
            }
            compare(action, where, member.type(), theirs.path("shape").asText(), asked);
        }
    }

    /** A parameter that the table lacks would be refused as unknown. */
    private void everyParameterIsThere(Action action, Shape ours, String name) {
        JsonNode members = model(action).at("/shapes/" + name + "/members");
        for (Map.Entry<String, JsonNode> each : members.properties()) {
            Member member = ours.inQuery(queryName(each.getKey(), each.getValue()));
            if (member == null) {
                differences.add(ours.name() + " lacks " + each.getKey());
            } else if (structureIn(member.type()) instanceof Shape inner) {
                everyParameterIsThere(
                        action,
                        inner,
                        structureIn(action, each.getValue().path("shape").asText()));
            }
        }
    }

    private static Type structureIn(Type type) {
        return type instanceof Type.ListOf list ? structureIn(list.item()) : type;
    }

    private static String structureIn(Action action, String name) {
        JsonNode shape = model(action).at("/shapes/" + name);
        return shape.path("type").asText().equals("list")
                ? structureIn(action, shape.at("/member/shape").asText())
                : name;
    }

    private void compare(Action action, String where, Type type, String name, boolean asked) {
        JsonNode shape = model(action).at("/shapes/" + name);
        String theirs = shape.path("type").asText();
        switch (type) {
            case Shape inner when theirs.equals("structure") -> compare(action, inner, name, asked);
            case Type.ListOf list
            when theirs.equals("list") -> {
                if (!asked && !shape.at("/member/locationName").asText().equals("item")) {
                    differences.add(where + ": its items are called " + shape.at("/member/locationName"));
                }
                compare(action, where, list.item(), shape.at("/member/shape").asText(), asked);
            }
            case Type.Text text -> {
                Set<String> allowed = new HashSet<>();
                shape.path("enum").forEach(each -> allowed.add(each.asText()));
                if (!theirs.equals("string")
                        || !text.allowed().isEmpty() && !allowed.equals(Set.copyOf(text.allowed()))) {
                    differences.add(where + ": a " + theirs + " " + allowed + ", not " + text);
                }
            }
            case Type.Whole whole -> {
                boolean isLong = theirs.equals("long");
                long least = shape.path("min").asLong(isLong ? Long.MIN_VALUE : Integer.MIN_VALUE);
                long most = shape.path("max").asLong(isLong ? Long.MAX_VALUE : Integer.MAX_VALUE);
                if (!isLong && !theirs.equals("integer") || asked && (least != whole.least() || most != whole.most())) {
                    differences.add(where + ": a " + theirs + " from " + least + " to " + most + ", not " + whole);
                }
            }
            case Type.Flag _ when theirs.equals("boolean") -> {}
            case Type.Time _ when theirs.equals("timestamp") -> {}
            case Type.Blob _ when theirs.equals("blob") -> {}
            default -> differences.add(where + ": a " + theirs + ", not " + type);
        }
    }

    /** The rule of the protocol: queryName, or locationName with a capital, or the name itself. */
    private static String queryName(String name, JsonNode member) {
        String location = member.path("locationName").asText(name);
        String capital = location.substring(0, 1).toUpperCase(Locale.ROOT) + location.substring(1);
        return member.path("queryName").asText(capital);
    }

    private static String xmlName(String name, JsonNode member) {
        return member.path("locationName").asText(name);
    }

    @Test
    void everyActionOfTheModelIsKnownByName() {
        for (Service service : Service.values()) {
            assertNotNullAnd(MODELS.get(service))
                    .path("operations")
                    .fieldNames()
                    .forEachRemaining(name -> {
                        String code = ActionTable.unknown(service, name).error().code();
                        assertEquals("UnsupportedOperation", code, name);
                    });
        }
    }
}
