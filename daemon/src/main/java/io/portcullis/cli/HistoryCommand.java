package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.ChangeText;
import io.portcullis.cli.text.JsonText;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.HistoryReport;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code portcullis history}: the last changes of the configuration, and who made them. */
@Command(name = "history", description = "List the last changes of the configuration: when, by whom, how they ended.")
final class HistoryCommand extends DaemonCommand {
    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "How many at the most (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        HistoryReport report =
                daemon.ask("GET", "/v1/history", Map.of("limit", Integer.toString(limit)), HistoryReport.class);
        if (json) {
            out.println(JsonText.write(report));
        } else {
            ChangeText.history(report).forEach(out::println);
        }
        return Exit.OK;
    }
}
