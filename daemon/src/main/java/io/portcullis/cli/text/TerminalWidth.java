package io.portcullis.cli.text;

/** The width of the terminal that tables are printed to. */
public final class TerminalWidth {
    private static final int NARROWEST = 40;
    private static final int USUAL = 80;

    private TerminalWidth() {}

    /** COLUMNS, else 80 on a terminal; what goes into a file or a pipe is not cut. */
    public static int columns() {
        String columns = System.getenv("COLUMNS");
        if (columns != null && columns.matches("[0-9]{1,5}")) {
            return Math.max(NARROWEST, Integer.parseInt(columns));
        }
        return System.console().isTerminal() ? USUAL : Integer.MAX_VALUE;
    }
}
