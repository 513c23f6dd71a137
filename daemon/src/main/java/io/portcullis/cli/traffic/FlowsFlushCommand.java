package io.portcullis.cli.traffic;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.cli.text.TerminalWidth;
import io.portcullis.diagnose.SshConnection;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code portcullis flows flush}: ends flows. */
@Command(
        name = "flush",
        description =
                "End the flows that meet all conditions: at least one, or --all. What they send next is judged as the first"
                        + " packet of a new flow. A TCP connection has to be opened anew, unless tcp-strict is off.")
final class FlowsFlushCommand extends DaemonCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final FlowFilter filter = new FlowFilter();

    @Option(names = "--all", description = "End all flows, without a condition.")
    private boolean all;

    @Option(names = "--dry-run", description = "List the flows that would end, and end none.")
    private boolean dryRun;

    @Option(names = "--allow-lockout", description = "End the flow of your own ssh session, too.")
    private boolean allowLockout;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "50",
            description = "How many of them are printed, up to 10000 (default: ${DEFAULT-VALUE}); all end.")
    private int limit;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        FlushRequest request;
        try {
            request = new FlushRequest(filter.conditions(), all, dryRun, allowLockout, SshConnection.find(), limit);
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
        FlushReport report;
        try {
            report = daemon.ask("POST", "/v1/flows/flush", request.query(), FlushReport.class);
        } catch (Unreachable e) {
            if (e.isSilence()) {
                err.println(
                        "portcullis: no answer in time: unless the daemon hangs, the flush goes on, and its log says how"
                                + " many flows have ended");
            }
            throw e;
        }
        if (json) {
            out.println(JsonText.write(report));
        } else {
            print(report, out, err);
        }
        return report.ok() ? Exit.OK : Exit.NO;
    }

    private static void print(FlushReport report, PrintWriter out, PrintWriter err) {
        if (!report.flows().isEmpty()) {
            new FlowsText(TerminalWidth.columns()).rows(report.flows()).forEach(out::println);
        }
        FlowsText.hidden(report.matching() - report.flows().size()).forEach(out::println);
        out.flush();
        report.warnings().forEach(warning -> err.println("warning: " + warning));
        report.errors().forEach(error -> err.println("portcullis: " + error));
        if (!report.ok()) {
            err.println("portcullis: refused, no flow has ended");
        } else if (report.dryRun()) {
            out.println(FlowsText.flows(report.matching()) + " would end; none has (--dry-run)");
        } else {
            out.println(FlowsText.flows(report.ended()) + (report.ended() == 1 ? " has ended" : " have ended"));
        }
    }
}
