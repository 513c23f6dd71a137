package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.EmergencyText;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.PanicRequest;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis panic}: stops all traffic of all interfaces, until it is ended. */
@Command(
        name = "panic",
        description = "Stop all traffic of all interfaces, also over restarts and reboots, until \"panic off\".")
final class PanicCommand extends DaemonCommand {
    private enum State {
        ON,
        OFF
    }

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "on|off", description = "on: nothing passes from now on; off: the rules decide again.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private State state;

    @Option(
            names = "--keep-failsafe",
            description = "With on: flows that failsafe rules admit pass, and the link traffic that they need.")
    private boolean keepFailsafe;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        PanicRequest request;
        try {
            request = new PanicRequest(state == State.ON, keepFailsafe);
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), "--" + misuse.getMessage());
        }
        EmergencyReport report = daemon.ask("POST", "/v1/panic", request.query(), EmergencyReport.class);
        EmergencyText.print(report, json, out, err);
        return report.ok() ? Exit.OK : Exit.NO;
    }
}
