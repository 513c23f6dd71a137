package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Audit, network ACLs, recheck, claims, and the tools that explain them, with real traffic. */
@Tag("system")
final class LanguageTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String OPEN_80 = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, addresses: [203.0.113.80], security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    private static final String AUDITED = OPEN_80.replace("addresses:", "enforce: audit, addresses:");
    private static final String OPEN_8080 = OPEN_80.replace("ports: 80", "ports: 8080");

    private static final String CREATED = "portcullis_flows_created_total{interface=\"web0\"}";

    private DaemonProcess daemon = LAB.daemon(OPEN_80, "PORTCULLIS_JAVA_OPTS=-Xmx256m");

    @BeforeAll
    static void servers() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    /** A download that takes some seconds. */
    private record Download(Process curl, Path log, int port) {
        // One that was used before may still be in TIME_WAIT.
        private static int next = 45_678;

        static Download begin(DaemonProcess daemon) throws IOException {
            return begin(daemon, "300k", "8");
        }

        static Download begin(DaemonProcess daemon, String rate, String seconds) throws IOException {
            Path log = Files.createTempFile(LAB.folder(), "slow", ".out");
            int port = next++;
            double before = daemon.metric(CREATED);
            Process curl = LAB.start(
                    "client",
                    log,
                    "curl",
                    "-s",
                    "-m",
                    seconds,
                    "--local-port",
                    Integer.toString(port),
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{size_download}",
                    // curl's own limit lets a megabyte through at once at times.
                    "http://" + Lab.SERVER + "/big?rate=" + rate);
            Lab.await("the connection", () -> daemon.metric(CREATED) > before);
            return new Download(curl, log, port);
        }

        String end() throws IOException {
            Lab.await("the end of the download", () -> !curl.isAlive());
            return Files.readString(log);
        }
    }

    private Command explain(String interfaceName, String direction, String from, String to) {
        return daemon.cli(
                "explain",
                "--interface",
                interfaceName,
                "--" + direction,
                "--protocol",
                "tcp",
                "--from",
                from,
                "--to",
                to);
    }

    private double drops(String family, String reason) {
        return daemon.metric(
                "portcullis_" + family + "_total{direction=\"ingress\",interface=\"web0\",reason=\"" + reason + "\"}");
    }

    private double verdicts(String verdict) {
        return daemon.metric(
                "portcullis_packets_total{direction=\"ingress\",interface=\"web0\",verdict=\"" + verdict + "\"}");
    }

    @Test
    void auditDecidesAndDropsNothing() throws IOException {
        daemon.edit(AUDITED);
        // Late segments of another test's connections may have been dropped until here.
        double droppedBefore = verdicts("drop");
        double unruledBefore = drops("drops", "no-rule");
        assertTrue(LAB.answers(80));
        assertTrue(LAB.answers(8080), "what no rule admits passes");
        assertTrue(drops("would_drop_flows", "no-rule") >= 1);
        assertTrue(drops("would_drops", "no-rule") >= 3, "later packets count with the reason of the first");
        assertEquals(unruledBefore, drops("drops", "no-rule"));
        assertEquals(droppedBefore, verdicts("drop"));
        assertTrue(verdicts("would-drop") >= 2);
        assertEquals(0, daemon.metric("portcullis_enforcing{interface=\"web0\"}"));
        Lab.await("the log's line", () -> daemon.log().contains("would-drop web0 ingress no-rule tcp "));
        assertTrue(
                daemon.log().contains("enforce: audit drops nothing, so the interface is not protected"), daemon.log());
        assertFalse(daemon.status().path("interfaces").path(0).path("enforcing").asBoolean(true));
        assertTrue(daemon.cli("status").ok().out().contains("web0 IS NOT GUARDED"));
        Command explain = explain("web0", "ingress", Lab.CLIENT, Lab.SERVER + ":8080");
        assertTrue(explain.out().startsWith("WOULD-DROP (no-rule)"), explain.toString());

        Download admitted = Download.begin(daemon);
        daemon.edit(OPEN_80);
        assertEquals("1048576", admitted.end(), "what the rules admitted meanwhile is a flow");
        assertFalse(LAB.answers(8080));
        assertTrue(drops("drops", "no-rule") > unruledBefore);
        assertEquals(1, daemon.metric("portcullis_enforcing{interface=\"web0\"}"));
    }

    @Test
    void aNetworkAclIsAskedOfEveryPacketAndFailsafeIsNot() {
        String acl = OPEN_80.replace("addresses:", "network-acl: edge, addresses:") + """
                network-acls:
                  edge:
                    ingress:
                      - {rule: 100, action: allow, protocol: tcp, ports: 80, from: 0.0.0.0/0}
                    egress:
                      - {rule: 100, action: allow, protocol: tcp, ports: %s, to: 0.0.0.0/0}
                failsafe: {ingress: [{protocol: tcp, ports: 8080, from: 203.0.113.0/24}]}
                """;
        daemon.edit(acl.formatted("1024-65535"));
        assertTrue(LAB.answers(80));
        assertTrue(LAB.answers(8080), "failsafe");
        daemon.edit(acl.formatted("1-1023"));
        assertFalse(LAB.answers(80), "replies are asked too");
        assertTrue(
                daemon.metric("portcullis_drops_total{direction=\"egress\",interface=\"web0\",reason=\"acl-default\"}")
                        >= 1);
        assertTrue(LAB.answers(8080), "failsafe");
        Command explain = explain("web0", "egress", Lab.SERVER + ":80", Lab.CLIENT + ":40000");
        assertEquals(1, explain.exit(), explain.toString());
        assertTrue(explain.out().contains("no entry of edge/egress[*] matches it"), explain.out());
    }

    @Test
    void recheckCutsWhatTodaysRulesWouldNotAdmit() throws IOException {
        String recheck = "conntrack: {on-reload: recheck}\n";
        daemon.edit(OPEN_80 + recheck);
        Download cut = Download.begin(daemon);
        daemon.edit(OPEN_8080 + recheck);
        assertTrue(Long.parseLong(cut.end()) < 1_048_576);
        assertTrue(drops("drops", "recheck")
                        + daemon.metric(
                                "portcullis_drops_total{direction=\"egress\",interface=\"web0\",reason=\"recheck\"}")
                >= 1);
    }

    @Test
    void explainKnowsTheFlowsOfTheDaemon() throws IOException {
        Download running = Download.begin(daemon, "50k", "60");
        String established = "flow: tcp-established, opened from outside, both sides have spoken";
        Lab.await(
                "the handshake",
                () -> explain("web0", "egress", Lab.SERVER + ":80", Lab.CLIENT + ":" + running.port())
                        .out()
                        .contains(established));
        Command explain = explain("web0", "egress", Lab.SERVER + ":80", Lab.CLIENT + ":" + running.port())
                .ok();
        assertTrue(explain.out().startsWith("PASS"), explain.out());
        assertTrue(explain.out().contains("it belongs to a tracked flow"), explain.out());
        assertTrue(explain.out().contains("rule web/ingress[1]"), explain.out());
        daemon.edit(OPEN_8080);
        assertTrue(explain("web0", "egress", Lab.SERVER + ":80", Lab.CLIENT + ":" + running.port())
                .ok()
                .out()
                .contains("rule (earlier rule)"));
        double counted = verdicts("pass");
        Lab.await("more of the download", () -> verdicts("pass") > counted);
        running.curl().destroy();

        Command refused = explain("web0", "ingress", Lab.CLIENT, Lab.SERVER + ":80");
        assertEquals(1, refused.exit());
        assertTrue(refused.out().contains("nearest: port 80 is outside 8080 of web/ingress[1] at "), refused.out());
        assertEquals(
                2, explain("web1", "ingress", Lab.CLIENT, Lab.SERVER + ":80").exit());
    }

    @Test
    void aChangeThatBreaksAClaimIsRefusedByName() {
        String claim = """
                expect:
                  - {interface: web0, ingress: {protocol: tcp, ports: 80, from: any}, verdict: allow, why: the shop sells}
                """;
        daemon.edit(OPEN_80 + claim);
        daemon.write(OPEN_8080 + claim);
        Lab.await("the refusal", () -> daemon.metric("portcullis_config_last_reload_successful") == 0);
        assertTrue(LAB.answers(80));
        assertFalse(LAB.answers(8080));
        String refusal =
                "expect: web0 ingress tcp 80 from any: allow does not hold (the shop sells): tcp 80 from 1.0.0.1 is"
                        + " admitted by no rule";
        assertTrue(daemon.log().contains(refusal), daemon.log());
        String checker = Lab.root().resolve("scripts/portcullis").toString();
        Command check = LAB.firewall(checker, "check", daemon.config().toString());
        assertEquals(1, check.exit());
        assertTrue(check.out().contains(refusal), check.out());

        daemon.crash();
        daemon = daemon.again();
        assertTrue(daemon.log().contains(refusal), daemon.log());
        assertEquals(1, daemon.metric("portcullis_degraded{cause=\"config\"}"));
        Lab.await("what the last good one admits", () -> LAB.answers(80));
        assertFalse(LAB.answers(8080));
        daemon.write(OPEN_8080);
        Lab.await("what the file admits", () -> LAB.answers(8080));
        assertFalse(LAB.answers(80));
        assertEquals(0, daemon.metric("portcullis_degraded{cause=\"config\"}"));
    }

    @Test
    void diffTellsTheEffectOfAnEditOnTheTraffic() {
        Path after = LAB.file("after.yaml", OPEN_8080);
        Command diff = LAB.firewall(
                        Lab.root().resolve("scripts/portcullis").toString(),
                        "diff",
                        daemon.config().toString(),
                        after.toString())
                .ok();
        assertEquals("""
                web0 ingress:
                  + becomes allowed: tcp 8080 from any
                  - becomes denied:  tcp 80 from any
                """, diff.out());
        assertTrue(LAB.answers(80));
        assertFalse(LAB.answers(8080));
        daemon.edit(OPEN_8080);
        assertTrue(LAB.answers(8080));
        assertFalse(LAB.answers(80));
    }

    /** An OutOfMemoryError would end the daemon: a file that leads to it is refused like any other faulty file. */
    @Test
    void aFileThatNeedsMoreMemoryThanThereIsChangesNothing() {
        Path large = LAB.file("large.yaml", "prefix-lists: {many: [" + "10.0.0.1, ".repeat(2_000_000) + "10.0.0.2]}\n");
        daemon.write("include: [" + large + "]\n" + OPEN_8080);
        Lab.await("the refusal", () -> daemon.metric("portcullis_config_last_reload_successful") == 0);
        assertTrue(daemon.log().contains("large.yaml: too large for the heap"), daemon.log());
        assertTrue(LAB.answers(80));
        assertFalse(LAB.answers(8080));
    }
}
