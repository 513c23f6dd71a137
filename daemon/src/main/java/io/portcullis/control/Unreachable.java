package io.portcullis.control;

/** No daemon answers; the message is one sentence for people, with what to do. */
public final class Unreachable extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean nobodyThere;

    Unreachable(String message, Throwable cause) {
        this(message, cause, false);
    }

    Unreachable(String message, Throwable cause, boolean nobodyThere) {
        super(message, cause);
        this.nobodyThere = nobodyThere;
    }

    /** True: no process listens there. False: one may, and hangs, or does not let us in. */
    public boolean isNobodyThere() {
        return nobodyThere;
    }
}
