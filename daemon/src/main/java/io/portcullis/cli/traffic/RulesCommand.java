package io.portcullis.cli.traffic;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.daemon.TableCommand;
import io.portcullis.cli.text.JsonText;
import io.portcullis.cli.text.RulesText;
import io.portcullis.cli.text.TimeOption;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.traffic.RulesReport;
import io.portcullis.operations.traffic.RulesRequest;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis rules}: which rules are used, how often, when last, and since when that is counted. */
@Command(
        name = "rules",
        description =
                "List the rules in force and the entries of network ACLs with their hits: how many, when the last one"
                        + " was, since when they are counted.")
public final class RulesCommand extends TableCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            paramLabel = "GROUP",
            arity = "0..1",
            defaultValue = "",
            description = "Only the rules of this security group or network ACL, or of failsafe.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String group;

    @Option(
            names = "--interface",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Only the rules and the hits of this interface (default: the sum over all).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String interfaceName;

    @Option(
            names = "--unused",
            paramLabel = "TIME",
            description =
                    "Only rules without a hit in that time, such as 90d. Those that are not counted for so long yet are marked.")
    private @Nullable String unused;

    @Option(
            names = "--sort",
            paramLabel = "ORDER",
            defaultValue = "file",
            description = "file (as in the configuration), hits (most first), last (latest first) or name (default:"
                    + " ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String sort;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "1000",
            description = "How many at the most, up to 10000 (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        RulesRequest request;
        try {
            request = new RulesRequest(
                    group,
                    interfaceName,
                    TimeOption.millis("--unused", unused, "90d"),
                    RulesRequest.Order.of(sort),
                    limit);
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
        RulesReport report = daemon.ask("GET", "/v1/rules", request.query(), RulesReport.class);
        if (json) {
            out.println(JsonText.write(report));
        } else {
            RulesText.table(report, columns()).forEach(out::println);
        }
        return Exit.OK;
    }
}
