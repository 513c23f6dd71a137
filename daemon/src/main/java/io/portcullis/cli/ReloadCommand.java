package io.portcullis.cli;

import io.portcullis.control.ReloadReport;
import io.portcullis.control.Unreachable;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

/** {@code portcullis reload}: has the daemon read its configuration again, and waits for the outcome. */
@Command(name = "reload", description = "Have the daemon read its configuration again; all of it holds, or none.")
final class ReloadCommand extends DaemonCommand {
    @Override
    int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        ReloadReport report = daemon.ask("POST", "/v1/reload", ReloadReport.class);
        if (json) {
            out.println(Json.write(report));
        } else if (report.ok()) {
            report.warnings().forEach(warning -> err.println("warning: " + warning));
            out.println("reloaded in " + report.millis() + " ms");
        } else {
            report.errors().forEach(err::println);
            err.println("portcullis: reload refused, the old configuration stays in force");
        }
        return report.ok() ? Exit.OK : Exit.NO;
    }
}
