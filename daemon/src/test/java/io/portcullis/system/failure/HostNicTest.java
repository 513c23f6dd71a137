package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Changes of a guarded NIC, and which NICs can be guarded. */
@Tag("system")
final class HostNicTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("%s", "");

    private static final String OUT0 = RULES.formatted("out0");

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void nothingIsLeft() {
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"));
        assertTrue(LAB.answers(8080), "unguarded");
    }

    private static void assertGuarded() {
        Lab.await("what is admitted", () -> LAB.answers(80));
        assertFalse(LAB.answers(8080));
    }

    @Test
    void downAndUpAgain() {
        try (DaemonProcess daemon = LAB.daemon(OUT0)) {
            assertGuarded();
            LAB.firewall("ip", "link", "set", "out0", "down").ok();
            Lab.await("the problem in /healthz", () -> daemon.http("/healthz").contains("out0 is down"));
            LAB.firewall("ip", "link", "set", "out0", "up").ok();
            LAB.firewall("ip", "-6", "address", "replace", Lab.SERVER_V6 + "/64", "dev", "out0", "nodad")
                    .ok();
            LAB.firewall("ip", "route", "replace", "192.0.2.0/24", "dev", "out0")
                    .ok();
            Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
            assertGuarded();
        }
    }

    @Test
    void anotherName() {
        try (DaemonProcess daemon = LAB.daemon(OUT0)) {
            LAB.sh("fw", "ip link set out0 down && ip link set out0 name lan0 && ip link set lan0 up")
                    .ok();
            Lab.await("the line in the log", () -> daemon.log().contains("out0 is called lan0 now: it is guarded on"));
            assertGuarded();
            assertEquals("ok\n", daemon.http("/healthz"));
        } finally {
            LAB.sh("fw", "ip link set lan0 down && ip link set lan0 name out0 && ip link set out0 up")
                    .ok();
            LAB.firewall("ip", "-6", "address", "replace", Lab.SERVER_V6 + "/64", "dev", "out0", "nodad")
                    .ok();
        }
    }

    @Test
    void goneAndBack() {
        try (DaemonProcess daemon = LAB.daemon(OUT0)) {
            LAB.removeHostNic();
            Lab.await("the problem in /healthz", () -> daemon.http("/healthz").contains("out0 is gone"));
            LAB.makeHostNic();
            Lab.await(
                    "the gap in the log",
                    () -> daemon.log()
                            .matches("(?s).*out0 ingress: program portcullis_in attached \\(tcx\\) \\(\\d+ ms"
                                    + " after the event\\).*"));
            assertGuarded();
            Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
        }
    }

    @Test
    void laterThanTheDaemon() {
        LAB.removeHostNic();
        try (DaemonProcess daemon = LAB.daemon(OUT0)) {
            assertTrue(daemon.log().contains("there is no NIC out0 yet; it is guarded when it comes"), daemon.log());
            assertTrue(daemon.http("/healthz").contains("no NIC out0"), daemon.http("/healthz"));
            LAB.makeHostNic();
            Lab.await("the gap in the log", () -> daemon.log().matches("(?s).*out0 is there, and guarded \\d+ ms.*"));
            assertGuarded();
            assertEquals("ok\n", daemon.http("/healthz"));
        } finally {
            if (!LAB.firewall("ip", "link").out().contains("out0@")) {
                LAB.makeHostNic();
            }
        }
    }

    @Test
    void theVirtualNicsComeBack() {
        try (DaemonProcess daemon = LAB.daemon(OUT0)) {
            LAB.firewall("ip", "link", "del", "pch-web0").ok();
            Lab.await(
                    "the line in the log",
                    () -> daemon.log().contains("pch-web0 and pcd-web0 made (")
                            || daemon.log().indexOf("pch-web0 and pcd-web0 made")
                                    != daemon.log().lastIndexOf("pch-web0 and pcd-web0 made"));
            assertGuarded();
        }
    }

    @Test
    void aPortOfABridgeIsClosedAndTheBridgeIsGuarded() {
        LAB.sh("fw", "ip link add br0 type bridge && ip link set br0 up").ok();
        enslave();
        try (DaemonProcess daemon = LAB.daemon(OUT0)) {
            assertWaits(daemon, "web0: nic: out0 is a port of br0 (bridge): name br0 instead");
            Lab.await("shut", () -> !LAB.answers(80));
            daemon.edit(RULES.formatted("br0"));
            assertGuarded();
            assertEquals("ok\n", daemon.http("/healthz"));
        } finally {
            LAB.sh("fw", "ip link del br0").ok();
            LAB.addressHost();
        }
    }

    /** Makes the host's NIC a port of a bridge, which gets its address too. */
    private static void enslave() {
        LAB.sh(
                        "fw",
                        "ip address del " + Lab.SERVER + "/24 dev out0 && ip link set out0 master br0"
                                + " && ip address add " + Lab.SERVER + "/24 dev br0")
                .ok();
    }

    @Test
    void aBondIsGuardedAndItsSlaveIsRefusedByName() {
        boolean hasBonds =
                LAB.firewall("ip", "link", "add", "bond9", "type", "bond").exit() == 0;
        Assumptions.assumeTrue(hasBonds, "SKIPPED: this kernel has no bonds (module bonding)");
        LAB.sh("fw", "ip link add s0 type veth peer name s1 && ip link set s0 master bond9")
                .ok();
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted("s0"))) {
            assertWaits(daemon, "s0 is a port of bond9 (bond): name bond9 instead");
            daemon.edit(RULES.formatted("bond9"));
            assertTrue(daemon.log().contains("bond9 ingress: program portcullis_in attached"), daemon.log());
        } finally {
            LAB.sh("fw", "ip link del s0; ip link del bond9");
        }
    }

    @Test
    void aDeviceWithoutEthernetIsRefusedClearly() {
        LAB.firewall("ip", "tuntap", "add", "tun7", "mode", "tun").ok();
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted("tun7"))) {
            assertWaits(daemon, "web0: nic: tun7 carries no Ethernet frames");
            daemon.write(RULES.formatted("lo"));
            Command reload = daemon.cli("reload");
            assertEquals(1, reload.exit(), reload.out());
            assertTrue(reload.out().contains("lo is the loopback device"), reload.out());
        } finally {
            LAB.firewall("ip", "tuntap", "del", "tun7", "mode", "tun").ok();
        }
    }

    /** It does not guard and says why, but it has started. */
    private static void assertWaits(DaemonProcess daemon, String why) {
        assertTrue(daemon.log().contains(why), daemon.log());
        DaemonProcess.Health health = daemon.health();
        assertTrue(health.isFault(why), health.toString());
        assertTrue(daemon.cli("status").out().contains(why));
    }
}
