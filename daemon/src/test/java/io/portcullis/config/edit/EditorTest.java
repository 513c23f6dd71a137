package io.portcullis.config.edit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.PortRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What edits write, and what they refuse. */
final class EditorTest {
    private static final String MAIN = "/etc/portcullis/portcullis.yaml";
    private static final String ADDED = "/etc/portcullis/rules.d/ec2.yaml";
    private static final String HEAD = """
            version: 1
            interfaces:
              w: {mode: host, nic: eth0, security-groups: [web]}
            """;
    private static final String HEADER =
            "# Made through the EC2 endpoint. Edit it as any other file of the configuration.\n";

    private static Permission tcp(int port, String block) {
        return new Permission(6, new PortRange(port, port), Rule.ALL, Rule.ALL, net(block));
    }

    private static Peer net(String block) {
        String[] parts = block.split("/", -1);
        return new Peer.Net(new Cidr(Address.parse(parts[0]), Integer.parseInt(parts[1])));
    }

    private static Permission everything(String block) {
        return Permission.all(net(block));
    }

    private static Edit add(Direction direction, Permission... rules) {
        return new Edit.AddRules(
                "web",
                direction,
                List.of(rules).stream()
                        .map(rule -> new Edit.Described(rule, ""))
                        .toList());
    }

    private static Edit add(String group, Permission rule) {
        return new Edit.AddRules(group, Direction.INGRESS, List.of(new Edit.Described(rule, "")));
    }

    private static Edit remove(Direction direction, Permission... rules) {
        return new Edit.RemoveRules("web", direction, List.of(rules));
    }

    private static Outcome apply(String main, Edit... edits) {
        return Editor.apply(List.of(new SourceText(MAIN, main)), List.of(edits));
    }

    private static Outcome.Edited edited(String main, Edit... edits) {
        Outcome outcome = apply(main, edits);
        return assertInstanceOf(Outcome.Edited.class, outcome, outcome.toString());
    }

    private static String groups(String groups, Edit... edits) {
        String text = edited(HEAD + "security-groups:\n" + groups, edits)
                .texts()
                .getFirst()
                .yaml();
        return text.substring((HEAD + "security-groups:\n").length());
    }

    private static Outcome.Refused refused(String main, Edit... edits) {
        Outcome outcome = apply(main, edits);
        return assertInstanceOf(Outcome.Refused.class, outcome, outcome.toString());
    }

    private static void assertRefused(String groups, int line, int column, String reason, Edit edit) {
        Outcome.Refused refused = refused(HEAD + "security-groups:\n" + groups, edit);
        assertEquals(Outcome.Cause.TEXT, refused.cause(), refused.toString());
        assertEquals(MAIN + ":" + (line + 4) + ":" + column, refused.location().toString(), refused.toString());
        assertTrue(refused.reason().contains(reason), refused.toString());
    }

    @Test
    void anEgressRuleForAGroupWithoutEgressKeyKeepsTheImpliedOne() {
        assertEquals("""
                  web:
                    ingress: []
                    egress:
                      - {protocol: all, to: any}
                      - {protocol: tcp, ports: 443, to: 10.0.0.0/8}
                """, groups("  web:\n    ingress: []\n", add(Direction.EGRESS, tcp(443, "10.0.0.0/8"))));
    }

    @Test
    void theLastEgressRuleLeavesAnEmptyListAndNeverAnAbsentKey() {
        String half = groups("  web: {}\n", remove(Direction.EGRESS, everything("0.0.0.0/0")));
        assertEquals("  web:\n    egress:\n      - {protocol: all, to: \"::/0\"}\n", half);
        assertEquals("  web:\n    egress: []\n", groups(half, remove(Direction.EGRESS, everything("::/0"))));
        assertEquals(
                "  web:\n    egress: []\n",
                groups("  web: {}\n", remove(Direction.EGRESS, everything("0.0.0.0/0"), everything("::/0"))));
    }

    @Test
    void theImpliedRuleCannotBeAddedASecondTime() {
        Outcome.Refused refused =
                refused(HEAD + "security-groups: {web: {}}\n", add(Direction.EGRESS, everything("0.0.0.0/0")));
        assertEquals(Outcome.Cause.DUPLICATE, refused.cause());
        assertEquals("web egress all to 0.0.0.0/0: the rule exists already", refused.reason());
    }

    @Test
    void aRuleThatDoesNotExistIsMissingAndNothingOfTheCallIsDone() {
        String text = HEAD + "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: 10.0.0.0/8}]}}\n";
        Outcome.Refused refused =
                refused(text, remove(Direction.INGRESS, tcp(80, "10.0.0.0/8"), tcp(81, "10.0.0.0/8")));
        assertEquals(Outcome.Cause.MISSING, refused.cause());
        assertEquals("web ingress tcp 81 from 10.0.0.0/8: there is no such rule", refused.reason());
        assertEquals(
                Outcome.Cause.MISSING,
                refused(text, new Edit.RemoveGroup("none")).cause());
    }

    @Test
    void allPortsAreTheSameAsNoPorts() {
        Permission all = new Permission(6, new PortRange(0, 65_535), Rule.ALL, Rule.ALL, net("10.0.0.0/8"));
        String text = groups("  web: {ingress: []}\n", add(Direction.INGRESS, all));
        assertEquals("  web: {ingress: [{protocol: tcp, from: 10.0.0.0/8}]}\n", text);
        String written =
                HEAD + "security-groups: {web: {ingress: [{protocol: tcp, ports: 0-65535, from: 10.0.0.0/8}]}}\n";
        assertEquals(
                Outcome.Cause.DUPLICATE,
                refused(written, add(Direction.INGRESS, all)).cause());
    }

    @Test
    void wordsThatYamlReadsOtherwiseAreQuoted() {
        List<String> descriptions =
                List.of("yes", "a b", "\u202egnp", "tab\t", "\"\\", "\ud83d\udd25", "~", "line\nbreak");
        List<Edit.Described> rules = IntStream.range(0, descriptions.size())
                .mapToObj(i -> new Edit.Described(tcp(i, "10.0.0.0/8"), descriptions.get(i)))
                .toList();
        Outcome.Edited edited =
                edited(HEAD + "security-groups: {web: {}}\n", new Edit.AddRules("web", Direction.INGRESS, rules));
        assertEquals(
                descriptions,
                edited.config().group("web").ingress().stream()
                        .map(Rule::description)
                        .toList());
        assertTrue(edited.texts().getFirst().yaml().contains("\"\\u202egnp\""));
    }

    @Test
    void peersThatAreGroupsAndListsAreWrittenAsReferences() {
        String text = groups(
                "  web: {ingress: []}\nprefix-lists: {office: []}\n",
                add(
                        Direction.INGRESS,
                        new Permission(1, null, 8, 0, new Peer.Group("web")),
                        Permission.all(new Peer.Prefixes("office")),
                        new Permission(50, null, Rule.ALL, Rule.ALL, net("::/0"))));
        assertEquals(
                "  web: {ingress: [{protocol: icmp, type: 8, code: 0, from: {group: web}}, {protocol: all, from: {prefix-list:"
                        + " office}}, {protocol: 50, from: \"::/0\"}]}\nprefix-lists: {office: []}\n",
                text);
    }

    @Test
    void anAnchorAnAliasAndATagOnTheWayAreRefusedWithTheirPlace() {
        Edit edit = add(Direction.INGRESS, tcp(22, "10.0.0.0/8"));
        assertRefused("  web: &w {ingress: []}\n", 1, 8, "web: has an anchor", edit);
        assertRefused("  web:\n    ingress: &i []\n  db: {ingress: *i}\n", 2, 14, "ingress: has an anchor", edit);
        assertRefused("  db: {ingress: &i []}\n  web: {ingress: *i}\n", 2, 18, "ingress: is an alias", edit);
        assertRefused("  db: &d {}\n  web: *d\n", 2, 8, "web: is an alias", edit);
        assertRefused("  web: {ingress: !!seq []}\n", 1, 18, "ingress: has a tag", edit);
        assertRefused("  web: !!map {}\n", 1, 8, "web: has a tag", edit);
        assertRefused("  db: &d {ingress: []}\n  web: {<<: *d}\n", 2, 9, "ingress: comes from a merge key", edit);
        assertRefused("  <<: {web: {}}\n", 1, 3, "web: comes from a merge key", edit);
    }

    @Test
    void anAnchorAnAliasAndATagInARuleAreRefusedWhereTheRuleIsChanged() {
        Edit edit = remove(Direction.INGRESS, tcp(80, "10.0.0.0/8"));
        String rest = "\n      - {protocol: udp, from: 10.0.0.0/8}\n";
        assertRefused(
                "  web:\n    ingress:\n      - &r {protocol: tcp, ports: 80, from: 10.0.0.0/8}" + rest,
                3,
                9,
                "has an anchor",
                edit);
        assertRefused(
                "  web:\n    ingress:\n      - {protocol: tcp, ports: &p [80, 81], from: 10.0.0.0/8}" + rest,
                3,
                32,
                "ports: has an anchor",
                edit);
        assertRefused(
                "  web:\n    ingress:\n      - {protocol: tcp, ports: 80, from: [&a 10.0.0.0/8, 10.1.0.0/16]}" + rest,
                3,
                43,
                "has an anchor",
                edit);
        assertRefused(
                "  web:\n    ingress:\n      - {protocol: tcp, from: &f [10.0.0.0/8, 10.1.0.0/16]}\n      - {<<: {protocol: tcp, ports: [80, 81]}, from: *f}\n",
                4,
                10,
                "ports: comes from a merge key",
                remove(Direction.INGRESS, tcp(80, "10.0.0.0/8"), tcp(80, "10.1.0.0/16")));
    }

    @Test
    void anAnchorBesideTheWayIsKept() {
        assertEquals(
                "  db: &d {ingress: &i []}\n  web: {ingress: [{protocol: all, from: {group: db}}]}\n  api: *d\n",
                groups(
                        "  db: &d {ingress: &i []}\n  web: {ingress: []}\n  api: *d\n",
                        add(Direction.INGRESS, Permission.all(new Peer.Group("db")))));
    }

    @Test
    void aDashThatIsNotFirstInItsLineIsRefused() {
        assertRefused(
                "  web:\n    ? ingress\n    : - {protocol: all, from: 10.0.0.0/8}\n",
                3,
                7,
                "the dash is not first in its line",
                add(Direction.INGRESS, tcp(22, "10.0.0.0/8")));
        assertRefused(
                "  ? web\n  : {}\n",
                1,
                5,
                "web: is not first in its line",
                add(Direction.INGRESS, tcp(22, "10.0.0.0/8")));
    }

    @Test
    void aSpliceThatChangesTheMeaningElsewhereIsRefused() {
        // The second anchor goes with its rule, and the alias would mean the first one.
        String text = HEAD + """
                security-groups:
                  web:
                    ingress:
                      - {protocol: tcp, from: &a 10.0.0.0/8}
                      - {protocol: udp, from: &a 192.0.2.0/24}
                      - {protocol: all, from: *a}
                """;
        Permission second = new Permission(17, null, Rule.ALL, Rule.ALL, net("192.0.2.0/24"));
        Outcome.Refused refused = refused(text, remove(Direction.INGRESS, second));
        assertEquals(Outcome.Cause.TEXT, refused.cause());
        assertTrue(refused.reason().contains("meaning"), refused.toString());
    }

    @Test
    void aGroupGoesToAFileOfItsOwnWhichIsIncluded() {
        Outcome.Edited edited = edited(
                HEAD + "security-groups: {web: {}}   # mine\n",
                new Edit.AddGroup("my group", "made: by an API", null),
                new Edit.AddRules(
                        "my group", Direction.INGRESS, List.of(new Edit.Described(tcp(22, "10.0.0.0/8"), "ssh"))));
        assertEquals(
                HEAD.replace("version: 1\n", "version: 1\ninclude: [rules.d/ec2.yaml]\n")
                        + "security-groups: {web: {}}   # mine\n",
                edited.changed().get(0).after());
        Outcome.FileChange added = edited.changed().get(1);
        assertEquals(ADDED, added.name());
        assertNull(added.before());
        assertEquals(HEADER + """
                        security-groups:
                          "my group":
                            description: "made: by an API"
                            ingress:
                              - {protocol: tcp, ports: 22, from: 10.0.0.0/8, description: ssh}
                        """, added.after());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "include: []                    | include:\\n  - rules.d/ec2.yaml",
                "include: [] # none             | include: # none\\n  - rules.d/ec2.yaml",
                "include: [rules.d/*.yaml]      | include: [rules.d/*.yaml]",
                "include: [other/*.yaml]        | include: [other/*.yaml, rules.d/ec2.yaml]",
                "include:\\n- other/*.yaml # no | include:\\n- other/*.yaml # no\\n- rules.d/ec2.yaml",
                "include: [../*/rules.d/e*]     | include: [../*/rules.d/e*]",
            })
    void theFileIsIncludedOnceWhateverIsIncludedBefore(String before, String after) {
        String main = HEAD + before.strip().replace("\\n", "\n") + "\nsecurity-groups: {web: {}}\n";
        Outcome.Edited edited = edited(main, new Edit.AddGroup("a", "", null), new Edit.AddGroup("b", "", null));
        assertEquals(
                HEAD + after.replace("\\n", "\n") + "\nsecurity-groups: {web: {}}\n",
                edited.texts().getFirst().yaml());
        assertEquals(
                HEADER + "security-groups:\n  a:\n    ingress: []\n  b:\n    ingress: []\n",
                edited.texts().get(1).yaml());
        Outcome again = Editor.apply(edited.texts(), List.of(new Edit.RemoveGroup("a"), new Edit.RemoveGroup("b")));
        Outcome.Edited removed = assertInstanceOf(Outcome.Edited.class, again, again.toString());
        assertEquals(1, removed.changed().size());
        assertEquals(
                HEADER + "security-groups: {}\n", removed.changed().getFirst().after());
    }

    @Test
    void aGroupInUseAndAnUnknownOneAreRefusedByTheReader() {
        String text = HEAD + "security-groups: {web: {}}\n";
        Outcome.Refused used = refused(text, new Edit.RemoveGroup("web"));
        assertEquals(Outcome.Cause.INVALID, used.cause());
        assertTrue(used.reason().contains("no such security group"), used.toString());
        assertEquals(
                Outcome.Cause.INVALID,
                refused(text, new Edit.SetGroups("w", List.of("web", "none"))).cause());
        assertEquals(
                Outcome.Cause.INVALID,
                refused(text, new Edit.SetGroups("w", List.of())).cause());
        assertEquals(
                Outcome.Cause.INVALID,
                refused(text, new Edit.AddGroup("<<", "", null)).cause());
        assertEquals(
                Outcome.Cause.DUPLICATE,
                refused(text, new Edit.AddGroup("web", "", null)).cause());
    }

    @Test
    void theGroupsOfAnInterfaceKeepTheirOrderAndTheNewOnesFollow() {
        String text = """
                version: 1
                interfaces:
                  w:
                    mode: host
                    nic: eth0
                    security-groups:
                    - web   # first
                    - db
                    - api   # last
                security-groups: {web: {}, db: {}, api: {}, ops: {}}
                """;
        Outcome.Edited edited = edited(text, new Edit.SetGroups("w", List.of("ops", "api", "web")));
        assertEquals(
                text.replace("    - db\n", "").replace("# last\n", "# last\n    - ops\n"),
                edited.texts().getFirst().yaml());
        assertEquals(
                text.replace("- web ", "- ops ").replace("    - db\n    - api   # last\n", ""),
                edited(text, new Edit.SetGroups("w", List.of("ops")))
                        .texts()
                        .getFirst()
                        .yaml());
    }

    @Test
    void aListAndAnAclAreMadeChangedAndRemoved() {
        Permission web = tcp(80, "0.0.0.0/0");
        String text = HEAD + "security-groups: {web: {}}\nnetwork-acls:\n  edge:\n    ingress:\n"
                + "      - {rule: 200, action: deny, protocol: all, from: any}   # rest\n";
        Outcome.Edited edited = edited(
                text,
                new Edit.AddPrefixList("nets", List.of(Cidr.ALL_V6), null),
                new Edit.ChangeEntries("nets", List.of(Cidr.ALL_V4), List.of(Cidr.ALL_V6)),
                new Edit.SetAcl("w", "edge"),
                new Edit.AddEntry("edge", Direction.INGRESS, new Edit.NumberedEntry(300, true, web)),
                new Edit.AddEntry("edge", Direction.INGRESS, new Edit.NumberedEntry(250, false, web)),
                new Edit.AddEntry("edge", Direction.EGRESS, new Edit.NumberedEntry(1, true, web)),
                new Edit.ReplaceEntry(
                        "edge",
                        Direction.INGRESS,
                        new Edit.NumberedEntry(200, true, Permission.all(new Peer.Prefixes("nets")))),
                new Edit.RemoveEntry("edge", Direction.INGRESS, 300));
        assertEquals(
                HEAD.replace("version: 1\n", "version: 1\ninclude: [rules.d/ec2.yaml]\n")
                                .replace("[web]}", "[web], network-acl: edge}")
                        + """
                        security-groups: {web: {}}
                        network-acls:
                          edge:
                            ingress:
                              - {rule: 200, action: allow, protocol: all, from: {prefix-list: nets}}   # rest
                              - {rule: 250, action: deny, protocol: tcp, ports: 80, from: 0.0.0.0/0}
                            egress:
                              - {rule: 1, action: allow, protocol: tcp, ports: 80, to: 0.0.0.0/0}
                        """,
                edited.texts().getFirst().yaml());
        assertEquals(
                HEADER + "prefix-lists:\n  nets:\n    - 0.0.0.0/0\n",
                edited.texts().get(1).yaml());
        Outcome.Refused used = assertInstanceOf(
                Outcome.Refused.class, Editor.apply(edited.texts(), List.of(new Edit.RemoveAcl("edge"))));
        assertEquals(Outcome.Cause.INVALID, used.cause());
        assertEquals(
                Outcome.Cause.MISSING,
                refused(text, new Edit.RemoveEntry("edge", Direction.EGRESS, 1)).cause());
        assertEquals(
                Outcome.Cause.DUPLICATE,
                refused(text, new Edit.AddEntry("edge", Direction.INGRESS, new Edit.NumberedEntry(200, true, web)))
                        .cause());
    }

    @Test
    void whatIsAddedHasItsIdAsFirstKeyAndAListIsThenAMap() {
        Outcome.Edited edited = edited(
                HEAD + "security-groups: {web: {}}\n",
                new Edit.AddGroup("db", "data", "sg-0123456789abcdef0"),
                new Edit.AddGroup("ops", "", "sg-01234567"),
                new Edit.AddPrefixList("nets", List.of(Cidr.ALL_V6, Cidr.ALL_V4), "pl-01234567"),
                new Edit.AddPrefixList("none", List.of(), "pl-76543210"),
                new Edit.AddAcl("gate", "acl-01234567"),
                add("db", tcp(80, "0.0.0.0/0")),
                new Edit.ChangeEntries("nets", List.of(), List.of(Cidr.ALL_V6)),
                new Edit.ChangeEntries("none", List.of(Cidr.ALL_V4), List.of()),
                new Edit.AddEntry(
                        "gate", Direction.INGRESS, new Edit.NumberedEntry(1, true, everything("10.0.0.0/8"))));
        assertEquals(HEADER + """
                        security-groups:
                          db:
                            id: sg-0123456789abcdef0
                            description: data
                            ingress:
                              - {protocol: tcp, ports: 80, from: 0.0.0.0/0}
                          ops:
                            id: sg-01234567
                            ingress: []
                        prefix-lists:
                          nets:
                            id: pl-01234567
                            entries:
                              - 0.0.0.0/0
                          none:
                            id: pl-76543210
                            entries:
                              - 0.0.0.0/0
                        network-acls:
                          gate:
                            id: acl-01234567
                            ingress:
                              - {rule: 1, action: allow, protocol: all, from: 10.0.0.0/8}
                            egress: []
                        """, edited.texts().get(1).yaml());
        Outcome again = Editor.apply(
                edited.texts(),
                List.of(
                        new Edit.RemoveGroup("db"),
                        new Edit.RemovePrefixList("nets"),
                        new Edit.RemoveAcl("gate"),
                        new Edit.ChangeEntries("none", List.of(), List.of(Cidr.ALL_V4)),
                        new Edit.AddGroup("db2", "", "sg-0123456789abcdef0")));
        assertEquals(
                HEADER + """
                        security-groups:
                          ops:
                            id: sg-01234567
                            ingress: []
                          db2:
                            id: sg-0123456789abcdef0
                            ingress: []
                        prefix-lists:
                          none:
                            id: pl-76543210
                            entries: []
                        network-acls: {}
                        """,
                assertInstanceOf(Outcome.Edited.class, again, again.toString())
                        .texts()
                        .get(1)
                        .yaml());
    }

    @Test
    void whereAnIdIsAnEditKeepsItAndItsComment() {
        String text = """
                version: 1
                interfaces:
                  w:
                    id: eni-01234567   # mine
                    mode: host
                    nic: eth0
                    security-groups: [web]
                security-groups:
                  web: {id: sg-01234567}   # no rule
                network-acls:
                  gate:
                    # the first
                    id: acl-01234567
                prefix-lists:
                  office:
                    entries:
                      - 10.0.0.0/8   # all
                      - 192.0.2.7
                    id: pl-01234567   # last
                  home: {id: pl-76543210, entries: [10.0.0.1]}
                """;
        Cidr block = new Cidr(Address.parse("198.51.100.0"), 24);
        Cidr one = new Cidr(Address.parse("10.0.0.1"), 32);
        Outcome.Edited edited = edited(
                text,
                add(Direction.INGRESS, tcp(80, "0.0.0.0/0")),
                new Edit.SetAcl("w", "gate"),
                new Edit.AddEntry("gate", Direction.INGRESS, new Edit.NumberedEntry(1, true, everything("10.0.0.0/8"))),
                new Edit.ChangeEntries("office", List.of(block), List.of(new Cidr(Address.parse("192.0.2.7"), 32))),
                new Edit.ChangeEntries("home", List.of(block), List.of(one)));
        String expected = text.replace("[web]\n", "[web]\n    network-acl: gate\n")
                .replace(
                        "{id: sg-01234567}",
                        "{id: sg-01234567, ingress: [{protocol: tcp, ports: 80, from: 0.0.0.0/0}]}")
                .replace("    id: acl-01234567\n", """
                            id: acl-01234567
                            ingress:
                              - {rule: 1, action: allow, protocol: all, from: 10.0.0.0/8}
                        """)
                .replace("- 192.0.2.7", "- 198.51.100.0/24")
                .replace("[10.0.0.1]", "[198.51.100.0/24]");
        assertEquals(expected, edited.texts().getFirst().yaml());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "sg-1", "pl-01234567", "a: {}", "sg-76543210"})
    void anIdThatIsNoneOrTakenIsRefusedByTheReader(String id) {
        Outcome.Refused refused =
                refused(HEAD + "security-groups: {web: {id: sg-76543210}}\n", new Edit.AddGroup("new", "", id));
        assertEquals(Outcome.Cause.INVALID, refused.cause());
        assertEquals(ADDED, refused.location().file());
        assertEquals(4, refused.location().line());
    }

    @Test
    void theEntriesOfAListBehindAnAnchorOrAMergeKeyAreRefused() {
        String text = HEAD + "security-groups: {web: {}}\nprefix-lists:\n  a: &a {entries: [10.0.0.1]}\n"
                + "  b: {<<: *a, id: pl-01234567}\n  c: {entries: &c [10.0.0.1]}\n";
        for (String list : List.of("a", "b", "c")) {
            Outcome.Refused refused = refused(text, new Edit.ChangeEntries(list, List.of(Cidr.ALL_V6), List.of()));
            assertEquals(Outcome.Cause.TEXT, refused.cause(), refused.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "version: 2",
                "- a",
                "version: 1\n---\nversion: 1\n",
                "version: 1\ninclude: [gone.yaml]\ninterfaces: {}\n",
                "\u0000",
                "a: \"\\U00110000\"",
                "{",
            })
    void anInvalidConfigurationIsRefusedAsItIs(String text) {
        assertEquals(
                Outcome.Cause.INVALID,
                refused(text, new Edit.AddGroup("a", "", null)).cause());
    }

    @Test
    void aTextThatTheConfigurationDoesNotIncludeIsRefused() {
        List<SourceText> texts = new ArrayList<>(List.of(new SourceText(MAIN, HEAD + "security-groups: {web: {}}\n")));
        texts.add(new SourceText("/etc/portcullis/other.yaml", "security-groups: {x: {}}\n"));
        Outcome.Refused refused = assertInstanceOf(Outcome.Refused.class, Editor.apply(texts, List.of()));
        assertEquals("/etc/portcullis/other.yaml: the configuration does not include this file", refused.toString());
        assertInstanceOf(Outcome.Refused.class, Editor.apply(List.of(), List.of()));
        assertInstanceOf(Outcome.Refused.class, Editor.apply(List.of(new SourceText("a\u0000b", HEAD)), List.of()));
    }

    private static Stream<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("../config/examples"))) {
            return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void everyGroupOfAnExampleTakesARuleAndGivesItBackWithoutAnotherLineChanged(Path example) throws Exception {
        String text = Files.readString(example);
        Config config = ConfigReader.parse(text, MAIN);
        for (String group : config.securityGroups().keySet()) {
            Permission rule = tcp(4_711, "198.51.100.77/32");
            Outcome.Edited added = edited(
                    text, new Edit.AddRules(group, Direction.INGRESS, List.of(new Edit.Described(rule, "an example"))));
            String with = added.texts().getFirst().yaml();
            assertTrue(with.contains("4711, from: 198.51.100.77/32, description: \"an example\"}"), with);
            Outcome.Edited removed = edited(with, new Edit.RemoveRules(group, Direction.INGRESS, List.of(rule)));
            List<String> lines = removed.texts().getFirst().yaml().lines().collect(Collectors.toList());
            text.lines().forEach(lines::remove);
            assertTrue(lines.isEmpty() || lines.equals(List.of("    ingress: []")), group + " leaves " + lines);
            assertEquals(Meaning.of(config), Meaning.of(removed.config()));
        }
    }

    @Test
    void noEditChangesNoFile() {
        Outcome.Edited edited = edited(HEAD + "security-groups: {web: {}}\n");
        assertEquals(List.of(), edited.changed());
        assertEquals(
                List.of(),
                edited(HEAD + "security-groups: {web: {}}\n", new Edit.SetAcl("w", null), remove(Direction.INGRESS))
                        .changed());
    }
}
