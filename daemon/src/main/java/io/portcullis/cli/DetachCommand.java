package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.service.command.Detach;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portcullis detach}: restores NICs, which a daemon that stops does not do where {@code on-failure} is closed. */
@Command(
        name = "detach",
        description =
                "Give NICs back as they were: what a stopped or crashed daemon has left shut. Not while one runs.")
final class DetachCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final DaemonSocket daemon = new DaemonSocket();

    @Option(names = "--all", description = "All interfaces that have been guarded; the same as without.")
    @SuppressWarnings("UnusedVariable") // scripts pass it; there is no other choice yet
    private boolean all;

    @Option(
            names = "--despite-panic",
            description = "Also while panic is on. The next start of the daemon shuts the NICs again.")
    private boolean despitePanic;

    @Override
    public Integer call() throws InterruptedException {
        Detach detach = new Detach(
                daemon.path(),
                spec.commandLine().getParseResult().hasMatchedOption("--socket"),
                despitePanic,
                spec.commandLine().getOut(),
                spec.commandLine().getErr());
        return detach.run() ? Exit.OK : Exit.NO;
    }
}
