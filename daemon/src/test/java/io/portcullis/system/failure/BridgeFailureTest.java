package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.EchoScripts;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A bridge after the daemon's death; and this host's own stack stays off its wire. */
@Tag("system")
final class BridgeFailureTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void nothingIsLeft() {
        for (String nic : new String[] {"out0", "in0"}) {
            String shown = LAB.firewall("ip", "-d", "link", "show", nic).ok().out();
            assertTrue(shown.contains("promiscuity 0"), shown);
            assertFalse(shown.contains("PROMISC"), shown);
        }
    }

    @Test
    void anInterfaceHasOneThreadBesidesItsWorkers() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", workers: 2, link-state: follow"))) {
            assertTrue(LAB.answers(80));
            List<String> threads = daemon.threads().stream()
                    .filter(name -> name.matches("portcullis-(keep|link|nics|hotp|watc|web0).*"))
                    .toList();
            // The daemon has one thread for the kernel's events; "watc" watches the configuration's files.
            assertEquals(
                    List.of(
                            "portcullis-hotp",
                            "portcullis-keep",
                            "portcullis-nics",
                            "portcullis-watc",
                            "portcullis-web0",
                            "portcullis-web0"),
                    threads);
        }
    }

    @Test
    void openForwardsWhenTheDaemonIsDeadAndNotBefore() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open"));
        assertTrue(LAB.answers(80));
        assertFalse(LAB.answers(8080));
        daemon.crash();
        Lab.await("everything", () -> LAB.answers(8080));
        daemon = daemon.again();
        Lab.await("the rules", () -> LAB.answers(80) && !LAB.answers(8080));
        daemon.close();
        assertFalse(LAB.answers(80), "the bridge is taken away with the daemon");
    }

    @Test
    void closedForwardsNothingAndKeepsTheStackOffTheWire() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        assertTrue(LAB.answers(80));
        // With an address, the host's stack could send on the wire: its frames have no mark.
        LAB.firewall("ip", "address", "add", "203.0.113.99/24", "dev", "in0").ok();
        assertEquals(1, LAB.firewall("ping", "-c", "1", "-W", "1", Lab.SERVER).exit());
        assertEquals(1, LAB.server("ping", "-c", "1", "-W", "1", "203.0.113.99").exit());
        assertFalse(
                LAB.server("ip", "neigh", "show", "203.0.113.99").out().contains("lladdr"),
                "not even an ARP reply has left");
        assertTrue(LAB.answers(80));
        LAB.firewall("ip", "address", "del", "203.0.113.99/24", "dev", "in0").ok();
        daemon.crash();
        assertFalse(LAB.answers(80));
        daemon = daemon.again();
        Lab.await("the rules", () -> LAB.answers(80));
        daemon.close();
    }

    @Test
    void aConversationIsAdoptedAfterACrash() {
        Path echo = LAB.file("echo", "");
        LAB.start("server", echo, "perl", "-e", EchoScripts.SERVER);
        Lab.await("the echo", () -> Lab.read(echo).contains("ready"));
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", learn: 60s").replace("ports: 80", "ports: [80, 7000]"));
        Path said = LAB.file("talk", "");
        LAB.start("client", said, "perl", "-e", EchoScripts.CLIENT, Lab.SERVER);
        Lab.await("the conversation", () -> Lab.read(said).contains("2\n"));
        daemon.crash();
        daemon = daemon.again();
        int before = Lab.read(said).length();
        Lab.await("more of it", () -> Lab.read(said).length() > before + 20);
        assertFalse(LAB.answers(8080));
        daemon.close();
    }

    @Test
    void aNicThatIsMadeAgainGetsItsProgramsAgain() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", link-state: ignore"))) {
            assertTrue(LAB.answers(80));
            LAB.removeServerNic();
            LAB.makeServerNic();
            Lab.await("traffic", () -> LAB.answers(80));
            Lab.await(
                    "its programs",
                    () -> daemon.log()
                                    .lines()
                                    .filter(line -> line.contains("in0 ingress: program"))
                                    .count()
                            == 2);
            assertFalse(LAB.answers(8080));
            assertEquals(1, daemon.metric("portcullis_interception_intact{interface=\"web0\"}"));
        }
    }
}
