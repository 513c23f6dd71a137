package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.EchoScripts;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code panic} and {@code bypass} of a guarded host: what passes, also while the daemon crashes, stops or starts. */
@Tag("system")
final class PanicTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: [80, 7001], from: any}, {protocol: icmp, type: echo-request, from: any}]}
            failsafe: {ingress: [{protocol: tcp, ports: 7000, from: any}]}
            """;

    @RegisterExtension
    final Hammer hammer = new Hammer(LAB, "fw", Lab.SERVER);

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
        for (int port : new int[] {7000, 7001}) {
            Path echo = LAB.file("echo" + port, "");
            LAB.start("server", echo, "perl", "-e", EchoScripts.SERVER.replace("7000", Integer.toString(port)));
            Lab.await("the echo", () -> Lab.read(echo).contains("ready"));
        }
    }

    /** A conversation of the client; its file grows as long as it is answered. */
    private static Path talk(int port) {
        Path said = LAB.file("talk" + port + "-" + System.nanoTime(), "");
        LAB.start("client", said, "perl", "-e", EchoScripts.CLIENT.replace("7000", Integer.toString(port)), Lab.SERVER);
        Lab.await("the conversation", () -> Lab.read(said).contains("2\n"));
        return said;
    }

    private static void assertGoesOn(Path said) {
        int before = Lab.read(said).length();
        Lab.await("more of it", () -> Lab.read(said).length() > before + 10);
    }

    private static void assertStands(Path said) {
        Lab.pause(300);
        int before = Lab.read(said).length();
        Lab.pause(1_500);
        assertEquals(before, Lab.read(said).length(), () -> Lab.read(said));
    }

    private static long answered(Path pings) {
        return Lab.read(pings).lines().filter(line -> line.contains(" ttl=")).count();
    }

    private void assertNothingPasses(long since) {
        assertFalse(LAB.answers(80));
        assertFalse(LAB.answersPing());
        hammer.strike();
        assertEquals(since, hammer.received());
        LAB.client("ip", "neigh", "flush", "all");
        assertFalse(LAB.answersPing(), "no ARP either");
    }

    @Test
    void panicStopsAConversationWhichGoesOnAfterwards() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""))) {
            Path said = talk(7001);
            Path failsafe = talk(7000);
            Command on = daemon.cli("panic", "on").ok();
            assertTrue(on.out().startsWith("PANIC: nothing passes since "), on.out());
            assertStands(said);
            assertStands(failsafe);
            assertFalse(LAB.answers(80) || LAB.answersPing());
            Command explained = daemon.cli(
                    "explain",
                    "--interface",
                    "web0",
                    "--ingress",
                    "--protocol",
                    "tcp",
                    "--from",
                    "203.0.113.77:4711",
                    "--to",
                    Lab.SERVER + ":80");
            assertTrue(explained.out().contains("panic is on (portcullis panic off ends it)"), explained.out());
            assertTrue(daemon.cli("status").ok().out().startsWith("PANIC: nothing passes since "));
            JsonNode panic = daemon.status().path("emergency").path("panic");
            assertFalse(panic.path("keepsFailsafe").asBoolean(true));
            assertTrue(daemon.health().isFault("PANIC: nothing passes"));
            assertEquals(1, daemon.metric("portcullis_panic"));
            assertTrue(
                    daemon.metric("portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"panic\"}")
                            > 0,
                    daemon.http("/metrics"));
            assertTrue(daemon.log().contains("ERROR") && daemon.log().contains("PANIC: nothing passes"), daemon.log());
            assertEquals("the rules decide\n", daemon.cli("panic", "off").ok().out());
            assertGoesOn(said);
            assertGoesOn(failsafe);
            assertTrue(LAB.answers(80) && LAB.answersPing());
            assertEquals(0, daemon.metric("portcullis_panic"));
            assertTrue(daemon.health().isOk());
        }
    }

    @Test
    void failsafeFlowsGoOnWhereTheyAreKept() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""))) {
            Path said = talk(7001);
            Path failsafe = talk(7000);
            daemon.cli("panic", "on", "--keep-failsafe").ok();
            assertStands(said);
            LAB.client("ip", "neigh", "flush", "all");
            assertGoesOn(failsafe);
            assertGoesOn(talk(7000));
            assertFalse(LAB.answers(80) || LAB.answersPing());
            assertTrue(daemon.status()
                    .path("emergency")
                    .path("panic")
                    .path("keepsFailsafe")
                    .asBoolean());
            Command json = daemon.cli("panic", "on", "--json").ok();
            assertTrue(json.out().contains("\"keepsFailsafe\" : false"), json.out());
            assertStands(failsafe);
            daemon.cli("panic", "off").ok();
            assertGoesOn(said);
            assertGoesOn(failsafe);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ", on-failure: open", ", on-failure: open, attach: clsact", ", enforce: audit"})
    void nothingPassesWhateverBecomesOfTheDaemon(String attributes) {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(attributes));
        hammer.strike();
        Path pings = LAB.file("pings-" + System.nanoTime(), "");
        Process pinging = LAB.start("client", pings, "ping", "-n", "-i", "0.02", Lab.SERVER);
        Lab.await("answers that a rule admits", () -> answered(pings) > 10);
        daemon.cli("panic", "on").ok();
        hammer.strike();
        long since = hammer.received();
        long answered = answered(pings);
        assertNothingPasses(since);
        daemon.crash();
        assertNothingPasses(since);
        daemon = daemon.again();
        assertTrue(daemon.log().contains("PANIC: nothing passes"), daemon.log());
        assertNothingPasses(since);
        daemon.terminate();
        assertNothingPasses(since);
        Command detach = daemon.detach();
        assertEquals(1, detach.exit());
        assertTrue(detach.out().contains("panic is on since"), detach.out());
        assertNothingPasses(since);
        daemon = daemon.again();
        daemon.edit(RULES.formatted(attributes).replace("[80, 7001]", "[80, 7001, 9000]"));
        assertNothingPasses(since);
        assertEquals(answered, answered(pings), "not one, over two starts");
        daemon.cli("panic", "off").ok();
        Lab.await("what a rule admits", () -> LAB.answers(80));
        Lab.await("answers", () -> answered(pings) > answered);
        pinging.destroyForcibly();
        daemon.close();
    }

    @Test
    void onFailureOpenAppliesAgainAfterwards() {
        for (String attach : new String[] {"", ", attach: clsact"}) {
            DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open" + attach));
            daemon.cli("panic", "on").ok();
            daemon.cli("panic", "off").ok();
            assertFalse(LAB.answers(8080));
            daemon.crash();
            hammer.awaitThrough();
            assertTrue(LAB.answers(8080));
            daemon.end();
        }
    }

    @Test
    void aCrashUnderKeptFailsafeClosesEverythingAndTheNextStartKeepsItAgain() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open"));
        Path failsafe = talk(7000);
        daemon.cli("panic", "on", "--keep-failsafe").ok();
        assertGoesOn(failsafe);
        daemon.crash();
        assertStands(failsafe);
        assertFalse(LAB.answers(80) || LAB.answers(8080) || LAB.answersPing());
        daemon = daemon.again();
        assertGoesOn(failsafe);
        assertFalse(LAB.answers(80) || LAB.answersPing());
        daemon.cli("panic", "off").ok();
        assertTrue(LAB.answers(80));
        daemon.close();
    }

    @Test
    void aNicThatComesBackIsGuardedUnderPanicToo() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open"))) {
            daemon.cli("panic", "on").ok();
            LAB.removeHostNic();
            daemon.awaitFault("out0 is gone");
            LAB.makeHostNic();
            Lab.await("its programs", () -> !daemon.health().body().contains("is gone"));
            assertFalse(LAB.answers(80) || LAB.answersPing());
            daemon.crash();
            assertFalse(LAB.answers(80) || LAB.answers(8080) || LAB.answersPing());
            DaemonProcess next = daemon.again();
            next.cli("panic", "off").ok();
            Lab.await("what a rule admits", () -> LAB.answers(80));
            next.close();
        }
    }

    @Test
    void aDaemonWithoutAConfigurationObeysToo() {
        Home home = LAB.home(RULES.formatted(", on-failure: open") + "nonsense: 7\n");
        DaemonProcess daemon = home.start();
        assertTrue(LAB.answers(8080), "on-failure: open, and nothing to enforce");
        daemon.cli("panic", "on").ok();
        Lab.await("the shut NIC", () -> !LAB.answers(8080) && !LAB.answersPing());
        Command bypass = daemon.cli("bypass", "web0", "--for", "5m");
        assertEquals(1, bypass.exit());
        assertTrue(bypass.out().contains("web0: no configuration is in force"), bypass.out());
        daemon.crash();
        daemon = daemon.again();
        assertFalse(LAB.answers(8080) || LAB.answersPing());
        daemon.cli("panic", "off").ok();
        Lab.await("the open NIC", () -> LAB.answers(8080));
        daemon.end();
    }

    @Test
    void aBypassLetsEverythingThroughAndEndsByItself() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""))) {
            Path said = talk(7001);
            assertFalse(LAB.answers(8080));
            Command begun = daemon.cli("bypass", "web0", "--for", "15s").ok();
            assertTrue(begun.out().startsWith("BYPASS: web0: everything passes unfiltered until "), begun.out());
            assertTrue(LAB.answers(8080));
            assertTrue(daemon.status()
                            .path("emergency")
                            .path("bypasses")
                            .get(0)
                            .path("until")
                            .asText()
                            .length()
                    > 10);
            assertTrue(daemon.metric("portcullis_bypass_until_timestamp_seconds{interface=\"web0\"}") > 1e9);
            assertTrue(daemon.health().isFault("BYPASS: web0"));
            Lab.await("the rules", () -> !LAB.answers(8080));
            assertTrue(daemon.log().contains("web0: the bypass is over"), daemon.log());
            assertEquals(0, daemon.metric("portcullis_bypass_until_timestamp_seconds{interface=\"web0\"}"));
            assertGoesOn(said);
            daemon.cli("bypass", "web0", "--for", "1h").ok();
            assertTrue(LAB.answers(8080));
            daemon.cli("panic", "on").ok();
            assertFalse(LAB.answers(8080) || LAB.answers(80));
            daemon.cli("panic", "off").ok();
            assertTrue(LAB.answers(8080));
            daemon.cli("bypass", "web0", "--end").ok();
            assertFalse(LAB.answers(8080));
            assertGoesOn(said);
        }
    }

    @Test
    void theDeadlineOfABypassOutlivesACrash() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        daemon.cli("bypass", "web0", "--for", "20s").ok();
        long until = System.nanoTime() + 20_000_000_000L;
        assertTrue(LAB.answers(8080));
        daemon.crash();
        daemon = daemon.again();
        assertTrue(System.nanoTime() > until || LAB.answers(8080), daemon.log());
        Lab.await("the rules", () -> !LAB.answers(8080));
        assertTrue(System.nanoTime() - until > -3_000_000_000L, "not before its time");
        daemon.close();
    }

    @Test
    void misuseIsRefusedBeforeAnythingChanges() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""))) {
            for (String[] words : new String[][] {
                {"panic"},
                {"panic", "maybe"},
                {"panic", "off", "--keep-failsafe"},
                {"bypass", "web0"},
                {"bypass", "web0", "--for", "25h"},
                {"bypass", "web0", "--for", "5"},
                {"bypass", "web0", "--for", "0s"},
                {"bypass", "web0", "--for", "5m", "--end"},
                {"bypass", "--for", "5m"}
            }) {
                String[] more = Arrays.copyOfRange(words, 1, words.length);
                Command misuse = daemon.cli(words[0], more);
                assertEquals(2, misuse.exit(), String.join(" ", words) + ": " + misuse.out());
            }
            Command unknown = daemon.cli("bypass", "wbe0", "--for", "5m");
            assertEquals(1, unknown.exit());
            assertTrue(unknown.out().contains("no interface wbe0: there is web0"), unknown.out());
            assertTrue(LAB.answers(80) && !LAB.answers(8080));
            daemon.terminate();
            assertEquals(3, daemon.cli("panic", "on").exit());
            daemon.detach().ok();
        }
    }
}
