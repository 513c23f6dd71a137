package io.portcullis.bench.lab;

/** Ends the run: its message is the one line that says why. */
final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Failure(String message) {
        super(message);
    }
}
