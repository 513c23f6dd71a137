package io.portcullis.cli;

import io.portcullis.guard.StartException;
import io.portcullis.linux.ProcessEnd;
import io.portcullis.service.Daemon;
import io.portcullis.service.Logs;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portcullis run}: the service's command; stays in the foreground until SIGTERM or SIGINT. */
@Command(name = "run", description = "Guard the interfaces of the configuration, in the foreground, until SIGTERM.")
final class RunCommand implements Callable<Integer> {
    /** A log that nobody reads holds nobody up for longer. */
    private static final long LAST_LINES_MS = 1_000;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = "/etc/portcullis/portcullis.yaml",
            description = "The configuration (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path config;

    @Option(
            names = "--allow-lockout",
            description = "Start although that cuts an ssh connection to this host that the rules do not admit.")
    private boolean allowLockout;

    @Override
    public Integer call() throws InterruptedException {
        boolean toJournal = System.getenv("JOURNAL_STREAM") != null;
        Logs.start(toJournal);
        Daemon daemon;
        try {
            daemon = Daemon.start(config.toAbsolutePath(), System.getenv("NOTIFY_SOCKET"), allowLockout);
        } catch (StartException e) {
            Logs.flush(LAST_LINES_MS);
            PrintWriter err = spec.commandLine().getErr();
            String start = toJournal ? "<3>" : "portcullis: ";
            e.faults().forEach(fault -> err.println(start + fault));
            return Exit.NO;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(daemon), "portcullis-stop"));
        new CountDownLatch(1).await();
        return Exit.OK;
    }

    /** A restart waits for this end, and NICs are shut meanwhile. */
    private static void stop(Daemon daemon) {
        daemon.close();
        Logs.flush(LAST_LINES_MS);
        ProcessEnd.now(Exit.STOPPED);
    }
}
