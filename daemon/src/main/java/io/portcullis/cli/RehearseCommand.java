package io.portcullis.cli;

import io.portcullis.cli.daemon.Exit;
import io.portcullis.service.command.Rehearsal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
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

    @Parameters(paramLabel = "FOLDER", description = "A folder of its own.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path folder;

    @Override
    public Integer call() throws IOException, InterruptedException {
        return end(Rehearsal.run(folder), spec);
    }

    private static int end(List<String> faults, CommandSpec spec) {
        PrintWriter err = spec.commandLine().getErr();
        faults.forEach(fault -> err.println("portcullis: " + fault));
        return faults.isEmpty() ? Exit.OK : Exit.NO;
    }

    /**
     * {@code portcullis rehearse-commands FOLDER}: runs what people and scripts run most, with the daemon of a rehearsal. Such a command
     * has a record of its own: the JVM links all classes of a record at its start, and a daemon needs many more.
     */
    @Command(
            name = "rehearse-commands",
            hidden = true,
            description = "For scripts/install: run commands with the daemon of a rehearsal.")
    static final class Commands implements Callable<Integer> {
        private static final String EXPLAIN =
                "explain --interface rehearsal --ingress --protocol tcp --from 198.51.100.7:40000 --to 10.0.0.1:443";

        private static final List<String> LINES = List.of(
                "version",
                "status --socket SOCKET",
                "status --json --socket SOCKET",
                EXPLAIN + " --socket SOCKET",
                EXPLAIN + " --json --socket SOCKET",
                EXPLAIN + " --file FILE",
                "drops --socket SOCKET",
                "drops --json --socket SOCKET",
                "rules --socket SOCKET",
                "rules --json --socket SOCKET",
                "flows --socket SOCKET",
                "flows top --interval 200ms --socket SOCKET",
                "history --socket SOCKET",
                "reload --dry-run --socket SOCKET",
                "check FILE");

        @Spec
        @SuppressWarnings("NullAway.Init") // picocli sets it
        private CommandSpec spec;

        @Parameters(paramLabel = "FOLDER", description = "The folder of the rehearsal.")
        @SuppressWarnings("NullAway.Init") // picocli sets it
        private Path folder;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (!Rehearsal.awaitStart(folder)) {
                return end(List.of("no daemon has started in " + folder), spec);
            }
            List<String> faults = new ArrayList<>();
            for (String line : LINES) {
                String[] arguments = line.replace(
                                "SOCKET", Rehearsal.socket(folder).toString())
                        .replace("FILE", Rehearsal.file(folder).toString())
                        .split(" ");
                StringWriter output = new StringWriter();
                PrintWriter writer = new PrintWriter(output);
                int code =
                        Cli.commandLine(arguments).setOut(writer).setErr(writer).execute(arguments);
                if (code != Exit.OK && code != Exit.NO) {
                    faults.add(line + " ends with " + code + ": " + output);
                }
            }
            Rehearsal.release(folder);
            return end(faults, spec);
        }
    }
}
