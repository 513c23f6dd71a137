package io.portcullis.cli.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** The width of the terminal that tables are printed to. */
public final class TerminalWidth {
    private static final int NARROWEST = 40;
    private static final int USUAL = 80;

    /** Devices of terminals (pts(4), tty(4), console(4)). */
    private static final Pattern TERMINAL = Pattern.compile("/dev/(pts/|tty|console).*");

    private TerminalWidth() {}

    /** COLUMNS, else 80 on a terminal; what goes into a file or a pipe is not cut. */
    public static int columns() {
        String columns = System.getenv("COLUMNS");
        if (columns != null && columns.matches("[0-9]{1,5}")) {
            return Math.max(NARROWEST, Integer.parseInt(columns));
        }
        return isTerminal() ? USUAL : Integer.MAX_VALUE;
    }

    /** Whether standard output is a terminal. */
    public static boolean isTerminal() {
        try {
            return TERMINAL.matcher(
                            Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString())
                    .matches();
        } catch (IOException closed) {
            return false;
        }
    }
}
