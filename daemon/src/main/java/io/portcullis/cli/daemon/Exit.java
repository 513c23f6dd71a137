package io.portcullis.cli.daemon;

/** The exit codes of the program. */
public final class Exit {
    /** Done, or yes. */
    public static final int OK = 0;
    /** Invalid, refused, not possible. */
    public static final int NO = 1;
    /** Wrong options or arguments, as picocli has it too. */
    public static final int MISUSE = 2;
    /** The daemon cannot be reached. */
    public static final int UNREACHABLE = 3;

    private Exit() {}
}
