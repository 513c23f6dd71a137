package io.portcullis.cli.traffic;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.daemon.TableCommand;
import io.portcullis.cli.text.JsonText;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.traffic.FlowsReport;
import io.portcullis.operations.traffic.FlowsRequest;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code portcullis flows}: who is connected. */
@Command(
        name = "flows",
        description =
                "List the tracked connections: their packets and bytes of both directions, age, idle time, and the rule that"
                        + " has admitted them.",
        subcommands = {FlowsTopCommand.class, FlowsFlushCommand.class, FlowsVerifyCommand.class})
public final class FlowsCommand extends TableCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final FlowFilter filter = new FlowFilter();

    @Option(
            names = "--sort",
            paramLabel = "ORDER",
            defaultValue = "bytes",
            description =
                    "bytes or packets (most first), age (oldest first), new (youngest first) or idle (longest first)"
                            + " (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String sort;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "50",
            description = "How many at the most, up to 10000 (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        FlowsRequest request;
        try {
            request = new FlowsRequest(filter.conditions(), FlowsRequest.Order.of(sort), limit);
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
        FlowsReport report = daemon.ask("GET", "/v1/flows", request.query(), FlowsReport.class);
        if (json) {
            out.println(JsonText.write(report));
        } else {
            new FlowsText(columns()).of(report).forEach(out::println);
        }
        return Exit.OK;
    }
}
