package io.portcullis.cli.traffic;

import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.flowstore.VerifiedTable;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis flows verify FILE}: checks the file of a flow table, and changes nothing. */
@Command(name = "verify", description = "Check the file of a flow table, and summarise its flows.")
final class FlowsVerifyCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "A table, such as /run/portcullis/flows-web0/0.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path file;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        VerifiedTable verified = VerifiedTable.of(file);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonText.write(verified));
        } else {
            print(verified, out);
        }
        return verified.valid() ? Exit.OK : Exit.NO;
    }

    private static void print(VerifiedTable verified, PrintWriter out) {
        if (!verified.fault().isEmpty()) {
            out.println(verified.file() + ": " + verified.fault());
            return;
        }
        out.println(verified.file() + ": " + (verified.valid() ? "whole" : verified.damaged() + " damaged entries")
                + ": " + verified.interfaceName() + ", worker " + verified.worker() + " of " + verified.workers()
                + ", " + verified.flows() + " flows of " + verified.room() + ", " + verified.replied()
                + " with a reply");
        if (!verified.states().isEmpty()) {
            out.println("  "
                    + verified.states().entrySet().stream()
                            .map(state -> state.getKey() + " " + state.getValue())
                            .collect(Collectors.joining(", ")));
        }
        if (verified.halfWritten()) {
            out.println("  one entry was being written; the next start has it as it was before");
        }
        verified.faults().forEach(fault -> out.println("  " + fault));
    }
}
