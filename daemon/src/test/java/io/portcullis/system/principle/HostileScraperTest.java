package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Attacks of unprivileged local users on a daemon with little memory. */
@Tag("system")
final class HostileScraperTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final int PEERS = 60;
    private static final int SECONDS = 20;

    /** The heap and Netty's buffers have 256 MiB each at most, the rest of the JVM less: the memory held must be below that. */
    private static final long MOST_RESIDENT_KIB = 640 << 10;

    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+([0-9]+) kB");

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]}
            security-groups:
              web:
                ingress:
            """
            + IntStream.rangeClosed(1, 5_000)
                    .mapToObj(port -> "      - {protocol: tcp, ports: " + port + ", from: any}\n")
                    .collect(Collectors.joining());

    @Test
    void peersThatRequestAndDoNotReadCostLittle() {
        try (DaemonProcess daemon = LAB.daemon(RULES, "PORTCULLIS_JAVA_OPTS=-Xmx256m")) {
            assertTrue(daemon.http("/metrics").contains("rule=\"web/ingress[5000]\""));
            Path said = LAB.file("scrapers", "");
            Process peers =
                    LAB.startJava("fw", said, DeafScrapers.class, Integer.toString(PEERS), Integer.toString(SECONDS));
            int answers = 0;
            while (peers.isAlive()) {
                // Within curl's 5 seconds; otherwise this throws.
                assertTrue(daemon.http("/metrics").contains("rule=\"web/ingress[5000]\""));
                assertEquals("ok\n", daemon.http("/healthz"));
                answers++;
                long resident = resident(daemon);
                assertTrue(resident < MOST_RESIDENT_KIB, "resident: " + resident + " KiB");
            }
            assertTrue(answers >= 3, answers + " answers within " + SECONDS + " s");
            assertTrue(Lab.read(said).startsWith("asked "), Lab.read(said));
            assertTrue(daemon.process().isAlive(), daemon.log());
            assertEquals(0, daemon.metric("portcullis_defects_total"), daemon.log());
        }
    }

    private static long resident(DaemonProcess daemon) {
        Matcher line =
                RESIDENT.matcher(Lab.read(Path.of("/proc/" + daemon.process().pid() + "/status")));
        assertTrue(line.find());
        return Long.parseLong(line.group(1));
    }
}
