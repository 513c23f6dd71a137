package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.EmergencyText;
import io.portcullis.cli.text.TimeOption;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.EmergencyReport;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis bypass}: lets everything pass one interface for a time. */
@Command(
        name = "bypass",
        description =
                "Let everything pass one interface unfiltered for a time, to learn whether the firewall is the culprit.")
final class BypassCommand extends DaemonCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "INTERFACE", description = "Its name in the configuration.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String interfaceName;

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Span span;

    /** Until when. */
    private static final class Span {
        @Option(
                names = "--for",
                paramLabel = "TIME",
                description = "A number and its unit, ms, s, m, h or d, such as 5m; at most 24h.")
        private @Nullable String time;

        @Option(names = "--end", description = "End it now.")
        @SuppressWarnings("UnusedVariable") // without a time it is meant
        private boolean end;
    }

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        BypassRequest request;
        try {
            request = new BypassRequest(interfaceName, TimeOption.millis("--for", span.time, "5m"));
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
        EmergencyReport report = daemon.ask("POST", "/v1/bypass", request.query(), EmergencyReport.class);
        EmergencyText.print(report, json, out, err);
        return report.ok() ? Exit.OK : Exit.NO;
    }
}
