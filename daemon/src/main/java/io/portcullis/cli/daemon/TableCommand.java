package io.portcullis.cli.daemon;

import io.portcullis.cli.text.TerminalWidth;
import io.portcullis.cli.text.TimeOption;
import io.portcullis.http.Unreachable;
import io.portcullis.net.Visible;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that prints a table: once or, with {@code --watch}, anew every so often. */
public abstract class TableCommand extends DaemonCommand {
    private static final String WATCH = "--watch";
    private static final long SHORTEST_MS = 100;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = WATCH,
            paramLabel = "TIME",
            description =
                    "Print it anew every so often, such as 2s, over a restart of the daemon too; q or ^C ends. On a"
                            + " terminal in place; with --json one line each time.")
    private @Nullable String interval;

    private int columns;

    /** True: with {@code --watch}. */
    protected final boolean isWatched() {
        return interval != null;
    }

    /** How wide a line may be. */
    protected final int columns() {
        return columns > 0 ? columns : TerminalWidth.columns();
    }

    /** As {@link #ask}, once, with lines of so many columns. */
    final void ask(DaemonSocket daemon, boolean json, int width, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        columns = width;
        ask(daemon, json, out, err);
    }

    @Override
    final int run(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        if (interval == null) {
            return ask(daemon, json, out, err);
        }
        long periodMs;
        try {
            periodMs = TimeOption.millis(WATCH, interval, "2s");
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
        if (periodMs < SHORTEST_MS) {
            throw new ParameterException(
                    spec.commandLine(), WATCH + " " + interval + ": the shortest is " + SHORTEST_MS + "ms");
        }
        String title = "Every " + Visible.text(interval) + ": " + Visible.text(line());
        return new Watch(this, daemon, title, periodMs, out, err).run(json);
    }

    /** The command line without {@code --watch}. */
    private String line() {
        CommandLine.ParseResult parsed = spec.root().commandLine().getParseResult();
        List<String> words = parsed.originalArgs();
        StringBuilder line = new StringBuilder(spec.root().name());
        for (int i = 0; i < words.size(); i++) {
            if (words.get(i).equals(WATCH)) {
                i++;
            } else if (!words.get(i).startsWith(WATCH + "=")) {
                line.append(' ').append(words.get(i));
            }
        }
        return line.toString();
    }
}
