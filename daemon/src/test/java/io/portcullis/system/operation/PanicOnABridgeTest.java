package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code panic} and {@code bypass} of a bridge. */
@Tag("system")
final class PanicOnABridgeTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, workers: 2, security-groups: [web], on-failure: open}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            failsafe: {ingress: [{protocol: tcp, ports: 8081, from: any}]}
            """;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080, 8081);
    }

    private static void assertOnly(int... ports) {
        for (int port : new int[] {80, 8080, 8081}) {
            boolean expected = false;
            for (int each : ports) {
                expected |= each == port;
            }
            assertEquals(expected, LAB.answers(port), "port " + port);
        }
    }

    @Test
    void panicAndBypassOfABridgeOutliveTheDaemon() {
        DaemonProcess daemon = LAB.daemon(RULES);
        assertOnly(80, 8081);
        daemon.cli("bypass", "web0", "--for", "1h").ok();
        assertOnly(80, 8080, 8081);
        daemon.cli("panic", "on", "--keep-failsafe").ok();
        assertOnly(8081);
        daemon.cli("panic", "on").ok();
        assertOnly();
        daemon.crash();
        assertOnly();
        daemon = daemon.again();
        assertOnly();
        daemon.terminate();
        assertOnly();
        daemon = daemon.again();
        assertOnly();
        daemon.cli("panic", "off").ok();
        // After the panic neither end may know the other's MAC address for a second.
        Lab.await("what passes in a bypass", () -> LAB.answers(80));
        assertOnly(80, 8080, 8081);
        daemon.cli("bypass", "web0", "--end").ok();
        assertOnly(80, 8081);
        daemon.crash();
        Lab.await("everything", () -> LAB.answers(8080));
        daemon = daemon.again();
        Lab.await("the rules", () -> LAB.answers(80) && !LAB.answers(8080));
        daemon.close();
        String shown = LAB.firewall("ip", "-d", "link", "show", "out0").ok().out();
        assertTrue(shown.contains("promiscuity 0"), shown);
        assertFalse(shown.contains("PROMISC"), shown);
    }
}
