package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Rule;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Fifty clients that change rules at once: each gets the right answer, and nothing of what they changed is lost. */
@Tag("system")
final class Ec2CrowdTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    static final String RULES = """
            version: 1
            # The rules of the host.
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                id: sg-00000000000000000
                ingress: []   # nothing yet
            ec2-api: {credentials: @KEYS@, rate: 100000}
            """;

    /** 26 s on a quiet machine; each of some thousand calls is a change of the files. */
    private static final long LONGEST_S = 240;

    @Test
    void fiftyClientsLoseNoUpdateAndGetTheRightAnswers() throws Exception {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            Path said = LAB.file("crowd", "");
            Process crowd = LAB.startJava("fw", said, Crowd.class);
            boolean ended = crowd.waitFor(LONGEST_S, TimeUnit.SECONDS);
            crowd.destroyForcibly();
            assertTrue(ended, "within " + LONGEST_S + " s: " + Lab.read(said));
            assertTrue(Lab.read(said).endsWith(" right, 0 wrong\n"), Lab.read(said));

            DaemonProcess daemon = host.daemon();
            Config config = ConfigReader.load(daemon.config());
            assertEquals(Crowd.left(), rules(config, "web"));
            assertEquals(Crowd.leftInShared(), rules(config, Crowd.SHARED));
            assertTrue(host.file().contains("# The rules of the host."), host.file());
            assertInForce(daemon);
            assertEquals(3 * Crowd.CLIENTS, count(host.call("DescribeSecurityGroupRules"), "<isEgress>false"));
            assertEquals(Crowd.CLIENTS, count(host.call("DescribeTags"), "<key>owner</key>"));
        }
    }

    /** The limits of connections promise that a new one is served, although others hold the rest. */
    @Test
    void peersThatSendSlowlyOrNothingKeepNobodyOut() throws IOException {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            String secret = "another-secret-of-forty-letters-and-digi";
            Path keys = LAB.folder().resolve("ec2-credentials");
            Files.writeString(
                    keys,
                    "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = " + secret + "\n",
                    StandardOpenOption.APPEND);
            Path said = LAB.file("slow-peers", "");
            Process peers = LAB.startJava("fw", said, SlowPeers.class);
            Lab.awaitText("slow peers", said, text -> text.lines().count() >= SlowPeers.PEERS);
            long connections = Lab.read(said).lines().count();
            for (int i = 0; i < 20; i++) {
                assertTrue(
                        isServed(host, "AKIAOTHER:" + secret),
                        "call " + i + "\n" + host.daemon().log());
            }
            assertTrue(Lab.read(said).lines().count() > connections, "the peers came back all the time");
            assertTrue(peers.isAlive());
            peers.destroy();
            assertEquals("[]", host.daemon().status().path("degraded").toString());
        }
    }

    /** As AWS's own clients, it tries three times: a connection may be closed for a newer one before its call has arrived. */
    private static boolean isServed(Ec2Host host, String key) {
        return IntStream.range(0, 3)
                .anyMatch(_ -> host.callAs(key, "DescribeVpcs").contains("<vpcId>"));
    }

    /** Descriptions by port. */
    static Map<Integer, String> rules(Config config, String group) {
        Map<Integer, String> rules = new TreeMap<>();
        for (Rule rule :
                Objects.requireNonNull(config.securityGroups().get(group)).ingress()) {
            String before = rules.put(rule.ports().getFirst().low(), rule.description());
            assertEquals(null, before, () -> "twice: " + rule);
        }
        return rules;
    }

    /** The daemon decides by the files as they are now. */
    static void assertInForce(DaemonProcess daemon) throws IOException, ConfigException {
        JsonNode files = new ObjectMapper()
                .readTree(daemon.cli("show", "--json").ok().output())
                .path("files");
        assertFalse(files.isEmpty());
        for (JsonNode file : files) {
            Path path = daemon.config().resolveSibling(file.path("name").asText());
            assertEquals(Lab.read(path), file.path("text").asText());
        }
        assertEquals("[]", daemon.status().path("degraded").toString());
    }

    private static int count(String text, String part) {
        return (text.length() - text.replace(part, "").length()) / part.length();
    }
}
