package io.portcullis.config.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.config.read.WellKnown;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The cases of {@code ec2-splices.yaml}: one group's text before and after an edit, byte for byte. */
final class SpliceCasesTest {
    private static final String FILE = "portcullis.yaml";
    private static final String HEAD = """
            version: 1
            interfaces:
              w: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
            """;

    @TestFactory
    Stream<DynamicTest> eachCaseGivesItsTextAndItsRules() throws IOException {
        try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream("/ec2-splices.yaml"))) {
            List<Map<String, Object>> cases = new Yaml(new SafeConstructor(new LoaderOptions())).load(in);
            assertEquals(15, cases.size());
            return cases.stream().map(each -> DynamicTest.dynamicTest(text(each, "name"), () -> run(each)));
        }
    }

    private static void run(Map<String, Object> splice) throws EditException, ConfigException {
        String before = whole(text(splice, "before"));
        Edit edit = edit(splice);
        if (splice.containsKey("refused")) {
            Outcome.Refused refused = assertInstanceOf(
                    Outcome.Refused.class, Editor.apply(List.of(new SourceText(FILE, before)), List.of(edit)));
            assertEquals(Outcome.Cause.TEXT, refused.cause());
            String shown = "web: line " + (refused.location().line() - 4) + ": " + refused.reason();
            String[] said = text(splice, "refused").split(": ", -1);
            for (String part : said) {
                assertTrue(shown.contains(part), shown);
            }
            return;
        }
        String after = whole(text(splice, "after"));
        // In some cases a group has no value, which the reader refuses; the splice itself must do without the reader.
        String valid = valued(before);
        Config config = ConfigReader.parse(valid, FILE);
        Map<String, String> texts = new HashMap<>(Map.of(FILE, before));
        new TextEditor(texts).rules(plan(config.group("web"), edit));
        assertEquals(after, texts.get(FILE));
        assertEquals(
                changed(permissions(config.group("web")), edit),
                permissions(ConfigReader.parse(valued(after), FILE).group("web")));
        if (valid.equals(before)) {
            Outcome.Edited edited = assertInstanceOf(
                    Outcome.Edited.class, Editor.apply(List.of(new SourceText(FILE, before)), List.of(edit)));
            assertEquals(after, edited.texts().getFirst().yaml());
        } else {
            assertThrows(ConfigException.class, () -> ConfigReader.parse(before, FILE));
        }
    }

    private static String text(Map<String, Object> map, String key) {
        return (String) Objects.requireNonNull(map.get(key), key);
    }

    /** The text of a whole configuration with these groups, one level deeper. */
    private static String whole(String groups) {
        String newline = groups.contains("\r\n") ? "\r\n" : "\n";
        return HEAD.replace("\n", newline) + groups.replaceAll("(?m)^(?=[^\\r\\n])", "  ");
    }

    /** The same with an empty map where a group has no value. */
    private static String valued(String text) {
        return text.replaceAll("(?m)^  (web|next):(?=[ ]*(#.*)?(\n  \\S|\n?\\z))", "  $1: {}");
    }

    private static RulePlan plan(SecurityGroup group, Edit edit) throws EditException {
        return switch (edit) {
            case Edit.AddRules(var _, var direction, var rules) -> RulePlan.add(group, direction, rules);
            case Edit.RemoveRules(var _, var direction, var rules) -> RulePlan.remove(group, direction, rules);
            case Edit.DescribeRules(var _, var direction, var rules) -> RulePlan.describe(group, direction, rules);
            default -> throw new AssertionError(edit);
        };
    }

    private static Edit edit(Map<String, Object> splice) {
        @SuppressWarnings("unchecked")
        Map<String, Object> op = (Map<String, Object>) Objects.requireNonNull(splice.get("op"));
        String verb = op.keySet().iterator().next();
        List<?> words = (List<?>) Objects.requireNonNull(op.get(verb));
        Direction direction = Direction.valueOf(words.getFirst().toString().toUpperCase(Locale.ROOT));
        String protocol = words.get(1).toString();
        PortRange ports = words.get(2) == null
                ? null
                : new PortRange(
                        Integer.parseInt(words.get(2).toString()),
                        Integer.parseInt(words.get(2).toString()));
        String[] block = words.get(3).toString().split("/", -1);
        Permission permission = new Permission(
                protocol.equals("all") ? Rule.ALL : WellKnown.protocol(protocol).orElseThrow(),
                ports,
                Rule.ALL,
                Rule.ALL,
                new Peer.Net(new Cidr(Address.parse(block[0]), Integer.parseInt(block[1]))));
        return switch (verb) {
            case "add" -> new Edit.AddRules("web", direction, List.of(new Edit.Described(permission, "")));
            case "remove" -> new Edit.RemoveRules("web", direction, List.of(permission));
            case "describe" ->
                new Edit.DescribeRules("web", direction, List.of(new Edit.Described(permission, text(op, "as"))));
            default -> throw new AssertionError(verb);
        };
    }

    /** The permissions of both directions, as text, with their descriptions. */
    private static Set<String> permissions(SecurityGroup group) {
        Set<String> all = new HashSet<>();
        List<Rule> egress = group.egress();
        add(all, "ingress", group.ingress());
        add(
                all,
                "egress",
                egress == null
                        ? List.of(
                                Permission.all(new Peer.Net(Cidr.ALL_V4)).rule(""),
                                Permission.all(new Peer.Net(Cidr.ALL_V6)).rule(""))
                        : egress);
        return all;
    }

    private static void add(Set<String> all, String direction, List<Rule> rules) {
        rules.forEach(rule -> Permission.of(rule).forEach(each -> all.add(text(direction, each, rule.description()))));
    }

    private static String text(String direction, Permission permission, String description) {
        return direction + " " + permission + " " + description;
    }

    private static Set<String> changed(Set<String> before, Edit edit) {
        Set<String> after = new HashSet<>(before);
        switch (edit) {
            case Edit.AddRules(var _, var direction, var rules) ->
                after.add(text(direction.label(), rules.getFirst().permission(), ""));
            case Edit.RemoveRules(var _, var direction, var rules) ->
                after.removeIf(each -> each.startsWith(text(direction.label(), rules.getFirst(), "")));
            case Edit.DescribeRules(var _, var direction, var rules) -> {
                Permission permission = rules.getFirst().permission();
                assertTrue(after.remove(text(direction.label(), permission, "")));
                after.add(text(direction.label(), permission, rules.getFirst().description()));
            }
            default -> throw new AssertionError(edit);
        }
        return after;
    }
}
