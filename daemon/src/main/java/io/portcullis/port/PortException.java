package io.portcullis.port;

/** A port could not be opened. The message is one line for the operator: which NIC, what is wrong, what helps. */
public final class PortException extends Exception {
    /** What is wrong, in a sentence. */
    public PortException(String message) {
        super(message);
    }

    /** What is wrong, in a sentence, and the library's exception. */
    public PortException(String message, Throwable cause) {
        super(message, cause);
    }
}
