package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code portcullis drops}: what was dropped in the last minutes, over kills and among floods. */
@Tag("system")
final class DropsTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: [80, 443], from: any, description: https}
            """;

    private static final ObjectMapper JSON = new ObjectMapper();

    private DaemonProcess daemon = LAB.daemon(RULES);

    @AfterEach
    void stop() {
        daemon.close();
    }

    private static void connect(int port) {
        Command refused = LAB.client("curl", "-s", "-m", "1", "http://" + Lab.SERVER + ":" + port + "/");
        assertTrue(refused.exit() != 0, refused.out());
    }

    private JsonNode drops(String... more) {
        String[] words = new String[more.length + 1];
        words[0] = "--json";
        System.arraycopy(more, 0, words, 1, more.length);
        try {
            return JSON.readTree(daemon.cli("drops", words).ok().output());
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aDropIsListedWithTheNearestRule() {
        connect(8443);
        String table = daemon.cli("drops", "--port", "8443").ok().out();
        assertTrue(table.contains("TIME"), table);
        String line = table.lines()
                .filter(row -> row.contains(Lab.SERVER + ":8443 SYN"))
                .findFirst()
                .orElseThrow(() -> new AssertionError(table));
        assertTrue(line.contains("web0  in   no-rule  tcp " + Lab.CLIENT + ":"), line);
        assertTrue(line.endsWith("web/ingress[1] https: port 8443 is outside 80, 443"), line);
        JsonNode drop = drops("--peer", Lab.CLIENT, "--port", "8443", "--protocol", "tcp", "--direction", "in")
                .path("drops")
                .path(0);
        assertEquals("no-rule", drop.path("reason").asText());
        assertEquals(8443, drop.path("destinationPort").asInt());
        assertEquals("web/ingress[1]", drop.path("nearest").path("id").asText());
        assertTrue(drop.path("nearest").path("place").asText().contains("portcullis.yaml:7:"), drop.toString());
        assertEquals(0, drops("--peer", "198.51.100.0/24").path("drops").size());
        assertEquals(
                0, drops("--direction", "out", "--port", "8443").path("drops").size());
        assertEquals(
                0,
                drops("--reason", "tcp-no-syn", "--port", "8443").path("drops").size());
    }

    @Test
    void dropsOfARuleAndTheMostFrequentAreFound() {
        connect(8444);
        connect(8445);
        for (String rule : List.of("web/ingress[1]", "web/ingress", "web")) {
            JsonNode found = drops("--rule", rule, "--port", "8445").path("drops");
            assertEquals(
                    "web/ingress[1]", found.path(0).path("nearest").path("id").asText(), rule);
        }
        List<Long> packets = new ArrayList<>();
        drops("--sort", "count")
                .path("drops")
                .forEach(drop -> packets.add(drop.path("packets").asLong()));
        assertTrue(packets.size() > 1, packets.toString());
        assertEquals(packets.stream().sorted(Comparator.reverseOrder()).toList(), packets);
        assertEquals(
                packets.getFirst(),
                drops("--sort", "count", "--limit", "1")
                        .path("drops")
                        .path(0)
                        .path("packets")
                        .asLong());
        Command refused = daemon.cli("drops", "--rule", "web/ingress[9]");
        assertEquals(2, refused.exit(), refused.out());
        assertTrue(refused.out().contains("no rule web/ingress[9] is in force"), refused.out());
        Command misuse = daemon.cli("drops", "--sort", "size");
        assertEquals(2, misuse.exit(), misuse.out());
        assertTrue(misuse.out().contains("sort must be"), misuse.out());
    }

    @Test
    void theRuleThatWasNearestThenIsShownAfterAnEdit() {
        connect(8443);
        Lab.await(
                "the search for the nearest rule",
                () -> daemon.cli("drops", "--port", "8443").ok().out().contains("https"));
        Lab.pause(2_100);
        daemon.edit(RULES.replace(
                "ingress:\n", "ingress:\n      - {protocol: tcp, ports: 8443, from: any, description: new}\n"));
        String table = daemon.cli("drops", "--port", "8443").ok().out();
        assertTrue(table.contains("web/ingress[2] https: port 8443 is outside 80, 443"), table);
    }

    @Test
    void afterAKillTheMinuteBeforeIsKnown() {
        connect(8443);
        daemon.crash();
        daemon = daemon.again();
        connect(9443);
        JsonNode drops = drops("--since", "1m");
        assertTrue(drops.toString().contains(":8443 SYN"), drops.toString());
        assertTrue(drops.toString().contains(":9443 SYN"), drops.toString());
    }

    @Test
    void aScannerDoesNotHideTheOneLegitimateDrop() {
        Command scan = LAB.client(
                "perl",
                "-MIO::Socket::INET",
                "-e",
                "for $p (10000 .. 25000) { IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $p, Proto => 'udp')"
                        + "->send('x') }",
                Lab.SERVER);
        scan.ok();
        LAB.client("curl", "-s", "-m", "1", "--interface", Lab.CLIENT_SECOND, "http://" + Lab.SERVER + ":8443/");
        JsonNode all = drops().path("drops");
        assertTrue(all.size() < 1_000, "the scanner has few lines: " + all.size());
        JsonNode other = drops("--peer", Lab.CLIENT_SECOND).path("drops");
        assertTrue(other.toString().contains(":8443 SYN"), other.toString());
        long packets = 0;
        for (JsonNode drop : all) {
            packets += drop.path("protocol").asText().equals("udp")
                            || drop.path("inCommon").asText().equals("source")
                    ? drop.path("packets").asLong()
                    : 0;
        }
        assertEquals(15_001, packets, "each is counted");
    }

    @Test
    void aCaptureForWiresharkHasReasonsAsComments() throws IOException {
        connect(8443);
        Path file = LAB.folder().resolve("drops.pcapng");
        daemon.cli("drops", "--port", "8443", "--write", file.toString()).ok();
        String text = Command.run("tcpdump", "-nr", file.toString()).ok().out();
        assertTrue(text.contains(Lab.CLIENT + "."), text);
        assertTrue(text.contains("> " + Lab.SERVER + ".8443: Flags [S]"), text);
        String bytes = new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1);
        assertTrue(bytes.contains("web/ingress[1] https: port 8443 is outside 80, 443"), "the comment");
    }

    @Test
    void followShowsEachDropOnce() {
        Path said = LAB.file("follow", "");
        Process follow = LAB.startIn(
                LAB.namespace("fw"),
                said,
                Lab.root().resolve("scripts/portcullis").toString(),
                "drops",
                "--socket",
                daemon.socket().toString(),
                "--follow",
                "--port",
                "8443");
        try {
            Lab.await("a drop", () -> {
                connect(8443);
                return Lab.read(said).contains(":8443 SYN");
            });
            String shown = Lab.read(said);
            assertEquals(shown.lines().distinct().count(), shown.lines().count(), shown);
        } finally {
            follow.destroy();
        }
        assertTrue(follow.isAlive() || Lab.read(said).contains("TIME"), Lab.read(said));
    }

    @Test
    void misuseIsSaid() {
        Command misuse = daemon.cli("drops", "--reason", "no-such");
        assertEquals(2, misuse.exit());
        assertTrue(misuse.out().contains("no reason no-such"), misuse.out());
        assertEquals(2, daemon.cli("drops", "--since", "soon").exit());
        assertEquals(2, daemon.cli("drops", "--interface", "web9").exit());
        assertEquals(2, daemon.cli("drops", "--peer", "everybody").exit());
        assertFalse(daemon.cli("drops", "--limit", "1").ok().out().isEmpty());
        daemon.terminate();
        assertEquals(3, daemon.cli("drops").exit());
    }
}
