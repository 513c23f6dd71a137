package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Held;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code portcullis rules}: the hits of a rule are the connections that a client opened, whatever happened to the daemon meanwhile. */
@Tag("system")
final class RulesTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    /** PORTCULLIS_RELOADS; after each fifth one the daemon is killed. */
    private static final int RELOADS = Integer.parseInt(System.getenv().getOrDefault("PORTCULLIS_RELOADS", "20"));

    private static final int RELOADS_A_KILL = 5;

    /** Opens one connection after the other until a file is there, and prints how many. */
    private static final String SENDER = """
            use Socket; $| = 1; my $n = 0; my $to = sockaddr_in($ARGV[1], inet_aton($ARGV[0]));
            until (-e $ARGV[2]) {
                socket(S, PF_INET, SOCK_STREAM, 6); connect(S, $to) or die "$n: $!"; $n++; close(S);
                print "ready\\n" if $n == 10;
                select(undef, undef, undef, 0.002);
            }
            print "sent $n\\n";
            """;

    @BeforeAll
    static void server() {
        Held.serve(LAB);
    }

    /** The rule of the connections is first or last, and another one changes with each version. */
    private static String rules(int version) {
        String open = "{protocol: tcp, ports: 7000, from: any, description: conversations}";
        String other = "{protocol: udp, ports: " + (9_000 + version) + ", from: any}";
        return """
                version: 1
                interfaces:
                  web0: {%s, security-groups: [web], network-acl: edge}
                security-groups:
                  web: {ingress: [%s]}
                network-acls:
                  edge:
                    ingress: [{rule: 100, action: allow, protocol: all, from: 0.0.0.0/0}]
                    egress: [{rule: 100, action: allow, protocol: all, to: 0.0.0.0/0}]
                """.formatted(Lab.bridge("ring"), version % 2 == 0 ? open + ", " + other : other + ", " + open);
    }

    private static List<JsonNode> list(DaemonProcess daemon, String... more) throws JsonProcessingException {
        String[] words = Stream.concat(Stream.of("--json"), Stream.of(more)).toArray(String[]::new);
        JsonNode report =
                new ObjectMapper().readTree(daemon.cli("rules", words).ok().out());
        assertEquals(report.get("rules").size(), report.get("total").asInt());
        return report.get("rules").valueStream().toList();
    }

    private static JsonNode conversations(DaemonProcess daemon) throws JsonProcessingException {
        return list(daemon, "web").stream()
                .filter(rule -> rule.get("text").asText().equals("tcp 7000 from any"))
                .findFirst()
                .orElseThrow();
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void hitsAreWhatTheClientCountsOverReloadsAndKills() throws Exception {
        Path log = LAB.file("sender", "");
        Path end = LAB.folder().resolve("sender-ends");
        DaemonProcess daemon = LAB.daemon(rules(0));
        try {
            String since = conversations(daemon).get("since").asText();
            assertFalse(since.isEmpty());
            Process sender = LAB.start("client", log, "perl", "-e", SENDER, Lab.SERVER, "7000", end.toString());
            Lab.awaitText("the sender", log, text -> text.contains("ready"));
            for (int version = 1; version <= RELOADS; version++) {
                daemon.editByRename(rules(version));
                if (version % RELOADS_A_KILL == 0) {
                    daemon.crash();
                    daemon = daemon.again();
                }
            }
            Files.createFile(end);
            assertTrue(sender.waitFor(60, TimeUnit.SECONDS), () -> Lab.read(log));
            String told = Lab.read(log);
            assertTrue(told.contains("sent "), told);
            long sent = Long.parseLong(told.replaceFirst("(?s).*sent ([0-9]+)\\n.*", "$1"));
            JsonNode rule = conversations(daemon);
            assertEquals(sent, rule.get("hits").asLong());
            assertEquals("conversations", rule.get("description").asText());
            assertEquals(since, rule.get("since").asText());
            assertTrue(rule.get("lastHitAgoMs").asLong() < TimeUnit.MINUTES.toMillis(1), rule.toString());
            assertTrue(rule.get("place").asText().contains(".yaml:"), rule.toString());

            // A reboot: the run directory is empty.
            daemon.terminate();
            remove(daemon.home().state().resolve("hits"));
            daemon = daemon.again();
            assertEquals(sent, conversations(daemon).get("hits").asLong());
            unused(daemon);
        } finally {
            daemon.end();
        }
    }

    private static void unused(DaemonProcess daemon) throws Exception {
        List<JsonNode> unused = list(daemon, "--unused", "90d");
        assertTrue(
                unused.stream().noneMatch(rule -> rule.get("text").asText().equals("tcp 7000 from any")),
                unused.toString());
        JsonNode other = unused.stream()
                .filter(rule -> rule.get("text").asText().startsWith("udp"))
                .findFirst()
                .orElseThrow();
        assertEquals(0, other.get("hits").asLong());
        assertEquals("not-proved", other.get("unused").asText(), "it is not counted for 90 days");
        String table = daemon.cli("rules", "--unused", "90d").ok().out();
        assertTrue(table.contains("not proved"), table);
        Lab.await(
                "the rule to be unused for a second",
                () -> daemon.cli("rules", "--unused", "1s")
                        .ok()
                        .out()
                        .lines()
                        .anyMatch(line -> line.contains("udp ") && line.contains("  yes  ")));
        List<JsonNode> entries = list(daemon, "edge", "--sort", "hits");
        assertEquals("acl", entries.getFirst().get("kind").asText());
        assertTrue(entries.getFirst().get("hits").asLong() > 0);
        assertTrue(
                daemon.cli("rules", "nobody").out().contains("there is edge, web"), "names the groups that there are");
    }
}
