package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.Conversations;
import io.portcullis.system.Hammer;
import io.portcullis.system.Held;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Standard error is a pipe that nobody reads, and every drop is logged: the daemon still does all its work. */
@Tag("system")
final class UnreadLogTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String PROGRAM =
            Lab.root().resolve("scripts/portcullis").toString();
    private static final long END_S = 15;

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, adopt-established: false, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: %d, from: any}]}
            log: {drops: all}
            control: {socket: %s}
            """;

    @BeforeAll
    static void serve() {
        Held.serve(LAB);
    }

    private static Command ask(Path socket, String command, String... more) {
        List<String> words = new ArrayList<>(List.of("timeout", "10", PROGRAM, command, "--socket", socket.toString()));
        words.addAll(Arrays.asList(more));
        return LAB.firewall(words.toArray(String[]::new));
    }

    @Test
    void aLogThatNobodyReadsBlocksNothing() throws IOException, InterruptedException {
        Path home = Files.createDirectory(LAB.folder().resolve("unread"));
        Path socket = home.resolve("run/control.sock");
        Path config = home.resolve("portcullis.yaml");
        Files.writeString(config, RULES.formatted(Conversations.PORT, socket));
        // A FIFO opened for reading and writing has a reader that never reads: 64 KiB fit.
        Process daemon = LAB.start(
                "fw",
                LAB.file("unread.out", ""),
                "sh",
                "-c",
                "mkfifo \"$0/log\" && exec 3<>\"$0/log\" && exec \"$1\" run --config \"$2\" 2>&3",
                home.toString(),
                PROGRAM,
                config.toString());
        // The socket answers before the NIC is guarded.
        Lab.await("the start", () -> !daemon.isAlive() || health().equals("200"));
        assertTrue(daemon.isAlive(), "the daemon ended");
        Hammer hammer = new Hammer(LAB, "server", Lab.SERVER);
        try {
            Lab.await("more drops than lines fit", () -> dropped() > 10_000);
            assertTrue(Held.letIn(LAB), "admitted traffic passes");
            assertEquals(0, hammer.received());

            // Address changes are logged by the thread that every reload waits for.
            LAB.firewall("ip", "address", "add", "203.0.113.81/32", "dev", "out0")
                    .ok();
            LAB.firewall("ip", "address", "del", "203.0.113.81/32", "dev", "out0")
                    .ok();

            Files.writeString(config, RULES.formatted(Conversations.PORT + 1, socket));
            ask(socket, "reload").ok();
            assertFalse(Held.letIn(LAB), "the new rules are in force");
            Files.writeString(config, RULES.formatted(Conversations.PORT, socket));
            ask(socket, "reload").ok();
            assertTrue(Held.letIn(LAB), "the newest rules are in force");
            assertEquals("200", health());

            daemon.destroy();
            assertTrue(daemon.waitFor(END_S, TimeUnit.SECONDS), "SIGTERM ends it");
            hammer.strike();
            assertEquals(0, hammer.received(), "and what is shut stays shut");
        } finally {
            hammer.stop();
            daemon.destroyForcibly();
            ask(socket, "detach").ok();
        }
    }

    private static String health() {
        return LAB.statusOf("http://127.0.0.1:9750/healthz");
    }

    private static double dropped() {
        return LAB.get("http://127.0.0.1:9750/metrics")
                .out()
                .lines()
                .filter(line -> line.startsWith("portcullis_packets_total{") && line.contains("verdict=\"drop\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
