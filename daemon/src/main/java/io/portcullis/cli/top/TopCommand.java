package io.portcullis.cli.top;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.terminal.Key;
import io.portcullis.cli.terminal.Screen;
import io.portcullis.cli.text.TerminalWidth;
import io.portcullis.cli.text.TimeOption;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.StatusReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code portcullis top}: a screen with rates, talkers, drops and flows. */
@Command(
        name = "top",
        description =
                "Show rates, talkers, drops and flows on the whole terminal, anew each second. h lists the keys, q quits.")
public final class TopCommand implements Callable<Integer> {
    private static final long SHORTEST_MS = 200;
    private static final long LONGEST_MS = 60_000;

    /** The longest time until an answer of the daemon is seen. */
    private static final long SLICE_MS = 100;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final DaemonSocket daemon = new DaemonSocket();

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            description = "Time between two refreshes, 200ms to 60s (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String interval;

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        long periodMs = periodMs();
        try {
            daemon.ask("GET", "/v1/status", Map.of(), StatusReport.class);
            Optional<Screen> opened = TerminalWidth.isTerminal() ? Screen.open() : Optional.empty();
            if (opened.isEmpty()) {
                return noTerminal(err);
            }
            try (Screen screen = opened.get()) {
                show(screen, periodMs);
                return Exit.OK;
            }
        } catch (Unreachable e) {
            err.println("portcullis: " + e.getMessage());
            return Exit.UNREACHABLE;
        } catch (DaemonSocket.Refused e) {
            err.println("portcullis: " + e.getMessage());
            return Exit.NO;
        } catch (IOException e) {
            err.println("portcullis: the terminal: " + e.getMessage());
            return Exit.NO;
        }
    }

    private long periodMs() {
        try {
            long periodMs = TimeOption.millis("--interval", interval, "1s");
            if (periodMs < SHORTEST_MS || periodMs > LONGEST_MS) {
                throw new IllegalArgumentException("--interval " + interval + ": from 200ms to 60s");
            }
            return periodMs;
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
    }

    private static int noTerminal(PrintWriter err) {
        err.println(
                "portcullis: top needs a terminal that can move its cursor; status --watch 2s and flows top print text");
        return Exit.MISUSE;
    }

    private void show(Screen screen, long periodMs) throws IOException {
        Top top = new Top();
        Refresh refresh = new Refresh(daemon, periodMs);
        refresh.start();
        boolean changed = true;
        while (true) {
            Consumer<Top> news = refresh.news();
            if (news != null) {
                news.accept(top);
                changed = true;
            }
            if (changed) {
                screen.draw(top.lines(screen.columns(), screen.rows()));
            }
            Key key = screen.key(SLICE_MS);
            changed = key.kind() != Key.Kind.NONE;
            if (!top.press(key)) {
                return;
            }
            refresh.show(top.panel());
        }
    }
}
