package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The servers for metrics and for the command line do not affect the traffic, and they come back by themselves. */
@Tag("system")
final class ServersTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("out0", "");

    /** The command line's time limit for an answer, and the start of its JVM on a busy machine. */
    private static final long IN_TIME_S = 5 + 10;

    @BeforeAll
    static void servers() {
        LAB.nginx("server", 80, 8080);
    }

    private static boolean passes(int port) {
        return LAB.client("curl", "-s", "-m", "2", "http://" + Lab.SERVER + ":" + port)
                        .exit()
                == 0;
    }

    private static void assertRulesAreEnforced() {
        assertTrue(passes(80));
        assertFalse(passes(8080));
    }

    private static BooleanSupplier isHealthy(String server) {
        return () -> LAB.firewall("curl", "-s", "-m", "2", "http://" + server + "/healthz")
                .out()
                .equals("ok\n");
    }

    @Test
    void aPortInUseIsAwaited() {
        Path log = LAB.file("nc", "");
        Process taken = LAB.start("fw", log, "nc", "-lk", "127.0.0.1", "9750");
        Lab.await("nc", () -> LAB.firewall("nc", "-z", "127.0.0.1", "9750").exit() == 0);
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            assertRulesAreEnforced();
            String trouble = "metrics.listen 127.0.0.1:9750: address already in use by another process;"
                    + " change metrics.listen or stop it";
            assertTrue(daemon.log().contains(trouble), daemon.log());
            assertTrue(daemon.cli("status").ok().out().startsWith("DEGRADED: metrics: " + trouble + "\n"));
            taken.destroy();
            Lab.await("the metrics server", isHealthy("127.0.0.1:9750"));
            Lab.await("its news", () -> !daemon.cli("status").ok().out().contains("DEGRADED"));
            assertEquals(1, daemon.log().split("address already in use", -1).length - 1, daemon.log());
        } finally {
            taken.destroy();
        }
    }

    @Test
    void theMetricsAnswerAtAnAddressThatAppearsLater() {
        for (String address : new String[] {"198.51.100.77", "2001:db8:77::1"}) {
            boolean isV6 = address.contains(":");
            String server = (isV6 ? "[" + address + "]" : address) + ":9750";
            try (DaemonProcess daemon = LAB.daemon(RULES + "metrics: {listen: \"" + server + "\"}\n")) {
                assertRulesAreEnforced();
                assertFalse(isHealthy(server).getAsBoolean());
                assertFalse(daemon.status().path("degraded").toString().contains("metrics"), daemon.log());
                LAB.firewall("ip", "address", "add", address + (isV6 ? "/128" : "/32"), "dev", "lo")
                        .ok();
                Lab.await("the address", isHealthy(server));
            } finally {
                LAB.firewall("ip", "address", "flush", "to", address, "dev", "lo")
                        .ok();
            }
        }
    }

    @Test
    void aControlSocketThatSomebodyRemovesComesBack() throws IOException {
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            Files.delete(daemon.socket());
            Lab.await("another socket", () -> Files.exists(daemon.socket()));
            daemon.cli("status").ok();
            assertRulesAreEnforced();
        }
    }

    @Test
    void aDaemonThatHangsRunsIntoTheTimeLimit() {
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            daemon.signal("STOP");
            try {
                for (String command : new String[] {"status", "reload"}) {
                    long beganNs = System.nanoTime();
                    Command silent = daemon.cli(command);
                    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - beganNs);
                    assertEquals(3, silent.exit(), silent.out());
                    assertTrue(seconds <= IN_TIME_S, command + " took " + seconds + " s");
                    assertTrue(silent.out().contains("did not answer within 5 s"), silent.out());
                    assertEquals(
                            command.equals("reload"),
                            silent.out().contains("portcullis status shows how it ended"),
                            silent.out());
                }
            } finally {
                daemon.signal("CONT");
            }
            Lab.await("the reload", () -> daemon.generation() == 2);
        }
    }

    @Test
    void statusAnswersWhileALargeReloadRuns() {
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            // The daemon sees the edit by itself.
            daemon.write(RULES.replace("ingress: [", "ingress: [" + manyRules()));
            int answers = 0;
            long longestNs = 0;
            long generation = 1;
            while (generation == 1) {
                long askedNs = System.nanoTime();
                generation = daemon.generation();
                longestNs = Math.max(longestNs, System.nanoTime() - askedNs);
                answers++;
                assertTrue(answers < 10_000, daemon.log());
                Lab.pause(10);
            }
            assertTrue(answers > 2, "the reload was over before anybody asked");
            assertTrue(longestNs < TimeUnit.SECONDS.toNanos(5), "an answer took " + longestNs + " ns");
            assertRulesAreEnforced();
        }
    }

    private static String manyRules() {
        return IntStream.range(0, 100_000)
                .mapToObj(i -> "{protocol: udp, ports: " + (1 + i % 60_000) + ", from: 10." + (i >> 16) + "."
                        + (i >> 8 & 255) + "." + (i & 255) + "}, ")
                .collect(Collectors.joining());
    }
}
