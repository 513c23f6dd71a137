package io.portcullis.cli;

import io.portcullis.conntrack.TableHeader;
import io.portcullis.flowstore.TableFile;
import io.portcullis.flowstore.TableReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis flows verify FILE}: looks at a flow table without using it. */
@Command(name = "flows", description = "Look at the tracked connections.", subcommands = FlowsCommand.Verify.class)
final class FlowsCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: portcullis flows verify FILE");
    }

    @Command(name = "verify", description = "Say whether a flow table's file is whole, and what is in it.")
    static final class Verify implements Callable<Integer> {
        /** What is said of a file. */
        record Verified(
                String file,
                boolean valid,
                String fault,
                String interfaceName,
                int worker,
                int workers,
                int room,
                int flows,
                int replied,
                Map<String, Integer> states,
                boolean halfWritten,
                int damaged,
                java.util.List<String> faults) {}

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
            Verified verified = verify();
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(JsonText.write(verified));
            } else {
                print(verified, out);
            }
            return verified.valid() ? Exit.OK : Exit.NO;
        }

        private Verified verify() {
            try {
                TableReport report = TableFile.verify(file);
                TableHeader header = report.header();
                return new Verified(
                        file.toString(),
                        report.damaged() == 0,
                        "",
                        header.interfaceName(),
                        header.worker(),
                        header.workers(),
                        header.entries(),
                        report.flows(),
                        report.replied(),
                        new TreeMap<>(report.states()),
                        report.halfWritten(),
                        report.damaged(),
                        report.faults());
            } catch (IOException | TableHeader.UnknownTable e) {
                String fault = String.valueOf(e.getMessage());
                return new Verified(
                        file.toString(), false, fault, "", 0, 0, 0, 0, 0, Map.of(), false, 0, java.util.List.of());
            }
        }

        private static void print(Verified verified, PrintWriter out) {
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
}
