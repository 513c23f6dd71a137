package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Conversations;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Held;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ten times as many SYNs from unused addresses as the table has entries, while other connections work. */
@Tag("system")
final class FloodTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final int LIMIT = 20_000;
    private static final int SOURCES = 200_000;
    private static final int TALKERS = 500;

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 7000, from: any}]}
            conntrack: {max-flows: %d}
            """.formatted(LIMIT);

    @BeforeAll
    static void serve() {
        Held.serve(LAB);
    }

    @Test
    void aFloodEvictsOnlyItsOwnFlows() {
        try (DaemonProcess daemon = LAB.daemon(RULES, Home.WITH_WARM_UP);
                Held held = Held.begin(LAB, 0, TALKERS, 200)) {
            String mac =
                    LAB.server("cat", "/sys/class/net/eth0/address").ok().out().strip();
            Path log = LAB.file("flood", "");
            Process flood = LAB.startJava(
                    "client",
                    log,
                    SynFlood.class,
                    "eth0",
                    Integer.toString(SOURCES),
                    Lab.SERVER,
                    Integer.toString(Conversations.PORT),
                    mac);
            double most = 0;
            do {
                most = Math.max(most, daemon.metric("portcullis_flows{interface=\"web0\"}"));
                held.awaitMore();
            } while (flood.isAlive());
            assertEquals("", Lab.read(log));
            assertEquals(LIMIT, Math.max(most, daemon.metric("portcullis_flows{interface=\"web0\"}")));
            double evicted = daemon.metric("portcullis_flows_evicted_total"
                    + "{class=\"unreplied\",interface=\"web0\",state=\"tcp-syn-sent\"}");
            assertTrue(evicted > LIMIT, "evicted " + evicted);
            assertEquals(0, daemon.metric("portcullis_flows_refused_total{interface=\"web0\"}"));
            assertTrue(Held.letIn(LAB), "who comes now");
            held.assertWhole();
        }
    }
}
