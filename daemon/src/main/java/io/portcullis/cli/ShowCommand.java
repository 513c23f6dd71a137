package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.ChangeText;
import io.portcullis.cli.text.JsonText;
import io.portcullis.http.Unreachable;
import io.portcullis.net.Visible;
import io.portcullis.operations.ChangeFiles;
import io.portcullis.operations.ChangeView;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis show @N}: a change, and the files of its configuration. */
@Command(
        name = "show",
        description =
                "Show a change: who, when, what it allowed and denied, and the files as they were. With one file, the"
                        + " output is valid YAML.")
final class ShowCommand extends DaemonCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            paramLabel = "@N",
            arity = "0..1",
            defaultValue = "",
            description = "Its number; without one the change in force.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String number;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        ChangeFiles files =
                ChangeNumber.files(daemon, number.isEmpty() ? ChangeNumber.IN_FORCE : ChangeNumber.of(number, spec));
        if (json) {
            out.println(JsonText.write(files));
            return Exit.OK;
        }
        ChangeView change = files.change();
        out.println("# change @" + change.change() + " of " + change.at() + " by " + change.actor() + ": "
                + change.outcome() + (change.reason().isEmpty() ? "" : " (" + Visible.text(change.reason()) + ")"));
        if (!change.note().isEmpty()) {
            out.println("# note: " + Visible.text(change.note()));
        }
        ChangeText.difference(change, change.notes()).forEach(line -> out.println("#" + line));
        for (ChangeFiles.File file : files.files()) {
            out.println("# file: " + Visible.text(file.name()));
            out.print(file.text());
            if (!file.text().endsWith("\n")) {
                out.println();
            }
        }
        out.flush();
        return Exit.OK;
    }
}
