package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.files.SourceText;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.http.Unreachable;
import io.portcullis.policy.analysis.Difference;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis diff OLD NEW}: the traffic that a change of the rules allows or denies. */
@Command(
        name = "diff",
        description = "Say which traffic becomes allowed and which becomes denied between two configurations; exact,"
                + " even if rules"
                + " were moved, renamed or written in another way.")
final class DiffCommand extends DaemonCommand {
    /** In place of a name: the configuration in force. */
    private static final String IN_FORCE = "";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "OLD",
            description =
                    "The configuration before: a file, - for standard input, or a change of the history, such as @41.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String old;

    @Parameters(
            index = "1",
            paramLabel = "NEW",
            arity = "0..1",
            defaultValue = "",
            description = "The configuration afterwards, likewise; without it, and after a change, the one in force.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String changed;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        if (changed.isEmpty() && !ChangeNumber.is(old)) {
            throw new ParameterException(spec.commandLine(), "NEW is missing: a file, or a change such as @42");
        }
        List<ConfigError> faults = new ArrayList<>();
        List<Config> both = new ArrayList<>();
        for (String each : List.of(old, changed)) {
            RuleFiles.Read read = each.equals(IN_FORCE) || ChangeNumber.is(each)
                    ? RuleFiles.of(each, texts(daemon, each))
                    : RuleFiles.read(Path.of(each), System.in);
            read.config().ifPresent(both::add);
            faults.addAll(read.faults());
        }
        if (!faults.isEmpty()) {
            faults.forEach(err::println);
            return Exit.NO;
        }
        List<Difference.Change> changes = Difference.between(both.getFirst(), both.getLast());
        if (json) {
            out.println(JsonText.write(changes));
        } else if (changes.isEmpty()) {
            out.println("no difference: the same traffic passes");
        } else {
            changes.forEach(change -> print(change, out));
        }
        return Exit.OK;
    }

    private List<SourceText> texts(DaemonSocket daemon, String number) throws Unreachable, DaemonSocket.Refused {
        long change = number.equals(IN_FORCE) ? ChangeNumber.IN_FORCE : ChangeNumber.of(number, spec);
        return ChangeNumber.files(daemon, change).files().stream()
                .map(file -> new SourceText(file.name(), file.text()))
                .toList();
    }

    private static void print(Difference.Change change, PrintWriter out) {
        if (!change.note().isEmpty()) {
            out.println(change.interfaceName() + ": " + change.note());
        }
        print(change.interfaceName() + " ingress", "from", change.ingress(), out);
        print(change.interfaceName() + " egress", "to", change.egress(), out);
    }

    private static void print(String where, String peer, Difference.DirectionChange way, PrintWriter out) {
        if (way.isEmpty()) {
            return;
        }
        out.println(where + ":");
        print("  + becomes allowed: ", peer, way.allowed(), out);
        print("  - becomes denied:  ", peer, way.denied(), out);
        print("  + network ACL lets through (replies too):   ", peer, way.aclAllowed(), out);
        print("  - network ACL holds back (replies too):     ", peer, way.aclDenied(), out);
    }

    private static void print(String what, String peer, List<Difference.Traffic> traffic, PrintWriter out) {
        for (Difference.Traffic part : traffic) {
            out.println(what + part.protocol() + (part.selectors().isEmpty() ? "" : " " + part.selectors()) + " " + peer
                    + " " + String.join(", ", part.peers()));
        }
    }
}
