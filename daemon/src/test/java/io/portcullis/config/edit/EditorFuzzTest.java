package io.portcullis.config.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.testing.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Edits of hostile texts: nothing is thrown, and what is not refused means what was asked. An input is a text; its bytes choose the
 * edits.
 */
@Tag("fuzz")
final class EditorFuzzTest {
    private static final int INPUTS = 1_000;
    private static final String MAIN = "/nowhere/portcullis.yaml";

    /** Texts with all that YAML has: anchors, aliases, merge keys, tags, complex keys, block scalars, lists in lists, directives. */
    private static final String ODD = """
            %YAML 1.1
            ---
            version: 1
            interfaces:
              web0: {id: &eni eni-01234567, mode: bridge, outside: eth1, inside: eth2, security-groups: &g [web, db]}
            security-groups:
              base: &base
                ingress: &rules
                  - &one {protocol: tcp, ports: &ports [80, 443], from: &from [10.0.0.0/8, any]}
                  - *one
                  - <<: *one
                    ports: 22
              web: {<<: *base, egress: *rules2} # an error, until it is changed
              ? db
              : ? ingress
                : - protocol: !!str tcp
                    "ports": *ports
                    from: *from
                    description: |+
                      a
                       b

                  - {protocol: udp, from: [group: web, prefix-list: nets]}
              "x\\ty": !!map
                id: >-
                  sg-01234567
                egress: !!seq []
            prefix-lists: {? nets : [10.0.0.0/8, "::/0",], lan: {"id": 'pl-01234567', ? entries : ["::/0", ],},}
            ...
            """;

    /** Some are ids, of which the texts have some. */
    private static final List<@Nullable String> IDS = Arrays.asList(
            null, "sg-01234567", "sg-76543210", "pl-01234567", "pl-76543210", "acl-76543210", "", "~", "a: {}\n");

    private static <T extends @Nullable Object> T pick(List<T> choices, Random random) {
        return choices.get(random.nextInt(choices.size()));
    }

    private static List<byte[]> seeds(long seed) {
        List<String> texts = new ArrayList<>(List.of(
                ODD,
                ODD.replace(", egress: *rules2", ""),
                ODD.replace("egress: *rules2", "egress: []").replace("\"x\\ty\"", "x"),
                ODD.replace("egress: *rules2", "egress: *rules")
                        .replace("%YAML 1.1\n---\n", "")
                        .replace("|+", ">")
                        .replace("\"x\\ty\"", "y")));
        Random random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            String text = RandomConfig.texts(random).getFirst().yaml();
            texts.add(text.length() < 3_000 ? text : ODD);
        }
        return texts.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
    }

    static List<byte[]> seeds() {
        return seeds(4);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void edits(byte[] input) {
        String text = new String(input, StandardCharsets.UTF_8);
        for (Edit edit : edits(text, new Random(Arrays.hashCode(input)))) {
            check(text, edit);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void nothingIsThrownAndNothingElseIsMeant(long seed) {
        int[] edited = new int[2];
        Random random = new Random(seed);
        Mutations.run(seed, INPUTS, seeds(seed), input -> {
            String text = new String(input, StandardCharsets.UTF_8);
            for (Edit edit : edits(text, random)) {
                edited[check(text, edit) ? 1 : 0]++;
            }
        });
        assertTrue(
                edited[0] > 100 && edited[1] > 100, "too few are edited or refused: " + List.of(edited[0], edited[1]));
    }

    /** True: it was edited. */
    private static boolean check(String text, Edit edit) {
        Outcome outcome = Editor.apply(List.of(new SourceText(MAIN, text)), List.of(edit));
        if (outcome instanceof Outcome.Refused refused) {
            assertFalse(refused.reason().isBlank());
            assertEquals(1, refused.toString().lines().count(), refused.toString());
            return false;
        }
        Outcome.Edited edited = (Outcome.Edited) outcome;
        try {
            Config again = ConfigReader.of(edited.texts());
            assertEquals(Meaning.of(again), Meaning.of(edited.config()));
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
        return true;
    }

    /** Edits of what the text has, or of what it has not. */
    private static List<Edit> edits(String text, Random random) {
        Config config;
        try {
            config = ConfigReader.parse(
                    text.replaceAll("(?m)^ *[\"']?include.*$", "").strip(), "any");
        } catch (ConfigException _) {
            return List.of(new Edit.AddGroup("new", "a", pick(IDS, random)));
        }
        List<SecurityGroup> groups = new ArrayList<>(config.securityGroups().values());
        SecurityGroup group = groups.get(random.nextInt(groups.size()));
        List<Rule> egress = group.egress();
        boolean isEgress = egress != null && random.nextBoolean();
        List<Rule> written = egress != null && isEgress ? egress : group.ingress();
        Direction direction = isEgress ? Direction.EGRESS : Direction.INGRESS;
        List<Permission> rules =
                written.stream().flatMap(rule -> Permission.of(rule).stream()).toList();
        List<String> lists = new ArrayList<>(config.prefixLists().keySet());
        String list = lists.isEmpty() ? "none" : pick(lists, random);
        Permission added = Permission.all(new Peer.Group(group.name()));
        Permission first = rules.isEmpty() ? added : rules.get(random.nextInt(rules.size()));
        return Stream.<Edit>of(
                        new Edit.AddRules(group.name(), direction, List.of(new Edit.Described(added, "x"))),
                        new Edit.RemoveRules(group.name(), direction, List.of(first)),
                        new Edit.DescribeRules(group.name(), direction, List.of(new Edit.Described(first, "new"))),
                        new Edit.ReplaceRule(group.name(), direction, first, new Edit.Described(added, "")),
                        new Edit.SetGroups("web0", List.of(group.name())),
                        new Edit.ChangeEntries(list, List.of(), List.of(Cidr.ALL_V6)),
                        new Edit.AddPrefixList("more", List.of(Cidr.ALL_V6), pick(IDS, random)),
                        new Edit.AddAcl("gate", pick(IDS, random)))
                .toList();
    }
}
