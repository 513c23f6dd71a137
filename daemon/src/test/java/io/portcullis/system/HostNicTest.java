package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What may become of a guarded NIC, and which NICs can be guarded. */
@Tag("system")
final class HostNicTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: %s, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    private static final String OUT0 = RULES.formatted("out0");

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void nothingIsLeft() {
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"));
        assertTrue(http(8080), "unguarded");
    }

    private static boolean http(int port) {
        return LAB.client("curl", "-s", "-m", "2", "http://" + Lab.SERVER + ":" + port)
                        .exit()
                == 0;
    }

    private static Command sh(String end, String script) {
        return LAB.at(end, "sh", "-c", script);
    }

    private static void assertGuarded() {
        Lab.await("what is admitted", () -> http(80));
        assertFalse(http(8080));
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
            sh("fw", "ip link set out0 down && ip link set out0 name lan0 && ip link set lan0 up")
                    .ok();
            Lab.await("the line in the log", () -> daemon.log().contains("out0 is called lan0 now: it is guarded on"));
            assertGuarded();
            assertEquals("ok\n", daemon.http("/healthz"));
        } finally {
            sh("fw", "ip link set lan0 down && ip link set lan0 name out0 && ip link set out0 up")
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
                                    + " after the news\\).*"));
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
    void aBridgeIsGuardedAndItsPortIsRefusedByName() throws IOException {
        sh(
                        "fw",
                        "ip link add br0 type bridge && ip address del " + Lab.SERVER
                                + "/24 dev out0 && ip link set out0 master br0" + " && ip address add " + Lab.SERVER
                                + "/24 dev br0 && ip link set br0 up")
                .ok();
        try {
            Command refused = run(OUT0);
            assertEquals(1, refused.exit());
            assertTrue(
                    refused.out().contains("web0: nic: out0 is a port of br0 (bridge): name br0 instead"),
                    refused.out());
            try (DaemonProcess daemon = LAB.daemon(RULES.formatted("br0"))) {
                assertGuarded();
                assertEquals("ok\n", daemon.http("/healthz"));
            }
        } finally {
            sh("fw", "ip link del br0").ok();
            sh(
                            "fw",
                            "ip address replace " + Lab.SERVER + "/24 dev out0 && ip -6 address replace "
                                    + Lab.SERVER_V6 + "/64 dev out0 nodad")
                    .ok();
        }
    }

    @Test
    void aBondIsGuardedAndItsSlaveIsRefusedByName() throws IOException {
        boolean hasBonds =
                LAB.firewall("ip", "link", "add", "bond9", "type", "bond").exit() == 0;
        Assumptions.assumeTrue(hasBonds, "SKIPPED: this kernel has no bonds (module bonding)");
        try {
            sh("fw", "ip link add s0 type veth peer name s1 && ip link set s0 master bond9")
                    .ok();
            Command refused = run(RULES.formatted("s0"));
            assertTrue(refused.out().contains("s0 is a port of bond9 (bond): name bond9 instead"), refused.out());
            try (DaemonProcess daemon = LAB.daemon(RULES.formatted("bond9"))) {
                assertTrue(daemon.log().contains("bond9 ingress: program portcullis_in attached"), daemon.log());
            }
        } finally {
            sh("fw", "ip link del s0; ip link del bond9");
        }
    }

    @Test
    void aDeviceWithoutEthernetIsRefusedClearly() throws IOException {
        sh("fw", "ip tuntap add tun7 mode tun").ok();
        try {
            Command refused = run(RULES.formatted("tun7"));
            assertEquals(1, refused.exit());
            assertTrue(refused.out().contains("web0: nic: tun7 carries no Ethernet frames"), refused.out());
            assertTrue(run(RULES.formatted("lo")).out().contains("lo is the loopback device"));
        } finally {
            sh("fw", "ip tuntap del tun7 mode tun").ok();
        }
    }

    private static Command run(String yaml) throws IOException {
        Path folder = Files.createTempDirectory(LAB.folder(), "refused");
        Path file = Files.writeString(
                folder.resolve("portcullis.yaml"), yaml + "control: {socket: " + folder + "/run/control.sock}\n");
        return LAB.firewall(
                "timeout",
                "30",
                Lab.root().resolve("scripts/portcullis").toString(),
                "run",
                "--config",
                file.toString());
    }
}
