package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code datapath: ring} between hosts with their NICs' offloads on, which is the default of NICs. */
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

    private static final String ECHO = """
            use Socket; $| = 1; socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) or die;
            print "ready\\n"; while (my $from = recv(S, my $b, 65535, 0)) { send(S, $b, 0, $from); }
            """;
    private static final String ASK = """
            use Socket; $| = 1; socket(S, PF_INET, SOCK_DGRAM, 17); alarm 20;
            send(S, "x" x 20000, 0, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die; recv(S, my $b, 65535, 0);
            print length($b);
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
        daemon = LAB.daemon(RULES, Home.WITH_WARM_UP);
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

    private static double noRule() {
        return daemon.metric("portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"no-rule\"}");
    }

    private static double egress() {
        return daemon.metric("portcullis_packets_total{direction=\"egress\",interface=\"web0\",verdict=\"pass\"}");
    }

    /** Of the client's fragments only the first one has the ports of a rule or flow. */
    @Test
    void fragmentsCrossBothWays() {
        Path echo = LAB.folder().resolve("echo.out");
        Process server = LAB.start("client", echo, "perl", "-e", ECHO, "5000");
        Lab.await("the echo", () -> Lab.read(echo).contains("ready"));
        double before = egress();
        assertEquals(
                "20000", LAB.server("perl", "-e", ASK, Lab.CLIENT, "5000").ok().out());
        assertTrue(egress() - before >= 20_000 / 1_480.0, "it left in fragments");
        server.destroy();
        LAB.client("ping", "-c", "3", "-i", "0.2", "-W", "5", "-s", "4000", Lab.SERVER)
                .ok();
        LAB.server("ping", "-c", "3", "-i", "0.2", "-W", "5", "-s", "4000", Lab.CLIENT)
                .ok();
        // The route is lost when the link goes down.
        LAB.server("ip", "-6", "address", "replace", Lab.SERVER_V6 + "/64", "dev", "eth0", "nodad")
                .ok();
        LAB.server("ping", "-6", "-c", "3", "-i", "0.2", "-W", "5", "-s", "4000", Lab.CLIENT_V6)
                .ok();
        double refused = noRule();
        assertEquals(
                1,
                LAB.client("ping", "-6", "-c", "1", "-W", "1", "-s", "4000", Lab.SERVER_V6)
                        .exit());
        Lab.await(
                "nothing that is incomplete",
                () -> daemon.metric("portcullis_fragmented_datagrams{interface=\"web0\"}") == 0);
        assertEquals(0, daemon.metric("portcullis_fragments_held{interface=\"web0\"}"));
        assertTrue(noRule() - refused >= 3, "the others are dropped as their first");
    }

    @Test
    void trafficThatNoRuleAdmitsDoesNotArrive() {
        assertFalse(LAB.client("curl", "-s", "-m", "2", "http://" + Lab.SERVER + ":8080")
                        .exit()
                == 0);
        assertTrue(noRule() > 0);
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
