package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which packets of real traffic the log of the daemon names, and when. */
@Tag("system")
final class LogTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                log: all
                ingress:
                  - {protocol: tcp, ports: [80, 443], from: any, description: https}
                  - {protocol: icmp, from: any}
            prefix-lists:
              scanners: [CLIENT_SECOND]
            """.replace("CLIENT_SECOND", Lab.CLIENT_SECOND);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final DaemonProcess daemon = LAB.daemon(RULES);

    @AfterEach
    void stop() {
        daemon.close();
    }

    private static void connect(String from, int port) {
        LAB.client("curl", "-s", "-m", "1", "--interface", from, "http://" + Lab.SERVER + ":" + port + "/");
    }

    private List<String> lines(String words) {
        return daemon.log().lines().filter(line -> line.contains(words)).toList();
    }

    private void await(String words) {
        Lab.await("the line " + words, () -> !lines(words).isEmpty());
    }

    /** After this no line about earlier packets follows. */
    private void awaitLater(int port) {
        LAB.client("curl", "-s", "-m", "1", "http://" + Lab.SERVER + ":" + port + "/");
        await(":" + port);
        Lab.pause(1_100);
    }

    @Test
    void aDropAndAFlowAreLoggedWithTheirRulesAndTheTimeOfTheirPackets() {
        Instant before = Instant.now();
        connect(Lab.CLIENT, 8443);
        Instant after = Instant.now();
        connect(Lab.CLIENT, 80);
        await("drop web0");
        await("accept web0");
        String drop = lines("drop web0 ingress no-rule tcp " + Lab.CLIENT).getFirst();
        assertTrue(
                drop.contains(" > " + Lab.SERVER + ":8443")
                        && drop.endsWith("; nearest rule: web/ingress[1] https: port 8443 is outside 80, 443"),
                drop);
        Instant at = OffsetDateTime.parse(drop.substring(0, drop.indexOf(' '))).toInstant();
        assertFalse(at.isBefore(before.minus(Duration.ofMillis(1))), at + " is before " + before);
        assertFalse(at.isAfter(before.plus(Duration.ofMillis(700))), at + " is the flush's, of " + after);
        String accept = lines("accept web0 ingress tcp " + Lab.CLIENT).getFirst();
        assertTrue(accept.endsWith(" > " + Lab.SERVER + ":80 by web/ingress[1] https"), accept);
        assertEquals(1, lines("accept web0 ingress tcp").size(), "the first packet only");
    }

    @Test
    void aGroupThatSaysNoneSilencesDropsAndFlowsAfterAReload() {
        daemon.edit(RULES.replace("log: all", "log: none"));
        connect(Lab.CLIENT, 8443);
        connect(Lab.CLIENT, 80);
        daemon.edit(RULES);
        awaitLater(9443);
        assertEquals(List.of(), lines(":8443"));
        assertEquals(List.of(), lines(":80 by"));
        assertTrue(daemon.cli("drops", "--port", "8443").ok().out().contains(":8443 SYN"), "it is recorded");
    }

    @Test
    void packetsOfNeverLogAreNotLoggedButRecorded() {
        daemon.edit(RULES + "log: {never-log: {prefix-list: scanners}}\n");
        connect(Lab.CLIENT_SECOND, 8443);
        connect(Lab.CLIENT_SECOND, 80);
        awaitLater(9443);
        assertEquals(List.of(), lines(Lab.CLIENT_SECOND + ":"));
        assertTrue(daemon.cli("drops", "--peer", Lab.CLIENT_SECOND).ok().out().contains(":8443 SYN"), "it is recorded");
        daemon.edit(RULES);
        connect(Lab.CLIENT_SECOND, 8443);
        await(Lab.CLIENT_SECOND + ":");
    }

    @Test
    void aLineIsExplainedWithWhatThisHostWouldMakeOfIt() throws JsonProcessingException {
        connect(Lab.CLIENT, 8443);
        await("drop web0 ingress no-rule tcp");
        String line = lines("drop web0 ingress no-rule tcp").getFirst();
        Command denied = daemon.cli("explain", "--log", line);
        assertEquals(1, denied.exit(), denied.out());
        assertTrue(denied.out().contains("then: drop (no-rule)\nDROP (no-rule)  web0 ingress tcp "), denied.out());
        assertTrue(denied.out().contains("  host: nothing listens on tcp port 8443\n"), denied.out());
        assertTrue(denied.out().contains("  host: the route to " + Lab.CLIENT + " leaves by out0\n"), denied.out());
        assertTrue(denied.out().contains("  host: the neighbour " + Lab.CLIENT + " is "), denied.out());
        daemon.edit(RULES.replace("[80, 443]", "[80, 8443]"));
        Command admitted = daemon.cli("explain", "--log", line);
        assertEquals(0, admitted.exit(), admitted.out());
        assertTrue(admitted.out().contains("PASS  web0"), admitted.out());
        Process program = LAB.start("fw", LAB.folder().resolve("nc"), "nc", "-lk", "0.0.0.0", "80");
        String listens = "  host: a program listens on tcp port 80 (0.0.0.0)\n";
        Lab.await(
                "the program",
                () -> daemon.cli("explain", "--log", line.replace(":8443;", ":80;"))
                        .out()
                        .contains(listens));
        program.destroy();
        LAB.firewall("ip", "route", "add", "unreachable", "192.0.2.77").ok();
        Command away = daemon.cli("explain", "--json", "--log", line.replace(Lab.CLIENT, "192.0.2.77"));
        LAB.firewall("ip", "route", "del", "unreachable", "192.0.2.77").ok();
        assertTrue(away.out().contains("no route leads to 192.0.2.77"), away.out());
        Command drops = daemon.cli("drops", "--json", "--port", "8443", "--limit", "1");
        String object = JSON.readTree(drops.ok().output()).path("drops").path(0).toString();
        assertEquals(0, daemon.cli("explain", "--log", object).exit(), object);
        assertEquals(2, daemon.cli("explain", "--log", "no line").exit());
    }

    @Test
    void theLevelOfTheLogIsChangedForATime() {
        assertEquals("info\n", daemon.cli("log-level").ok().out());
        String debug = daemon.cli("log-level", "debug", "--for", "1h").ok().out();
        assertTrue(debug.startsWith("debug until 20") && debug.endsWith(", then info\n"), debug);
        await("the log level is debug until ");
        daemon.cli("log-level", "error").ok();
        connect(Lab.CLIENT, 8443);
        assertEquals(
                "error until the next reload, then info\n",
                daemon.cli("log-level").ok().out());
        daemon.cli("reload").ok();
        await("the log level is info again, as the configuration says");
        awaitLater(9443);
        assertEquals(List.of(), lines("drop web0 ingress no-rule tcp " + Lab.CLIENT + ":8443"));
        daemon.cli("log-level", "trace", "--for", "1s").ok();
        Lab.await("its end", () -> daemon.cli("log-level").ok().out().equals("info\n"));
        assertEquals(2, daemon.cli("log-level", "loud").exit());
        assertEquals(2, daemon.cli("log-level", "--for", "10m").exit());
    }
}
