package io.portcullis.cli.daemon;

import io.portcullis.cli.terminal.Key;
import io.portcullis.cli.terminal.Line;
import io.portcullis.cli.terminal.Page;
import io.portcullis.cli.terminal.Screen;
import io.portcullis.cli.terminal.TextWidth;
import io.portcullis.cli.text.JsonText;
import io.portcullis.cli.text.TerminalWidth;
import io.portcullis.http.Unreachable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Prints a table anew every so often. The first answer must come, as without {@code --watch}; later, a daemon that has ended or
 * hangs is a message in place of the table, and the next time it is asked again.
 */
final class Watch {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

    private final TableCommand command;
    private final DaemonSocket daemon;
    private final String title;
    private final long periodMs;
    private final PrintWriter out;
    private final PrintWriter err;

    Watch(TableCommand command, DaemonSocket daemon, String title, long periodMs, PrintWriter out, PrintWriter err) {
        this.command = command;
        this.daemon = daemon;
        this.title = title;
        this.periodMs = periodMs;
        this.out = out;
        this.err = err;
    }

    /** Ends with q, with the terminal, with the reader of the output, or with the program. */
    int run(boolean json) throws Unreachable, DaemonSocket.Refused {
        if (json) {
            return printLines();
        }
        String first = text(TerminalWidth.columns());
        try (Screen screen = open()) {
            return screen == null ? print(first) : show(screen);
        } catch (IOException e) {
            err.println("portcullis: the terminal: " + e.getMessage());
            return Exit.NO;
        }
    }

    private static @Nullable Screen open() throws IOException {
        return TerminalWidth.isTerminal() ? Screen.open().orElse(null) : null;
    }

    private String text(int columns) throws Unreachable, DaemonSocket.Refused {
        StringWriter text = new StringWriter();
        PrintWriter writer = new PrintWriter(text);
        command.ask(daemon, false, columns, writer, writer);
        return text.toString();
    }

    private String textOrTrouble(int columns) {
        try {
            return text(columns);
        } catch (Unreachable | DaemonSocket.Refused e) {
            return String.join("\n", TextWidth.wrap("portcullis: " + e.getMessage(), columns));
        }
    }

    private int show(Screen screen) throws IOException {
        while (true) {
            int columns = screen.columns();
            List<String> table = textOrTrouble(columns).lines().toList();
            String header = TextWidth.edges(title, TIME.format(LocalDateTime.now(ZoneId.systemDefault())), columns);
            List<Line> page = Page.of(header, table, columns, screen.rows());
            screen.draw(page);
            if (ends(screen)) {
                return Exit.OK;
            }
        }
    }

    /** Waits until the table is due, or the terminal has another size; true: the watch is over. */
    private boolean ends(Screen screen) {
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(periodMs);
        while (true) {
            Key key = screen.key(Math.max(1, TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime())));
            switch (key.kind()) {
                case NONE, RESIZED -> {
                    return false;
                }
                case END -> {
                    return true;
                }
                default -> {
                    if (key.is('q')) {
                        return true;
                    }
                }
            }
        }
    }

    /** No terminal: one table after the other. */
    private int print(String first) {
        String text = first;
        while (true) {
            out.println(title + "  " + TIME.format(LocalDateTime.now(ZoneId.systemDefault())));
            out.println(text.stripTrailing());
            out.println();
            if (out.checkError()) {
                return Exit.OK;
            }
            pause();
            text = textOrTrouble(TerminalWidth.columns());
        }
    }

    private int printLines() throws Unreachable, DaemonSocket.Refused {
        String document = document();
        while (true) {
            if (!document.isEmpty()) {
                out.println(document);
            }
            if (out.checkError()) {
                return Exit.OK;
            }
            pause();
            document = documentOrTrouble();
        }
    }

    private String document() throws Unreachable, DaemonSocket.Refused {
        StringWriter text = new StringWriter();
        command.ask(daemon, true, TerminalWidth.columns(), new PrintWriter(text), err);
        return JsonText.onOneLine(text.toString());
    }

    /** Empty: there is none, and standard error has the cause. */
    private String documentOrTrouble() {
        try {
            return document();
        } catch (Unreachable | DaemonSocket.Refused e) {
            err.println("portcullis: " + e.getMessage());
            return "";
        }
    }

    private void pause() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(periodMs));
    }
}
