package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.daemon.TableCommand;
import io.portcullis.cli.text.JsonText;
import io.portcullis.cli.text.StatusText;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.StatusReport;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code portcullis status}: the interfaces that the running daemon guards, and their state. */
@Command(name = "status", description = "Show what the running daemon guards.")
final class StatusCommand extends TableCommand {
    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        StatusReport report = daemon.ask("GET", "/v1/status", Map.of(), StatusReport.class);
        out.println(json ? JsonText.write(report) : StatusText.of(report));
        return Exit.OK;
    }
}
