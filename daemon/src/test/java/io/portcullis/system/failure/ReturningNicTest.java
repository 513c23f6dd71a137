package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A bridge's NIC that leaves and comes back with its old index, has another address, or becomes the port of another bridge. */
@Tag("system")
final class ReturningNicTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web], link-state: ignore}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    private static String switches(String nic) {
        return LAB.firewall(
                        "cat",
                        "/proc/sys/net/ipv6/conf/" + nic + "/disable_ipv6",
                        "/proc/sys/net/ipv4/conf/" + nic + "/rp_filter",
                        "/proc/sys/net/ipv4/conf/" + nic + "/arp_ignore")
                .ok()
                .out()
                .replace('\n', ' ')
                .strip();
    }

    @Test
    void aNicThatLeavesAndComesBackIsAPortAgain() {
        String before = switches("in0");
        String index = LAB.firewall("cat", "/sys/class/net/in0/ifindex").ok().out();
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            assertTrue(LAB.answers(80));
            for (int round = 0; round < 2; round++) {
                LAB.firewall("ip", "link", "set", "in0", "netns", LAB.namespace("client"))
                        .ok();
                Lab.await("its absence", () -> daemon.http("/healthz").contains("in0 is gone"));
                LAB.client("ip", "link", "set", "in0", "netns", LAB.namespace("fw"))
                        .ok();
                assertEquals(
                        index,
                        LAB.firewall("cat", "/sys/class/net/in0/ifindex").ok().out());
                Lab.await("its switches", () -> switches("in0").equals("1 1 8"));
                Lab.await("traffic", () -> LAB.answers(80));
                assertFalse(LAB.answers(8080));
                Lab.await("health", () -> daemon.http("/healthz").startsWith("ok"));
            }
        }
        assertEquals(before, switches("in0"));
    }

    @Test
    void anotherAddressIsTheSameNic() {
        String before = switches("in0");
        String address =
                LAB.firewall("cat", "/sys/class/net/in0/address").ok().out().strip();
        DaemonProcess daemon = LAB.daemon(RULES);
        assertEquals("1 1 8", switches("in0"));
        LAB.firewall("ip", "link", "set", "in0", "address", "02:00:00:00:00:99").ok();
        Lab.await("traffic", () -> LAB.answers(80));
        daemon.terminate();
        Command detach = daemon.cli("detach").ok();
        assertFalse(detach.out().contains("gone"), detach.out());
        assertEquals(before, switches("in0"));
        LAB.firewall("ip", "link", "set", "in0", "address", address).ok();
    }

    @Test
    void aNicThatBecomesAPortOfABridgeIsReportedAndStaysClosed() {
        DaemonProcess daemon = LAB.daemon(RULES);
        LAB.firewall("ip", "link", "add", "br7", "type", "bridge").ok();
        LAB.firewall("ip", "link", "set", "in0", "master", "br7").ok();
        Lab.await("the fault", () -> daemon.http("/healthz").contains("in0 is a port of br7 now"));
        LAB.firewall("ip", "link", "del", "br7").ok();
        Lab.await("health", () -> daemon.http("/healthz").startsWith("ok"));
        daemon.close();
    }
}
