package io.portcullis.cli;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.policy.analysis.Difference;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis diff OLD NEW}: the traffic that a change of the rules allows or denies. */
@Command(
        name = "diff",
        description = "Say which traffic becomes allowed and which becomes denied between two configurations; exact,"
                + " even if rules"
                + " were moved, renamed or written in another way.")
final class DiffCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "OLD", description = "The configuration before; - is standard input.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path old;

    @Parameters(index = "1", paramLabel = "NEW", description = "The configuration afterwards; - is standard input.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path changed;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<ConfigError> faults = new ArrayList<>();
        List<Config> both = new ArrayList<>();
        for (Path file : List.of(old, changed)) {
            RuleFiles.Read read = RuleFiles.read(file, System.in);
            read.config().ifPresent(both::add);
            faults.addAll(read.faults());
        }
        if (!faults.isEmpty()) {
            faults.forEach(fault -> spec.commandLine().getErr().println(fault));
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
