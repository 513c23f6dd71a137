package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.flowstore.TableReport;
import io.portcullis.system.Command;
import io.portcullis.system.Conversations;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Held;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Connections outlive the daemon, however it ends and starts again; and nobody else gets in meanwhile. */
@Tag("system")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SurvivalWalk {
    private static final int KILLS = 20;
    private static final int IDLE = 1_000;
    private static final int FEW = 50;
    private static final long MEGABYTES = 2 << 20;

    private static final String OLD_RULE = "{protocol: tcp, ports: 7000-7001, from: any}";
    private static final String NO_RULE = "{protocol: tcp, ports: 7001, from: any}";
    private static final String HAMMERED = "{protocol: udp, ports: " + Hammer.PORT + ", from: any}";

    @RegisterExtension
    final Lab lab;

    private final String keys;
    private Hammer hammer;
    private DaemonProcess daemon;

    /** {@code keys}: those of the interface except its groups. */
    SurvivalWalk(Lab lab, String keys) {
        this.lab = lab;
        this.keys = keys;
    }

    @BeforeAll
    void serve() {
        for (String end : new String[] {"client", "server"}) {
            lab.at(
                            end,
                            "ethtool",
                            "-K",
                            end.equals("client") ? "eth0" : serverNic(),
                            "tx",
                            "on",
                            "tso",
                            "on",
                            "gso",
                            "on")
                    .ok();
        }
        Held.serve(lab);
    }

    private String serverNic() {
        return lab.server("ip", "link", "show", "eth0").exit() == 0 ? "eth0" : "out0";
    }

    @BeforeEach
    void start() {
        hammer = new Hammer(lab, "server", Lab.SERVER);
        daemon = lab.daemon(rules("", OLD_RULE));
    }

    @AfterEach
    void stop() {
        daemon.close();
        hammer.stop();
    }

    private String rules(String more, String... rules) {
        return "version: 1\ninterfaces:\n  web0: {" + keys + more + ", security-groups: [web]}\nsecurity-groups:\n"
                + "  web: {ingress: [" + String.join(", ", rules) + "]}\nconntrack: {max-flows: 4000}\n";
    }

    private double takenUp() {
        return daemon.metric("portcullis_flows_taken_up_total{interface=\"web0\"}");
    }

    /** The kernel of a host may know more connections, whose clients have gone. */
    private void assertTakenUp(int held) {
        double flows = takenUp();
        assertTrue(flows >= held, "adopted " + flows);
    }

    /** Nothing has got through since the daemon's start, though it was sent all the time. */
    private void assertNobodyGotIn(long since) {
        hammer.strike();
        assertEquals(since, hammer.received());
        daemon.edit(rules("", NO_RULE, HAMMERED));
        hammer.awaitThrough();
    }

    @Test
    void nothingIsNoticedOfTwentyKills() {
        long seed = System.nanoTime();
        System.out.println(getClass().getSimpleName() + ": seed " + seed);
        Random random = new Random(seed);
        hammer.strike();
        long since = hammer.received();
        try (Held held = Held.begin(lab, IDLE, 1, 50)) {
            for (int kill = 1; kill <= KILLS; kill++) {
                Lab.pause(random.nextInt(400));
                daemon.crash();
                TableReport left = daemon.table(0);
                assertEquals(0, left.damaged(), () -> "seed " + seed + ": " + left.faults());
                assertTrue(left.replied() >= IDLE + 2, () -> "seed " + seed + ": " + left);
                if (kill == KILLS / 2) {
                    Command verify = daemon.flows("verify", daemon.tableFile(0).toString())
                            .ok();
                    assertTrue(verify.out().contains(": whole: web0, worker 0 of 1, "), verify.out());
                    daemon.write(rules("", NO_RULE));
                }
                daemon = daemon.again();
                // Every second time it is killed again before TCP can have retransmitted.
                if (kill % 2 == 0) {
                    held.awaitMore();
                }
            }
            held.assertWhole();
            assertTakenUp(IDLE + 2);
            assertFalse(Held.letIn(lab));
            Command explain = daemon.cli(
                    "explain",
                    "--interface",
                    "web0",
                    "--ingress",
                    "--protocol",
                    "tcp",
                    "--from",
                    held.established().getFirst(),
                    "--to",
                    Lab.SERVER + ":" + Conversations.PORT);
            assertTrue(explain.ok().out().contains("rule (earlier rule)"), explain.out());
            assertNobodyGotIn(since);
        }
    }

    @Test
    void aPlannedRestartWithMoreOrFewerWorkersIsNotNoticed() {
        hammer.strike();
        long since = hammer.received();
        try (Held held = Held.begin(lab, FEW, 2, 50)) {
            for (int workers : new int[] {1, 2, 1}) {
                daemon.terminate();
                daemon.write(rules(", workers: " + workers, OLD_RULE));
                daemon = daemon.again();
                held.assertWhole();
                assertTakenUp(FEW + 3);
                assertEquals(workers, filesOfTables());
            }
            assertTrue(daemon.log().contains("flows of 2 workers are distributed among 1"), daemon.log());
            assertNobodyGotIn(since);
        }
    }

    private long filesOfTables() {
        try (Stream<Path> files = Files.list(daemon.tableFile(0).getParent())) {
            return files.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void withOnFailureOpenConnectionsGoOnPastADeadDaemonAndUnderTheNextOne() {
        daemon.terminate();
        daemon.write(rules(", on-failure: open", OLD_RULE));
        daemon = daemon.again();
        try (Held held = Held.begin(lab, FEW, 2, 50)) {
            daemon.crash();
            held.awaitMore(MEGABYTES);
            hammer.awaitThrough();
            daemon = daemon.again();
            held.awaitMore(MEGABYTES);
            held.assertWhole();
            assertTakenUp(FEW + 3);
            daemon.terminate();
            daemon = daemon.again();
            held.assertWhole();
            assertTakenUp(FEW + 3);
            hammer.strike();
            long since = hammer.received();
            hammer.strike();
            assertEquals(since, hammer.received());
        }
    }

    @Test
    void afterDetachNothingIsKnown() throws IOException {
        try (Held held = Held.begin(lab, FEW, 1, 50)) {
            daemon.terminate();
            Path folder = daemon.tableFile(0).getParent();
            byte[] kept = Files.readAllBytes(daemon.tableFile(0));
            daemon.cli("detach").ok();
            assertFalse(Files.exists(folder));

            // Simulates tables that could not be removed.
            Files.createDirectory(folder);
            Files.write(daemon.tableFile(0), kept);
            daemon.write(rules(freshKeys(), OLD_RULE));
            daemon = daemon.again();
            assertTrue(
                    daemon.log().contains("its traffic has passed unguarded: the flows of the last run are dropped"),
                    daemon.log());
            assertEquals(0, takenUp());
            Lab.await(
                    "segments of no known connection",
                    () -> daemon.metric(
                                    "portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"tcp-no-syn\"}")
                            > 0);
            long streamed = held.streamed();
            hammer.strike();
            assertEquals(streamed, held.streamed());
        }
    }

    /** Keys without which a start would learn connections from elsewhere. */
    String freshKeys() {
        return "";
    }
}
