package io.portcullis.http;

/** No whole answer came; the message names the socket and the cause in one sentence. */
public final class Unreachable extends Exception {
    private static final long serialVersionUID = 1L;

    /** The state of the other end, as far as it is known. */
    public enum Why {
        /** The path does not exist. */
        NO_SOCKET,
        /** No process listens on the socket. */
        NOBODY,
        /** The socket's mode does not let this process connect. */
        DENIED,
        /** A process listens, and did not answer in time; it may still do what was asked. */
        SILENT,
        /** The answer is cut, or not HTTP. */
        NOT_HTTP,
        /** Another error, which the message names. */
        OTHER
    }

    private final Why why;

    /** With a message that names the socket. */
    public Unreachable(Why why, String message, Throwable cause) {
        super(message, cause);
        this.why = why;
    }

    /** The state of the other end. */
    public Why why() {
        return why;
    }

    /** The same with another message. */
    public Unreachable saying(String message) {
        return new Unreachable(why, message, this);
    }

    /** True: no process listens there. False: one may, and hangs, or refuses this process. */
    public boolean isNobodyThere() {
        return why == Why.NO_SOCKET || why == Why.NOBODY;
    }

    /** True: the server did not answer in time; it may still do what was asked. */
    public boolean isSilence() {
        return why == Why.SILENT;
    }
}
