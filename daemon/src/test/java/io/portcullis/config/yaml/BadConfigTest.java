package io.portcullis.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.config.read.PartialConfigReader;
import io.portcullis.config.read.SchemaTest;
import io.portcullis.net.Visible;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * One mistake in each file under {@code bad/}; {@code bad/expected.csv} has the message that each must produce and its source:
 * already the schema, or only the daemon ({@link SchemaTest}).
 */
class BadConfigTest {
    @TempDir
    Path folder;

    private static Path bad(String file) throws URISyntaxException {
        URL resource = Objects.requireNonNull(BadConfigTest.class.getResource("/bad/" + file), file);
        return Path.of(resource.toURI());
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/bad/expected.csv", delimiter = '|', quoteCharacter = '`')
    void aBadFileIsRefusedWhole(String file, String expected, String seenBy) throws URISyntaxException {
        assertTrue(Set.of("schema", "daemon").contains(seenBy), seenBy);
        Path path = bad(file);
        ConfigException refusal = assertThrows(ConfigException.class, () -> ConfigReader.load(path));
        assertEquals(expected, refusal.getMessage().replace(path.getParent() + "/", ""));
    }

    @Test
    void everyBadFileIsInTheTable() throws URISyntaxException, IOException {
        Path table = bad("expected.csv");
        Set<String> expected = Files.readAllLines(table).stream()
                .map(line -> line.split("\\|", 2)[0])
                .collect(Collectors.toSet());
        try (Stream<Path> files = Files.list(table.resolveSibling(""))) {
            assertEquals(
                    expected,
                    files.map(file -> file.getFileName().toString())
                            // PartialConfigTest, in another process, has a hidden file there for a moment.
                            .filter(name -> name.endsWith(".yaml") && !name.startsWith("."))
                            .collect(Collectors.toSet()));
        }
    }

    @Test
    void allFaultsOfAllFilesComeAtOnceInTheirOrder() throws IOException {
        Path main = write("main.yaml", """
            version: 1
            include: [sub/*.yaml]
            interfaces:
              edge: {mode: brigde, outside: eth1, inside: eth2, security-groups: [web, dbs]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 70000, from: any}, {protocol: udp, from: 10.0.0.1/8}]}
            log: {levle: info}
            """);
        write("sub/a.yaml", "security-groups: {db: {members: [10.0.0.300]}}\n");
        write("sub/b.yaml", "mark: 7\nversion: 1\n");
        write("sub/.hidden.yaml", "nonsense: 1\n");
        write("sub/c.yml", "nonsense: 1\n");
        assertEquals(
                List.of(
                        "main.yaml:4:16: mode: brigde: unknown value; did you mean \"bridge\"? (allowed: bridge, host)",
                        "main.yaml:4:76: security-groups: dbs: no such security group; did you mean \"db\"?",
                        "main.yaml:6:42: ports: 70000: ports go from 0 to 65535",
                        "main.yaml:6:83: from: 10.0.0.1/8: has bits set after the first 8: write 10.0.0.0/8, or"
                                + " 10.0.0.1 for that address alone",
                        "main.yaml:7:7: levle: unknown key; did you mean \"level\"? (allowed: level, drops, never-log)",
                        "sub/a.yaml:1:34: members: 10.0.0.300: not an address or a block such as 10.0.0.0/8",
                        "sub/b.yaml:1:7: mark: 7: must be value/mask of 32 bits each, such as 0x5043/0xffff"),
                errors(main));
    }

    @Test
    void aMissingFileIsOneFault() {
        assertEquals(List.of("none.yaml: no such file"), errors(folder.resolve("none.yaml")));
    }

    @Test
    void aFolderIsNoFile() {
        assertEquals(
                folder + ": is a directory, not a file",
                assertThrows(ConfigException.class, () -> ConfigReader.load(folder))
                        .getMessage());
    }

    @Test
    void aFileThatIsNotUtf8IsRefused() throws IOException {
        Path file = folder.resolve("latin.yaml");
        Files.write(file, new byte[] {'#', (byte) 0xe9, '\n'});
        assertEquals(List.of("latin.yaml: not UTF-8"), errors(file));
    }

    @Test
    void aFileOfMoreThan64MiBIsRefused() throws IOException {
        Path file = folder.resolve("huge.yaml");
        try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(Document.LARGEST + 1L);
        }
        assertEquals(List.of("huge.yaml: larger than 64 MiB"), errors(file));
    }

    @Test
    void aliasesThatExpandTooFarAreRefused() throws IOException {
        String ports = "80, ".repeat(10_000);
        Path file = write("bomb.yaml", """
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}
            security-groups:
              web:
                ingress:
                  - &rule {protocol: tcp, ports: &ports [%s 81], from: any}
            %s\
            """.formatted(ports, "      - *rule\n".repeat(2_000)));
        assertEquals(List.of("bomb.yaml:7:38: too large: more than 5,000,000 values, aliases included"), errors(file));
    }

    @Test
    void aliasesThatContainThemselvesEnd() {
        ConfigException refusal = assertThrows(
                ConfigException.class,
                () -> ConfigReader.parse(
                        "version: 1\ninterfaces: &all {edge: *all}\nlog: &log {level: [*log]}\n", "loop"));
        assertTrue(
                refusal.getMessage()
                        .contains("loop:3:19: level: must be error or warn or info or debug or trace, not a list"),
                refusal.getMessage());
    }

    @Test
    void rulesThatTakeTooMuchMemoryAreRefusedAtTheOneThatExceedsTheLimit() {
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < 50_000; i++) {
            list.append("10.")
                    .append(i >> 16)
                    .append('.')
                    .append(i >> 8 & 0xff)
                    .append('.')
                    .append(i & 0xff)
                    .append(',');
        }
        String yaml =
                """
                version: 1
                interfaces:
                  edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}
                prefix-lists: {long: [%s]}
                security-groups:
                  web:
                    ingress:
                %s\
                """.formatted(list, "      - {protocol: tcp, ports: [1, 2], from: {prefix-list: long}}\n".repeat(41));
        ConfigException refusal = assertThrows(ConfigException.class, () -> ConfigReader.parse(yaml, "long"));
        assertEquals(
                "long:48:9: too large: interface edge has more than 4,000,000 pairs of address and port range,"
                        + " prefix lists and members expanded; the limit is exceeded in group web",
                refusal.getMessage());
    }

    @Test
    void aTextIncludesNothing() {
        ConfigException refusal = assertThrows(
                ConfigException.class, () -> ConfigReader.parse("version: 1\ninclude: [a.yaml]\n", "text"));
        assertEquals(
                "text:2:11: include: a.yaml: only a file can include others, and this is not a file",
                refusal.getMessage());
    }

    @Test
    void nestingWithoutEndIsRefused() {
        ConfigException refusal =
                assertThrows(ConfigException.class, () -> ConfigReader.parse("version: " + "[".repeat(10_000), "deep"));
        assertEquals("deep:1:59: nested too deeply: at most 50 levels of lists and maps", refusal.getMessage());
    }

    /** Each is refused at its location, in time that is linear in its size; a stack overflow would end the test. */
    @Test
    void mergesWithoutEndAreRefused() {
        StringBuilder chain = new StringBuilder("version: 1\nlog: {}\nsecurity-groups:\n  g0: &m0 {description: x}\n");
        for (int i = 1; i <= 20_000; i++) {
            chain.append("  g")
                    .append(i)
                    .append(": &m")
                    .append(i)
                    .append(" {<<: *m")
                    .append(i - 1)
                    .append("}\n");
        }
        assertTrue(refusal(chain.toString(), "chain").errors().stream()
                .map(ConfigError::toString)
                .anyMatch("chain:5:12: <<: merged too deeply: at most 50 levels"::equals));
        assertEquals(
                "undefined:2:24: not YAML: m20000: no anchor of this name comes before the alias",
                refusal("version: 1\nlog: {level: info, <<: *m20000}\n", "undefined")
                        .getMessage());
    }

    @Test
    void mergesThatDoubleEachTimeEnd() {
        StringBuilder yaml = new StringBuilder("version: 1\nsecurity-groups:\n  g0: &m0 {description: x}\n");
        for (int i = 1; i <= 45; i++) {
            String before = "*m" + (i - 1);
            yaml.append("  g" + i + ": &m" + i + " {<<: [" + before + ", " + before + "]}\n");
        }
        assertTrue(refusal(yaml.toString(), "bomb").getMessage().contains("too large: more than 5,000,000 values"));
    }

    @Test
    void aTextWithoutEndIsRefusedAtItsLocation() {
        String head = """
                version: 1
                interfaces: {edge: {mode: host, nic: a, security-groups: [web]}}
                security-groups:
                  web: {""";
        String longest = "x".repeat(8 << 20);
        for (String quote : List.of("", "'", "\"")) {
            assertEquals(
                    "long:4:22: too long: a text has 65,536 characters at the most",
                    refusal(head + "description: " + quote + longest + quote + "}\n", "long")
                            .getMessage());
        }
        assertEquals(
                "long:4:9: too long: a text has 65,536 characters at the most",
                refusal(head + longest + ": 1}\n", "long").getMessage());
        assertTrue(refusal(head + "description: *" + longest + "}\n", "long")
                        .getMessage()
                        .length()
                < 300);
        assertTrue(refusal(head + "description: !" + longest + " x}\n", "long")
                        .getMessage()
                        .length()
                < 300);
        // Comments and lists may be long.
        assertTrue(refusal("# " + longest + "\nnonsense: 1\n", "comment")
                .getMessage()
                .startsWith("comment:2:1:"));
    }

    @Test
    void longWordsAreNotCompared() {
        String names = "  n: {}\n  ? " + "y".repeat(60_000) + "\n  : {}\n";
        String references = ("x".repeat(59_000) + ", ").repeat(100);
        String yaml = "version: 1\ninterfaces: {edge: {mode: host, nic: a, security-groups: [" + references
                + "web]}}\nsecurity-groups:\n" + names;
        assertTrue(refusal(yaml, "words").getMessage().contains("no such security group"));
    }

    @Test
    void filesThatIncludeOneAnotherWithoutEndAreRefused() throws IOException {
        for (int i = 0; i < 60; i++) {
            write("f" + i + ".yaml", "version: 1\ninclude: [f" + (i + 1) + ".yaml]\n");
        }
        write("f60.yaml", "version: 1\n");
        assertTrue(errors(folder.resolve("f0.yaml"))
                .contains("f50.yaml:2:11: include: f51.yaml: included too deeply: at most 50 levels"));
    }

    @Test
    void aSyntaxErrorShowsItsLineAndACaret() {
        assertEquals(
                List.of("    → ingress: []", "    ^"),
                refusal("version: 1\nsecurity-groups:\n  web:\n    \t ingress: []\n", "tab")
                        .errors()
                        .getFirst()
                        .excerpt());
        ConfigError far = refusal("version: 1\nlog: {level: " + "a, ".repeat(60) + "b: c: d}\n", "far")
                .errors()
                .getFirst();
        assertEquals(2, far.excerpt().size());
        assertTrue(far.excerpt().getFirst().length() <= 102, far.excerpt().getFirst());
        assertEquals(
                ':', far.excerpt().getFirst().charAt(far.excerpt().getLast().indexOf('^')));
    }

    private static ConfigException refusal(String yaml, String name) {
        return assertThrows(ConfigException.class, () -> ConfigReader.parse(yaml, name));
    }

    /** Any file gives either a configuration or errors, each with one line of text and a location. */
    @Test
    @Tag("fuzz")
    void aDamagedFileIsReadOrRefused() throws URISyntaxException, IOException {
        String sound = Files.readString(Path.of("../config/portcullis.yaml"))
                + "conntrack: &c {max-flows: 5, timeouts: {udp: 30s}}\n"
                + "mark: 1/2\n"
                + "log: {level: info, <<: {drops: all}}\n";
        String[] pieces = {
            "{",
            "}",
            "[",
            "]",
            ": ",
            ", ",
            "- ",
            "\n",
            "  ",
            "'",
            "\"",
            "&a ",
            "*a",
            "*c",
            "<<: ",
            "!t ",
            "~",
            "|",
            "0",
            "-1",
            "any",
            "99999999999999999999",
            "::1/64",
            "10.0.0.1/8",
            "[]",
            "{}",
            "\t",
            "\u0000",
            "\ufffe",
            "#",
            "? ",
            "%"
        };
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int refused = 0;
        int legible = 0;
        for (int round = 0; round < 5_000; round++) {
            StringBuilder yaml = new StringBuilder(sound);
            for (int edits = random.nextInt(4); edits >= 0; edits--) {
                int from = random.nextInt(yaml.length());
                int to = Math.min(yaml.length(), from + random.nextInt(8));
                yaml.replace(from, to, pieces[random.nextInt(pieces.length)]);
            }
            String damaged = yaml.toString();
            write("damaged.yaml", damaged);
            legible += PartialConfigReader.read(folder.resolve("damaged.yaml"))
                    .interfaces()
                    .size();
            try {
                ConfigReader.parse(damaged, "damaged");
            } catch (ConfigException e) {
                refused++;
                for (ConfigError error : e.errors()) {
                    assertTrue(error.text().lines().count() == 1, () -> "seed " + seed + ": " + error + "\n" + damaged);
                    assertTrue(
                            error.text().codePoints().noneMatch(Visible::isInvisible),
                            () -> "seed " + seed + ": " + error + "\n" + damaged);
                }
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + "\n" + damaged, e);
            }
        }
        assertTrue(refused > 0, "seed " + seed);
        // In some the interface itself is damaged.
        assertTrue(legible > 4_000, legible + " legible interfaces, seed " + seed);
    }

    @Test
    void tenThousandFaultsAreReportedAndTheOthersCounted() throws IOException {
        Path file = write("many.yaml", "version: 1\nprefix-lists:\n  a: [" + "x,".repeat(10_005) + "10.0.0.1]\n");
        List<String> errors = errors(file);
        assertEquals(10_001, errors.size());
        assertTrue(errors.getLast().endsWith(": and 6 more errors, which are not shown"), errors.getLast());
    }

    private Path write(String name, String yaml) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        return Files.writeString(file, yaml);
    }

    private List<String> errors(Path file) {
        return assertThrows(ConfigException.class, () -> ConfigReader.load(file)).errors().stream()
                .map(error -> error.toString().replace(folder + "/", ""))
                .toList();
    }
}
