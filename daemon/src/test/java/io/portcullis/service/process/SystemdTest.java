package io.portcullis.service.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.NotifySocket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SystemdTest {
    private static final long PID = 4711;

    @TempDir
    Path folder;

    private Systemd of(Map<String, String> environment) {
        return new Systemd(folder.resolve("notify").toString(), environment, PID);
    }

    @Test
    void theWatchdogIsFedTwiceInItsDeadline() throws ErrnoException {
        try (NotifySocket socket = NotifySocket.bind(folder.resolve("notify").toString())) {
            Systemd systemd = of(Map.of("WATCHDOG_USEC", "10000000", "WATCHDOG_PID", Long.toString(PID)));
            assertEquals(5_000, systemd.watchdogIntervalMs());
            systemd.alive();
            assertEquals("WATCHDOG=1", socket.heard());
            systemd.status("two interfaces\nforward");
            assertEquals("STATUS=two interfaces forward", socket.heard());
            assertEquals("", socket.heard());
        }
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", textBlock = """
            -,          -,      0
            3000000,    -,      1500
            3000000,    4711,   1500
            3000000,    4712,   0
            3000000,    '',     0
            -1,         4711,   0
            soon,       4711,   0
            """)
    void onlyIfTheWatchdogIsMeantForThisProcess(String usec, String pid, long expectedMs) throws ErrnoException {
        Map<String, String> environment = new HashMap<>();
        if (usec != null) {
            environment.put("WATCHDOG_USEC", usec);
        }
        if (pid != null) {
            environment.put("WATCHDOG_PID", pid);
        }
        try (NotifySocket socket = NotifySocket.bind(folder.resolve("notify").toString())) {
            Systemd systemd = of(environment);
            assertEquals(expectedMs, systemd.watchdogIntervalMs());
            systemd.alive();
            assertEquals(expectedMs == 0 ? "" : "WATCHDOG=1", socket.heard());
        }
    }

    @Test
    void withoutASocketThereAreNoMessages() {
        Systemd systemd = new Systemd(null, Map.of("WATCHDOG_USEC", "10000000"), PID);
        assertEquals(0, systemd.watchdogIntervalMs());
        systemd.alive();
    }
}
