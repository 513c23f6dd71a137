package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import io.portcullis.testing.XdpDrop;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A bridge's NIC that disappears and comes back with its old index, and one whose frames another program consumes. */
@Tag("system")
final class GoneAndBackTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web], datapath: %s, link-state: ignore}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void nothingIsLeft() {
        String shown = LAB.firewall("ip", "-d", "link", "show", "in0").ok().out();
        assertTrue(shown.contains("promiscuity 0"), shown);
    }

    private static void assertGuarded(DaemonProcess daemon) {
        Lab.await("what is admitted", () -> LAB.answers(80));
        assertFalse(LAB.answers(8080));
        Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ring", "pcap"})
    void fromAnotherNamespace(String datapath) {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(datapath))) {
            assertGuarded(daemon);
            int index = Elsewhere.index(LAB, "in0");
            try (Elsewhere elsewhere = Elsewhere.open(LAB)) {
                elsewhere.take("in0");
                Lab.await(
                        "the problem in /healthz", () -> daemon.http("/healthz").contains("in0 is gone"));
                elsewhere.giveBack("in0");
            }
            assertEquals(index, Elsewhere.index(LAB, "in0"));
            LAB.firewall("ip", "link", "set", "in0", "up").ok();
            assertGuarded(daemon);
        }
    }

    /** Made again as fast as possible: the daemon may not have seen that it was gone. */
    @ParameterizedTest
    @ValueSource(strings = {"ring", "pcap"})
    void madeAnew(String datapath) {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(datapath))) {
            assertGuarded(daemon);
            int index = Elsewhere.index(LAB, "in0");
            LAB.firewall(
                            "sh",
                            "-c",
                            "ip link del in0 && ip link add in0 index " + index
                                    + " type veth peer name eth0 netns " + LAB.namespace("server")
                                    + " && ethtool -K in0 tso off gso off gro off tx off; ip link set in0 up")
                    .ok();
            LAB.server(
                            "sh",
                            "-c",
                            "ethtool -K eth0 tso off gso off gro off tx off; ip address add " + Lab.SERVER
                                    + "/24 dev eth0 && ip -6 address add " + Lab.SERVER_V6
                                    + "/64 dev eth0 nodad; ip link set eth0 up")
                    .ok();
            // The server gets another address, on this wire.
            LAB.client("ip", "neigh", "flush", "all").ok();
            assertEquals(index, Elsewhere.index(LAB, "in0"));
            assertGuarded(daemon);
        }
    }

    @Test
    void framesThatAnotherProgramConsumesAreReported() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted("ring"))) {
            assertGuarded(daemon);
            Path log = LAB.file("xdp", "");
            Process foreign = LAB.startJava("fw", log, XdpDrop.class, "out0");
            Lab.awaitText("the program", log, text -> text.contains("ready"));
            Process flood = LAB.start(
                    "client", LAB.file("flood", ""), "ping", "-q", "-b", "-i", "0.02", "-w", "60", "203.0.113.255");
            try {
                Lab.await(
                        "the problem in /healthz",
                        () -> daemon.http("/healthz").contains("out0 receives nothing although frames arrive"));
                assertFalse(LAB.answers(80));
            } finally {
                foreign.destroy();
                assertGuarded(daemon);
                flood.destroy();
            }
        }
    }
}
