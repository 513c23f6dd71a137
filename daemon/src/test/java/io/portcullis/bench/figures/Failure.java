package io.portcullis.bench.figures;

/** Ends the run: its message is the one line that says why. */
public final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Failure(String message) {
        super(message);
    }
}
