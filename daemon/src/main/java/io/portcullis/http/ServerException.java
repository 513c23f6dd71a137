package io.portcullis.http;

/** A server can't listen at its address; the message is one sentence with the cause and the remedy. */
public final class ServerException extends Exception {
    public ServerException(String message, Throwable cause) {
        super(message, cause);
    }

    public ServerException(String message) {
        super(message);
    }
}
