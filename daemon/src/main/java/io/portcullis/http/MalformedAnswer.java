package io.portcullis.http;

/** Not a whole answer. */
public final class MalformedAnswer extends Exception {
    public MalformedAnswer(String message) {
        super(message);
    }
}
