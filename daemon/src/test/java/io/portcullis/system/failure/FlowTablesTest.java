package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.EchoScripts;
import io.portcullis.system.Held;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A start with damaged tables, on a full file system, and two daemons that want the same tables. */
@Tag("system")
final class FlowTablesTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {%s, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 7000, from: any}]}
            """;

    private static final String GUARDED = RULES.formatted("mode: host, nic: out0, adopt-established: false");
    private static final String PROGRAM =
            Lab.root().resolve("scripts/portcullis").toString();
    private static final String TAKEN_UP = "portcullis_flows_taken_up_total{interface=\"web0\"}";
    private static final int UNANSWERED = 28;
    private static final int FEW = 20;

    @BeforeAll
    static void serve() {
        Held.serve(LAB);
    }

    /** Asks a port that no rule opens and nobody listens on; curl's exit code. */
    private static int knock() {
        return LAB.client("curl", "-s", "-m", "1", "http://" + Lab.SERVER + ":7001")
                .exit();
    }

    private static void assertGuarded() {
        assertTrue(Held.letIn(LAB));
        assertEquals(UNANSWERED, knock());
    }

    private static void flip(Path file, long at, int bits) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, at);
            one.put(0, (byte) (one.get(0) ^ bits)).flip();
            channel.write(one, at);
        }
    }

    /** Writes another boot id into a table. */
    private static void fromAnotherBoot(Path file) throws IOException, TableHeader.UnknownTable {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size(), arena);
            TableHeader header = TableHeader.read(memory);
            new TableHeader(
                            header.entries(),
                            header.key0(),
                            header.key1(),
                            new UUID(1, 2),
                            header.interfaceName(),
                            header.worker(),
                            header.workers(),
                            header.seed())
                    .writeTo(memory);
        }
    }

    @Test
    void aDamagedTableIsNamedAndEverythingElseGoesOn() throws IOException, TableHeader.UnknownTable {
        DaemonProcess first = LAB.daemon(GUARDED + "conntrack: {max-flows: 1000}\n");
        DaemonProcess second;
        try (Held held = Held.begin(LAB, FEW, 1, 50)) {
            second = withoutADamagedEntry(first, held);
        }
        try (DaemonProcess third = withoutDamagedTables(second)) {
            assertEquals(0, third.metric(TAKEN_UP));
            assertGuarded();
        }
    }

    private static DaemonProcess withoutADamagedEntry(DaemonProcess running, Held held) throws IOException {
        Path table = running.tableFile(0);
        Command whole = running.flows("verify", "--json", table.toString()).ok();
        JsonNode json = new ObjectMapper().readTree(whole.out());
        assertTrue(json.path("valid").asBoolean(), whole.out());
        assertEquals(FEW + 2, json.path("states").path("tcp-established").asInt());
        // Another connection, whose entry is the next free one.
        Process doomed = LAB.start("client", LAB.file("doomed", ""), "perl", "-e", EchoScripts.CLIENT, Lab.SERVER);
        Lab.await("its flow", () -> running.table(0).replied() == FEW + 3);
        running.crash();
        flip(table, TableHeader.bytes(0) + (FEW + 2L) * FlowLayout.ENTRY_BYTES + 40, 1);
        Command verify = running.flows("verify", table.toString());
        assertEquals(1, verify.exit());
        assertTrue(verify.out().contains(": 1 damaged entries: web0, worker 0 of 1, "), verify.out());
        assertTrue(verify.out().contains("entry " + (FEW + 2) + ": its hash is not that of its key"), verify.out());

        DaemonProcess next = running.again();
        assertTrue(next.log().contains("web0: 1 entries of its flow tables are damaged and are not used"), next.log());
        assertEquals(FEW + 2, next.metric(TAKEN_UP));
        doomed.destroyForcibly();
        held.assertWhole();
        return next;
    }

    private static DaemonProcess withoutDamagedTables(DaemonProcess running)
            throws IOException, TableHeader.UnknownTable {
        running.crash();
        Path table = running.tableFile(0);
        Path folder = Objects.requireNonNull(table.getParent());
        for (String copy : new String[] {"1", "2", "3", "4"}) {
            Files.copy(table, folder.resolve(copy));
        }
        Files.write(folder.resolve("5"), new byte[100]);
        flip(table, 0, 1);
        flip(folder.resolve("1"), 8, 1);
        flip(folder.resolve("2"), 24, 1);
        fromAnotherBoot(folder.resolve("3"));
        try (FileChannel channel = FileChannel.open(folder.resolve("4"), StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - 64);
        }
        DaemonProcess next = running.again();
        String[] faults = {
            "it is not a flow table",
            "it is a flow table of version 3, and this program reads versions 1 and 2 only",
            "its header's checksum is wrong",
            "it is from before the last boot",
            "its header says 1000 flows of 160 bytes, but it has 164032 bytes",
            "it is not a flow table"
        };
        for (int i = 0; i < faults.length; i++) {
            Path aside = folder.resolveSibling("flows-web0." + i + ".aside");
            String line = folder.resolve(Integer.toString(i)) + " is put aside as " + aside + ": " + faults[i] + ";";
            assertTrue(next.log().contains(line), line + "\n" + next.log());
        }
        try (Stream<Path> files = Files.list(Objects.requireNonNull(folder.getParent()))) {
            assertEquals(
                    2, files.filter(file -> file.toString().endsWith(".aside")).count());
        }
        return next;
    }

    /** Runs it with a tmpfs of two mebibytes, which ends with the process: {@code ip netns exec} has mounts of its own. */
    private static String[] onSmallTmpfs(Path directory, Path config) {
        return new String[] {
            "sh",
            "-c",
            "mount -t tmpfs -o mode=0700,size=2m tmpfs \"$0\" && exec \"$1\" run --config \"$2\"",
            directory.toString(),
            PROGRAM,
            config.toString()
        };
    }

    private static Path config(Path home, String rules, String conntrack) {
        return LAB.file(
                home.getFileName() + ".yaml",
                rules + "conntrack: {" + conntrack + "}\ncontrol: {socket: " + home.resolve("run/control.sock")
                        + "}\nmetrics: {listen: \"127.0.0.1:" + 9751 + "\"}\n");
    }

    /** Whatever has filled it: the rules hold, and connections live as long as the daemon. */
    @Test
    void aFullTmpfsIsNamedAndTheRulesHold() throws IOException {
        Path home = Files.createDirectory(LAB.folder().resolve("full"));
        Path directory = Files.createDirectory(home.resolve("small"));
        String before = links();
        guard(
                home,
                onSmallTmpfs(directory, config(home, GUARDED, "directory: " + directory + ", max-flows: 1000000")),
                log -> {
                    String warning = "web0: its flow tables are in memory, and its connections end with this process:"
                            + " conntrack.directory " + directory
                            + " has no space for 152 MiB of flows (max-flows 1,000,000, 160 bytes each): ";
                    assertTrue(log.contains(warning), log);
                    assertTrue(log.contains("ENOSPC"), log);
                    assertEquals(1_000_000, limit());
                });
        guard(home, onSmallTmpfs(directory, config(home, GUARDED, "directory: " + directory)), log -> {
            assertFalse(log.contains("tables are in memory"), log);
            // A quarter of 2 MiB, with 160 bytes a flow.
            assertEquals(3276, limit());
        });
        assertEquals(before, links());
    }

    /** In a tmpfs where everybody may make files, the tables could be anybody's. */
    @Test
    void aWorldWritableDirectoryIsNotUsedAndTheRulesHold() throws IOException {
        Path home = Files.createDirectory(LAB.folder().resolve("everybody"));
        Path directory = Files.createDirectory(home.resolve("sticky"));
        Files.setAttribute(directory, "unix:mode", 01777);
        Path table = Files.createDirectory(directory.resolve("flows-web0")).resolve("0");
        Files.write(table, new byte[1 << 20]);
        for (Path file : new Path[] {table, table.getParent()}) {
            Files.setAttribute(file, "unix:uid", 65534);
        }
        Path config = config(home, GUARDED, "directory: " + directory);
        guard(home, new String[] {PROGRAM, "run", "--config", config.toString()}, log -> {
            assertTrue(log.contains(directory + " may be written by others than its owner (mode 1777)"), log);
            truncate(table);
        });
        assertTrue(Files.exists(table));
    }

    private static void truncate(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts a daemon, checks its log after the start and that it guards; then ends it and gives the NIC back. */
    private static void guard(Path home, String[] words, Consumer<String> look) {
        Path log = LAB.file(home.getFileName() + ".log", "");
        Process daemon = LAB.start("fw", log, words);
        try {
            Lab.awaitText("the start", log, text -> text.contains(" started: ") || !daemon.isAlive());
            assertTrue(daemon.isAlive(), Lab.read(log));
            look.accept(Lab.read(log));
            assertGuarded();
        } finally {
            daemon.destroy();
            Lab.await("the end", () -> !daemon.isAlive());
            LAB.firewall(
                            PROGRAM,
                            "detach",
                            "--socket",
                            home.resolve("run/control.sock").toString())
                    .ok();
        }
    }

    /** The number of flows. */
    private static double limit() {
        return LAB.get("http://127.0.0.1:9751/metrics")
                .ok()
                .out()
                .lines()
                .filter(line -> line.startsWith("portcullis_flows_limit{interface=\"web0\"} "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Names, masters, programs and promiscuity of all NICs. */
    private static String links() {
        return LAB.firewall("sh", "-c", "ip -d link; tc qdisc show dev out0; ethtool -k out0")
                .ok()
                .out();
    }

    @Test
    void twoDaemonsDoNotShareTheTablesOfAnInterface() throws IOException {
        LAB.firewall("ip", "link", "add", "x0", "type", "veth", "peer", "name", "x1")
                .ok();
        Path home = Files.createDirectory(LAB.folder().resolve("second"));
        DaemonProcess first = LAB.daemon(GUARDED);
        Path directory = Objects.requireNonNull(first.socket().getParent());
        Path log = LAB.file("second.log", "");
        Process second = LAB.start(
                "fw",
                log,
                PROGRAM,
                "run",
                "--config",
                config(home, RULES.formatted("mode: bridge, outside: x0, inside: x1"), "directory: " + directory)
                        .toString());
        Lab.awaitText(
                "the refusal",
                log,
                text -> text.contains("web0: another portcullis uses its flow tables in " + directory));
        Lab.awaitText("its start", log, text -> text.contains(" started: "));
        assertFalse(Lab.read(log).contains("\tat "), Lab.read(log));
        assertGuarded();
        second.destroy();
        Lab.await("its end", () -> !second.isAlive());
        assertGuarded();
        first.close();
        LAB.firewall("ip", "link", "del", "x0").ok();
    }
}
