package io.portcullis.service.command;

import io.portcullis.guard.StartException;
import io.portcullis.linux.ProcessEnd;
import io.portcullis.service.Daemon;
import io.portcullis.service.process.Logs;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Runs a daemon in this process until SIGTERM or SIGINT. */
public final class Foreground {
    /** The exit code of a daemon that was stopped: 128 and the number of SIGTERM, as a JVM has it. */
    private static final int STOPPED = 143;

    /** The longest wait for a reader of the log at the end. */
    private static final long LAST_LINES_MS = 1_000;

    private Foreground() {}

    /**
     * Starts the daemon and waits for ever: the stop ends the process with exit code 143.
     *
     * @param config the configuration
     * @param notifySocket the value of {@code NOTIFY_SOCKET}; empty: not set
     * @param toJournal true: log lines have the journal's priority prefix and no time
     * @param allowLockout true: also where the rules would drop the operator's own ssh session
     * @return the reasons why it did not start
     */
    public static List<String> run(Path config, String notifySocket, boolean toJournal, boolean allowLockout)
            throws InterruptedException {
        Logs.start(toJournal);
        Daemon daemon;
        try {
            daemon = Daemon.start(config, notifySocket.isEmpty() ? null : notifySocket, allowLockout);
        } catch (StartException e) {
            Logs.flush(LAST_LINES_MS);
            return e.faults();
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(daemon), "portcullis-stop"));
        new CountDownLatch(1).await();
        return List.of();
    }

    /** A restart waits for this end, and NICs are shut meanwhile. */
    private static void stop(Daemon daemon) {
        daemon.close();
        Logs.flush(LAST_LINES_MS);
        ProcessEnd.now(STOPPED);
    }
}
