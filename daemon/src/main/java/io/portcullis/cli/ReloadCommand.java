package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.ReloadRequest;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code portcullis reload}: makes the daemon read its configuration again, and waits for the outcome. */
@Command(
        name = "reload",
        description = "Make the daemon read its configuration again; all of it comes into force, or none.")
final class ReloadCommand extends DaemonCommand {
    @Option(
            names = "--allow-lockout",
            description = "Accept rules that would refuse your own ssh session if you opened it again.")
    private boolean allowLockout;

    @Option(names = "--dry-run", description = "Read and judge the new configuration, and change nothing.")
    private boolean dryRun;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        ReloadReport report;
        try {
            report = daemon.ask(
                    "POST", "/v1/reload", new ReloadRequest(allowLockout, dryRun).query(), ReloadReport.class);
        } catch (Unreachable e) {
            if (e.isSilence()) {
                err.println("portcullis: no answer in time: unless the daemon hangs, the reload goes on, and"
                        + " portcullis status"
                        + " shows how it ended");
            }
            throw e;
        }
        if (json) {
            out.println(JsonText.write(report));
        } else if (report.ok()) {
            report.warnings().forEach(warning -> err.println("warning: " + warning));
            out.println(dryRun ? "a reload would be accepted" : "reloaded in " + report.millis() + " ms");
        } else {
            report.errors().forEach(err::println);
            err.println(
                    dryRun
                            ? "portcullis: a reload would be refused"
                            : "portcullis: reload refused, the old configuration stays in force");
        }
        return report.ok() ? Exit.OK : Exit.NO;
    }
}
