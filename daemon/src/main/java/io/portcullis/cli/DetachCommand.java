package io.portcullis.cli;

import io.portcullis.control.Unreachable;
import io.portcullis.intercept.Restoration;
import io.portcullis.intercept.Restored;
import io.portcullis.service.FlowFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portcullis detach}: gives NICs back as they were, which a daemon that stops does not do where shut is to stay shut. */
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

    @Option(names = "--all", description = "All interfaces that are noted beside the socket; the same as without.")
    @SuppressWarnings("UnusedVariable") // scripts say it; there is nothing else to choose from yet
    private boolean all;

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        try {
            daemon.ask("GET", "/v1/version", Object.class);
            err.println("portcullis: a daemon answers on " + daemon.path() + ": stop it first");
            return Exit.NO;
        } catch (DaemonSocket.Refused e) {
            err.println("portcullis: a daemon runs: " + e.getMessage());
            return Exit.NO;
        } catch (Unreachable e) {
            if (!e.isNobodyThere()) {
                err.println("portcullis: a daemon may be running: " + e.getMessage());
                return Exit.NO;
            }
        }
        Path parent = daemon.path().getParent();
        Path folder = parent == null ? Path.of("/") : parent;
        Restored restored = Restoration.detachAll(folder);
        try {
            FlowFile.removeAll(folder);
        } catch (IOException e) {
            err.println("portcullis: flow tables are not removed: " + e.getMessage());
        }
        restored.lines().forEach(spec.commandLine().getOut()::println);
        restored.faults().forEach(fault -> err.println("portcullis: " + fault));
        return restored.faults().isEmpty() ? Exit.OK : Exit.NO;
    }
}
