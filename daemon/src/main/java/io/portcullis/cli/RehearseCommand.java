package io.portcullis.cli;

import io.portcullis.cli.daemon.Exit;
import io.portcullis.service.command.Rehearsal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code portcullis rehearse FOLDER}: starts and stops a daemon in an empty network namespace, so that the JVM can record for {@code
 * scripts/install} which classes a start loads (JEP 483, 514, 515).
 */
@Command(
        name = "rehearse",
        hidden = true,
        description = "For scripts/install: start and stop in an empty network namespace.")
final class RehearseCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "FOLDER", description = "An empty folder.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path folder;

    @Override
    public Integer call() throws IOException {
        List<String> faults = Rehearsal.run(folder);
        PrintWriter err = spec.commandLine().getErr();
        faults.forEach(fault -> err.println("portcullis: " + fault));
        return faults.isEmpty() ? Exit.OK : Exit.NO;
    }
}
