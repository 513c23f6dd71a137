package io.portcullis.flowstore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TableSetTest {
    private static final int WORKERS = 3;
    private static final int FLOWS = 300;

    @TempDir
    Path directory;

    static Policy policy() throws ConfigException {
        String text = """
                version: 1
                interfaces:
                  web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1/32], security-groups: [web]}
                security-groups: {web: {ingress: [{protocol: udp, from: any}]}}
                conntrack: {max-flows: 3000}
                """;
        return Policy.compile(ConfigReader.parse(text, "test.yaml"), "web0", 1, 1000);
    }

    private TableSet open(String interfaceName) throws ConfigException, TableException {
        return open(interfaceName, WORKERS);
    }

    private TableSet open(String interfaceName, int workers) throws ConfigException, TableException {
        return TableSet.open(
                interfaceName, directory, policy().maxFlows(), new FlowTimeouts(policy()::timeoutNs), workers, false);
    }

    /** Adds those of 300 flows that are not there. */
    static void fill(TableSet files) {
        for (int flow = 0; flow < FLOWS; flow++) {
            Tuple tuple = new Tuple();
            tuple.service = Tuple.service(IpProtocol.UDP, 0, 53);
            tuple.outsideLow = flow;
            FlowTable table = files.tables().get(flow % files.tables().size());
            long nowNs = System.nanoTime();
            if (table.find(tuple, nowNs) == null) {
                assertNotNull(table.insert(tuple, Direction.INGRESS, Timeout.UDP, nowNs, 1, 0, null, null));
            }
        }
    }

    static int size(TableSet files) {
        return files.tables().stream().mapToInt(FlowTable::size).sum();
    }

    private Path folder(String interfaceName) {
        return TableSet.folder(directory, interfaceName);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void damage(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[64]), 0);
        }
    }

    /** Whichever of three files is damaged: the flows of the other two go on. */
    @Test
    void oneDamagedFileCostsItsOwnFlowsOnly() throws ConfigException, IOException, TableException {
        for (int bad = 0; bad < WORKERS; bad++) {
            try (TableSet files = open("web0")) {
                fill(files);
                assertTrue(size(files) >= FLOWS);
            }
            damage(folder("web0").resolve(Integer.toString(bad)));
            try (TableSet files = open("web0")) {
                assertTrue(files.found());
                assertEquals(WORKERS, files.tables().size());
                assertEquals(200, size(files));
                assertTrue(Files.exists(directory.resolve("flows-web0." + bad + ".aside")));
                files.delete();
            }
        }
    }

    @Test
    void whatIsPutAsideIsRemovedAfterAWeekOrAtTheThird() throws ConfigException, IOException, TableException {
        for (int bad = 0; bad < WORKERS; bad++) {
            open("web0").close();
            damage(folder("web0").resolve(Integer.toString(bad)));
            Path other = Files.writeString(directory.resolve("flows-web0-0." + bad + ".aside"), "another interface's");
            Files.setLastModifiedTime(other, FileTime.from(Instant.EPOCH));
        }
        open("web0").close();
        assertEquals(
                List.of("flows-web0.1.aside", "flows-web0.2.aside"),
                names().stream()
                        .filter(name -> name.matches("flows-web0\\..\\.aside"))
                        .toList());
        Files.setLastModifiedTime(
                directory.resolve("flows-web0.2.aside"),
                FileTime.from(Instant.now().minus(Duration.ofDays(7)).minusSeconds(1)));
        open("web0").close();
        assertEquals(
                List.of("flows-web0-0.0.aside", "flows-web0-0.1.aside", "flows-web0-0.2.aside", "flows-web0.1.aside"),
                names().stream().filter(name -> name.endsWith(".aside")).toList());
    }

    /** Of names that look like another interface's lock, or its tables of before. */
    @Test
    void noTwoInterfacesMeet() throws ConfigException, IOException, TableException {
        List<String> names = List.of(
                "a.old",
                "a.new",
                "a.lock",
                "a-0.aside",
                "a.0.aside",
                "a",
                "A",
                "a-0",
                "\u00fc".repeat(254) + "x",
                "\u00fc".repeat(255),
                "\u4e16".repeat(255));
        for (String name : names) {
            try (TableSet files = open(name)) {
                assertEquals(Optional.empty(), files.trouble());
                assertFalse(files.found(), name);
                fill(files);
            }
        }
        for (String name : names) {
            try (TableSet files = open(name, WORKERS + 1)) {
                assertTrue(files.found(), name);
                assertEquals(FLOWS, size(files), name);
            }
        }
        for (String name : names) {
            try (TableSet files = open(name, WORKERS)) {
                assertEquals(FLOWS, size(files), name);
                files.delete();
            }
        }
        assertEquals(List.of(), names());
    }

    @Test
    void tablesNamedByVersion01AreFound() throws ConfigException, IOException, TableException {
        List<String> names = List.of("a", "a.old", "a.new", "x.lock", "a*", "\u00fc".repeat(40));
        for (String name : names) {
            try (TableSet files = open(name)) {
                fill(files);
                Files.delete(directory.resolve(folder(name).getFileName() + ".lock"));
            }
        }
        for (String name : names) {
            Path earlier = directory.resolve("flows-" + URLEncoder.encode(name, StandardCharsets.UTF_8));
            if (!earlier.equals(folder(name))) {
                Files.move(folder(name), earlier);
            }
        }
        for (String name : List.of("a", "x", "a.old", "a.new", "x.lock", "a*", "\u00fc".repeat(40))) {
            try (TableSet files = open(name)) {
                assertEquals(name.equals("x") ? 0 : FLOWS, size(files), name);
            }
        }
    }

    @Test
    void aRunThatEndedWhileItChangedTablesHasLostNone() throws ConfigException, IOException, TableException {
        try (TableSet files = open("web0")) {
            fill(files);
        }
        Files.move(folder("web0"), directory.resolve("flows-web0.old"));
        Files.createDirectory(directory.resolve("flows-web0.new"));
        try (TableSet files = open("web0")) {
            assertEquals(FLOWS, size(files));
        }
        assertEquals(List.of("flows-web0", "flows-web0.lock"), names());
    }

    @Test
    void aDirectoryThatOthersMayWriteToIsNotUsed() throws ConfigException, IOException, TableException {
        try (TableSet files = open("web0")) {
            fill(files);
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertEquals(0, TableSet.room(directory, "web0"));
        assertFalse(TableFolder.isTrusted(directory));
        try (TableSet files = open("web0")) {
            assertInMemory(files, "may be written by others");
            assertFalse(files.found());
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        Files.setPosixFilePermissions(folder("web0"), PosixFilePermissions.fromString("rwxrwx---"));
        try (TableSet files = open("web0")) {
            assertInMemory(files, "may be written by others");
        }
    }

    /** They are tables like others. */
    static void assertInMemory(TableSet files, String why) {
        String trouble = files.trouble().orElse("");
        assertTrue(trouble.contains(why), trouble);
        fill(files);
        assertEquals(FLOWS, size(files));
        assertTrue(Math.abs(files.room() - 3000) <= 3, () -> "room for " + files.room());
    }

    @Test
    void aDirectoryThatCannotBeMadeIsNotUsed() throws ConfigException, IOException, TableException {
        directory = Files.createFile(directory.resolve("file")).resolve("below");
        try (TableSet files = open("web0")) {
            assertInMemory(files, "can't be used");
            files.delete();
        }
    }

    @Test
    void aTableThatOthersMayWriteToIsPutAside() throws ConfigException, IOException, TableException {
        try (TableSet files = open("web0")) {
            fill(files);
        }
        Path table = folder("web0").resolve("0");
        Files.setPosixFilePermissions(table, PosixFilePermissions.fromString("rw-rw-rw-"));
        Path two = folder("web0").resolve("1");
        Files.createLink(directory.resolve("second name"), two);
        try (TableSet files = open("web0")) {
            assertEquals(100, size(files));
            assertEquals(Optional.empty(), files.trouble());
        }
        assertTrue(names().containsAll(List.of("flows-web0.0.aside", "flows-web0.1.aside")), names()::toString);
    }

    @Test
    void aLinkInThePlaceOfATableIsNotFollowed() throws ConfigException, IOException, TableException {
        try (TableSet files = open("web0")) {
            fill(files);
        }
        Path table = folder("web0").resolve("0");
        Path elsewhere = directory.resolve("elsewhere");
        Files.move(table, elsewhere);
        Files.createSymbolicLink(table, elsewhere);
        try (TableSet files = open("web0")) {
            assertEquals(200, size(files));
            files.delete();
        }
        assertTrue(Files.exists(elsewhere));
    }

    @Test
    void aSecondDaemonIsRefused() throws ConfigException, TableException {
        try (TableSet files = open("web0")) {
            assertEquals(Optional.empty(), files.trouble());
            TableException refused = assertThrows(TableException.class, () -> open("web0"));
            assertTrue(
                    refused.faults().getFirst().contains("another portcullis uses its flow tables"), refused::toString);
        }
    }
}
