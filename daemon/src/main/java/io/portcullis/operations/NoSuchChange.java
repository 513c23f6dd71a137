package io.portcullis.operations;

/** The history has no such change; the message is a sentence. */
public final class NoSuchChange extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public NoSuchChange(String message) {
        super(message);
    }
}
