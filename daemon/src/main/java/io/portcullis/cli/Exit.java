package io.portcullis.cli;

/** What the program's exit code says. */
final class Exit {
    /** Done, or yes. */
    static final int OK = 0;
    /** Invalid, refused, not possible. */
    static final int NO = 1;
    /** Asked in a way that makes no sense; picocli's code for it too. */
    static final int MISUSE = 2;
    /** The daemon cannot be reached. */
    static final int UNREACHABLE = 3;
    /** The daemon was stopped: 128 and the number of SIGTERM, as a JVM has it. */
    static final int STOPPED = 143;

    private Exit() {}
}
