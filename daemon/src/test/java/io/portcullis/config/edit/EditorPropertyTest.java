package io.portcullis.config.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random edits of random configurations in random styles. */
@Tag("property")
final class EditorPropertyTest {
    private static final int CONFIGS = 300;
    private static final Cidr BLOCK = new Cidr(Address.parse("198.51.100.0"), 24);

    private record Case(long seed, List<SourceText> texts, Config config) {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder("seed " + seed);
            texts.forEach(each ->
                    text.append("\n--- ").append(each.name()).append('\n').append(each.yaml()));
            return text.toString();
        }
    }

    private interface Check {
        void run(Case each, Random random);
    }

    private static void each(long seed, Check check) {
        for (int i = 0; i < CONFIGS; i++) {
            long own = seed * 1_000_003 + i;
            Random random = new Random(own);
            List<SourceText> texts = RandomConfig.texts(random);
            try {
                check.run(new Case(own, texts, ConfigReader.of(texts)), random);
            } catch (ConfigException e) {
                throw new AssertionError(e.getMessage() + "\n" + texts, e);
            }
        }
    }

    private static Outcome.Edited edited(Case each, Edit... edits) {
        Outcome outcome = Editor.apply(each.texts(), List.of(edits));
        if (outcome instanceof Outcome.Edited edited) {
            assertUntouched(each, edited, edits);
            return edited;
        }
        throw new AssertionError(outcome + " by " + List.of(edits) + "\n" + each);
    }

    /** Comments on lines of their own stay; a byte order mark and the kind of line breaks, too; the rest of the file is the same. */
    private static void assertUntouched(Case each, Outcome.Edited edited, Edit... edits) {
        for (Outcome.FileChange change : edited.changed()) {
            String before = change.before();
            if (before == null) {
                continue;
            }
            String shown = change.after() + "\nby " + List.of(edits) + "\n" + each;
            boolean removesAll = List.of(edits).stream()
                    .anyMatch(edit -> edit instanceof Edit.RemoveGroup
                            || edit instanceof Edit.RemoveAcl
                            || edit instanceof Edit.RemovePrefixList);
            List<String> kept = stays(change.after());
            List<String> had = stays(before);
            assertTrue(had.containsAll(kept), shown);
            if (!removesAll) {
                assertEquals(had, kept, shown);
            }
            assertEquals(before.startsWith("\ufeff"), change.after().startsWith("\ufeff"), shown);
            if (before.contains("\r\n")) {
                assertEquals(-1, change.after().replace("\r\n", "").indexOf('\n'), shown);
            } else {
                assertEquals(-1, change.after().indexOf('\r'), shown);
            }
            String group = edits.length == 1 ? group(edits[0]) : null;
            if (group != null) {
                assertSameAround(each.config(), group, change, shown);
            }
        }
    }

    /** The group whose rules an edit changes; null: another edit. */
    private static @Nullable String group(Edit edit) {
        return switch (edit) {
            case Edit.AddRules(var name, var _, var _) -> name;
            case Edit.RemoveRules(var name, var _, var _) -> name;
            case Edit.DescribeRules(var name, var _, var _) -> name;
            case Edit.ReplaceRule(var name, var _, var _, var _) -> name;
            default -> null;
        };
    }

    private static List<String> stays(String text) {
        return text.lines()
                .filter(line -> line.contains("# " + RandomConfig.STAYS))
                .toList();
    }

    /** The lines above a group and those from the next object of the file on are the same, byte for byte. */
    private static void assertSameAround(Config config, String group, Outcome.FileChange change, String shown) {
        Location location = config.group(group).location();
        List<String> before = lines(String.valueOf(change.before()));
        List<String> after = lines(change.after());
        int above = location.line() - 1;
        assertEquals(before.subList(0, above), after.subList(0, above), shown);
        int next = locations(config)
                .filter(each -> each.file().equals(location.file()) && each.line() > location.line())
                .mapToInt(Location::line)
                .min()
                .orElse(before.size() + 1);
        int below = before.size() - next + 1;
        assertEquals(
                before.subList(before.size() - below, before.size()),
                after.subList(after.size() - below, after.size()),
                shown);
    }

    private static List<String> lines(String text) {
        return List.of(text.split("(?<=\n)", -1));
    }

    private static Stream<Location> locations(Config config) {
        return Stream.of(
                        config.securityGroups().values().stream().map(SecurityGroup::location),
                        config.interfaces().values().stream().map(Interface::location),
                        config.prefixLists().values().stream().map(PrefixList::location),
                        config.networkAcls().values().stream().map(NetworkAcl::location))
                .flatMap(each -> each);
    }

    /** All permissions of a configuration with their descriptions, and how often each occurs. */
    private static Map<String, Set<String>> permissions(Config config) {
        Map<String, Set<String>> all = new TreeMap<>();
        config.securityGroups().values().forEach(group -> {
            List<Rule> egress = group.egress();
            List<Rule> out = egress != null
                    ? egress
                    : List.of(
                            Permission.all(new Peer.Net(Cidr.ALL_V4)).rule(""),
                            Permission.all(new Peer.Net(Cidr.ALL_V6)).rule(""));
            add(all, group.name(), Direction.INGRESS, group.ingress());
            add(all, group.name(), Direction.EGRESS, out);
        });
        return all;
    }

    private static void add(Map<String, Set<String>> all, String group, Direction direction, List<Rule> rules) {
        for (Rule rule : rules) {
            for (Permission each : Permission.of(rule)) {
                all.computeIfAbsent(key(group, direction, each), _ -> new TreeSet<>())
                        .add(rule.description());
            }
        }
    }

    private static String key(String group, Direction direction, Permission permission) {
        return group + " " + direction + " " + permission;
    }

    private static Interface web0(Config config) {
        return Objects.requireNonNull(config.interfaces().get("web0"));
    }

    private static SecurityGroup anyGroup(Config config, Random random) {
        return pick(new ArrayList<>(config.securityGroups().values()), random);
    }

    private static <T> T pick(List<T> choices, Random random) {
        return choices.get(random.nextInt(choices.size()));
    }

    private static List<Permission> of(SecurityGroup group, Direction direction) {
        @Nullable List<Rule> rules = direction == Direction.INGRESS ? group.ingress() : group.egress();
        List<Permission> all = new ArrayList<>();
        (rules == null
                        ? List.of(
                                Permission.all(new Peer.Net(Cidr.ALL_V4)).rule(""),
                                Permission.all(new Peer.Net(Cidr.ALL_V6)).rule(""))
                        : rules)
                .forEach(rule -> all.addAll(Permission.of(rule)));
        return new ArrayList<>(new LinkedHashSet<>(all));
    }

    private static Permission fresh(Random random) {
        return new Permission(
                6, new PortRange(2000 + random.nextInt(50), 3000), Rule.ALL, Rule.ALL, new Peer.Net(BLOCK));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void anAddedRuleIsThereAndNothingElseIsDifferent(long seed) {
        each(seed, (each, random) -> {
            SecurityGroup group = anyGroup(each.config(), random);
            Direction direction = pick(List.of(Direction.values()), random);
            Permission permission = fresh(random);
            String description = pick(List.of("", "x", "a: b #1", "\ud83d\udd25", "tab\there"), random);
            Edit add = new Edit.AddRules(group.name(), direction, List.of(new Edit.Described(permission, description)));
            Outcome.Edited edited = edited(each, add);
            Map<String, Set<String>> expected = permissions(each.config());
            expected.put(key(group.name(), direction, permission), new TreeSet<>(List.of(description)));
            assertEquals(expected, permissions(edited.config()), each.toString());
            Case added = new Case(each.seed(), edited.texts(), edited.config());
            Outcome.Edited back = edited(added, new Edit.RemoveRules(group.name(), direction, List.of(permission)));
            assertEquals(permissions(each.config()), permissions(back.config()), each.toString());
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5, 6})
    void removedRulesAreGoneAndNothingElseIsDifferent(long seed) {
        each(seed, (each, random) -> {
            SecurityGroup group = anyGroup(each.config(), random);
            Direction direction = pick(List.of(Direction.values()), random);
            List<Permission> all = of(group, direction);
            Collections.shuffle(all, random);
            List<Permission> removed = all.subList(0, random.nextInt(all.size() + 1));
            Outcome.Edited edited = edited(each, new Edit.RemoveRules(group.name(), direction, removed));
            Map<String, Set<String>> expected = permissions(each.config());
            removed.forEach(permission -> expected.remove(key(group.name(), direction, permission)));
            assertEquals(expected, permissions(edited.config()), each.toString());
            if (direction == Direction.EGRESS && !removed.isEmpty()) {
                assertTrue(edited.config().group(group.name()).egress() != null, each.toString());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {7, 8, 9})
    void aDescriptionOrAnotherRuleTakesThePlaceOfTheOldOne(long seed) {
        each(seed, (each, random) -> {
            SecurityGroup group = anyGroup(each.config(), random);
            Direction direction = pick(List.of(Direction.values()), random);
            List<Permission> all = of(group, direction);
            if (all.isEmpty()) {
                return;
            }
            Permission old = pick(all, random);
            String description = pick(List.of("", "new words", "safe", "\"#: {"), random);
            boolean describes = random.nextBoolean();
            Permission next = describes ? old : fresh(random);
            Edit.Described after = new Edit.Described(next, description);
            Edit edit = describes && random.nextBoolean()
                    ? new Edit.DescribeRules(group.name(), direction, List.of(after))
                    : new Edit.ReplaceRule(group.name(), direction, old, after);
            Outcome.Edited edited = edited(each, edit);
            Map<String, Set<String>> expected = permissions(each.config());
            expected.remove(key(group.name(), direction, old));
            expected.put(key(group.name(), direction, next), new TreeSet<>(List.of(description)));
            assertEquals(expected, permissions(edited.config()), each.toString());
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {10, 11, 12})
    void groupsListsAndAclsComeAndGo(long seed) {
        each(seed, (each, random) -> {
            int number = 0xff;
            String group = random.nextBoolean() ? RandomConfig.id("sg-", number, random) : null;
            String list = random.nextBoolean() ? RandomConfig.id("pl-", number, random) : null;
            String acl = random.nextBoolean() ? RandomConfig.id("acl-", number, random) : null;
            Outcome.Edited added = edited(
                    each,
                    new Edit.AddGroup("new group", "made: by \"API\"", group),
                    new Edit.AddGroup("other", "", null),
                    new Edit.AddPrefixList("nets", List.of(BLOCK, Cidr.ALL_V6), list),
                    new Edit.AddAcl("gate", acl),
                    new Edit.AddEntry(
                            "gate",
                            Direction.EGRESS,
                            new Edit.NumberedEntry(7, true, Permission.all(new Peer.Prefixes("nets")))),
                    new Edit.AddRules(
                            "other",
                            Direction.INGRESS,
                            List.of(new Edit.Described(Permission.all(new Peer.Group("new group")), ""))),
                    new Edit.SetGroups("web0", List.of("new group", "other")),
                    new Edit.SetAcl("web0", "gate"));
            Config config = added.config();
            assertEquals(
                    each.config().securityGroups().size() + 2,
                    config.securityGroups().size());
            assertEquals("made: by \"API\"", config.group("new group").description());
            assertEquals(List.of("new group", "other"), web0(config).securityGroups());
            assertEquals("gate", web0(config).networkAcl());
            assertEquals(List.of(BLOCK, Cidr.ALL_V6), config.prefixList("nets").entries());
            assertEquals(group, config.group("new group").id());
            assertEquals(list, config.prefixList("nets").id());
            assertEquals(
                    acl,
                    Objects.requireNonNull(config.networkAcls().get("gate")).id());
            assertEquals(web0(each.config()).id(), web0(config).id());
            Case again = new Case(each.seed(), added.texts(), config);
            Outcome.Edited removed = edited(
                    again,
                    new Edit.SetGroups("web0", web0(each.config()).securityGroups()),
                    new Edit.SetAcl("web0", web0(each.config()).networkAcl()),
                    new Edit.RemoveGroup("other"),
                    new Edit.RemoveGroup("new group"),
                    new Edit.RemoveAcl("gate"),
                    new Edit.RemovePrefixList("nets"));
            assertEquals(Meaning.of(each.config()), Meaning.of(removed.config()), each.toString());
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {13, 14, 15})
    void blocksAndEntriesComeAndGo(long seed) {
        each(seed, (each, random) -> {
            List<Edit> edits = new ArrayList<>();
            if (each.config().prefixLists().containsKey("resolvers")) {
                List<Cidr> entries = new ArrayList<>(new LinkedHashSet<>(
                        each.config().prefixList("resolvers").entries()));
                Collections.shuffle(entries, random);
                edits.add(new Edit.ChangeEntries(
                        "resolvers",
                        random.nextBoolean() ? List.of(BLOCK) : List.of(),
                        entries.subList(0, random.nextInt(entries.size() + 1))));
            }
            if (each.config().networkAcls().containsKey("edge")) {
                Permission packets = fresh(random);
                NetworkAcl acl =
                        Objects.requireNonNull(each.config().networkAcls().get("edge"));
                Direction direction = pick(List.of(Direction.values()), random);
                var entries = direction == Direction.INGRESS ? acl.ingress() : acl.egress();
                edits.add(new Edit.AddEntry("edge", direction, new Edit.NumberedEntry(105, false, packets)));
                if (!entries.isEmpty()) {
                    int number = pick(entries, random).number();
                    edits.add(new Edit.ReplaceEntry("edge", direction, new Edit.NumberedEntry(number, true, packets)));
                    edits.add(new Edit.RemoveEntry(
                            "edge", direction, pick(entries, random).number()));
                }
                edits.add(new Edit.SetAcl("web0", random.nextBoolean() ? "edge" : null));
            }
            edited(each, edits.toArray(Edit[]::new));
        });
    }
}
