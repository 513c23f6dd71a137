package io.portcullis.http;

/** No daemon answers; the message is one sentence for people, with what to do. */
public final class Unreachable extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is known of the other end. */
    enum End {
        /** No process listens there. */
        NOBODY,
        /** A process listens, and did not answer in time. */
        SILENT,
        /** Neither. */
        UNKNOWN
    }

    private final End end;

    Unreachable(String message, Throwable cause) {
        this(message, cause, End.UNKNOWN);
    }

    Unreachable(String message, Throwable cause, End end) {
        super(message, cause);
        this.end = end;
    }

    /** True: no process listens there. False: one may, and hangs, or does not let us in. */
    public boolean isNobodyThere() {
        return end == End.NOBODY;
    }

    /** True: the daemon was asked and did not answer in time; what it was asked for may go on. */
    public boolean isSilence() {
        return end == End.SILENT;
    }
}
