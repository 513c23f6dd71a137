package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The packaged program with a daemon that is frozen: it takes connections, and answers none. */
@Tag("system")
final class FrozenDaemonTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    /** 5 s, the start of a JVM, and a busy machine. */
    private static final long LIMIT_S = 20;

    private static final int UNREACHABLE = 3;

    @Test
    void commandsAndStreamsEndAndSaySo() throws Exception {
        DaemonProcess daemon = LAB.daemon(Lab.webServer("out0", ""));
        Path log = LAB.file("drops", "");
        Process stream = LAB.start(
                "fw",
                log,
                Lab.root().resolve("scripts/portcullis").toString(),
                "drops",
                "--follow",
                "--since",
                "1m",
                "--socket",
                daemon.socket().toString());
        Lab.await("a drop in the stream", () -> {
            assertTrue(!LAB.answers(8443));
            return Lab.read(log).contains(":8443 SYN");
        });
        daemon.signal("STOP");
        try {
            long beganNs = System.nanoTime();
            Command status = daemon.cli("status");
            assertEquals(UNREACHABLE, status.exit(), status.out());
            assertTrue(status.out().contains("did not answer within 5 s; it is busy or hangs"), status.out());
            assertTrue(System.nanoTime() - beganNs < TimeUnit.SECONDS.toNanos(LIMIT_S), status.out());
            assertTrue(stream.waitFor(LIMIT_S, TimeUnit.SECONDS), () -> Lab.read(log));
            assertEquals(UNREACHABLE, stream.exitValue(), () -> Lab.read(log));
            assertTrue(Lab.read(log).contains("did not answer within 5 s"), () -> Lab.read(log));
            Command detach = daemon.cli("detach");
            assertEquals(1, detach.exit(), detach.out());
            assertTrue(detach.out().contains("a daemon runs: "), detach.out());
        } finally {
            daemon.signal("CONT");
        }
        daemon.cli("status").ok();
        daemon.close();
    }
}
