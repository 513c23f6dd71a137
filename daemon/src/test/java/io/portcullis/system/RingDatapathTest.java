package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code datapath: ring} between hosts whose NICs have their offloads on, as NICs have them. */
@Tag("system")
final class RingDatapathTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, datapath: ring, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: icmp, type: echo-request, from: any}]}
            """;

    private static DaemonProcess daemon;
    private static String offloadsBefore;

    @BeforeAll
    static void start() {
        for (String end : List.of("client", "server")) {
            LAB.at(end, "ethtool", "-K", "eth0", "tx", "on", "tso", "on", "gso", "on", "gro", "on")
                    .ok();
        }
        LAB.nginx("server", 80, 8080);
        offloadsBefore = LAB.firewall("ethtool", "-k", "out0").ok().out();
        daemon = LAB.daemon(RULES);
    }

    @AfterAll
    static void stop() {
        daemon.close();
    }

    private static Command get(String path) {
        return LAB.client(
                "curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{size_download}", "http://" + Lab.SERVER + path);
    }

    @Test
    void superFramesAndUnfinishedChecksumsCrossAndCountAsTheirPackets() {
        double before = egress();
        assertEquals("1048576", get("/big").ok().out());
        assertTrue(egress() - before >= 1_048_576 / 1_460.0, "a megabyte is at least as many packets as fit the MTU");
        assertEquals(
                0,
                daemon.metric(
                        "portcullis_drops_total{direction=\"egress\",interface=\"web0\",reason=\"bad-checksum\"}"));
        assertEquals(offloadsBefore, LAB.firewall("ethtool", "-k", "out0").ok().out(), "offloads stay as they are");
        assertEquals(
                "ring",
                daemon.status().path("interfaces").path(0).path("datapath").asText());
    }

    private static double egress() {
        return daemon.metric("portcullis_packets_total{direction=\"egress\",interface=\"web0\",verdict=\"pass\"}");
    }

    @Test
    void whatNoRuleAdmitsDoesNotArrive() {
        assertFalse(LAB.client("curl", "-s", "-m", "2", "http://" + Lab.SERVER + ":8080")
                        .exit()
                == 0);
        assertTrue(daemon.metric("portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"no-rule\"}")
                > 0);
        assertEquals(0, LAB.client("ping", "-c", "1", "-W", "2", Lab.SERVER).exit());
        assertEquals(
                1, LAB.client("ping", "-6", "-c", "1", "-W", "1", Lab.SERVER_V6).exit());
    }

    @Test
    void aLinkThatWasDownForwardsAgain() {
        LAB.server("ip", "link", "set", "eth0", "down").ok();
        Lab.await("the problem in /healthz", () -> !daemon.http("/healthz").equals("ok\n"));
        LAB.server("ip", "link", "set", "eth0", "up").ok();
        Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
        Lab.await("traffic", () -> get("/").exit() == 0);
    }

    @Test
    void anotherDatapathNeedsARestartAndSaysSo() {
        daemon.write(RULES.replace("datapath: ring", "datapath: pcap"));
        Command reload = daemon.cli("reload");
        assertEquals(1, reload.exit());
        assertTrue(reload.out().contains("datapath"), reload.out());
        assertTrue(reload.out().contains("restart"), reload.out());
        daemon.write(RULES);
        daemon.cli("reload").ok();
    }
}
