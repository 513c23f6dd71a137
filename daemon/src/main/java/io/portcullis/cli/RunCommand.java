package io.portcullis.cli;

import io.portcullis.cli.daemon.Exit;
import io.portcullis.service.command.Foreground;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portcullis run}: the service's command; stays in the foreground until SIGTERM or SIGINT. */
@Command(name = "run", description = "Guard the interfaces of the configuration, in the foreground, until SIGTERM.")
final class RunCommand implements Callable<Integer> {
    /** systemd starts a crashed daemon again at once; a refused start would only repeat itself. */
    private static final Duration REFUSED_PAUSE = Duration.ofSeconds(2);

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
            description = "Start even if that cuts an ssh connection to this host that the rules do not admit.")
    private boolean allowLockout;

    @Override
    public Integer call() throws InterruptedException {
        return run(config, allowLockout, spec.commandLine().getErr());
    }

    /** Runs a daemon until it is stopped; the exit code of one that did not start. */
    static int run(Path config, boolean allowLockout, PrintWriter err) throws InterruptedException {
        boolean toJournal = System.getenv("JOURNAL_STREAM") != null;
        String notifySocket = Objects.requireNonNullElse(System.getenv("NOTIFY_SOCKET"), "");
        List<String> faults = Foreground.run(config.toAbsolutePath(), notifySocket, toJournal, allowLockout);
        String prefix = toJournal ? "<3>" : "portcullis: ";
        faults.forEach(fault -> err.println(prefix + fault));
        err.flush();
        if (!notifySocket.isEmpty()) {
            // Nothing is guarded by this process: nobody waits for it but systemd.
            Thread.sleep(REFUSED_PAUSE);
        }
        return Exit.NO;
    }
}
