package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.ChangeReport;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code portcullis confirm}: keeps the change that waits for it. */
@Command(name = "confirm", description = "Keep the change that 'apply --confirm' or 'rollback --confirm' has made.")
final class ConfirmCommand extends DaemonCommand {
    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        ChangeReport report = daemon.ask("POST", "/v1/confirm", Map.of(), ChangeReport.class);
        if (json) {
            out.println(JsonText.write(report));
        } else if (report.ok()) {
            out.println("@" + report.change().change() + " is confirmed");
        } else {
            report.errors().forEach(error -> err.println("portcullis: " + error));
        }
        return report.ok() ? Exit.OK : Exit.NO;
    }
}
