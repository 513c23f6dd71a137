package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.cli.text.TimeOption;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.LogLevels;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis log-level}: shows the level of the running daemon's log, or sets another one for a time. */
@Command(
        name = "log-level",
        description = "Show the level of the running daemon's log, or set another one. That of the configuration comes"
                + " back after the time, with the next reload, or with a restart.")
final class LogLevelCommand extends DaemonCommand {
    /** The levels. */
    private enum Level {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "LEVEL", arity = "0..1", description = "${COMPLETION-CANDIDATES}.")
    private @Nullable Level level;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            description = "A number and its unit, ms, s, m, h or d, such as 10m (default: until the next reload).")
    private @Nullable String time;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        Level wanted = level;
        if (wanted == null && time != null) {
            throw new ParameterException(spec.commandLine(), "--for " + time + ": name a level, such as debug");
        }
        LogLevels.Report report;
        if (wanted == null) {
            report = daemon.ask("GET", "/v1/log-level", Map.of(), LogLevels.Report.class);
        } else {
            long millis;
            try {
                millis = TimeOption.millis("--for", time, "10m");
            } catch (IllegalArgumentException misuse) {
                throw new ParameterException(spec.commandLine(), misuse.getMessage());
            }
            LogLevels.Request request = new LogLevels.Request(wanted.toString(), millis);
            report = daemon.ask("POST", "/v1/log-level", request.query(), LogLevels.Report.class);
        }
        out.println(json ? JsonText.write(report) : text(report));
        return Exit.OK;
    }

    private static String text(LogLevels.Report report) {
        String until = report.until() != null
                ? " until " + report.until()
                : report.level().equals(report.configured()) ? "" : " until the next reload";
        return report.level() + until + (until.isEmpty() ? "" : ", then " + report.configured());
    }
}
