package io.portcullis.cli;

/** The exit codes of the program. */
final class Exit {
    /** Done, or yes. */
    static final int OK = 0;
    /** Invalid, refused, not possible. */
    static final int NO = 1;
    /** Wrong options or arguments, as picocli has it too. */
    static final int MISUSE = 2;
    /** The daemon cannot be reached. */
    static final int UNREACHABLE = 3;

    private Exit() {}
}
