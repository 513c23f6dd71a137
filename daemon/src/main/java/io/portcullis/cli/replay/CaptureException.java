package io.portcullis.cli.replay;

/** A capture file, or a file beside it, that can't be used; the message is a line for the user. */
final class CaptureException extends Exception {
    private static final long serialVersionUID = 1L;

    CaptureException(String message) {
        super(message);
    }

    CaptureException(String message, Throwable cause) {
        super(message, cause);
    }
}
