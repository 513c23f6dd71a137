package io.portcullis.system.operation;

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

/** The memory of a daemon with the launcher's own options. */
@Tag("system")
final class MemoryTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final int BLOCKS = 200_000;

    /** After a large reload a daemon has more code and a larger symbol table than before; the list alone would take a hundred. */
    private static final long MOST_LEFT_KIB = 96 << 10;

    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+([0-9]+) kB");
    private static final Pattern FLOWS = Pattern.compile("Rss:\\s+([0-9]+) kB");

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: {prefix-list: many}}]}
            prefix-lists:
              many:
            """;

    private static String rules(int blocks) {
        return RULES
                + IntStream.range(0, blocks)
                        .mapToObj(i -> "    - 10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255) + "\n")
                        .collect(Collectors.joining());
    }

    @Test
    void theMemoryOfALargeConfigurationIsReleased() {
        try (DaemonProcess daemon = LAB.daemon(rules(1))) {
            long before = resident(daemon);
            daemon.editByRename(rules(BLOCKS));
            long large = resident(daemon);
            daemon.editByRename(rules(2));
            Lab.await(
                    "resident: " + before + " KiB at first, " + large + " KiB with the large one",
                    () -> resident(daemon) < before + MOST_LEFT_KIB);
        }
    }

    private static long resident(DaemonProcess daemon) {
        Matcher line =
                RESIDENT.matcher(Lab.read(Path.of("/proc/" + daemon.process().pid() + "/status")));
        assertTrue(line.find());
        return Long.parseLong(line.group(1));
    }

    /** A table for many flows takes memory only for the flows that it contains. */
    @Test
    void anEmptyFlowTableIsNotResident() {
        try (DaemonProcess daemon = LAB.daemon(rules(1) + "conntrack: {max-flows: 100000}\n")) {
            String maps = Lab.read(Path.of("/proc/" + daemon.process().pid() + "/smaps"));
            int table = maps.indexOf("/flows-web0/0");
            assertTrue(table > 0, "no flow table is mapped");
            Matcher resident = FLOWS.matcher(maps);
            assertTrue(resident.find(table));
            // 12.8 MB of entries
            assertTrue(Long.parseLong(resident.group(1)) < 1 << 10, resident.group());
        }
    }
}
