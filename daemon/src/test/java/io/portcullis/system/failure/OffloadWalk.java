package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An interface with {@code offload: auto} while the daemon runs, is dead, comes back, and leaves. */
@Tag("system")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OffloadWalk {
    @RegisterExtension
    final Lab lab;

    private final String rules;
    private Path memory = Path.of("/");

    /** {@code keys}: of the interface. */
    OffloadWalk(Lab lab, String keys) {
        this.lab = lab;
        this.rules = """
                version: 1
                interfaces:
                  web0: {%s, security-groups: [web], offload: auto%%s}
                security-groups:
                  web: {ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: icmp, type: echo-request, from: any}]}
                """.formatted(keys);
    }

    @BeforeAll
    void servers() {
        memory = lab.bpffs().resolve("web0");
        lab.nginx("server", 80, 8080);
    }

    @AfterEach
    void detach() {
        lab.endDaemons();
    }

    private String rules(String more) {
        return rules.formatted(more);
    }

    private static String offload(DaemonProcess daemon) {
        return daemon.status().path("interfaces").path(0).path("offload").asText();
    }

    private boolean hasTaps() {
        return lab.firewall("ip", "link", "show", "pct-web0").exit() == 0;
    }

    private void assertGuarded() {
        Lab.await("what is admitted", () -> lab.answers(80));
        assertFalse(lab.answers(8080));
    }

    @Test
    void itIsGuardedThroughTheTapsUntilItIsDetached() {
        try (DaemonProcess daemon = lab.daemon(rules(""))) {
            assertEquals("on", offload(daemon));
            assertTrue(hasTaps());
            assertTrue(Files.exists(memory));
            assertGuarded();
            assertTrue(daemon.cli("status").out().contains("ring, offload"));
            assertTrue(daemon.log().contains("web0: offload: on"), daemon.log());
            Command big = lab.client(
                    "curl",
                    "-s",
                    "-m",
                    "20",
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{size_download}",
                    "http://" + Lab.SERVER + "/big");
            assertEquals("1048576", big.ok().out());
        }
        lab.endDaemons();
        assertFalse(hasTaps());
        assertFalse(Files.exists(memory));
        assertTrue(lab.answers(8080) || !isHost(), "unguarded");
    }

    private boolean isHost() {
        return rules.contains("mode: host");
    }

    @Test
    void nobodyNewPassesWhileTheDaemonIsDeadAndItComesBackAsItWas() {
        DaemonProcess daemon = lab.daemon(rules(""));
        assertGuarded();
        for (int i = 0; i < 3; i++) {
            daemon.crash();
            assertFalse(lab.answers(80));
            assertTrue(hasTaps());
            daemon = daemon.again();
            assertEquals("on", offload(daemon));
            assertGuarded();
        }
    }

    /** Programs in the kernel carry them: no echo is lost, and nobody new gets in. */
    @Test
    void whatTheKernelCarriesGoesOnWhileTheDaemonIsDead() throws InterruptedException {
        DaemonProcess daemon = lab.daemon(rules(""));
        assertGuarded();
        Path log = lab.folder().resolve("echoes-" + rules.hashCode());
        Process ping = lab.start("client", log, "ping", "-i", "0.02", Lab.SERVER);
        DaemonProcess first = daemon;
        Lab.await(
                "the kernel carries the echoes",
                () -> first.metric("portcullis_offloaded_packets_total{interface=\"web0\"}") > 50);
        for (int i = 0; i < 3; i++) {
            daemon.crash();
            assertFalse(lab.answers(80));
            daemon = daemon.again();
            assertGuarded();
        }
        daemon.terminate();
        daemon.again();
        assertGuarded();
        Command.run("kill", "-INT", Long.toString(ping.pid())).ok();
        assertTrue(ping.waitFor(30, TimeUnit.SECONDS));
        String said = Lab.read(log);
        assertTrue(said.contains(" 0% packet loss"), said.substring(Math.max(0, said.length() - 400)));
    }

    @Test
    void aTapThatSomebodyRemovesComesBack() {
        DaemonProcess daemon = lab.daemon(rules(""));
        assertGuarded();
        lab.firewall("ip", "link", "del", "pct-web0").ok();
        Lab.await("traffic", () -> lab.answers(80));
        daemon.awaitHealth();
        assertGuarded();
    }

    @Test
    void withTwoWorkersItIsOffAndSaysWhy() {
        DaemonProcess daemon = lab.daemon(rules(", workers: 2"));
        assertTrue(offload(daemon).startsWith("off: it needs one worker"), offload(daemon));
        assertFalse(hasTaps());
        assertTrue(daemon.cli("status").out().contains("web0 has no offload: it needs one worker"));
        assertTrue(daemon.log().contains("web0: offload: off: it needs one worker"), daemon.log());
        assertGuarded();
    }

    @Test
    void aChangeNeedsARestart() {
        DaemonProcess daemon = lab.daemon(rules(""));
        daemon.write(rules("").replace("offload: auto", "offload: off"));
        Command reload = daemon.cli("reload");
        assertEquals(1, reload.exit());
        assertTrue(reload.out().contains("another offload needs a restart (now auto)"), reload.out());
        daemon.terminate();
        DaemonProcess second = daemon.again();
        assertEquals("off", offload(second));
        assertFalse(hasTaps());
        assertFalse(Files.exists(memory));
        assertGuarded();
    }
}
