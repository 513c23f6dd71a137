package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.conntrack.TableHeader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a start makes of tables that are not as they should be, of a file system without room, and of two that want the same. */
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
    private static final int REFUSED = 7;
    private static final int UNANSWERED = 28;
    private static final int FEW = 20;

    @BeforeAll
    static void serve() {
        Held.serve(LAB);
    }

    /** At a port that no rule opens and nobody listens on; curl's exit code. */
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

    /** Gives a table to another life of the kernel. */
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
    void whatIsDamagedIsNamedAndEverythingElseGoesOn() throws IOException, TableHeader.UnknownTable {
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
        Process doomed =
                LAB.start("client", LAB.file("doomed", ""), "perl", "-e", HostConnectionsTest.TALK, Lab.SERVER);
        Lab.await("its flow", () -> running.table(0).replied() == FEW + 3);
        running.crash();
        flip(table, TableHeader.bytes(FEW + 2) + 40, 1);
        Command verify = running.flows("verify", table.toString());
        assertEquals(1, verify.exit());
        assertTrue(verify.out().contains(": 1 damaged entries: web0, worker 0 of 1, "), verify.out());
        assertTrue(verify.out().contains("entry " + (FEW + 2) + ": its hash is not that of its key"), verify.out());

        DaemonProcess next = running.again();
        assertTrue(
                next.log().contains("web0: 1 entries of its flow tables were damaged, and are no flows"), next.log());
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
        flip(folder.resolve("1"), 8, 2);
        flip(folder.resolve("2"), 24, 1);
        fromAnotherBoot(folder.resolve("3"));
        try (FileChannel channel = FileChannel.open(folder.resolve("4"), StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - 64);
        }
        DaemonProcess next = running.again();
        String[] faults = {
            "it is no flow table",
            "it is a flow table of version 3, and this program reads version 1 only",
            "its header's checksum is wrong",
            "it is from before the last boot",
            "its header speaks of 1000 flows of 128 bytes, and it has 132032 bytes",
            "it is no flow table"
        };
        for (int i = 0; i < faults.length; i++) {
            Path aside = folder.resolveSibling("flows-web0-" + i + ".aside");
            String line = folder.resolve(Integer.toString(i)) + " is put aside as " + aside + ": " + faults[i] + ";";
            assertTrue(next.log().contains(line), line + "\n" + next.log());
            assertTrue(Files.exists(aside));
        }
        return next;
    }

    /** Runs it with a tmpfs of two mebibytes, which goes with the process: {@code ip netns exec} has mounts of its own. */
    private static String[] onSmallTmpfs(Path directory, Path config) {
        return new String[] {
            "sh",
            "-c",
            "mount -t tmpfs -o size=2m tmpfs \"$0\" && exec \"$1\" run --config \"$2\"",
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

    @Test
    void aTmpfsWithoutRoomIsNamedAndNothingIsChanged() throws IOException {
        Path home = Files.createDirectory(LAB.folder().resolve("full"));
        Path directory = Files.createDirectory(home.resolve("small"));
        String before = links();
        Command refused = LAB.firewall(
                onSmallTmpfs(directory, config(home, GUARDED, "directory: " + directory + ", max-flows: 1000000")));
        assertEquals(1, refused.exit(), refused.out());
        String fault = "portcullis: web0: conntrack.directory " + directory
                + " has no room for 122 MiB of flows (max-flows 1,000,000, 128 bytes each): ";
        assertEquals(
                1, refused.out().lines().filter(line -> line.startsWith(fault)).count(), refused.out());
        assertTrue(refused.out().contains("ENOSPC"), refused.out());
        assertFalse(refused.out().contains("\tat "), refused.out());
        assertEquals(before, links());
        assertTrue(Held.letIn(LAB));
        assertEquals(REFUSED, knock());

        Path log = LAB.file("auto.log", "");
        Process other = LAB.start("fw", log, onSmallTmpfs(directory, config(home, GUARDED, "directory: " + directory)));
        Lab.awaitText("the start", log, text -> text.contains(" stands: ") || !other.isAlive());
        assertTrue(other.isAlive(), Lab.read(log));
        String limit = LAB.firewall("curl", "-s", "-m", "5", "http://127.0.0.1:9751/metrics")
                .ok()
                .out();
        // A quarter of 2 MiB.
        assertTrue(limit.contains("\nportcullis_flows_limit{interface=\"web0\"} 4096.0\n"), limit);
        assertGuarded();
        other.destroy();
        Lab.await("the end", () -> !other.isAlive());
        LAB.firewall(
                        PROGRAM,
                        "detach",
                        "--socket",
                        home.resolve("run/control.sock").toString())
                .ok();
        assertEquals(before, links());
    }

    /** Names, masters, programs and promiscuity of all NICs. */
    private static String links() {
        return LAB.firewall("sh", "-c", "ip -d link; tc qdisc show dev out0; ethtool -k out0")
                .ok()
                .out();
    }

    @Test
    void twoDaemonsDoNotShareTheTablesOfOneName() throws IOException {
        LAB.firewall("ip", "link", "add", "x0", "type", "veth", "peer", "name", "x1")
                .ok();
        Path home = Files.createDirectory(LAB.folder().resolve("second"));
        DaemonProcess first = LAB.daemon(GUARDED);
        Path directory = Objects.requireNonNull(first.socket().getParent());
        Command second = LAB.firewall(
                "timeout",
                "60",
                PROGRAM,
                "run",
                "--config",
                config(home, RULES.formatted("mode: bridge, outside: x0, inside: x1"), "directory: " + directory)
                        .toString());
        assertEquals(1, second.exit(), second.out());
        assertTrue(
                second.out().contains("portcullis: web0: another portcullis uses its flow tables in " + directory),
                second.out());
        assertFalse(second.out().contains("\tat "), second.out());
        assertGuarded();
        first.close();
        LAB.firewall("ip", "link", "del", "x0").ok();
    }
}
