package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Held;
import io.portcullis.system.Lab;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Reload after reload while 200 connections talk and one streams: no connection breaks, and no frame is lost.
 */
@Tag("system")
final class ReloadsUnderTrafficTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final int LARGE = 10_000;
    private static final int LARGE_RELOADS = 8;
    private static final int SMALL = 100;
    private static final int SMALL_RELOADS = 30;

    @BeforeAll
    static void server() {
        Held.serve(LAB);
    }

    /** Rules of two groups: one admits the connections of the test, the other has as many rules and differs by version. */
    private static String rules(int count, int version) {
        Random random = new Random(7);
        StringBuilder yaml = new StringBuilder("""
                version: 1
                interfaces:
                  web0: {%s, security-groups: [web, many]}
                security-groups:
                  web: {ingress: [{protocol: tcp, ports: 7000, from: any}]}
                  many:
                    ingress:
                      - {protocol: udp, ports: %d, from: any}
                """.formatted(Lab.bridge("ring"), 9_000 + version));
        for (int i = 0; i < count; i++) {
            int low = random.nextInt(60_000);
            yaml.append(String.format(
                    "      - {protocol: tcp, ports: %d-%d, from: 10.%d.%d.0/24}%n",
                    low, low + random.nextInt(5_000), random.nextInt(256), random.nextInt(256)));
        }
        return yaml.toString();
    }

    private static double lost(DaemonProcess daemon) {
        return daemon.http("/metrics")
                .lines()
                .filter(line -> line.startsWith("portcullis_port_lost_frames_total{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void noConnectionBreaksAndNoFrameIsLost() {
        try (DaemonProcess daemon = LAB.daemon(rules(SMALL, 0));
                Held held = Held.begin(LAB, 100, 100, 50)) {
            double before = lost(daemon);
            for (int i = 1; i <= LARGE_RELOADS; i++) {
                daemon.editByRename(rules(LARGE, i % 2));
            }
            held.awaitMore();
            for (int i = 1; i <= SMALL_RELOADS; i++) {
                daemon.write(rules(SMALL, i % 2));
                daemon.cli("reload").ok();
            }
            held.awaitMore();
            held.assertWhole();
            assertEquals(before, lost(daemon), daemon.http("/metrics"));
            assertTrue(daemon.generation() > LARGE_RELOADS + SMALL_RELOADS, daemon.log());
            assertTrue(daemon.health().isOk(), daemon.log());
        }
    }
}
