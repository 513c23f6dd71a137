package io.portcullis.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.portcullis.operations.EmergencyStatus;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.StatusReport;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StatusTextTest {
    private static final InterfaceStatus WEB0 = web0("off");
    private static final InterfaceStatus DATABASE = new InterfaceStatus(
            "database",
            "bridge",
            "pcap",
            1,
            "enp1s0f0",
            "enp1s0f1",
            InterfaceStatus.STOPPED,
            false,
            "enp1s0f1 has no carrier",
            true,
            List.of("db"),
            "",
            0,
            500,
            Map.of("egress", 0L, "ingress", 0L),
            Map.of("egress", 0L, "ingress", 0L),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            0,
            "off");
    private static final InterfaceStatus AUDITED = new InterfaceStatus(
            "app0",
            "host",
            "ring",
            1,
            "eth3",
            "this host (pt0a)",
            InterfaceStatus.FORWARDING,
            true,
            "",
            false,
            List.of("app"),
            "edge",
            1,
            500,
            Map.of("egress", 5L, "ingress", 6L),
            Map.of("egress", 0L, "ingress", 0L),
            Map.of(),
            Map.of("egress", 0L, "ingress", 7L),
            Map.of("ingress", Map.of("no-rule", 7L)),
            Map.of("ingress", Map.of("no-rule", 2L)),
            Map.of(),
            Map.of(),
            0,
            "off");

    private static InterfaceStatus web0(String offload) {
        return new InterfaceStatus(
                "web0",
                "bridge",
                "ring",
                4,
                "eth1",
                "eth2",
                InterfaceStatus.FORWARDING,
                true,
                "",
                true,
                List.of("web", "admin"),
                "",
                12,
                1_000_000,
                Map.of("egress", 98_765L, "ingress", 123_456L),
                Map.of("egress", 0L, "ingress", 15L),
                Map.of("ingress", Map.of("tcp-no-syn", 3L, "no-rule", 12L), "egress", Map.of()),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                0,
                offload);
    }

    private EmergencyStatus emergency = EmergencyStatus.NONE;

    private StatusReport status(
            ReloadReport lastReload, List<InterfaceStatus> interfaces, List<String> warnings, String... degraded) {
        return new StatusReport(
                "0.1.0",
                4711,
                "2026-01-01T00:00:00Z",
                "/etc/portcullis/portcullis.yaml",
                3,
                0,
                "",
                lastReload,
                interfaces,
                warnings,
                List.of(degraded),
                emergency);
    }

    @Test
    void offloadIsBesideTheDatapathAndWhyThereIsNoneIsSaid() {
        ReloadReport good = new ReloadReport(true, "2026-01-02T00:00:00Z", 12, List.of(), List.of());
        assertFalse(StatusText.of(status(good, List.of(WEB0), List.of())).contains("offload"));
        String on = StatusText.of(status(good, List.of(web0(InterfaceStatus.OFFLOAD_ON)), List.of()));
        assertTrue(on.contains(" ring, offload  4 "), on);
        String without = StatusText.of(status(good, List.of(web0("off: it needs one worker")), List.of()));
        assertTrue(without.contains("web0 has no offload: it needs one worker"), without);
    }

    @Test
    void panicComesFirst() {
        emergency = new EmergencyStatus(
                new EmergencyStatus.Panic("2026-01-02T00:00:00Z", "alice, uid 0, pid 7", false, List.of()),
                List.of(new EmergencyStatus.Bypass("web0", "2026-01-02T01:00:00Z", "bob, uid 9, pid 8")));
        ReloadReport good = new ReloadReport(true, "2026-01-02T00:00:00Z", 12, List.of(), List.of());
        List<String> lines = StatusText.of(status(good, List.of(), List.of(), "notes: disk full"))
                .lines()
                .toList();
        assertEquals(
                List.of(
                        "PANIC: nothing passes since 2026-01-02T00:00:00Z (alice, uid 0, pid 7); portcullis panic off ends it",
                        "BYPASS: web0: everything passes unfiltered until 2026-01-02T01:00:00Z (bob, uid 9, pid 8);"
                                + " portcullis bypass web0 --end ends it",
                        "DEGRADED: notes: disk full"),
                lines.subList(0, 3));
    }

    @Test
    void aHealthyDaemonIsTwoTables() {
        ReloadReport good = new ReloadReport(true, "2026-01-02T00:00:00Z", 12, List.of(), List.of());
        assertEquals("""
                portcullis 0.1.0, pid 4711, since 2026-01-01T00:00:00Z
                /etc/portcullis/portcullis.yaml, generation 3

                INTERFACE  STATE       MODE    DATAPATH  WORKERS  OUTSIDE  INSIDE  FLOWS          GROUPS
                web0       forwarding  bridge  ring      4        eth1     eth2    12 of 1000000  web admin

                INTERFACE  DIRECTION  PASSED  DROPPED  REASONS
                web0       ingress    123456       15  no-rule 12, tcp-no-syn 3
                web0       egress      98765        0""", StatusText.of(status(good, List.of(WEB0), List.of())));
    }

    @Test
    void anAuditedInterfaceIsShownAsNotEnforced() {
        ReloadReport good = new ReloadReport(true, "2026-01-02T00:00:00Z", 12, List.of(), List.of());
        assertEquals("""
                portcullis 0.1.0, pid 4711, since 2026-01-01T00:00:00Z
                /etc/portcullis/portcullis.yaml, generation 3

                INTERFACE  STATE        MODE  DATAPATH  WORKERS  OUTSIDE  INSIDE            FLOWS     GROUPS
                app0       NOT GUARDED  host  ring      1        eth3     this host (pt0a)  1 of 500  app

                INTERFACE  DIRECTION  PASSED  DROPPED  REASONS
                app0       ingress         6        0  would-drop flows: no-rule 2; would-drop packets: no-rule 7
                app0       egress          5        0

                app0 IS NOT GUARDED: enforce: audit drops nothing (would-drop packets are all of a flow's, by the reason of its first)""", StatusText.of(status(good, List.of(AUDITED), List.of())));
    }

    @Test
    void degradedPartsComeFirstAndUnguardedOnesInCapitals() {
        ReloadReport good = new ReloadReport(true, "2026-01-02T00:00:00Z", 12, List.of(), List.of());
        List<InterfaceStatus> interfaces = List.of(
                notGuarded("later", "eth5", "waiting", "there is no NIC eth5"),
                notGuarded("firm", "eth6", "shut", "eth6 is a port of br0"),
                notGuarded("loose", "eth7", "open", "eth7 is a port of br0"));
        assertEquals(
                """
                DEGRADED: config: runs from the last good configuration: portcullis.yaml:4:7: unknown key: prots
                DEGRADED: metrics: metrics.listen 127.0.0.1:9750: address already in use
                portcullis 0.1.0, pid 4711, since 2026-01-01T00:00:00Z
                /etc/portcullis/portcullis.yaml, generation 3

                INTERFACE  STATE    MODE  DATAPATH  WORKERS  OUTSIDE  INSIDE     FLOWS  GROUPS
                later      WAITING  host                     eth5     this host         app
                firm       SHUT     host                     eth6     this host         app
                loose      OPEN     host                     eth7     this host         app

                later waits for its NIC: there is no NIC eth5
                firm IS SHUT, nothing passes until it can be guarded: eth6 is a port of br0
                loose IS OPEN, everything passes until it can be guarded: eth7 is a port of br0""",
                StatusText.of(status(
                        good,
                        interfaces,
                        List.of(),
                        "config: runs from the last good configuration: portcullis.yaml:4:7: unknown key: prots",
                        "metrics: metrics.listen 127.0.0.1:9750: address already in use")));
    }

    private static InterfaceStatus notGuarded(String name, String nic, String state, String why) {
        return InterfaceStatus.notGuarded(name, "host", nic, "this host", state, why, true, List.of("app"), "");
    }

    @Test
    void anOlderDaemonSendsLess() throws JsonProcessingException {
        String json = JsonText.write(status(
                        new ReloadReport(true, "2026-01-02T00:00:00Z", 12, List.of(), List.of()),
                        List.of(WEB0, DATABASE),
                        List.of()))
                .replaceAll("(?m)^ *\"state\" : .*\n", "")
                .replaceAll("(?s),\\s*\"emergency\" : \\{.*?\\}", "")
                .replaceAll(",\\s*\"degraded\" : [^\n]*", "");
        assertFalse(json.contains("emergency") || json.contains("degraded") || json.contains("state"), json);
        StatusReport read = JsonText.read(json, StatusReport.class);
        assertEquals(List.of(), read.degraded());
        assertEquals(EmergencyStatus.NONE, read.emergency());
        assertEquals(InterfaceStatus.FORWARDING, read.interfaces().getFirst().state());
        assertEquals(InterfaceStatus.STOPPED, read.interfaces().getLast().state());
    }

    @Test
    void faultsComeLast() {
        ReloadReport bad = new ReloadReport(
                false, "2026-01-02T00:00:00Z", 2, List.of("portcullis.yaml:4:7: unknown key: prots"), List.of());
        assertEquals(
                """
                portcullis 0.1.0, pid 4711, since 2026-01-01T00:00:00Z
                /etc/portcullis/portcullis.yaml, generation 3

                INTERFACE  STATE       MODE    DATAPATH  WORKERS  OUTSIDE   INSIDE    FLOWS          GROUPS
                web0       forwarding  bridge  ring      4        eth1      eth2      12 of 1000000  web admin
                database   STOPPED     bridge  pcap      1        enp1s0f0  enp1s0f1  0 of 500       db

                INTERFACE  DIRECTION  PASSED  DROPPED  REASONS
                web0       ingress    123456       15  no-rule 12, tcp-no-syn 3
                web0       egress      98765        0
                database   ingress         0        0
                database   egress          0        0

                database does not forward: enp1s0f1 has no carrier
                the reload of 2026-01-02T00:00:00Z was refused, generation 3 stays in force:
                  portcullis.yaml:4:7: unknown key: prots
                warning: portcullis.yaml:9:1: group old: nobody carries it""",
                StatusText.of(status(
                        bad, List.of(WEB0, DATABASE), List.of("portcullis.yaml:9:1: group old: nobody carries it"))));
    }
}
