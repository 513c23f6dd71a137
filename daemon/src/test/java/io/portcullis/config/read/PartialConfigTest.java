package io.portcullis.config.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Metrics;
import io.portcullis.config.OnFailure;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The NICs of an invalid file are known, whatever the error. */
class PartialConfigTest {
    private static final String HOST = "  host9: {mode: host, nic: eth9, on-failure: open, security-groups: [web]}";
    private static final PartialConfig.Named NAMED = new PartialConfig.Named("host9", List.of("eth9"), OnFailure.OPEN);

    @TempDir
    Path folder;

    private static List<Path> faultyFiles() throws IOException, URISyntaxException {
        Path bad = Path.of(Objects.requireNonNull(PartialConfigTest.class.getResource("/bad"))
                .toURI());
        try (Stream<Path> files = Files.list(bad)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("faultyFiles")
    void aHostBesideTheFaultIsFound(Path faulty) throws IOException {
        List<String> lines = Files.readAllLines(faulty);
        int at = lines.indexOf("interfaces:");
        List<String> first = new ArrayList<>(lines);
        List<String> last = new ArrayList<>(lines);
        if (at < 0) {
            first.addAll(0, List.of("interfaces:", HOST));
            last.addAll(List.of("interfaces:", HOST));
        } else {
            int end = at + 1;
            while (end < lines.size() && !lines.get(end).startsWith("security-groups")) {
                end++;
            }
            first.add(at + 1, HOST);
            last.add(end, HOST);
        }
        // Lines after a top-level list can't be distinguished from its items.
        boolean isList = lines.stream().anyMatch(line -> line.startsWith("- "));
        for (List<String> text : isList ? List.of(first) : List.of(first, last)) {
            Path file = Files.write(faulty.resolveSibling(".legible.yaml"), text);
            try {
                List<PartialConfig.Named> found = PartialConfigReader.read(file).interfaces();
                assertTrue(found.contains(NAMED), () -> found + "\n" + String.join("\n", text));
            } finally {
                Files.delete(file);
            }
        }
    }

    private PartialConfig read(String yaml) throws IOException {
        return PartialConfigReader.read(Files.writeString(folder.resolve("faulty.yaml"), yaml));
    }

    private List<PartialConfig.Named> named(String interfaces) throws IOException {
        return read("version: 1\ninterfaces:\n" + interfaces).interfaces();
    }

    private static PartialConfig.Named closed(String name, String... nics) {
        return new PartialConfig.Named(name, List.of(nics), OnFailure.CLOSED);
    }

    @Test
    void theModeSaysWhichNicsAreMeantAndWithoutOneAllAre() throws IOException {
        assertEquals(
                List.of(
                        closed("a", "eth0"),
                        closed("b", "eth1", "eth2"),
                        closed("c", "eth3", "eth4", "eth5"),
                        closed("d", "eth6"),
                        closed("e", "eth7", "eth8")),
                named("""
                      a: {mode: host, nic: eth0, outside: eth9}
                      b: {mode: brigde, nic: eth9, inside: eth2, outside: eth1, typo: 1}
                      c: {nic: eth3, outside: eth4, insede: eth5}
                      d: {mode: [host], nic: eth6}
                      e: {mode: host, outside: eth7, inside: eth8}
                    """));
    }

    @Test
    void openOnlyWhereTheFileSaysSo() throws IOException {
        assertEquals(
                List.of(
                        closed("a", "eth0"),
                        closed("b", "eth1"),
                        closed("c", "eth2"),
                        new PartialConfig.Named("d", List.of("eth3"), OnFailure.OPEN)),
                named("""
                      a: {mode: host, nic: eth0, on-failure: opne}
                      b: {mode: host, nic: eth1, on-failur: open}
                      c: {mode: host, nic: eth2, on-failure: open, on-failure: closed}
                      d: {mode: host, nic: eth3, on-failure: open, typo: x}
                    """));
    }

    @Test
    void anImpossibleNameIsNoNic() throws IOException {
        assertEquals(List.of(), named("""
              a: {mode: host, nic: eth/0}
              b: {mode: host, nic: [eth0]}
              c: {mode: host, nic: }
              d: {mode: host, nic: "far too long a name"}
            """));
    }

    @Test
    void twoDescriptionsOfOneInterfaceCountBoth() throws IOException {
        assertEquals(List.of(closed("a", "eth0", "eth1")), named("""
              a: {mode: host, nic: eth0}
              a: {mode: host, nic: eth1}
            """));
    }

    @Test
    void anInterfaceWithoutAValidNameHasTheNameOfItsNic() throws IOException {
        assertEquals(List.of(closed("eth0", "eth0")), named("  \"a?b\": {mode: host, nic: eth0}\n"));
    }

    @Test
    void mergeKeysAndAliasesAreFollowedAndDanglingOnesIgnored() throws IOException {
        assertEquals(
                List.of(
                        new PartialConfig.Named("a", List.of("eth0"), OnFailure.OPEN),
                        closed("b", "eth1"),
                        new PartialConfig.Named("d", List.of("eth2"), OnFailure.OPEN)),
                named("""
                      a: &base {mode: host, nic: eth0, on-failure: open}
                      b: {<<: *nothing, mode: host, nic: &nic eth1}
                      c: &c {<<: *c, nic: *nowhere}
                      d: {<<: *base, nic: eth2}
                    """));
    }

    @Test
    void aLineThatIsNoYamlDoesNotAffectOthers() throws IOException {
        assertEquals(
                List.of(closed("a", "eth0"), closed("b", "eth1"), closed("c", "eth2"), closed("d", "eth3")),
                named("""
                      a: {mode: host, nic: eth0, security-groups: [web}
                      b:
                        mode: host
                        nic: eth1
                       security-groups: [web]
                    \tnic: eth9
                      c:
                        nic: eth2
                        security-groups: ["web]
                      d: {nic: eth3, security-groups: [web
                    security-groups: {}
                    """));
    }

    @Test
    void secondDocumentsAndIncludedFilesCount() throws IOException {
        Files.createDirectory(folder.resolve("more"));
        Files.writeString(folder.resolve("more/b.yaml"), "interfaces: {b: {mode: host, nic: eth1}\n");
        assertEquals(
                List.of(closed("a", "eth0"), closed("b", "eth1"), closed("c", "eth2")),
                read("""
                    include: [nowhere.yaml, more/*.yaml]
                    interfaces: {a: {mode: host, nic: eth0}}
                    ---
                    interface: {c: {mode: host, nic: eth2}}
                    """).interfaces());
    }

    @Test
    void theAddressesOfItsServersAreReadable() throws IOException {
        PartialConfig legible = read("""
            control: {socket: /run/other.sock, admins: no group, typo: 1}
            metrics: {listen: "[::1]:9999"}
            """);
        assertEquals(Optional.of(Path.of("/run/other.sock")), legible.controlSocket());
        assertEquals(Optional.of(new Metrics("::1", 9999, Metrics.ALL)), legible.metricsListen());
        PartialConfig wrong = read("""
            control: {socket: run/other.sock}
            metrics: {listen: "::1"}
            """);
        assertEquals(Optional.empty(), wrong.controlSocket());
        assertEquals(Optional.empty(), wrong.metricsListen());
        assertEquals(Optional.empty(), read("version: 1").controlSocket());
    }

    @Test
    void aBinaryFileIsReadAsFarAsPossible() throws IOException {
        Path file = folder.resolve("latin.yaml");
        Files.write(
                file,
                "# caf\u00e9\ninterfaces: {a: {mode: host, nic: eth0}}\n\u0007\n"
                        .getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(
                List.of(closed("a", "eth0")), PartialConfigReader.read(file).interfaces());
    }

    @Test
    void aMissingFileHasNothing() {
        PartialConfig nothing = new PartialConfig(List.of(), Optional.empty(), Optional.empty());
        assertEquals(nothing, PartialConfigReader.read(folder.resolve("none.yaml")));
        assertEquals(nothing, PartialConfigReader.read(folder));
    }

    @Test
    void nestingWithoutEndDoesNotAffectOtherLines() throws IOException {
        assertEquals(
                List.of(closed("a", "eth0"), closed("b", "eth1")),
                named("  a: {mode: host, nic: eth0, x: " + "[".repeat(1_000) + "\n  b: {mode: host, nic: eth1}\n"));
    }
}
