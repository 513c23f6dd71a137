package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.ChangeText;
import io.portcullis.cli.text.JsonText;
import io.portcullis.diagnose.SshConnection;
import io.portcullis.http.Unreachable;
import io.portcullis.net.DurationText;
import io.portcullis.operations.ChangeOptions;
import io.portcullis.operations.ChangeReport;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A command that puts another configuration in force. It asks twice: first it prints what would happen, then it makes the change,
 * provided that nothing else came between; else it prints again.
 */
abstract class ChangeCommand extends DaemonCommand {
    /** With several operators at once, the last attempt is made on whatever is in force; then the report comes after the change. */
    private static final int ATTEMPTS = 5;

    /** For each byte of a request, besides the usual time: a large configuration takes longer. */
    private static final long NS_PER_BYTE = 10_000;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--confirm",
            paramLabel = "TIME",
            description =
                    "Go back after this time (60s, 5m), unless 'portcullis confirm' comes; or as soon as your own ssh"
                            + " session turns out to be cut off.")
    private @Nullable String confirm;

    @Option(names = "--note", paramLabel = "TEXT", description = "Why, for the history.")
    private @Nullable String note;

    @Option(names = "--dry-run", description = "Say what would happen, and change nothing.")
    private boolean dryRun;

    @Option(
            names = "--allow-lockout",
            description = "Accept rules that would refuse your own ssh session if you opened it again.")
    private boolean allowLockout;

    /** The resource and the request, with these options. */
    record Call(String resource, Object request) {}

    /** The request. */
    abstract Call call(ChangeOptions options);

    /** A message of the daemon, with the name that the operator has given to the file. */
    String worded(String message) {
        return message;
    }

    private ChangeOptions options() {
        try {
            long confirmMs = confirm == null
                    ? 0
                    : DurationText.parse(confirm)
                            .map(Duration::toMillis)
                            .filter(ms -> ms > 0)
                            .orElseThrow(
                                    () -> new IllegalArgumentException(
                                            "--confirm: not a time: write a number and its unit, ms, s, m, h or d, such as 60s"));
            return new ChangeOptions(
                    Objects.requireNonNullElse(note, ""), confirmMs, dryRun, allowLockout, 0, SshConnection.find());
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
    }

    @Override
    protected final int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        ChangeOptions options = options();
        ChangeReport report = send(daemon, call(options.tried()), err);
        if (!json) {
            ChangeText.plan(report).forEach(out::println);
            out.flush();
        }
        if (!dryRun) {
            report = make(daemon, options, report, json, out, err);
        }
        if (json) {
            out.println(JsonText.write(report));
        } else {
            print(report, out, err);
        }
        return report.ok() ? Exit.OK : Exit.NO;
    }

    private ChangeReport make(
            DaemonSocket daemon,
            ChangeOptions options,
            ChangeReport planned,
            boolean json,
            PrintWriter out,
            PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        ChangeReport report = planned;
        for (int i = 1; ; i++) {
            report = send(daemon, call(i < ATTEMPTS ? options.on(report.change().base()) : options), err);
            if (!report.conflict() && i < ATTEMPTS) {
                return report;
            }
            if (!json) {
                out.println("another change came first:");
                ChangeText.plan(report).forEach(out::println);
                out.flush();
            }
            if (!report.conflict()) {
                return report;
            }
        }
    }

    private ChangeReport send(DaemonSocket daemon, Call call, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        byte[] body = JsonText.write(call.request()).getBytes(StandardCharsets.UTF_8);
        try {
            return daemon.ask(
                    "POST",
                    call.resource(),
                    Map.of(),
                    body,
                    DaemonSocket.TIMEOUT.plusNanos(NS_PER_BYTE * body.length),
                    ChangeReport.class);
        } catch (Unreachable e) {
            if (e.isSilence()) {
                err.println("portcullis: no answer in time: unless the daemon hangs, it goes on, and portcullis history"
                        + " shows how it ended");
            }
            throw e;
        }
    }

    private void print(ChangeReport report, PrintWriter out, PrintWriter err) {
        report.warnings().forEach(warning -> err.println("warning: " + worded(warning)));
        report.errors().forEach(error -> err.println(worded(error)));
        if (!report.ok()) {
            err.println("portcullis: refused, the configuration in force stays");
        } else if (report.tried()) {
            out.println("nothing was changed (--dry-run)");
        } else {
            out.println(ChangeText.outcome(report));
        }
    }
}
