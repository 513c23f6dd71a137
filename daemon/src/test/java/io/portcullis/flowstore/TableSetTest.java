package io.portcullis.flowstore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** Adds 300 flows, except for those that exist. */
    static void fill(TableSet tables) {
        for (int flow = 0; flow < FLOWS; flow++) {
            Tuple tuple = new Tuple();
            tuple.service = Tuple.service(IpProtocol.UDP, 0, 53);
            tuple.outsideLow = flow;
            FlowTable table = tables.tables().get(flow % tables.tables().size());
            long nowNs = System.nanoTime();
            if (table.find(tuple, nowNs) == null) {
                assertNotNull(table.insert(tuple, Direction.INGRESS, Timeout.UDP, nowNs, 1, 0, null, null));
            }
        }
    }

    static int size(TableSet tables) {
        return tables.tables().stream().mapToInt(FlowTable::size).sum();
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

    /** One of three files is damaged: the flows of the other two go on. */
    @Test
    void oneDamagedFileCostsItsOwnFlowsOnly() throws ConfigException, IOException, TableException {
        for (int bad = 0; bad < WORKERS; bad++) {
            try (TableSet tables = open("web0")) {
                fill(tables);
                assertTrue(size(tables) >= FLOWS);
            }
            damage(folder("web0").resolve(Integer.toString(bad)));
            try (TableSet tables = open("web0")) {
                assertTrue(tables.found());
                assertEquals(WORKERS, tables.tables().size());
                assertEquals(200, size(tables));
                assertTrue(Files.exists(directory.resolve("flows-web0." + bad + ".aside")));
                tables.delete();
            }
        }
    }

    @Test
    void aTableMovedAsideIsRemovedAfterAWeekOrAtTheThird() throws ConfigException, IOException, TableException {
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

    /** Names that look like another interface's lock or old tables. */
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
            try (TableSet tables = open(name)) {
                assertEquals(Optional.empty(), tables.trouble());
                assertFalse(tables.found(), name);
                fill(tables);
            }
        }
        for (String name : names) {
            try (TableSet tables = open(name, WORKERS + 1)) {
                assertTrue(tables.found(), name);
                assertEquals(FLOWS, size(tables), name);
            }
        }
        for (String name : names) {
            try (TableSet tables = open(name, WORKERS)) {
                assertEquals(FLOWS, size(tables), name);
                tables.delete();
            }
        }
        assertEquals(List.of(), names());
    }

    @Test
    void tablesNamedByVersion01AreFound() throws ConfigException, IOException, TableException {
        List<String> names = List.of("a", "a.old", "a.new", "x.lock", "a*", "\u00fc".repeat(40));
        for (String name : names) {
            try (TableSet tables = open(name)) {
                fill(tables);
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
            try (TableSet tables = open(name)) {
                assertEquals(name.equals("x") ? 0 : FLOWS, size(tables), name);
            }
        }
    }

    /** Rewrites a table as the program of version 1 left it: entries without counts, and no records. */
    private static void toVersion1(Path file) throws IOException, TableHeader.UnknownTable {
        MemorySegment from = Arena.ofAuto().allocate(Files.size(file), FlowLayout.ENTRY_BYTES);
        MemorySegment.copy(
                Files.readAllBytes(file), 0, from, ValueLayout.JAVA_BYTE, 0, Math.toIntExact(from.byteSize()));
        TableHeader read = TableHeader.read(from);
        TableHeader header = new TableHeader(
                read.entries(),
                read.key0(),
                read.key1(),
                read.boot(),
                read.interfaceName(),
                read.worker(),
                read.workers(),
                read.seed(),
                1);
        MemorySegment to = Arena.ofAuto().allocate(header.bytes(), FlowLayout.ENTRY_BYTES);
        MemorySegment.copy(from, 0, to, 0, to.byteSize());
        header.writeTo(to);
        Slab slab = new Slab(from);
        for (int entry = 0; entry < read.entries(); entry++) {
            long at = Slab.offset(entry);
            long record = slab.recordOffset(entry);
            to.set(
                    ValueLayout.JAVA_INT,
                    at + FlowLayout.CREATED_IN_VERSION_1,
                    slab.getInt(record + FlowLayout.CREATED));
            to.set(ValueLayout.JAVA_INT, at + FlowLayout.RULE_IN_VERSION_1, slab.getInt(record + FlowLayout.RULE));
        }
        Files.write(file, to.toArray(ValueLayout.JAVA_BYTE), StandardOpenOption.TRUNCATE_EXISTING);
    }

    /** An upgrade from version 1 loses no flow and no rule; counts and ages begin anew. */
    @ParameterizedTest
    @ValueSource(ints = {WORKERS, 1, 5})
    void anUpgradeKeepsTheFlows(int workers) throws Exception {
        long entries;
        try (TableSet tables = open("web0")) {
            fill(tables);
            entries = tables.capacity();
        }
        for (int worker = 0; worker < WORKERS; worker++) {
            toVersion1(folder("web0").resolve(Integer.toString(worker)));
        }
        assertEquals(entries, TableSet.capacity(directory, "web0"));
        TableReport report = TableFile.verify(folder("web0").resolve("1"));
        assertEquals(List.of(1, 100, 0), List.of(report.header().version(), report.flows(), report.damaged()));
        try (TableSet tables = open("web0", workers)) {
            assertTrue(tables.found());
            assertEquals(FLOWS, size(tables));
            for (FlowTable table : tables.tables()) {
                table.visit(0, table.capacity(), System.nanoTime(), flow -> {
                    assertEquals(1, flow.rule());
                    assertEquals(0, flow.firstSeenNs());
                    for (Direction direction : Direction.values()) {
                        assertEquals(0, flow.packets(direction) + flow.bytes(direction));
                    }
                });
            }
        }
        assertEquals(
                TableHeader.VERSION,
                TableFile.verify(folder("web0").resolve("0")).header().version());
    }

    /** Another number of workers moves the flows with their statistics. */
    @Test
    void aMoveKeepsTheStatistics() throws Exception {
        try (TableSet tables = open("web0")) {
            fill(tables);
            for (FlowTable table : tables.tables()) {
                table.visit(0, table.capacity(), System.nanoTime(), flow -> {
                    table.count(flow.entry(), Direction.INGRESS, 3_000, 5_000_000 + (int) flow.outsideLow());
                    table.count(flow.entry(), Direction.EGRESS, 2, 200);
                });
            }
        }
        long[] seen = new long[1];
        try (TableSet tables = open("web0", 2)) {
            for (FlowTable table : tables.tables()) {
                table.visit(0, table.capacity(), System.nanoTime(), flow -> {
                    seen[0]++;
                    assertEquals(3_000, flow.packets(Direction.INGRESS));
                    assertEquals(5_000_000 + flow.outsideLow(), flow.bytes(Direction.INGRESS));
                    assertEquals(2, flow.packets(Direction.EGRESS));
                    assertEquals(200, flow.bytes(Direction.EGRESS));
                    assertTrue(flow.firstSeenNs() > 0 && flow.firstSeenNs() <= System.nanoTime());
                });
            }
        }
        assertEquals(FLOWS, seen[0]);
    }

    @Test
    void aRunThatEndedWhileItChangedTablesHasLostNone() throws ConfigException, IOException, TableException {
        try (TableSet tables = open("web0")) {
            fill(tables);
        }
        Files.move(folder("web0"), directory.resolve("flows-web0.old"));
        Files.createDirectory(directory.resolve("flows-web0.new"));
        try (TableSet tables = open("web0")) {
            assertEquals(FLOWS, size(tables));
        }
        assertEquals(List.of("flows-web0", "flows-web0.lock"), names());
    }

    @Test
    void aDirectoryThatOthersMayWriteToIsNotUsed() throws ConfigException, IOException, TableException {
        try (TableSet tables = open("web0")) {
            fill(tables);
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertEquals(0, TableSet.capacity(directory, "web0"));
        assertFalse(TableFolder.isTrusted(directory));
        try (TableSet tables = open("web0")) {
            assertInMemory(tables, "may be written by others");
            assertFalse(tables.found());
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        Files.setPosixFilePermissions(folder("web0"), PosixFilePermissions.fromString("rwxrwx---"));
        try (TableSet tables = open("web0")) {
            assertInMemory(tables, "may be written by others");
        }
    }

    /** Tables in memory work like others. */
    static void assertInMemory(TableSet tables, String why) {
        String trouble = tables.trouble().orElse("");
        assertTrue(trouble.contains(why), trouble);
        fill(tables);
        assertEquals(FLOWS, size(tables));
        assertTrue(Math.abs(tables.capacity() - 3000) <= 3, () -> "capacity " + tables.capacity());
    }

    @Test
    void aDirectoryThatCannotBeMadeIsNotUsed() throws ConfigException, IOException, TableException {
        directory = Files.createFile(directory.resolve("file")).resolve("below");
        try (TableSet tables = open("web0")) {
            assertInMemory(tables, "can't be used");
            tables.delete();
        }
    }

    @Test
    void aTableThatOthersMayWriteToIsMovedAside() throws ConfigException, IOException, TableException {
        try (TableSet tables = open("web0")) {
            fill(tables);
        }
        Path table = folder("web0").resolve("0");
        Files.setPosixFilePermissions(table, PosixFilePermissions.fromString("rw-rw-rw-"));
        Path two = folder("web0").resolve("1");
        Files.createLink(directory.resolve("second name"), two);
        try (TableSet tables = open("web0")) {
            assertEquals(100, size(tables));
            assertEquals(Optional.empty(), tables.trouble());
        }
        assertTrue(names().containsAll(List.of("flows-web0.0.aside", "flows-web0.1.aside")), names()::toString);
    }

    @Test
    void aLinkInsteadOfATableIsNotFollowed() throws ConfigException, IOException, TableException {
        try (TableSet tables = open("web0")) {
            fill(tables);
        }
        Path table = folder("web0").resolve("0");
        Path elsewhere = directory.resolve("elsewhere");
        Files.move(table, elsewhere);
        Files.createSymbolicLink(table, elsewhere);
        try (TableSet tables = open("web0")) {
            assertEquals(200, size(tables));
            tables.delete();
        }
        assertTrue(Files.exists(elsewhere));
    }

    @Test
    void aSecondDaemonIsRefused() throws ConfigException, TableException {
        try (TableSet tables = open("web0")) {
            assertEquals(Optional.empty(), tables.trouble());
            TableException refused = assertThrows(TableException.class, () -> open("web0"));
            assertTrue(
                    refused.faults().getFirst().contains("another portcullis uses its flow tables"), refused::toString);
        }
    }
}
