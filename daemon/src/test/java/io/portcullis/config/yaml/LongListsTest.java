package io.portcullis.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Location;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Long lists are read like short ones: the same blocks, errors and locations, and nothing outside of lists. */
final class LongListsTest {
    private static final int MANY = 100;

    private static final String RULES = """
        version: 1
        interfaces:
          web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}
        security-groups:
          web: {ingress: [{protocol: tcp, ports: 80, from: {prefix-list: many}}]}
        """;

    private static String address(int i) {
        return "10.0." + i + (i % 2 == 0 ? ".0/24" : ".7");
    }

    private static String lines(String indent, String end) {
        return IntStream.range(0, MANY)
                .mapToObj(i -> indent + "- " + address(i) + end + "\n")
                .collect(Collectors.joining());
    }

    private static List<String> expected() {
        return IntStream.range(0, MANY)
                .mapToObj(LongListsTest::address)
                .map(text -> text.endsWith(".7") ? text + "/32" : text)
                .toList();
    }

    private static List<String> many(String list) throws ConfigException {
        Config config = ConfigReader.parse(RULES + "prefix-lists:\n" + list, "rules.yaml");
        return Objects.requireNonNull(config.prefixLists().get("many")).entries().stream()
                .map(Cidr::toString)
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", " # why", "   # - 1.2.3.4", "\r"})
    void aListIsWholeWhateverFollowsItsItems(String end) throws ConfigException {
        assertTrue(new LongLists("a:\n" + lines("  ", end)).shortened().length() < MANY * 3);
        assertEquals(expected(), many("  many:\n" + lines("    ", end)));
        assertEquals(expected(), many("  many:\n" + lines("  ", end)), "no deeper than its key");
    }

    @Test
    void theLastLineMayEndTheFile() throws ConfigException {
        String list = "  many:\n" + lines("    ", "");
        assertEquals(expected(), many(list.substring(0, list.length() - 1)));
    }

    @Test
    void itemsOfOtherKindsKeepTheirPositions() throws ConfigException {
        List<String> all = new ArrayList<>(expected());
        all.add("2001:db8::/32");
        all.addAll(expected());
        all.addFirst("192.0.2.1/32");
        assertEquals(
                all,
                many("  many:\n    - \"192.0.2.1\"\n" + lines("    ", "") + "\n    # a pause\n    - '2001:db8::/32'\n"
                        + lines("    ", "")));
    }

    @Test
    void aListWithAnAnchorIsTheSameInBothPlaces() throws ConfigException {
        String twice = "  other: &all\n" + lines("    ", "") + "  many: *all\n";
        assertEquals(expected(), many(twice));
    }

    @Test
    void aFaultInTheMiddleIsAtItsLine() {
        String list = lines("    ", "").replace("10.0.50.0/24", "10.0.50.1/24");
        ConfigException refused = assertThrows(ConfigException.class, () -> many("  many:\n" + list));
        assertEquals(1, refused.errors().size());
        Location location = refused.errors().getFirst().location();
        assertEquals("rules.yaml:58:7", location.toString());
    }

    @Test
    void aTextThatLooksLikeAListIsAText() throws ConfigException {
        String text = "  web: {ingress: []}\n  other:\n    description: |\n" + lines("      ", "");
        Config config = ConfigReader.parse(
                RULES.replace("  web: {ingress: [{protocol: tcp, ports: 80, from: {prefix-list: many}}]}\n", text),
                "rules.yaml");
        assertEquals(
                lines("", "").stripTrailing(),
                config.group("other").description().stripTrailing());
    }

    @Test
    void aSyntaxErrorHasItsLocation() {
        ConfigException refused =
                assertThrows(ConfigException.class, () -> many("  many:\n" + lines("    ", "") + "   - 10.1.0.0/16\n"));
        assertEquals(7 + MANY + 1, refused.errors().getFirst().location().line());
    }

    @Test
    void itemsThatGoOnInTheNextLineAreNotCut() {
        ConfigException refused = assertThrows(
                ConfigException.class, () -> many("  many:\n" + lines("    ", "") + "      10.1.0.0/16\n"));
        assertTrue(
                refused.errors().getFirst().text().contains("10.0.99.7 10.1.0.0/16"),
                refused.errors().toString());
    }

    @Test
    void packedBlocksAreUnpackedUnchanged() {
        List<Cidr> blocks = List.of(
                Cidr.ALL_V4,
                Cidr.ALL_V6,
                Cidr.of(Address.parse("255.255.255.255")),
                Cidr.of(Address.parse("::ffff:0:0:1")),
                new Cidr(Address.parse("2001:db8::"), 127));
        assertEquals(blocks, PackedBlocks.of(blocks));
        assertEquals(List.of(), PackedBlocks.of(List.of()));
    }
}
